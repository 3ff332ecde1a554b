//! Operators of conditions, and the form of what stands under them.
//!
//! IAM User Guide, "IAM JSON policy elements: Condition operators".

use std::collections::HashSet;

use policy::{
    Operator, Quantifier, Test,
    json::{Edit, Member, Value},
};

use super::shape::data_type;
use crate::{
    code::Code,
    finding::Findings,
    tree::{Condition, Policy, Statement},
};

const BASES: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
];

const QUANTIFIERS: [&str; 2] = ["ForAllValues:", "ForAnyValue:"];
const IF_EXISTS: &str = "IfExists";

pub(super) fn operators(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    let Some(Member { value, .. }) = statement.member("Condition") else { return };
    let Value::Object(operators) = &value.value else { return };
    for Member { name, value } in operators {
        match Operator::parse(&name.value) {
            Some(operator) if operator.test == Test::Null && operator.quantifier.is_some() => {
                let message = "Avoid using the Null condition operator with the ForAllValues or \
                               ForAnyValue qualifiers because they always return a true or false \
                               respectively.";
                findings.add(Code::NullWithQualifier, name.span, message);
            }
            Some(_) => {}
            None if is_null_if_exists(&name.value) => {
                let message = "The Null condition operator cannot be used with the IfExists suffix. \
                               Update the operator or the suffix.";
                findings.add(Code::NullWithIfExists, name.span, message);
            }
            None => unknown_operator(name, findings),
        }
        doubled_keys(&value.value, findings);
    }
}

fn is_null_if_exists(name: &str) -> bool {
    let base = name.strip_suffix(IF_EXISTS).and_then(Operator::parse);
    base.is_some_and(|operator| operator.test == Test::Null)
}

fn unknown_operator(name: &policy::Text, findings: &mut Findings) {
    let message = format!(
        "The condition operator {} is not valid. Use a valid condition operator.",
        name.value
    );
    let finding = findings.add(Code::InvalidConditionOperator, name.span, message);
    if let Some(meant) = in_proper_case(&name.value) {
        finding.hint(format!("write `{meant}`: operators have case"));
        finding.edit(Edit::replace(name.span, format!("\"{meant}\"")));
    }
}

/// The operator that `name` is but for case.
fn in_proper_case(name: &str) -> Option<String> {
    let mut rest = name;
    let mut proper = String::new();
    for quantifier in QUANTIFIERS {
        let (start, end) = (rest.get(..quantifier.len()), rest.get(quantifier.len()..));
        if let (Some(start), Some(end)) = (start, end)
            && start.eq_ignore_ascii_case(quantifier)
        {
            proper.push_str(quantifier);
            rest = end;
        }
    }
    let named = |suffix: &str| {
        let base = rest.get(..rest.len().checked_sub(suffix.len())?)?;
        let suffixed = rest.get(base.len()..)?.eq_ignore_ascii_case(suffix);
        let base = BASES.iter().find(|known| suffixed && known.eq_ignore_ascii_case(base))?;
        Some(format!("{proper}{base}{suffix}"))
    };
    named("").or_else(|| named(IF_EXISTS)).filter(|name| Operator::parse(name).is_some())
}

/// Keys have no case, so two that differ in it are one.
fn doubled_keys(block: &Value, findings: &mut Findings) {
    let Value::Object(keys) = block else { return };
    let mut seen = HashSet::new();
    let mut written = HashSet::new();
    for Member { name, .. } in keys {
        // The same name twice is a mistake of JSON already.
        if written.insert(&*name.value) && !seen.insert(name.value.to_ascii_lowercase()) {
            let message = format!(
                "The condition key {} appears more than once with different capitalization in the same \
                 condition block. Remove the duplicate condition keys.",
                name.value
            );
            findings.add(Code::DuplicateKeysWithDifferentCase, name.span, message);
        }
    }
}

pub(super) fn forms(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    for condition in &statement.conditions {
        match &condition.value.value {
            Value::Array(items) if items.is_empty() => empty(condition, findings),
            Value::Array(items) => many(condition, items, findings),
            Value::Object(_) | Value::Null => data_type(condition.value, "String", findings),
            _ => {}
        }
    }
}

fn empty(condition: &Condition<'_>, findings: &mut Findings) {
    let key = &condition.key.value;
    let (quantifier, if_exists) = condition
        .operator
        .map_or((None, false), |operator| (operator.quantifier, operator.if_exists));
    let missing_only = |what: &str| {
        format!(
            "The {what} with an empty condition key matches only if the key {key} is missing from the \
             request context. To determine if the request context is empty, we recommend that you use \
             the Null condition operator with the value of true instead."
        )
    };
    let (code, message) = match quantifier {
        Some(Quantifier::ForAllValues) => {
            (Code::EmptyArrayConditionForallvalues, missing_only("ForAllValues prefix"))
        }
        Some(Quantifier::ForAnyValue) => (
            Code::EmptyArrayConditionForanyvalue,
            format!(
                "The ForAnyValue prefix with an empty condition key {key} never matches the request \
                 context and it does not affect the policy. Specify conditions."
            ),
        ),
        None if if_exists => (Code::EmptyArrayConditionIfexists, missing_only("IfExists suffix")),
        None => (
            Code::EmptyArrayCondition,
            format!(
                "There are no values for the condition key {key} and it does not affect the policy. \
                 Specify conditions."
            ),
        ),
    };
    findings.add(code, condition.value.span, message);
}

fn many(condition: &Condition<'_>, items: &[policy::json::Node], findings: &mut Findings) {
    for item in items {
        if matches!(item.value, Value::Object(_) | Value::Array(_) | Value::Null) {
            data_type(item, "String", findings);
        }
    }
    let kinds: HashSet<_> = items.iter().map(|item| item.value.kind()).collect();
    if kinds.len() > 1 {
        let message = "The condition value data types do not match. Use condition values of the same JSON \
                       data type.";
        findings.add(Code::InvalidConditionDataType, condition.value.span, message);
    }
    let single =
        condition.operator.is_some_and(|operator| matches!(operator.test, Test::Bool | Test::Null));
    if single && items.len() > 1 {
        let message = "The condition key does not support multiple Boolean values. Use a single Boolean value.";
        findings.add(Code::InvalidConditionMultipleBoolean, condition.value.span, message);
    }
}
