//! The `Principal` of a statement.
//!
//! IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

use super::{find, string};
use crate::{
    defect::{Defects, Stage, quoted},
    document::{Kind, PrincipalEntry, PrincipalKind, Principals},
    json::{Member, Node, Value},
    position::{Located, Span},
};

const NAME: &str = "Principal";
const OPPOSITE: &str = "NotPrincipal";

/// Everyone, with and without credentials.
const ANYONE: &str = "*";

const MISSING: &str = "Missing required field Principal";
const PROHIBITED: &str = "Has prohibited field NotPrincipal";
const EMPTY: &str = "Missing required field Principal cannot be empty!";

/// The principals that policies of `kind` must have or must not have.
pub(super) fn read(
    statement: Span,
    members: &[Member],
    kind: Kind,
    defects: &mut Defects,
) -> Option<Principals> {
    if kind.is_identity() {
        refuse(members, defects);
        return None;
    }
    let (member, negated) = match (find(members, NAME), find(members, OPPOSITE)) {
        (Some(member), None) => (member, false),
        (None, Some(member)) => (member, true),
        (Some(member), Some(second)) => {
            let message = format!("a statement has either `{NAME}` or `{OPPOSITE}`, not both");
            defects.syntax(second.name.span.start, message);
            (member, false)
        }
        (None, None) => {
            let message = format!("the statement has no `{NAME}`");
            defects.add(statement.start, Stage::Principal, MISSING, message);
            return None;
        }
    };
    if negated && kind == Kind::Trust {
        let message = format!("a trust policy has no `{OPPOSITE}`");
        defects.add(member.name.span.start, Stage::Principal, PROHIBITED, message);
    }
    let entries = entries(&member.value, &member.name.value, defects);
    Some(Principals { span: member.value.span, negated, entries })
}

fn refuse(members: &[Member], defects: &mut Defects) {
    for name in [NAME, OPPOSITE] {
        if let Some(member) = find(members, name) {
            defects.add(
                member.name.span.start,
                Stage::Principal,
                "Policy document should not specify a principal.",
                format!("an identity policy has no `{name}`"),
            );
        }
    }
}

fn entries(node: &Node, name: &str, defects: &mut Defects) -> Vec<PrincipalEntry> {
    match &node.value {
        Value::String(text) if &**text == ANYONE => {
            let value = Located { value: text.clone(), span: node.span };
            vec![PrincipalEntry { kind: PrincipalKind::Aws, value }]
        }
        Value::String(text) => {
            let message = format!(
                "{} must stand in an object under its kind, as in {{\"AWS\": ..}}",
                quoted(text)
            );
            defects.syntax(node.span.start, message);
            Vec::new()
        }
        Value::Object(members) => {
            refuse_empty(members.is_empty(), node, name, defects);
            members.iter().flat_map(|member| of_kind(member, defects)).collect()
        }
        other => {
            let kind = other.kind();
            let message = format!("`{name}` must be `\"*\"` or an object, not {kind}");
            defects.syntax(node.span.start, message);
            Vec::new()
        }
    }
}

fn refuse_empty(is_empty: bool, node: &Node, name: &str, defects: &mut Defects) {
    if is_empty {
        let message = format!("`{name}` names nobody");
        defects.add(node.span.start, Stage::Principal, EMPTY, message);
    }
}

fn of_kind(member: &Member, defects: &mut Defects) -> Vec<PrincipalEntry> {
    let Member { name, value: node } = member;
    let kinds = PrincipalKind::ALL;
    let kind = kinds.into_iter().find(|kind| kind.as_str() == &*name.value);
    if kind.is_none() {
        let mut message = format!("{} is no kind of principal", quoted(&name.value));
        let meant = kinds.iter().find(|kind| kind.as_str().eq_ignore_ascii_case(&name.value));
        if let Some(meant) = meant {
            message += &format!(", did you mean `{}`?", meant.as_str());
        }
        defects.syntax(name.span.start, message);
    }
    let what = format!("a principal under {}", quoted(&name.value));
    let values = match &node.value {
        Value::Array(items) => {
            refuse_empty(items.is_empty(), node, &name.value, defects);
            items.iter().filter_map(|item| string(item, &what, defects)).collect()
        }
        _ => Vec::from_iter(string(node, &what, defects)),
    };
    let entry = |value| kind.map(|kind| PrincipalEntry { kind, value });
    values.into_iter().filter_map(entry).collect()
}
