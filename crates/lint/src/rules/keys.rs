//! Condition keys: whether they exist, and whether the operator and the actions go with them.
//!
//! IAM User Guide, "AWS global condition context keys"; Service Authorization Reference.

use actions::{Action, ConditionKey, KeyKind, condition_key, global_key};
use policy::{Operator, Quantifier, Test};

use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    tree::{Condition, Policy, Statement},
};

/// Keys that are families: a tag's name has to follow.
const TAG_FAMILIES: [&str; 4] =
    ["aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/", "iam:ResourceTag/"];

/// Keys that are nowhere documented any more, and in AWS's own policies.
const LEGACY: [&str; 1] = ["aws:PrincipalOrgMasterAccountId"];

/// What keys begin with that is no service's prefix.
const OTHER_PREFIXES: [&str; 4] =
    ["catalog", "cognito-identity-auth", "cognito-identity-unauth", "identitycenter"];

/// Actions named in a message.
const LISTED_MAX: usize = 20;

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    for condition in &statement.conditions {
        let name = &*condition.key.value;
        if family_without_tag(name).is_some() {
            missing_tag(condition, findings);
        } else if let Some(key) = condition_key(name) {
            qualifier(statement, condition, key, findings);
            operator_fits(condition, key, findings);
            irrelevant(policy, condition, findings);
        } else if let Some((code, message)) = unknown(policy, name) {
            findings.add(code, condition.key.span, message);
        }
    }
}

fn family_without_tag(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix('/').unwrap_or(name);
    let is = |family: &&&str| family.trim_end_matches('/').eq_ignore_ascii_case(name);
    TAG_FAMILIES.iter().find(is).copied()
}

fn missing_tag(condition: &Condition<'_>, findings: &mut Findings) {
    let Some(family) = family_without_tag(&condition.key.value) else { return };
    let message = format!(
        "The condition key {family} must include a tag key to control access based on tags. Use the \
         format {family}tag-key and specify a key name for tag-key."
    );
    findings.add(Code::MissingTagKeyInCondition, condition.key.span, message);
}

fn unknown(policy: &Policy<'_>, name: &str) -> Option<(Code, String)> {
    let Some((prefix, rest)) =
        name.split_once(':').filter(|(prefix, rest)| !prefix.is_empty() && !rest.is_empty())
    else {
        let message = "The condition key format is not valid. Use the format service:keyname.";
        return Some((Code::InvalidConditionKeyFormat, message.to_owned()));
    };
    let does_not_exist = format!("The condition key {name} does not exist");
    if name.eq_ignore_ascii_case("aws:ARN") {
        let message = "The condition key aws:ARN is not supported. Use aws:PrincipalArn or aws:SourceArn instead.";
        return Some((Code::UnsupportedGlobalConditionKey, message.to_owned()));
    }
    if LEGACY.iter().any(|legacy| legacy.eq_ignore_ascii_case(name)) {
        return None;
    }
    if prefix.eq_ignore_ascii_case("aws") {
        let message = format!("{does_not_exist}. Use a valid condition key.");
        return Some((Code::InvalidGlobalConditionKey, message));
    }
    match actions::service(prefix) {
        Some(service) if service.is_known() => {
            let message = format!(
                "{does_not_exist} in the service {}. Use a valid condition key.",
                service.prefix()
            );
            Some((Code::InvalidServiceConditionKey, message))
        }
        Some(_) => None,
        // An identity provider's own keys begin with its address.
        None if prefix.contains('.') || rest.contains('.') => None,
        None if OTHER_PREFIXES.contains(&prefix) => None,
        None if prefix.eq_ignore_ascii_case("saml") && policy.kind == PolicyType::Trust => None,
        None => {
            let message = format!("The service {prefix} does not exist. Use a valid service name.");
            Some((Code::InvalidService, message))
        }
    }
}

/// Whether the operator takes as many values as the key has.
fn qualifier(
    statement: &Statement<'_>,
    condition: &Condition<'_>,
    key: &ConditionKey,
    findings: &mut Findings,
) {
    let Some(operator) = condition.operator.filter(|operator| operator.test != Test::Null) else {
        return;
    };
    let name = &condition.key.value;
    let span = condition.operator_name.span;
    if key.kind().is_multivalued() && operator.quantifier.is_none() {
        let message = format!(
            "The request context key {name} has multiple values. Use the ForAllValues or ForAnyValue \
             condition key qualifiers in your policy."
        );
        findings.add(Code::MissingQualifier, condition.key.span, message).also_at(span);
    }
    let all = operator.quantifier == Some(Quantifier::ForAllValues);
    if all && !key.kind().is_multivalued() && statement.allows() {
        let message = format!(
            "Using ForAllValues qualifier with the single-valued condition key {name} can be overly \
             permissive. We recommend that you remove ForAllValues:."
        );
        findings
            .add(Code::ForallvaluesWithSingleValuedKey, condition.key.span, message)
            .also_at(span);
    }
}

