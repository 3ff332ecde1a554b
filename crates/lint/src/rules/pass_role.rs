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
    /// By how the action is reached, then by how the resource; with what AWS says between "Using" and its
    /// advice.
    shapes: [[(Code, &'static str); 2]; 3],
    /// For `Resource`, and for `NotResource`.
    advice: [&'static str; 2],
    /// Whether a condition limits it enough.
    limited: fn(&Condition<'_>) -> bool,
}

const ARNS: &str = "We recommend that you specify resource ARNs instead.";

const CARES: [Care; 2] = [
    Care {
        action: "iam:PassRole",
        shapes: [
            [
                (
                    Code::PassRoleWithStarInResource,
                    "the iam:PassRole action with wildcards (*) in the resource can be overly permissive \
                     because it allows iam:PassRole permissions on multiple resources.",
                ),
                (
                    Code::PassRoleWithNotresource,
                    "the iam:PassRole action with NotResource can be overly permissive because it can \
                     allow iam:PassRole permissions on multiple resources.",
                ),
            ],
            [
                (
                    Code::PassRoleWithStarInActionAndResource,
                    "wildcards (*) in the action and the resource can be overly permissive because it \
                     allows iam:PassRole permissions on all resources.",
                ),
                (
                    Code::PassRoleWithStarInActionAndNotresource,
                    "an action with a wildcard(*) and NotResource can be overly permissive because it \
                     can allow iam:PassRole permissions on multiple resources.",
                ),
            ],
            [
                (
                    Code::PassRoleWithStarInResourceAndNotaction,
                    "a resource with wildcards (*) and NotAction can be overly permissive because it \
                     allows iam:PassRole permissions on all resources.",
                ),
                (
                    Code::PassRoleWithNotactionAndNotresource,
                    "NotAction with NotResource can be overly permissive because it can allow \
                     iam:PassRole permissions on multiple resources.",
                ),
            ],
        ],
        advice: [
            "We recommend that you specify resource ARNs or add the iam:PassedToService condition key to \
             your statement.",
            ARNS,
        ],
        limited: names_a_service_to_pass_to,
    },
    Care {
        action: "iam:CreateServiceLinkedRole",
        shapes: [
            [
                (
                    Code::CreateSlrWithStarInResource,
                    "the iam:CreateServiceLinkedRole action with wildcards (*) in the resource can allow \
                     creation of unintended service-linked roles.",
                ),
                (
                    Code::CreateSlrWithNotresource,
                    "the iam:CreateServiceLinkedRole action with NotResource can allow creation of \
                     unintended service-linked roles for multiple resources.",
                ),
            ],
            [
                (
                    Code::CreateSlrWithStarInActionAndResource,
                    "wildcards (*) in the action and the resource can allow creation of unintended \
                     service-linked roles because it allows iam:CreateServiceLinkedRole permissions on \
                     all resources.",
                ),
                (
                    Code::CreateSlrWithStarInActionAndNotresource,
                    "an action with a wildcard(*) and NotResource can allow creation of unintended \
                     service-linked roles because it can allow iam:CreateServiceLinkedRole permissions \
                     on multiple resources.",
                ),
            ],
            [
                (
                    Code::CreateSlrWithStarInResourceAndNotaction,
                    "a resource with wildcards (*) and NotAction can allow creation of unintended \
                     service-linked roles because it allows iam:CreateServiceLinkedRole permissions on \
                     all resources.",
                ),
                (
                    Code::CreateSlrWithNotactionAndNotresource,
                    "NotAction with NotResource can allow creation of unintended service-linked roles \
                     because it allows iam:CreateServiceLinkedRole permissions on multiple resources.",
                ),
            ],
        ],
        advice: [ARNS; 2],
        limited: names_a_service_exactly,
    },
];

/// How a statement reaches an action; the place in `shapes`.
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
        let negated = usize::from(resources.negated);
        let (code, what) = care.shapes[reach as usize][negated];
        let other = star.map_or(resources.member.name.span, |star| star.span);
        let message = format!("Using {what} {}", care.advice[negated]);
        findings.add(code, span, message).also_at(other);
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

/// A service, or the resource that it will use the role for. With `IfExists` a request without the key
/// would pass.
fn names_a_service_to_pass_to(condition: &Condition<'_>) -> bool {
    const KEYS: [&str; 2] = ["iam:PassedToService", "iam:AssociatedResourceArn"];
    KEYS.iter().any(|key| key.eq_ignore_ascii_case(&condition.key.value))
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
