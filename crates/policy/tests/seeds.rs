//! The policies of the old administration guide: as published each is refused with exactly its syntax
//! defects, and corrected each parses.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::{Kind, parse, size_without_whitespace};

/// Line, column and the beginning of the message.
type Expected = (u32, u32, &'static str);

fn assert_defects(text: &str, expected: &[Expected]) {
    for kind in [Kind::Managed, Kind::Inline] {
        let malformed = parse(text, kind).unwrap_err();
        let found: Vec<_> =
            malformed.defects().iter().map(|d| (d.line, d.column, &*d.message)).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((line, column, message), wanted) in found.iter().zip(expected) {
            assert_eq!((*line, *column), (wanted.0, wanted.1), "{message}");
            assert!(message.starts_with(wanted.2), "{message}");
        }
        assert_eq!(malformed.verdict(), "Syntax errors in policy.");
        assert_eq!(malformed.omitted(), 0);
    }
}

#[test]
fn prerequisites_full_access_lacks_a_comma() {
    let text = include_str!("fixtures/prerequisites-full-access-as-published.json");
    assert_defects(text, &[(39, 38, "expected a comma before `\"lambda:ListFunctions\"`")]);
    assert_eq!(
        parse(text, Kind::Managed).unwrap_err().message(),
        "Syntax errors in policy. (line 39, column 38: expected a comma before \
         `\"lambda:ListFunctions\"`)"
    );
}

#[test]
fn prerequisites_read_only_lacks_a_comma_and_has_a_brace_too_many() {
    let text = include_str!("fixtures/prerequisites-read-only-as-published.json");
    assert_defects(
        text,
        &[(8, 37, "expected a comma before `\"ses:Get*\"`"), (22, 1, "one `}` too many")],
    );
}

#[test]
fn users_and_groups_are_bare_members() {
    let text = include_str!("fixtures/users-and-groups-full-access-as-published.json");
    assert_defects(
        text,
        &[(1, 27, "this is no document but a bare member `amazonWorkMailFullAccess`")],
    );
    let text = include_str!("fixtures/users-and-groups-read-only-as-published.json");
    assert_defects(
        text,
        &[(1, 25, "this is no document but a bare member `amazonWorkMailROAccess`")],
    );
}

#[test]
fn corrected_they_parse() {
    for (text, statements) in [
        (include_str!("fixtures/prerequisites-full-access-corrected.json"), 4),
        (include_str!("fixtures/prerequisites-read-only-corrected.json"), 1),
        (include_str!("fixtures/users-and-groups-full-access-corrected.json"), 1),
        (include_str!("fixtures/users-and-groups-read-only-corrected.json"), 1),
    ] {
        let document = parse(text, Kind::Managed).unwrap();
        assert_eq!(document.statements().len(), statements);
        assert!(size_without_whitespace(text) < text.len());
    }
}
