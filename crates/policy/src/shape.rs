//! JSON to the elements of a policy, and every departure from the grammar of the policy language.
//!
//! IAM User Guide, "Grammar of the IAM JSON policy language". AWS answers all of these with the same
//! message, except for those that its "legacy parsing" or later checks find.

mod condition;
mod principal;

use crate::{
    defect::{Defects, Stage, quoted},
    document::{Clause, Effect, Kind, Statement, Version, Written},
    json::{Member, Node, Value},
    position::{Located, Span, Text},
};

/// An element that a statement must have in one of two forms.
struct Pair {
    name: &'static str,
    opposite: &'static str,
    stage: Stage,
    missing: &'static str,
}

const ACTIONS: Pair = Pair {
    name: "Action",
    opposite: "NotAction",
    stage: Stage::ActionMissing,
    missing: "Policy statement must contain actions.",
};

const RESOURCES: Pair = Pair {
    name: "Resource",
    opposite: "NotResource",
    stage: Stage::ResourcePresence,
    missing: "Policy statement must contain resources.",
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

/// Reads the document, adding what does not belong or is missing to `defects`. Only if nothing was
/// added is the answer what the author meant.
pub(crate) fn read(root: &Node, kind: Kind, defects: &mut Defects) -> Option<Written> {
    let Value::Object(members) = &root.value else {
        defects
            .syntax(root.span.start, format!("a policy is an object, not {}", root.value.kind()));
        return None;
    };
    refuse_unknown(members, &DOCUMENT_MEMBERS, "a policy", defects);
    let statements = match find(members, "Statement") {
        Some(member) => statements(&member.value, kind, defects),
        None => {
            defects.syntax(root.span.start, "the policy has no `Statement`");
            Vec::new()
        }
    };
    Some(Written {
        kind,
        span: root.span,
        version: find(members, "Version").and_then(|member| version(&member.value, defects)),
        id: find(members, "Id").and_then(|member| string(&member.value, "`Id`", defects)),
        statements,
    })
}

/// The first member called `name`; that there is no second was checked with the JSON.
fn find<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    members.iter().find(|member| &*member.name.value == name)
}

fn refuse_unknown(members: &[Member], known: &[&str], owner: &str, defects: &mut Defects) {
    for Member { name, .. } in members {
        if known.contains(&&*name.value) {
            continue;
        }
        let mut message = format!("{owner} has no member {}", quoted(&name.value));
        if let Some(meant) = known.iter().find(|known| known.eq_ignore_ascii_case(&name.value)) {
            message += &format!(", did you mean `{meant}`?");
        }
        defects.syntax(name.span.start, message);
    }
}

fn version(node: &Node, defects: &mut Defects) -> Option<Located<Version>> {
    let text = string(node, "`Version`", defects)?;
    match Version::parse(&text.value) {
        Some(value) => Some(Located { value, span: text.span }),
        None => {
            let message = format!(
                "the version {} is neither `2012-10-17` nor `2008-10-17`",
                quoted(&text.value)
            );
            defects.syntax(text.span.start, message);
            None
        }
    }
}

fn string(node: &Node, what: &str, defects: &mut Defects) -> Option<Text> {
    if let Value::String(value) = &node.value {
        return Some(Located { value: value.clone(), span: node.span });
    }
    let message = format!("{what} must be a string, not {}", node.value.kind());
    defects.syntax(node.span.start, message);
    None
}

fn statements(node: &Node, kind: Kind, defects: &mut Defects) -> Vec<Statement> {
    match &node.value {
        Value::Object(members) => {
            statement(node.span, members, kind, defects).into_iter().collect()
        }
        Value::Array(items) if items.is_empty() => {
            defects.syntax(node.span.start, "`Statement` must hold at least one statement");
            Vec::new()
        }
        Value::Array(items) => {
            items.iter().filter_map(|item| one_of_many(item, kind, defects)).collect()
        }
        other => {
            let message =
                format!("`Statement` must be an object or an array, not {}", other.kind());
            defects.syntax(node.span.start, message);
            Vec::new()
        }
    }
}

fn one_of_many(item: &Node, kind: Kind, defects: &mut Defects) -> Option<Statement> {
    if let Value::Object(members) = &item.value {
        return statement(item.span, members, kind, defects);
    }
    let message = format!("a statement must be an object, not {}", item.value.kind());
    defects.syntax(item.span.start, message);
    None
}

