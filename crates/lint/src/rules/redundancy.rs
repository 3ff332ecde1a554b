//! What could go without a change.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use policy::{
    Span,
    json::{Node, Value},
    quoted,
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
        let groups = covered(element, |text| Cow::Owned(text.to_ascii_lowercase()), findings);
        report(groups, Code::RedundantAction, findings, |count, first| {
            format!(
                "The {count} action(s) are redundant because they provide similar permissions. Update \
                 the policy to remove the redundant action such as: {first}."
            )
        });
    }
    if let Some(element) = &statement.resources {
        let groups = covered(element, Cow::Borrowed, findings);
        report(groups, Code::RedundantResource, findings, |count, first| {
            format!(
                "The {count} resource ARN(s) are redundant because they reference the same resource. \
                 Review the use of wildcards (*), or remove the resource {first} to remove the redundancy."
            )
        });
    }
}

/// A finding for each entry that covers others, at all their places.
fn report(
    groups: Groups<'_>,
    code: Code,
    findings: &mut Findings,
    message: impl Fn(usize, &str) -> String,
) {
    for (wide, narrow) in groups.into_values() {
        let Some(redundant) = narrow.first() else { continue };
        let message = message(narrow.len() + 1, redundant.text);
        let mut places: Vec<Span> = narrow.iter().chain([&wide]).map(|entry| entry.span).collect();
        places.sort_by_key(|span| span.start);
        let Some((&first, rest)) = places.split_first() else { continue };
        let hint = format!(
            "{} in line {} covers {}",
            quoted(wide.text),
            wide.span.start.line,
            quoted(redundant.text)
        );
        let finding = findings.add(code, first, message).hint(hint);
        for &place in rest {
            finding.also_at(place);
        }
    }
}

/// By its place: an entry, and those that it covers.
type Groups<'a> = BTreeMap<usize, (Entry<'a>, Vec<Entry<'a>>)>;

/// Entries that another covers, by that other.
fn covered<'a>(
    element: &Element<'a>,
    folded: impl Fn(&'a str) -> Cow<'a, str>,
    findings: &mut Findings,
) -> Groups<'a> {
    let texts: Vec<Cow<'a, str>> = element.entries.iter().map(|entry| folded(entry.text)).collect();
    let wild = |text: &str| text.contains(['*', '?']);
    let patterns: Vec<usize> = (0..texts.len()).filter(|&place| wild(&texts[place])).collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut groups = Groups::new();
    let mut add = |wide: usize, narrow: Entry<'a>| {
        let group = groups.entry(wide).or_insert_with(|| (element.entries[wide], Vec::new()));
        group.1.push(narrow);
    };
    for (place, text) in texts.iter().enumerate() {
        let entry = element.entries[place];
        if let Some(&earlier) = seen.get(&**text) {
            add(earlier, entry);
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
            add(wider, entry);
        }
    }
    groups
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
