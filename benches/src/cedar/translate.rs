//! Policies of IAM said in Cedar, as far as the measured ones go; what cannot be said is an error.

use policy::{Clause, Condition, Effect, PolicySet, Scalar, Statement, Test};

use crate::{outcome::Outcome, policy::USER};

/// All policies of a set.
pub(super) fn set(set: &PolicySet) -> Outcome<String> {
    let documents = set.sources().iter().map(|source| &source.document);
    let statements = documents.flat_map(|document| document.statements());
    statements.map(statement).collect()
}

/// An entity's name.
pub(super) fn uid(kind: &str, id: &str) -> String {
    format!("{kind}::{}", quoted(id))
}

fn statement(statement: &Statement) -> Outcome<String> {
    let effect = match statement.effect.value {
        Effect::Allow => "permit",
        Effect::Deny => "forbid",
    };
    let mut guards = Vec::new();
    let scope = actions(statement.actions.as_ref().ok_or("no actions")?, &mut guards)?;
    resources(statement.resources.as_ref().ok_or("no resources")?, &mut guards)?;
    for condition in &statement.conditions {
        guards.push(self::condition(condition)?);
    }
    let when = if guards.is_empty() {
        String::new()
    } else {
        format!(" when {{ {} }}", guards.join(" && "))
    };
    Ok(format!("{effect}(principal, {scope}, resource){when};\n"))
}

/// What can stand in the scope of a policy, which Cedar looks at first, and the rest as a guard.
fn actions(clause: &Clause, guards: &mut Vec<String>) -> Outcome<String> {
    let patterns: Vec<String> = entries(clause)?;
    let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.to_lowercase()).collect();
    if patterns.iter().any(|pattern| pattern == "*") {
        return Ok("action".into());
    }
    let (wild, exact): (Vec<_>, Vec<_>) =
        patterns.iter().partition(|pattern| pattern.contains('*'));
    let named = exact.iter().map(|action| uid("Action", action)).collect::<Vec<_>>().join(", ");
    if wild.is_empty() {
        return Ok(format!("action in [{named}]"));
    }
    let mut ways: Vec<String> = wild.iter().map(|pattern| like("action", pattern)).collect();
    if !exact.is_empty() {
        ways.push(format!("action in [{named}]"));
    }
    guards.push(any(&ways));
    Ok("action".into())
}

fn resources(clause: &Clause, guards: &mut Vec<String>) -> Outcome<()> {
    let patterns = entries(clause)?;
    if patterns.iter().any(|pattern| pattern == "*") {
        return Ok(());
    }
    let ways = patterns.iter().map(|pattern| {
        if pattern.contains('*') {
            like("resource", pattern)
        } else {
            format!("resource == {}", uid("Resource", pattern))
        }
    });
    guards.push(any(&ways.collect::<Vec<_>>()));
    Ok(())
}

/// The patterns of a clause. Cedar's `like` knows no variables, so the caller's name stands for itself.
fn entries(clause: &Clause) -> Outcome<Vec<String>> {
    let said = |text: &str| -> Outcome<String> {
        let text = text.replace("${aws:username}", USER);
        let strange = text.contains(['?', '$', '\\', '"']);
        if strange { Err(format!("not in Cedar: {text}").into()) } else { Ok(text) }
    };
    if clause.negated {
        return Err("not in Cedar here: a negated clause".into());
    }
    clause.entries.iter().map(|entry| said(&entry.value)).collect()
}

fn condition(condition: &Condition) -> Outcome<String> {
    let operator = condition.operator.value;
    let key = condition.key.value.to_lowercase();
    let value = format!("context[{}]", quoted(&key));
    let test = |scalar: &Scalar| -> Outcome<String> {
        let wanted = &*scalar.text.value;
        Ok(match operator.test {
            Test::StringEquals => format!("{value} == {}", quoted(wanted)),
            Test::StringLike | Test::ArnLike => like(&key, wanted),
            Test::IpAddress => format!("ip({value}).isInRange(ip({}))", quoted(wanted)),
            other => return Err(format!("not in Cedar here: {other:?}").into()),
        })
    };
    let plain = operator.quantifier.is_none() && !operator.negated && !operator.if_exists;
    if !plain {
        return Err(format!("not in Cedar here: {operator:?}").into());
    }
    let ways = condition.values.iter().map(test).collect::<Outcome<Vec<_>>>()?;
    Ok(format!("(context has {} && {})", quoted(&key), any(&ways)))
}

fn like(key: &str, pattern: &str) -> String {
    format!("context[{}] like {}", quoted(key), quoted(pattern))
}

fn any(ways: &[String]) -> String {
    format!("({})", ways.join(" || "))
}

/// The texts that are measured hold nothing that needs an escape.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
