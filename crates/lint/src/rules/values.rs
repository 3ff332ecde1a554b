//! Values of conditions, against their operators.

use actions::KeyKind;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use policy::{Order, Test, is_date, is_number};

use crate::{
    code::Code,
    finding::Findings,
    tree::{Condition, Entry, Policy, Statement},
};

pub(super) fn check(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    for condition in &statement.conditions {
        for value in condition.texts().filter(|value| !value.text.contains("${")) {
            readable(condition, &value, findings);
        }
        wildcards(condition, findings);
        arns(condition, findings);
        numbers(condition, findings);
    }
}

/// Whether the operator can read the value.
fn readable(condition: &Condition<'_>, value: &Entry<'_>, findings: &mut Findings) {
    let Some(operator) = condition.operator else { return };
    let (text, name) = (value.text, &condition.operator_name.value);
    let found = match operator.test {
        Test::Bool | Test::Null if !is_boolean(text) => (
            Code::TypeMismatchBoolean,
            format!("Add a valid Boolean value (true or false) for the condition operator {name}."),
        ),
        Test::Numeric(_) if !is_number(text) => (
            Code::TypeMismatchNumber,
            format!("Add a valid numeric value for the condition operator {name}."),
        ),
        Test::Date(_) if !is_date(text) => (
            Code::TypeMismatchDate,
            "The date condition operator is used with an invalid value. Specify a valid date using \
             YYYY-MM-DD or other ISO 8601 date/time format."
                .to_owned(),
        ),
        // What looks like a year is a second of the first hour of 1970.
        Test::Date(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => (
            Code::InvalidDateValue,
            format!("The date {text} might not resolve as expected. We recommend that you use the YYYY-MM-DD format."),
        ),
        Test::BinaryEquals if BASE64.decode(text).is_err() => (
            Code::TypeMismatchString,
            format!("Add a valid base64-encoded string value for the condition operator {name}."),
        ),
        _ => return,
    };
    findings.add(found.0, value.span, found.1);
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

fn wildcards(condition: &Condition<'_>, findings: &mut Findings) {
    let Some(operator) = condition.operator else { return };
    let wild = |text: &str| super::variables::without(text).contains(['*', '?']);
    for value in condition.texts() {
        match operator.test {
            Test::StringEquals | Test::StringEqualsIgnoreCase if wild(value.text) => {
                let message = "Your condition value includes a * or ? character. If you meant to use a \
                               wildcard (*, ?), update the condition operator to include Like.";
                findings.add(Code::WildcardWithoutLikeOperator, value.span, message);
            }
            Test::StringLike if value.text == "*" => {
                let message = "Using the StringLike operator with the value * only checks that the key is \
                               in the request. Use the Null condition operator with the value of false \
                               instead.";
                findings.add(Code::EquivalentToNullFalse, value.span, message);
            }
            _ => {}
        }
    }
}

/// A wildcard of strings also matches the colons between the parts of an ARN.
fn arns(condition: &Condition<'_>, findings: &mut Findings) {
    let like = condition.operator.is_some_and(|operator| operator.test == Test::StringLike);
    let is_arn = actions::condition_key(&condition.key.value)
        .is_some_and(|key| matches!(key.kind(), KeyKind::ARN | KeyKind::ArrayOfARN));
    if like && is_arn && condition.texts().any(|value| value.text != "*") {
        let message = format!(
            "Use the operator type ARN instead of operator string for the condition key {}.",
            condition.key.value
        );
        findings
            .add(Code::StringLikeOperatorWithArnConditionKeys, condition.key.span, message)
            .hint("a wildcard of `StringLike` also matches the colons between the parts of an ARN");
    }
}

/// Of several bounds the widest decides.
fn numbers(condition: &Condition<'_>, findings: &mut Findings) {
    let Some(operator) = condition.operator.filter(|operator| !operator.negated) else { return };
    let which = match operator.test {
        Test::Numeric(Order::LessThan | Order::LessThanEquals) => "greatest",
        Test::Numeric(Order::GreaterThan | Order::GreaterThanEquals) => "least",
        _ => return,
    };
    if condition.values().len() > 1 {
        let message = format!(
            "Multiple values in {} are redundant. Replace with the {which} single value for {}.",
            condition.operator_name.value, condition.key.value
        );
        findings.add(Code::RedundantConditionValueNum, condition.value.span, message);
    }
}
