//! Policies inside something else: a member `policyDocument` with a name and a description beside it, as
//! documentation and tools have them.

use policy::{
    Span, Text,
    json::{Edit, Node, Value},
    quoted,
};

use crate::{code::Code, finding::Findings, tree::member};

/// Levels between the text's root and the policy that are looked at.
const DEPTH_MAX: usize = 4;

/// Where in a text the policy is.
pub(crate) struct Wrapper<'a> {
    /// Everything.
    outer: Span,
    /// The name of the member whose value is the policy.
    name: &'a Text,
    /// The policy.
    pub(crate) document: &'a Node,
}

/// Finds the one policy in a document that is none itself.
pub(crate) fn find(root: &Node) -> Option<Wrapper<'_>> {
    if member(root, "Statement").is_some() {
        return None;
    }
    let mut found = Vec::new();
    collect(root, DEPTH_MAX, &mut found);
    match found.as_slice() {
        &[(name, document)] => Some(Wrapper { outer: root.span, name, document }),
        _ => None,
    }
}

fn collect<'a>(node: &'a Node, depth: usize, found: &mut Vec<(&'a Text, &'a Node)>) {
    let Value::Object(members) = &node.value else { return };
    for inner in members {
        if member(&inner.value, "Statement").is_some() {
            found.push((&inner.name, &inner.value));
        } else if depth > 0 {
            collect(&inner.value, depth - 1, found);
        }
    }
}

/// Says that the document is no policy but holds one.
pub(crate) fn report(wrapper: &Wrapper<'_>, root: &Node, findings: &mut Findings) {
    let Value::Object(members) = &root.value else { return };
    let Some(first) = members.first() else { return };
    let message = format!("The policy element {} is not valid.", first.name.value);
    let finding = findings.add(Code::InvalidPolicyElement, first.name.span, message);
    finding.hint(hint(wrapper)).edits = unwrap(wrapper);
}

pub(crate) fn hint(wrapper: &Wrapper<'_>) -> String {
    format!(
        "the policy is the value of {} in line {}: delete everything around it",
        quoted(&wrapper.name.value),
        wrapper.name.span.start.line
    )
}

/// Takes away what is around the policy.
pub(crate) fn unwrap(wrapper: &Wrapper<'_>) -> Vec<Edit> {
    let (outer, inner) = (wrapper.outer, wrapper.document.span);
    vec![
        Edit::delete(Span { start: outer.start, end: inner.start }),
        Edit::delete(Span { start: inner.end, end: outer.end }),
    ]
}
