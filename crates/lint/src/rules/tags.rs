//! Conditions on tags of resources, and services whose resources have none.

use std::collections::BTreeMap;

use policy::Span;

use crate::{
    code::Code,
    finding::Findings,
    tree::{Condition, Effect, Policy, Statement},
};

/// The key in question, and a tag to look it up with.
const TAG_KEY: &str = "aws:ResourceTag/";
const ANY_TAG: &str = "aws:ResourceTag/any";

pub(super) fn check(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    let (Some(effect), Some(element)) = (statement.effect, &statement.actions) else { return };
    for condition in statement.conditions.iter().filter(|condition| asks_for_tag(condition)) {
        if element.negated {
            with_not_action(effect, condition, findings);
            continue;
        }
        let mut without: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
        for entry in &element.entries {
            if let Some(service) = service_without_tags(entry.text) {
                without.entry(service).or_default().push(entry.span);
            }
        }
        let services: Vec<_> = without.keys().copied().collect();
        let places: Vec<Span> = without.into_values().flatten().collect();
        with_action(effect, condition, &services.join(", "), &places, findings);
    }
}

/// A condition that holds where there is no tag does no harm.
fn asks_for_tag(condition: &Condition<'_>) -> bool {
    let key = condition.key.value.get(..TAG_KEY.len());
    key.is_some_and(|start| start.eq_ignore_ascii_case(TAG_KEY))
        && condition.operator.is_some_and(|operator| !operator.negated && !operator.if_exists)
}

fn service_without_tags(action: &str) -> Option<&'static str> {
    let service = actions::service(action.split_once(':')?.0)?;
    (service.is_known() && service.key(ANY_TAG).is_none()).then(|| service.prefix())
}

/// `places` are those of the actions in question.
fn with_action(
    effect: Effect,
    condition: &Condition<'_>,
    services: &str,
    places: &[Span],
    findings: &mut Findings,
) {
    let Some((&first, rest)) = places.split_first() else { return };
    let key = &condition.key.value;
    let (code, what, consequence) = match effect {
        Effect::Allow => (
            Code::AllowWithUnsupportedTagConditionKeyForService,
            format!(
                "Using the effect Allow with the condition key {key} and actions for services with \
                 the following prefixes does not affect the policy: {services}."
            ),
            "The actions for the listed service are not allowed by this statement.",
        ),
        Effect::Deny => (
            Code::DenyWithUnsupportedTagConditionKeyForService,
            format!(
                "Using the effect Deny with the condition key {key} and actions for services with \
                 the following prefixes can be overly permissive: {services}."
            ),
            "Actions for the listed services are not denied by this statement.",
        ),
    };
    let advice = "We recommend that you move these actions to a different statement without this \
                  condition key.";
    let finding = findings.add(code, first, format!("{what} {consequence} {advice}"));
    for place in rest.iter().copied().chain([condition.key.span]) {
        finding.also_at(place);
    }
}

fn with_not_action(effect: Effect, condition: &Condition<'_>, findings: &mut Findings) {
    let key = &condition.key.value;
    let advice = "We recommend that you use Action instead of NotAction.";
    let (code, message) = match effect {
        Effect::Allow => (
            Code::AllowNotactionWithUnsupportedTagConditionKeyForService,
            format!(
                "Using the effect Allow with NotAction and the tag condition key {key} allows only \
                 service actions that support the condition key. The condition key doesn't apply to some \
                 service actions. {advice}"
            ),
        ),
        Effect::Deny => (
            Code::DenyNotactionWithUnsupportedTagConditionKeyForService,
            format!(
                "Using the effect Deny with NotAction and the tag condition key {key} can be overly \
                 permissive because some service actions are not denied by this statement. This is \
                 because the condition key doesn't apply to some service actions. {advice}"
            ),
        ),
    };
    findings.add(code, condition.key.span, message);
}
