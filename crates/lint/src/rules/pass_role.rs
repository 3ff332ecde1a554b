//! Statements that let roles be passed to any service, or service-linked roles be made for any.
//!
//! The same six shapes for both: how the action is reached, and how the resource.

use policy::Test;

use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    tree::{Condition, Element, Policy, Statement},
};

/// An action that needs care.
struct Care {
    action: &'static str,
    /// By how the action is reached, then by how the resource.
    codes: [[Code; 2]; 3],
    /// What the statement says, for the message: action and its consequence.
    consequence: fn(&str) -> String,
    advice: [&'static str; 2],
    /// Whether a condition limits it enough.
    limited: fn(&Condition<'_>) -> bool,
}

const CARES: [Care; 2] = [
    Care {
        action: "iam:PassRole",
        codes: [
            [Code::PassRoleWithStarInResource, Code::PassRoleWithNotresource],
            [
                Code::PassRoleWithStarInActionAndResource,
                Code::PassRoleWithStarInActionAndNotresource,
            ],
            [
                Code::PassRoleWithStarInResourceAndNotaction,
                Code::PassRoleWithNotactionAndNotresource,
            ],
        ],
        consequence: |reach| {
            format!(
                "can be overly permissive because it allows iam:PassRole permissions on {reach} resources"
            )
        },
        advice: [
            "We recommend that you specify resource ARNs or add the iam:PassedToService condition key to \
             your statement.",
            "We recommend that you specify resource ARNs instead.",
        ],
        limited: names_a_service_to_pass_to,
    },
    Care {
        action: "iam:CreateServiceLinkedRole",
        codes: [
            [Code::CreateSlrWithStarInResource, Code::CreateSlrWithNotresource],
            [
                Code::CreateSlrWithStarInActionAndResource,
                Code::CreateSlrWithStarInActionAndNotresource,
            ],
            [
                Code::CreateSlrWithStarInResourceAndNotaction,
                Code::CreateSlrWithNotactionAndNotresource,
            ],
        ],
        consequence: |reach| {
            format!(
                "can allow creation of unintended service-linked roles because it allows \
                 iam:CreateServiceLinkedRole permissions on {reach} resources"
            )
        },
        advice: ["We recommend that you specify resource ARNs instead."; 2],
        limited: names_a_service_exactly,
    },
];

/// How a statement reaches an action; the place in `codes`.
#[derive(Clone, Copy)]
enum Reach {
    Name,
    Star,
    NotAction,
}

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    if policy.kind != PolicyType::Identity || !statement.allows() {
        return;
    }
    let (Some(actions), Some(resources)) = (&statement.actions, &statement.resources) else {
        return;
    };
    let star = resources.entries.iter().find(|entry| entry.text == "*");
    if star.is_none() && !resources.negated {
        return;
    }
    for care in &CARES {
        let Some((reach, span)) = reach(actions, care.action) else { continue };
        if statement.conditions.iter().any(care.limited) {
            continue;
        }
        let code = care.codes[reach as usize][usize::from(resources.negated)];
        let other = star.map_or(resources.member.name.span, |star| star.span);
        findings.add(code, span, message(care, reach, resources.negated)).also_at(other);
    }
}

fn reach(element: &Element<'_>, action: &str) -> Option<(Reach, policy::Span)> {
    let covering = |text: &str| actions::matches(text, action);
    let mut covering = element.entries.iter().filter(|entry| covering(entry.text));
    if element.negated {
        let spared = covering.next().is_some();
        return (!spared).then_some((Reach::NotAction, element.member.name.span));
    }
    let first = covering.next()?;
    let exact = |text: &str| text.eq_ignore_ascii_case(action);
    // The name itself counts before a wildcard that covers it too.
    let named = element.entries.iter().find(|entry| exact(entry.text));
    Some(named.map_or((Reach::Star, first.span), |entry| (Reach::Name, entry.span)))
}

fn message(care: &Care, reach: Reach, negated: bool) -> String {
    let resource = match (reach, negated) {
        (_, true) => "NotResource",
        (Reach::Name, false) => "wildcards (*) in the resource",
        (Reach::Star, false) => "the resource",
        (Reach::NotAction, false) => "a resource with wildcards (*)",
    };
    let what = match (reach, negated) {
        (Reach::Name, _) => format!("the {} action with {resource}", care.action),
        (Reach::Star, true) => format!("an action with a wildcard(*) and {resource}"),
        (Reach::Star, false) => format!("wildcards (*) in the action and {resource}"),
        (Reach::NotAction, true) => format!("NotAction with {resource}"),
        (Reach::NotAction, false) => format!("{resource} and NotAction"),
    };
    let extent = if negated || matches!(reach, Reach::Name) { "multiple" } else { "all" };
    let advice = care.advice[usize::from(negated)];
    format!("Using {what} {}. {advice}", (care.consequence)(extent))
}

/// With `IfExists` a request without the key would pass.
fn names_a_service_to_pass_to(condition: &Condition<'_>) -> bool {
    condition.key.value.eq_ignore_ascii_case("iam:PassedToService")
        && condition
            .operator
            .is_some_and(|operator| !operator.if_exists && operator.test != Test::Null)
}

fn names_a_service_exactly(condition: &Condition<'_>) -> bool {
    condition.key.value.eq_ignore_ascii_case("iam:AWSServiceName")
        && condition.operator.is_some_and(|operator| {
            matches!(
                operator.test,
                Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike
            ) && !operator.negated
                && !operator.if_exists
        })
        && condition.texts().all(|value| !value.text.contains(['*', '?']))
}
