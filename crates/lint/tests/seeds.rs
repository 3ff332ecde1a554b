//! The policies of the old administration guide: as published each has exactly its defects, and mended it
//! is what AWS's own policy says, but for actions that never came back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lint::{Code, PolicyType, Severity, fix, lint, lint_from, policies};

const FULL: &str =
    include_str!("../../policy/tests/fixtures/prerequisites-full-access-as-published.json");
const READ: &str =
    include_str!("../../policy/tests/fixtures/prerequisites-read-only-as-published.json");
const OLD_FULL: &str =
    include_str!("../../policy/tests/fixtures/users-and-groups-full-access-as-published.json");
const OLD_READ: &str =
    include_str!("../../policy/tests/fixtures/users-and-groups-read-only-as-published.json");

/// Actions of the published texts that no service has.
const GONE: [&str; 4] =
    ["ds:CreateDomain", "ds:DeleteAlias", "ds:ExtendDirectory", "ec2:DescribeDomains"];

/// A document like the guide's: each policy between fences, its first line in the line given.
fn guide(policies: &[(usize, &str)]) -> String {
    let mut text = String::from("# Title\n");
    for (line, policy) in policies {
        while text.lines().count() + 2 < *line {
            text.push_str("Words, `code` and \\(escapes\\).\n");
        }
        text += &format!("```\n{}\n```\n", policy.trim_end());
    }
    text
}

/// Line, column, code and the beginning of the message of everything found in a guide.
fn found(text: &str) -> Vec<(u32, u32, Code, String)> {
    let findings = policies(text)
        .into_iter()
        .flat_map(|block| lint_from(&text[..block.end], block.start, PolicyType::Identity));
    let place = |finding: lint::Finding| {
        let start = finding.locations[0].span.start;
        (start.line, start.column, finding.code, finding.message)
    };
    findings.map(place).collect()
}

fn assert_found(text: &str, expected: &[(u32, u32, Code, &str)]) {
    let found = found(text);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, wanted) in found.iter().zip(expected) {
        assert_eq!((found.0, found.1, found.2), (wanted.0, wanted.1, wanted.2), "{}", found.3);
        assert!(found.3.starts_with(wanted.3), "{}", found.3);
    }
}

#[test]
fn prerequisites_have_seven_defects() {
    let text = guide(&[(64, FULL), (153, READ)]);
    let gone = |place: usize| format!("The action {} does not exist.", GONE[place]);
    assert_found(
        &text,
        &[
            (75, 38, Code::InvalidAction, &gone(0)),
            (76, 38, Code::InvalidAction, &gone(1)),
            (79, 38, Code::InvalidAction, &gone(2)),
            (94, 38, Code::InvalidAction, &gone(3)),
            // Where the comma is missing; it is missed at line 102, column 38.
            (101, 55, Code::JsonSyntaxError, "expected a comma before `\"lambda:ListFunctions\"`"),
            (159, 52, Code::JsonSyntaxError, "expected a comma before `\"ses:Get*\"`"),
            (174, 1, Code::JsonSyntaxError, "one `}` too many"),
        ],
    );
}

#[test]
fn users_and_groups_have_five_defects() {
    let text = guide(&[(14, OLD_FULL), (66, OLD_READ)]);
    let gone = |place: usize| format!("The action {} does not exist.", GONE[place]);
    assert_found(
        &text,
        &[
            (14, 27, Code::JsonSyntaxError, "this is no document but a bare member"),
            (28, 38, Code::InvalidAction, &gone(0)),
            (29, 38, Code::InvalidAction, &gone(1)),
            (32, 38, Code::InvalidAction, &gone(2)),
            (66, 25, Code::JsonSyntaxError, "this is no document but a bare member"),
        ],
    );
    let finding = &lint(OLD_FULL, PolicyType::Identity)[0];
    let hint = finding.hint.as_deref().unwrap();
    assert_eq!(
        hint,
        "the policy is the value of `policyDocument` in line 4: delete everything around it"
    );
}

/// Without white space, for there is none that counts in these texts.
fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn mended_they_are_what_was_meant() {
    for (published, corrected) in [
        (
            FULL,
            include_str!("../../policy/tests/fixtures/prerequisites-full-access-corrected.json"),
        ),
        (READ, include_str!("../../policy/tests/fixtures/prerequisites-read-only-corrected.json")),
        (
            OLD_FULL,
            include_str!("../../policy/tests/fixtures/users-and-groups-full-access-corrected.json"),
        ),
        (
            OLD_READ,
            include_str!("../../policy/tests/fixtures/users-and-groups-read-only-corrected.json"),
        ),
    ] {
        let fixed = fix(published, PolicyType::Identity);
        let mut expected = dense(corrected);
        for action in GONE {
            expected = expected.replace(&format!("\"{action}\","), "");
        }
        assert_eq!(dense(&fixed.text), expected);
        assert_eq!(fixed.left, [], "{}", fixed.text);
        policy::parse(&fixed.text, policy::Kind::Managed).unwrap();
    }
}

/// The author's lines stay where they are: only the comma is new, only the dead lines go.
#[test]
fn mending_keeps_the_formatting() {
    let fixed = fix(FULL, PolicyType::Identity).text;
    let kept: Vec<_> = FULL
        .lines()
        .filter(|line| !GONE.iter().any(|action| line.contains(action)))
        .map(|line| {
            if line.ends_with("\"kms:ListAliases\"") { format!("{line},") } else { line.to_owned() }
        })
        .collect();
    assert_eq!(fixed.lines().collect::<Vec<_>>(), kept);
    let fixed = fix(READ, PolicyType::Identity).text;
    assert_eq!(fixed.trim_end().lines().count(), READ.trim_end().lines().count() - 1);
    assert_eq!(fixed.trim_end().lines().last(), Some("  }"));
}

#[test]
fn corrected_only_the_dead_actions_are_left() {
    let text = include_str!("../../policy/tests/fixtures/prerequisites-full-access-corrected.json");
    let findings = lint(text, PolicyType::Identity);
    assert_eq!(findings.len(), GONE.len());
    assert!(
        findings.iter().all(|f| f.code == Code::InvalidAction && f.severity() == Severity::Error)
    );
}