fn operator_fits(condition: &Condition<'_>, key: &ConditionKey, findings: &mut Findings) {
    let Some(operator) = condition.operator else { return };
    let Some(wanted) = wanted(key.kind(), operator, condition) else { return };
    let message = format!(
        "Use the operator type {wanted} instead of operator {} for the condition key {}.",
        family(operator.test),
        condition.key.value
    );
    findings.add(Code::TypeMismatch, condition.key.span, message);
}

/// The family of an operator, in AWS's words.
fn family(test: Test) -> &'static str {
    match test {
        Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike => "string",
        Test::Numeric(_) => "numeric",
        Test::Date(_) => "date",
        Test::Bool => "boolean",
        Test::BinaryEquals => "binary",
        Test::IpAddress => "IP address",
        Test::ArnLike => "ARN",
        Test::Null => "null",
    }
}

/// The family of operators to use instead, if the one used does not go with the kind of key.
fn wanted(kind: KeyKind, operator: Operator, condition: &Condition<'_>) -> Option<&'static str> {
    let of_strings = matches!(
        operator.test,
        Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike
    );
    let numeric = matches!(operator.test, Test::Numeric(_));
    let fits = operator.test == Test::Null
        || match kind {
            // Not every key that holds an ARN is said to.
            KeyKind::String | KeyKind::ArrayOfString => {
                of_strings || operator.test == Test::ArnLike
            }
            KeyKind::ARN | KeyKind::ArrayOfARN => of_strings || operator.test == Test::ArnLike,
            KeyKind::Numeric => numeric,
            KeyKind::Bool => operator.test == Test::Bool,
            KeyKind::IPAddress => operator.test == Test::IpAddress,
            KeyKind::Date => {
                let epoch = condition.key.value.eq_ignore_ascii_case("aws:EpochTime");
                matches!(operator.test, Test::Date(_)) || (epoch && numeric)
            }
        };
    (!fits).then_some(match kind {
        KeyKind::String | KeyKind::ArrayOfString => "String",
        KeyKind::ARN | KeyKind::ArrayOfARN => "ARN",
        KeyKind::Numeric => "Numeric",
        KeyKind::Bool => "Boolean",
        KeyKind::IPAddress => "IP address",
        KeyKind::Date => "Date",
    })
}

/// Whose account a resource belongs to is no question in the resource's own policy.
fn irrelevant(policy: &Policy<'_>, condition: &Condition<'_>, findings: &mut Findings) {
    const OF_RESOURCES: [&str; 3] =
        ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"];
    let name = &condition.key.value;
    let what = match policy.kind {
        PolicyType::Resource => policy.resource_type.unwrap_or("resource"),
        PolicyType::Trust => "role trust",
        _ => return,
    };
    if OF_RESOURCES.iter().any(|key| key.eq_ignore_ascii_case(name)) {
        let message = format!(
            "The condition key {name} is not relevant for the {what} policy.  Use this key in an \
             identity-based policy to govern access to this resource."
        );
        findings.add(Code::IrrelevantConditionKeyInPolicy, condition.key.span, message);
    }
}

/// Actions of the key's own service that never have it.
pub(super) fn of_actions(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    if statement.conditions.is_empty() {
        return;
    }
    let named: Vec<(&str, &'static Action)> = statement
        .action_entries()
        .iter()
        .filter_map(|entry| Some((entry.text, actions::action(entry.text)?)))
        .collect();
    for condition in &statement.conditions {
        let name = &*condition.key.value;
        let Some((prefix, _)) = name.split_once(':') else { continue };
        // Of tags, and of what else varies, not every action that has them says so.
        if global_key(name).is_some() || condition_key(name).is_none_or(ConditionKey::varies) {
            continue;
        }
        let void = named.iter().filter(|(_, action)| {
            action.service().prefix().eq_ignore_ascii_case(prefix) && !action.has_key(name)
        });
        let void: Vec<_> = void.take(LISTED_MAX).map(|(text, _)| *text).collect();
        if void.is_empty() {
            continue;
        }
        let message = format!(
            "The following actions: {} are not supported by the condition key {name}. The condition will \
             not be evaluated for these actions. We recommend that you move these actions to a different \
             statement without this condition key.",
            void.join(", ")
        );
        findings.add(Code::UnsupportedActionForConditionKey, condition.key.span, message);
    }
}
