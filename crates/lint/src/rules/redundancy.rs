//! What could go without a change.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use policy::{
    Span,
    json::{Node, Value},
};

use crate::{
    code::Code,
    finding::Findings,
    glob,
    tree::{Element, Entry, Policy, Statement, scalar},
};

/// Actions and resources that another entry of the same element covers.
pub(super) fn statement(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    if let Some(element) = &statement.actions {
        let redundant = covered(element, |text| Cow::Owned(text.to_ascii_lowercase()), findings);
        let count = redundant.len();
        report(&redundant, Code::RedundantAction, findings, |first| {
            format!(
                "The {count} action(s) are redundant because they provide similar permissions. Update \
                 the policy to remove the redundant action such as: {first}."
            )
        });
    }
    if let Some(element) = &statement.resources {
        let redundant = covered(element, Cow::Borrowed, findings);
        let count = redundant.len();
        report(&redundant, Code::RedundantResource, findings, |_| {
            format!(
                "The {count} resource ARN(s) are redundant because they reference the same resource. \
                 Review the use of wildcards (*)"
            )
        });
    }
}

fn report(
    redundant: &[(Entry<'_>, Span)],
    code: Code,
    findings: &mut Findings,
    message: impl Fn(&str) -> String,
) {
    let Some((first, by)) = redundant.first() else { return };
    let finding = findings.add(code, first.span, message(first.text));
    for (entry, _) in redundant.iter().skip(1) {
        finding.also_at(entry.span);
    }
    finding.hint(format!("the entry in line {} covers it", by.start.line));
}

/// Entries that another covers, with the place of that other.
fn covered<'a>(
    element: &Element<'a>,
    folded: impl Fn(&'a str) -> Cow<'a, str>,
    findings: &mut Findings,
) -> Vec<(Entry<'a>, Span)> {
    let texts: Vec<Cow<'a, str>> = element.entries.iter().map(|entry| folded(entry.text)).collect();
    let wild = |text: &str| text.contains(['*', '?']);
    let patterns: Vec<usize> = (0..texts.len()).filter(|&place| wild(&texts[place])).collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut redundant = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let entry = element.entries[place];
        if let Some(&earlier) = seen.get(&**text) {
            redundant.push((entry, element.entries[earlier].span));
            continue;
        }
        seen.insert(text, place);
        if !findings.afford(patterns.len()) {
            continue;
        }
        let wider = patterns
            .iter()
            .find(|&&other| texts[other] != *text && glob::covers(&texts[other], text));
        if let Some(&wider) = wider {
            redundant.push((entry, element.entries[wider].span));
        }
    }
    redundant
}

/// Statements that say the same.
pub(super) fn statements(policy: &Policy<'_>, findings: &mut Findings) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for statement in &policy.statements {
        let span = statement.node.span;
        if let Some(first) = seen.get(&said(statement)) {
            let message = "The statements are redundant because they provide identical permissions. \
                           Update the policy to remove the redundant statement.";
            findings
                .add(Code::RedundantStatement, span, message)
                .also_at(*first)
                .hint(format!("the statement in line {} says the same", first.start.line));
        } else {
            seen.insert(said(statement), span);
        }
    }
}

/// What a statement says, whatever the order, and whatever it is called.
fn said(statement: &Statement<'_>) -> String {
    let members = statement.members.iter().filter(|member| &*member.name.value != "Sid");
    let parts: BTreeSet<String> = members
        .map(|member| {
            let is_action = matches!(&*member.name.value, "Action" | "NotAction");
            format!("{}:{}", member.name.value, normal(&member.value, is_action))
        })
        .collect();
    format!("{parts:?}")
}

/// A value without the order of its parts; one in an array is the same as one alone.
fn normal(node: &Node, fold: bool) -> String {
    let parts: BTreeSet<String> = match &node.value {
        Value::Array(items) => items.iter().map(|item| normal(item, fold)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|member| format!("{:?}={}", member.name.value, normal(&member.value, fold)))
            .collect(),
        _ => {
            let text = scalar(node).unwrap_or("null");
            return if fold { text.to_ascii_lowercase() } else { format!("{text:?}") };
        }
    };
    match (parts.len(), parts.first(), &node.value) {
        (1, Some(only), Value::Array(_)) => only.clone(),
        _ => format!("{parts:?}"),
    }
}
