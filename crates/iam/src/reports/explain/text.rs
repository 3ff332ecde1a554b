//! An explanation as a person would tell it.

use std::fmt::Write;

use super::{Explanation, Miss, Obstacle, Policy, Ruling, Statement};

/// Tells an explanation in words, line by line.
pub fn tell(explanation: &Explanation) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = verdict(&mut text, explanation);
    let _ = policies(&mut text, &explanation.policies);
    let _ = changes(&mut text, explanation);
    let _ = notes(&mut text, &explanation.notes);
    // Values of conditions can be any text; none may speak to the terminal.
    text.replace(|char: char| char.is_control() && char != '\n', "\u{fffd}")
}

fn verdict(text: &mut String, told: &Explanation) -> std::fmt::Result {
    let may = match told.decision {
        Ruling::Allowed => "Allowed",
        Ruling::ExplicitDeny | Ruling::ImplicitDeny => "Denied",
    };
    writeln!(text, "{may}: {} {} on {}.", told.principal, told.action, told.resource)?;
    let Some(decider) = &told.decided_by else {
        return match told.decision {
            Ruling::Allowed => {
                writeln!(text, "This is the account's root user, whom no policy of IAM limits.")
            }
            _ => Ok(()),
        };
    };
    let policy_type = decider.policy_type;
    match (&decider.statement, told.decision) {
        (Some(statement), Ruling::Allowed) => {
            writeln!(
                text,
                "{} of the {policy_type} {} allows it.",
                capital(&which(statement)),
                statement.policy
            )
        }
        (Some(statement), _) => {
            writeln!(
                text,
                "{} of the {policy_type} {} denies it.",
                capital(&which(statement)),
                statement.policy
            )
        }
        (None, _) => writeln!(text, "No {policy_type} allows it."),
    }
}

fn policies(text: &mut String, policies: &[Policy]) -> std::fmt::Result {
    if policies.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nPolicies that were looked at:")?;
    for policy in policies {
        let attached = policy.attached.as_ref().map_or(String::new(), |how| format!(", {how}"));
        writeln!(text, "  {} ({}{attached})", policy.name, policy.policy_type)?;
        if policy.statements.is_empty() {
            writeln!(text, "    says nothing about this action")?;
        }
        for statement in &policy.statements {
            writeln!(text, "    {}", said(statement))?;
        }
    }
    Ok(())
}

fn changes(text: &mut String, told: &Explanation) -> std::fmt::Result {
    if told.obstacles.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nWhat would have to change:")?;
    for obstacle in &told.obstacles {
        match obstacle {
            Obstacle::Denial { policy_type, statement } => {
                let which = capital(&which(statement));
                writeln!(
                    text,
                    "  - {which} of the {policy_type} {} must go, or no longer match: what is denied stays \
                     denied, whatever else allows it.",
                    statement.policy
                )?;
            }
            Obstacle::Silence { policy_type, nearest } => {
                let (action, resource) = (&told.action, &told.resource);
                writeln!(
                    text,
                    "  - A statement of {} must allow {action} on {resource}.",
                    with_article(policy_type)
                )?;
                for statement in nearest {
                    let (which, why) = (which(statement), reasons(&statement.misses));
                    writeln!(
                        text,
                        "    {} of {} would, but {why}.",
                        capital(&which),
                        statement.policy
                    )?;
                }
            }
        }
    }
    Ok(())
}

fn notes(text: &mut String, notes: &[String]) -> std::fmt::Result {
    notes.iter().try_for_each(|note| writeln!(text, "\n{note}"))
}

fn with_article(policy_type: &str) -> String {
    let article = if policy_type.starts_with('i') { "an" } else { "a" };
    format!("{article} {policy_type}")
}

/// What a statement says, and if it does not apply, why.
fn said(statement: &Statement) -> String {
    let (which, verb) = (which(statement), verb(statement));
    if statement.misses.is_empty() {
        return format!("{which} {verb} it");
    }
    format!("{which} {verb} the action, but {}", reasons(&statement.misses))
}

fn verb(statement: &Statement) -> &'static str {
    if statement.effect == "Deny" { "denies" } else { "allows" }
}

fn which(statement: &Statement) -> String {
    let name = statement.sid.as_ref().map_or(String::new(), |sid| format!(" \"{sid}\""));
    let Statement { number, line, column, .. } = statement;
    format!("statement {number}{name} (line {line}, column {column})")
}

fn reasons(misses: &[Miss]) -> String {
    misses.iter().map(reason).collect::<Vec<_>>().join(", and ")
}

fn reason(miss: &Miss) -> String {
    match miss {
        Miss::Principal => "it does not mean who asks".to_owned(),
        Miss::Resource => "it is not about this resource".to_owned(),
        Miss::Condition { operator, key, wanted, found } => {
            let wanted = wanted.join(" or ");
            let found = match found.as_slice() {
                [] => "is not there".to_owned(),
                values => format!("is {}", values.join(" and ")),
            };
            format!("its condition {operator} wants {key} {wanted}, which {found}")
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
