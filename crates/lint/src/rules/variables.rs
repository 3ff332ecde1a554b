//! Policy variables, `${..}`: their form, and where there are none.
//!
//! IAM User Guide, "IAM policy elements: Variables and tags".

use std::borrow::Cow;

use policy::Span;

use crate::{
    code::Code,
    finding::Findings,
    tree::{Entry, Policy, Statement},
};

/// `text` with a star for each variable, so that its colons are those of an ARN.
pub(super) fn blanked(text: &str) -> Cow<'_, str> {
    replaced(text, "*")
}

/// `text` without its variables.
pub(super) fn without(text: &str) -> Cow<'_, str> {
    replaced(text, "")
}

fn replaced<'a>(text: &'a str, replacement: &str) -> Cow<'a, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        plain.push_str(before);
        plain.push_str(replacement);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Variables in `Resource`, and where they cannot be.
pub(super) fn elements(policy: &Policy<'_>, findings: &mut Findings) {
    for statement in &policy.statements {
        for entry in statement.resources.iter().flat_map(|element| &element.entries) {
            variable(policy, entry, findings);
        }
        let actions = statement.actions.iter().flat_map(|element| &element.entries);
        let principals = statement.principals.iter().flat_map(|all| &all.entries);
        for entry in actions.chain(principals.map(|(_, entry)| entry)) {
            unsupported(entry, findings);
        }
    }
}

/// Variables in the values of conditions.
pub(super) fn conditions(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    for condition in &statement.conditions {
        let takes = condition.operator.is_none_or(|operator| operator.test.has_variables());
        for value in condition.texts() {
            if takes {
                variable(policy, &value, findings);
            } else if value.text.contains("${") {
                let message = "Policy variables can only be used with String and ARN operators.";
                findings.add(Code::InvalidVariableForOperator, value.span, message);
            }
        }
    }
}

fn unsupported(entry: &Entry<'_>, findings: &mut Findings) {
    let Some(variable) = first(entry.text) else { return };
    let message = format!(
        "Policy variables are supported in the Resource and Condition elements. Remove the policy \
         variable {variable} from this element."
    );
    findings.add(Code::VariableUnsupportedInElement, entry.span, message);
}

/// The first variable, whole or cut off.
fn first(text: &str) -> Option<&str> {
    let variable = text.get(text.find("${")?..)?;
    let end = variable.find('}').map_or(variable.len(), |end| end + 1);
    variable.get(..end)
}

fn variable(policy: &Policy<'_>, entry: &Entry<'_>, findings: &mut Findings) {
    let Some(first) = first(entry.text) else { return };
    if !policy.has_variables() {
        // Of a version that is wrong it is said already; plain text is no variable.
        if policy
            .version
            .is_none_or(|version| matches!(crate::tree::scalar(version), Some("2008-10-17")))
            && is_variable(first)
        {
            let message =
                "To include variables in your policy, use the policy version 2012-10-17 or later.";
            findings.add(Code::VariableUnsupportedInVersion, entry.span, message);
        }
        return;
    }
    let mut rest = entry.text;
    while let Some((before, after)) = rest.split_once("${") {
        let start = entry.text.len() - rest.len() + before.len();
        let (body, closed) = body(after);
        if let Some((code, message)) = fault(body, closed) {
            let length = "${".len() + body.len() + usize::from(closed);
            findings.add(code, part(policy, entry, start, length), message);
        }
        rest = after.get(body.len() + usize::from(closed)..).unwrap_or_default();
    }
}

fn is_variable(text: &str) -> bool {
    text.ends_with('}') && text.len() > "${}".len()
}

/// What stands up to the closing brace, and whether there is one. One in quotes belongs to a default.
fn body(text: &str) -> (&str, bool) {
    let mut in_quotes = false;
    for (index, char) in text.char_indices() {
        match char {
            '\'' => in_quotes = !in_quotes,
            '}' if !in_quotes => {
                return text
                    .split_at_checked(index)
                    .map_or((text, false), |(body, _)| (body, true));
            }
            _ => {}
        }
    }
    // A quote without its fellow reaches no further than the brace.
    text.split_once('}').map_or((text, false), |(body, _)| (body, true))
}

fn fault(body: &str, closed: bool) -> Option<(Code, &'static str)> {
    let (name, default) = match body.split_once(',') {
        Some((name, default)) => (name.trim(), Some(default.trim())),
        None => (body.trim(), None),
    };
    if !closed {
        let message =
            "The policy variable is missing a closing curly brace. Add } after the variable text.";
        return Some((Code::MissingBraceInVariable, message));
    }
    if name.is_empty() {
        let message = "Empty policy variable. Remove the ${ } variable structure or provide a variable \
                       within the structure.";
        return Some((Code::EmptyVariable, message));
    }
    if name.contains(char::is_whitespace) {
        let message = "A space is not supported within the policy variable text. Remove the space.";
        return Some((Code::UnsupportedSpaceInVariable, message));
    }
    if default.is_some_and(|default| !is_quoted(default)) {
        let message = "The policy variable default value must begin and end with a single quote. Add the \
                       missing quote.";
        return Some((Code::MissingQuoteInVariable, message));
    }
    name.eq_ignore_ascii_case("aws:ARN").then_some((
        Code::DeprecatedGlobalConditionKey,
        "We recommend that you update aws:ARN to use the newer condition key aws:PrincipalArn.",
    ))
}

fn is_quoted(text: &str) -> bool {
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    inner.is_some_and(|inner| !inner.contains('\''))
}

/// The place of a part of a string, if it is written without escapes; else that of the string.
fn part(policy: &Policy<'_>, entry: &Entry<'_>, start: usize, length: usize) -> Span {
    let written = policy.text.get(entry.span.start.offset..entry.span.end.offset);
    let plain = written.and_then(|text| text.get(1..text.len().checked_sub(1)?));
    if plain != Some(entry.text) {
        return entry.span;
    }
    let mut at = entry.span.start;
    at.advance('"');
    let mut span = Span { start: at, end: at };
    for (index, char) in entry.text.char_indices() {
        if index == start {
            span.start = at;
        }
        at.advance(char);
        if index < start + length {
            span.end = at;
        }
    }
    span
}
