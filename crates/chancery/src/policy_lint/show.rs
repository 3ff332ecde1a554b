//! Findings for people, with the line and a mark under the place, and for programs.

use std::fmt::Write as _;

use lint::{Finding, Location, PathElement, Severity};
use serde_json::{Value, json};

use super::Linted;

/// Characters of a line that are shown. Of a longer one it is the part around the place.
const WIDTH: usize = 100;

/// Characters shown before the place in a longer line.
const BEFORE: usize = 50;

/// Findings as `file:line:column: severity: message [CODE]`, and how many there are.
pub(super) fn text(linted: &[Linted]) -> String {
    let mut said = String::new();
    for file in linted {
        for (line, finding) in &file.mended {
            // Writing to a string cannot fail.
            let _ = writeln!(
                said,
                "{}:{line}: mended: {} [{}]",
                file.name, finding.message, finding.code
            );
        }
        let lines: Vec<&str> = file.text.split('\n').collect();
        for finding in &file.findings {
            one(&mut said, &file.name, &lines, finding);
        }
    }
    said + &summary(linted)
}

fn one(said: &mut String, name: &str, lines: &[&str], finding: &Finding) {
    let Some(Location { span, .. }) = finding.locations.first() else { return };
    let (line, column) = (span.start.line, span.start.column);
    let severity = word(finding.severity());
    let _ = writeln!(
        said,
        "{name}:{line}:{column}: {severity}: {} [{}]",
        finding.message, finding.code
    );
    let shown = lines.get(line as usize - 1).copied().unwrap_or_default().trim_end_matches('\r');
    let width = match span.end.line == line {
        true => (span.end.column - column).max(1) as usize,
        false => shown.chars().count().saturating_sub(column as usize - 1).max(1),
    };
    let (shown, mark) = excerpt(shown, column as usize - 1, width);
    let _ = writeln!(said, "{line:>6} | {shown}\n       | {mark}");
    for other in finding.locations.iter().skip(1) {
        let start = other.span.start;
        let _ = writeln!(said, "       = see line {}, column {}", start.line, start.column);
    }
    if let Some(hint) = &finding.hint {
        let mendable = if finding.edits.is_empty() { "" } else { " (--fix does it)" };
        let _ = writeln!(said, "       = {hint}{mendable}");
    }
}

/// The part of a line around the place, and the marks below it.
fn excerpt(line: &str, column: usize, width: usize) -> (String, String) {
    let count = line.chars().count();
    let start = if count <= WIDTH { 0 } else { column.saturating_sub(BEFORE) };
    let shown: String = line.chars().skip(start).take(WIDTH).collect();
    // What is in the file must not speak to the terminal.
    let harmless = |char: char| if char.is_control() && char != '\t' { '\u{fffd}' } else { char };
    let shown: String = shown.chars().map(harmless).collect();
    // A tab before the place moves the mark as far as it moves the place.
    let space = |char| if char == '\t' { '\t' } else { ' ' };
    let before: String = shown.chars().take(column - start).map(space).collect();
    let width = width.min(WIDTH.saturating_sub(column - start)).max(1);
    (shown, before + &"^".repeat(width))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::SecurityWarning => "security warning",
        Severity::Warning => "warning",
        Severity::Suggestion => "suggestion",
    }
}

fn summary(linted: &[Linted]) -> String {
    let all = || linted.iter().flat_map(|file| &file.findings);
    let mended: usize = linted.iter().map(|file| file.mended.len()).sum();
    let mut parts = Vec::new();
    if mended > 0 {
        parts.push(format!("{mended} mended"));
    }
    for severity in
        [Severity::Error, Severity::SecurityWarning, Severity::Warning, Severity::Suggestion]
    {
        let count = all().filter(|finding| finding.severity() == severity).count();
        if count > 0 {
            parts.push(format!("{count} {}{}", word(severity), if count == 1 { "" } else { "s" }));
        }
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!("{}\n", parts.join(", ")),
    }
}

