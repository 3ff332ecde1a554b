//! What stands in `Action`, `Resource` and their opposites, and what is empty.

use policy::json::{Member, Node, Value};

use super::shape::{data_type, string};
use crate::{
    code::Code,
    finding::Findings,
    tree::{Policy, Statement},
};

const NO_PRINCIPALS: &str =
    "This statement includes no principals and does not affect the policy. Specify principals.";

pub(super) fn check(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    for name in ["Action", "NotAction"] {
        let message =
            "This statement includes no actions and does not affect the policy. Specify actions.";
        list(statement.member(name), Code::EmptyArrayAction, message, findings);
    }
    for name in ["Resource", "NotResource"] {
        let message = "This statement includes no resources and does not affect the policy. Specify resources.";
        list(statement.member(name), Code::EmptyArrayResource, message, findings);
    }
    for name in ["Principal", "NotPrincipal"] {
        if let Some(member) = statement.member(name) {
            principal(&member.value, findings);
        }
    }
    if let Some(member) = statement.member("Condition") {
        condition(&member.value, findings);
    }
}

/// A string or an array of strings.
fn list(member: Option<&Member>, code: Code, message: &str, findings: &mut Findings) {
    let Some(Member { value, .. }) = member else { return };
    match &value.value {
        Value::Array(items) if items.is_empty() => {
            findings.add(code, value.span, message);
        }
        Value::Array(items) => {
            for item in items {
                string(item, findings);
            }
        }
        _ => {
            string(value, findings);
        }
    }
}

fn principal(node: &Node, findings: &mut Findings) {
    let Value::Object(kinds) = &node.value else { return };
    if kinds.is_empty() {
        findings.add(Code::EmptyObjectPrincipal, node.span, NO_PRINCIPALS);
    }
    for kind in kinds {
        list(Some(kind), Code::EmptyArrayPrincipal, NO_PRINCIPALS, findings);
    }
}

fn condition(node: &Node, findings: &mut Findings) {
    let Value::Object(operators) = &node.value else {
        data_type(node, "Object", findings);
        return;
    };
    let empty = |node: &Node, findings: &mut Findings| {
        let message =
            "This condition block is empty and it does not affect the policy. Specify conditions.";
        findings.add(Code::EmptyObjectCondition, node.span, message);
    };
    if operators.is_empty() {
        empty(node, findings);
    }
    for operator in operators {
        match &operator.value.value {
            Value::Object(keys) if keys.is_empty() => empty(&operator.value, findings),
            Value::Object(_) => {}
            _ => data_type(&operator.value, "Object", findings),
        }
    }
}
