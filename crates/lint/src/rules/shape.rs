//! What members a policy and its statements have, and of what type.
//!
//! IAM User Guide, "Grammar of the IAM JSON policy language".

use policy::json::{Edit, Member, Node, Value};

use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    tree::{Policy, Statement, member},
};

const DOCUMENT_MEMBERS: [&str; 3] = ["Version", "Id", "Statement"];

const STATEMENT_MEMBERS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// The newest first: the one to use.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

pub(super) fn document(policy: &Policy<'_>, findings: &mut Findings) {
    let Value::Object(members) = &policy.root.value else {
        data_type(policy.root, "Object", findings);
        return;
    };
    known_members(members, &DOCUMENT_MEMBERS, findings);
    version(policy, members, findings);
    if let Some(id) = member(policy.root, "Id") {
        string(&id.value, findings);
    }
    statements(policy, findings);
}

pub(super) fn statement(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    known_members(statement.members, &STATEMENT_MEMBERS, findings);
    effect(policy, statement, findings);
    pair(statement, "Action", "NotAction", findings);
    pair(statement, "Resource", "NotResource", findings);
    pair(statement, "Principal", "NotPrincipal", findings);
    if policy.whole {
        missing(policy, statement, findings);
    }
}

/// Says that `node` is not of the type wanted.
pub(super) fn data_type(node: &Node, wanted: &str, findings: &mut Findings) {
    let message = format!("The text does not match the expected JSON data type {wanted}.");
    let hint = format!("this is {}", node.value.kind());
    findings.add(Code::DataTypeMismatch, node.span, message).hint(hint);
}

/// The text of a node that has to be a string.
pub(super) fn string<'a>(node: &'a Node, findings: &mut Findings) -> Option<&'a str> {
    if let Value::String(text) = &node.value {
        return Some(text);
    }
    data_type(node, "String", findings);
    None
}

fn known_members(members: &[Member], known: &[&str], findings: &mut Findings) {
    for Member { name, .. } in members {
        if known.contains(&&*name.value) {
            continue;
        }
        let message = format!("The policy element {} is not valid.", name.value);
        let finding = findings.add(Code::InvalidPolicyElement, name.span, message);
        let meant = known.iter().find(|known| known.eq_ignore_ascii_case(&name.value));
        let Some(meant) = meant else {
            finding.hint(format!("the elements here are {}", known.join(", ")));
            continue;
        };
        finding.hint(format!("write `{meant}`: the names of elements have case"));
        if !members.iter().any(|member| *member.name.value == **meant) {
            finding.edit(Edit::replace(name.span, format!("\"{meant}\"")));
        }
    }
}

fn version(policy: &Policy<'_>, members: &[Member], findings: &mut Findings) {
    let Some(node) = policy.version else {
        if policy.whole && !is_there(members, "Version") {
            missing_version(policy, members, findings);
        }
        return;
    };
    let Some(version) = string(node, findings).filter(|text| !VERSIONS.contains(text)) else {
        return;
    };
    let versions = VERSIONS.join(", ");
    let message = format!(
        "The version {version} is not valid. Use one of the following versions: {versions}"
    );
    findings
        .add(Code::InvalidVersion, node.span, message)
        .hint("`Version` is that of the policy language, not of the policy");
}

/// Without a version the rules of 2008 hold, in which `${..}` is plain text: where there is none, naming
/// the new version changes nothing.
fn missing_version(policy: &Policy<'_>, members: &[Member], findings: &mut Findings) {
    let message = "We recommend that you specify the Version element to help you with debugging permission issues.";
    let span = policy.root.span;
    let inner = policy.text.get(span.start.offset..span.end.offset).unwrap_or_default();
    let finding = findings.add(Code::MissingVersion, span, message);
    let newest = VERSIONS[0];
    finding.hint(format!("put `\"Version\": \"{newest}\"` first"));
    let Some(first) = members.first().filter(|_| !inner.contains("${")) else { return };
    // What stands before the first member stands before the second too: the author's own indentation.
    let start = span.start.offset + 1;
    let space = policy.text.get(start..first.name.span.start.offset).unwrap_or_default();
    let separator = if space.trim().is_empty() { space.to_owned() } else { String::new() };
    let separator = if separator.is_empty() { " ".to_owned() } else { separator };
    let text = format!("\"Version\": \"{newest}\",{separator}");
    finding.edit(Edit::insert(first.name.span.start.offset, text));
}

fn statements(policy: &Policy<'_>, findings: &mut Findings) {
    let message = "Add a statement to the policy";
    let Some(member) = member(policy.root, "Statement") else {
        let Value::Object(members) = &policy.root.value else { return };
        if policy.whole && !is_there(members, "Statement") {
            findings.add(Code::MissingStatement, policy.root.span, message);
        }
        return;
    };
    match &member.value.value {
        Value::Object(_) => {}
        Value::Array(items) if items.is_empty() => {
            findings.add(Code::MissingStatement, member.value.span, message);
        }
        Value::Array(items) => {
            for item in items.iter().filter(|item| !matches!(item.value, Value::Object(_))) {
                data_type(item, "Object", findings);
            }
        }
        _ => data_type(&member.value, "Array", findings),
    }
}

fn effect(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    let Some(member) = statement.member("Effect") else {
        if policy.whole && !is_there(statement.members, "Effect") {
            let message =
                "Add an Effect element to the policy statement with a value of Allow or Deny.";
            findings.add(Code::MissingEffect, statement.node.span, message);
        }
        return;
    };
    let Some(text) = string(&member.value, findings) else { return };
    if text == "Allow" || text == "Deny" {
        return;
    }
    let message = format!("The effect {text} is not valid. Use Allow or Deny.");
    let finding = findings.add(Code::InvalidEffect, member.value.span, message);
    if let Some(meant) = ["Allow", "Deny"].iter().find(|known| known.eq_ignore_ascii_case(text)) {
        finding.hint(format!("write `{meant}`: the effect has case"));
        finding.edit(Edit::replace(member.value.span, format!("\"{meant}\"")));
    }
}

/// Two that exclude each other.
fn pair(statement: &Statement<'_>, name: &str, opposite: &str, findings: &mut Findings) {
    let (Some(first), Some(second)) = (statement.member(name), statement.member(opposite)) else {
        return;
    };
    let message = format!(
        "The policy elements {name} and {opposite} can not be used in the same statement. Remove one of \
         these elements."
    );
    findings
        .add(Code::UnsupportedElementCombination, second.name.span, message)
        .also_at(first.name.span);
}

fn missing(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    let span = statement.node.span;
    let has = |name: &str| {
        is_there(statement.members, name) || is_there(statement.members, &format!("Not{name}"))
    };
    if !has("Action") {
        let message = "Add an Action or NotAction element to the policy statement.";
        findings.add(Code::MissingAction, span, message);
    }
    let (resources, principals) = match policy.kind {
        PolicyType::Identity | PolicyType::ServiceControl => (true, false),
        PolicyType::Resource | PolicyType::Trust => (false, true),
        PolicyType::ResourceControl => (true, true),
    };
    if resources && !has("Resource") {
        let message = "Add a Resource or NotResource element to the policy statement.";
        findings.add(Code::MissingResource, span, message);
    }
    if principals && !has("Principal") {
        let message = "Add a Principal element to the policy statement.";
        findings.add(Code::MissingPrincipal, span, message);
    }
}

/// Whether there is such a member, or one that was meant so: of that it is said already.
fn is_there(members: &[Member], name: &str) -> bool {
    members.iter().any(|member| member.name.value.eq_ignore_ascii_case(name))
}