fn statement(
    span: Span,
    members: &[Member],
    kind: Kind,
    defects: &mut Defects,
) -> Option<Statement> {
    refuse_unknown(members, &STATEMENT_MEMBERS, "a statement", defects);
    let principals = principal::read(span, members, kind, defects);
    let effect = effect(span, members, defects);
    let actions = clause(span, members, &ACTIONS, defects);
    let resources = resources(span, members, kind, defects);
    let sid = find(members, "Sid").and_then(|member| string(&member.value, "`Sid`", defects));
    let conditions = find(members, "Condition")
        .map(|member| condition::read(&member.value, defects))
        .unwrap_or_default();
    // The document is refused without an effect; the other elements were read for their own defects.
    Some(Statement { span, sid, principals, effect: effect?, actions, resources, conditions })
}

fn resources(span: Span, members: &[Member], kind: Kind, defects: &mut Defects) -> Option<Clause> {
    match kind {
        Kind::Managed | Kind::Inline | Kind::Session => clause(span, members, &RESOURCES, defects),
        Kind::Resource => {
            let written = [RESOURCES.name, RESOURCES.opposite].map(|name| find(members, name));
            let any = written.iter().any(Option::is_some);
            if any { clause(span, members, &RESOURCES, defects) } else { None }
        }
        Kind::Trust => {
            refuse_resources(members, defects);
            None
        }
    }
}

/// The resource of a trust policy is the role that it belongs to.
fn refuse_resources(members: &[Member], defects: &mut Defects) {
    for (name, verdict) in [
        (RESOURCES.name, "Has prohibited field Resource"),
        (RESOURCES.opposite, "AssumeRole policy must not contain resources."),
    ] {
        if let Some(member) = find(members, name) {
            let at = member.name.span.start;
            let message = format!("a trust policy has no `{name}`");
            defects.add(at, Stage::ResourcePresence, verdict, message);
        }
    }
}

/// `Effect`. AWS sees a wrong case only in its legacy parsing.
fn effect(span: Span, members: &[Member], defects: &mut Defects) -> Option<Located<Effect>> {
    let Some(member) = find(members, "Effect") else {
        defects.syntax(span.start, "the statement has no `Effect`");
        return None;
    };
    let text = string(&member.value, "`Effect`", defects)?;
    let (value, exact) = if text.value.eq_ignore_ascii_case("Allow") {
        (Effect::Allow, &*text.value == "Allow")
    } else if text.value.eq_ignore_ascii_case("Deny") {
        (Effect::Deny, &*text.value == "Deny")
    } else {
        let message = format!("the effect {} is neither `Allow` nor `Deny`", quoted(&text.value));
        defects.syntax(text.span.start, message);
        return None;
    };
    if !exact {
        let message = format!("the effect {} must be written `{value:?}`", quoted(&text.value));
        defects.add(text.span.start, Stage::Legacy, crate::check::LEGACY, message);
    }
    Some(Located { value, span: text.span })
}

/// One half of `pair`.
fn clause(
    statement: Span,
    members: &[Member],
    pair: &Pair,
    defects: &mut Defects,
) -> Option<Clause> {
    let Pair { name, opposite, stage, missing } = *pair;
    let (member, negated) = match (find(members, name), find(members, opposite)) {
        (Some(member), None) => (member, false),
        (None, Some(member)) => (member, true),
        (Some(member), Some(second)) => {
            let message = format!("a statement has either `{name}` or `{opposite}`, not both");
            defects.syntax(second.name.span.start, message);
            (member, false)
        }
        (None, None) => {
            let message = format!("the statement has neither `{name}` nor `{opposite}`");
            defects.add(statement.start, stage, missing, message);
            return None;
        }
    };
    let span = member.value.span;
    if matches!(&member.value.value, Value::Array(items) if items.is_empty()) {
        let message = format!("`{}` is empty", member.name.value);
        defects.add(span.start, stage, missing, message);
    }
    let entries = strings(&member.value, &member.name.value, defects);
    Some(Clause { span, negated, entries })
}

fn strings(node: &Node, name: &str, defects: &mut Defects) -> Vec<Text> {
    let what = format!("`{name}`");
    match &node.value {
        Value::Array(items) => {
            let what = format!("an entry of {what}");
            items.iter().filter_map(|item| string(item, &what, defects)).collect()
        }
        _ => string(node, &what, defects).into_iter().collect(),
    }
}