/// One array of all findings. Lines and columns are counted from 1, offsets in bytes.
pub(super) fn json(linted: &[Linted]) -> String {
    let mut all = Vec::new();
    for file in linted {
        let mended = file.mended.iter().map(|(line, finding)| {
            json!({
                "file": file.name,
                "line": line,
                "severity": finding.severity().name(),
                "code": finding.code.name(),
                "message": finding.message,
                "mended": true,
            })
        });
        all.extend(mended);
        all.extend(file.findings.iter().map(|finding| object(&file.name, finding)));
    }
    format!("{:#}\n", Value::Array(all))
}

fn object(name: &str, finding: &Finding) -> Value {
    let mut places = finding.locations.iter().map(place);
    let mut object = json!({
        "file": name,
        "severity": finding.severity().name(),
        "code": finding.code.name(),
        "message": finding.message,
        "hint": finding.hint,
        "learnMore": finding.code.learn_more(),
        "fixable": !finding.edits.is_empty(),
        "mended": false,
    });
    if let (Value::Object(members), Some(Value::Object(first))) = (&mut object, places.next()) {
        members.extend(first);
        members.insert("related".to_owned(), places.collect());
    }
    object
}

fn place(location: &Location) -> Value {
    let (start, end) = (location.span.start, location.span.end);
    let path: Vec<Value> = location.path.iter().map(step).collect();
    json!({
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
        "offset": start.offset,
        "path": path,
    })
}

fn step(element: &PathElement) -> Value {
    match element {
        PathElement::Key(name) => json!({"key": name}),
        PathElement::Value(name) => json!({"value": name}),
        PathElement::Index(index) => json!({"index": index}),
        PathElement::Substring { start, length } => {
            json!({"substring": {"start": start, "length": length}})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linted(text: &str) -> Linted {
        Linted {
            name: "p.json".into(),
            text: text.into(),
            mended: Vec::new(),
            findings: lint::lint(text, lint::PolicyType::Identity),
        }
    }

    #[test]
    fn as_a_compiler_says_it() {
        let text = "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Deny\",\n\
                    \t\"Action\": [\"ses:*\" \"ds:DeleteAlias\"], \"Resource\": \"*\"}}";
        assert_eq!(
            super::text(&[linted(text)]),
            "p.json:2:20: error: expected a comma before `\"ds:DeleteAlias\"` [JSON_SYNTAX_ERROR]\n     \
             2 | \t\"Action\": [\"ses:*\" \"ds:DeleteAlias\"], \"Resource\": \"*\"}}\n       \
             | \t                  ^\n       \
             = put a comma after `\"ses:*\"` (--fix does it)\n\
             p.json:2:21: error: The action ds:DeleteAlias does not exist. [INVALID_ACTION]\n     \
             2 | \t\"Action\": [\"ses:*\" \"ds:DeleteAlias\"], \"Resource\": \"*\"}}\n       \
             | \t                   ^^^^^^^^^^^^^^^^\n       \
             = delete it: the action was retired, and has no effect (--fix does it)\n\
             2 errors\n"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = format!("{}xyz{}", "a".repeat(500), "b".repeat(500));
        let (shown, mark) = excerpt(&line, 500, 3);
        assert_eq!(shown.chars().count(), WIDTH);
        assert_eq!(&shown[mark.find('^').unwrap()..][..3], "xyz");
        assert_eq!(mark.matches('^').count(), 3);
    }

    #[test]
    fn programs_get_all_of_it() {
        let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "allow", "Action": "ses:*", "Resource": "*"}}"#;
        let answer: Value = serde_json::from_str(&json(&[linted(text)])).unwrap();
        let finding = &answer[0];
        assert_eq!(finding["code"], "INVALID_EFFECT");
        assert_eq!((&finding["line"], &finding["column"]), (&json!(1), &json!(51)));
        assert_eq!(finding["path"], json!([{"value": "Statement"}, {"value": "Effect"}]));
        assert_eq!(finding["fixable"], true);
        assert_eq!(json(&[]), "[]\n");
    }
}
