//! JSON with mistakes, mended: what can be mended in one way only is, and the rest is left alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::json::{mend, parse};
use proptest::prelude::*;

/// `text` with all its mistakes mended that can be.
fn mended(text: &str) -> String {
    let edits: Vec<_> =
        parse(text).mistakes.into_iter().flat_map(|mistake| mistake.edits).collect();
    mend(text, &edits)
}

#[test]
fn one_way_to_mend() {
    for (text, expected) in [
        ("{\"a\": [\"b\"\n \"c\"]}", "{\"a\": [\"b\",\n \"c\"]}"),
        ("{\"a\": 1 \"b\": 2}", "{\"a\": 1, \"b\": 2}"),
        ("{\"a\": []; \"b\": 2}", "{\"a\": [], \"b\": 2}"),
        ("{\"a\": [1,, 2,],}", "{\"a\": [1, 2]}"),
        ("{, \"a\": 1}", "{ \"a\": 1}"),
        ("{\"a\" 1, \"b\" = 2}", "{\"a\": 1, \"b\" : 2}"),
        ("{\"a\": 1}\n}\n", "{\"a\": 1}\n"),
        ("{\"a\": 1}\r\n  }\r\n]", "{\"a\": 1}"),
        ("{\"a\": 1}}", "{\"a\": 1}"),
        ("{\"a\": [1}", "{\"a\": [1]}"),
        ("{\n  \"a\": [\n    1", "{\n  \"a\": [\n    1\n  ]\n}"),
        ("{\"a\": [{", "{\"a\": [{}]}"),
        (r#"{'a': 'b "c"', d: e*}"#, r#"{"a": "b \"c\"", "d": "e*"}"#),
        ("{`a`: ‘b’, “c”: “d\"}", "{\"a\": \"b\", \"c\": \"d\"}"),
        ("{\"a\": True, \"b\": None}", "{\"a\": true, \"b\": null}"),
        ("{\"a\": \"x\ty\"}", "{\"a\": \"x\\ty\"}"),
        ("\u{feff}{\"a\":\u{a0}1}", "{\"a\": 1}"),
        ("{\"a\": 1 // one\n, /* two */ \"b\": 2 # three\n}", "{\"a\": 1 \n,  \"b\": 2 \n}"),
        // brackets that are missing in the middle
        (r#"{"a": ["b", "c", "d": 1}"#, r#"{"a": ["b", "c"], "d": 1}"#),
        (r#"{"a": [{"b": 1, {"b": 2}]}"#, r#"{"a": [{"b": 1}, {"b": 2}]}"#),
        (
            "{\"a\": [\n  {\"b\": [1, 2, \"c\": \"d\",\n  {\"b\": 3}\n]}",
            "{\"a\": [\n  {\"b\": [1, 2], \"c\": \"d\"},\n  {\"b\": 3}\n]}",
        ),
        ("\"a\": 1, \"b\": 2", "{\"a\": 1, \"b\": 2}"),
        ("\"a\": 1}", "{\"a\": 1}"),
    ] {
        let result = mended(text);
        assert_eq!(result, expected, "{text}");
        assert_eq!(parse(&result).mistakes, [], "{text}");
    }
}

#[test]
fn more_than_one_way_to_mend() {
    for text in [
        "{\"a\": \"b}",
        "{\"a\": \"\\d\"}",
        "{\"a\": 01}",
        "{\"a\": }",
        "{\"a\": [\"b\": 1}",
        "{\"a\": 1, \"a\": 2}",
        "x",
        "",
    ] {
        let parsed = parse(text);
        assert!(!parsed.mistakes.is_empty(), "{text}");
        assert!(parsed.mistakes.iter().all(|mistake| mistake.edits.is_empty()), "{text}");
    }
}

#[test]
fn every_mistake_of_syntax_says_what_to_do() {
    let text = "{\"a\": [1 2,], 'b': x} }";
    let parsed = parse(text);
    assert!(parsed.mistakes.iter().all(|mistake| mistake.hint.is_some()), "{parsed:?}");
    assert_eq!(parsed.mistakes[0].hint.as_deref(), Some("put a comma after `1`"));
}

#[test]
fn overlapping_and_foreign_edits_are_left_out() {
    use policy::json::Edit;
    let edit = |start, end, text| Edit { start, end, text: std::borrow::Cow::Borrowed(text) };
    let edits =
        [edit(4, 9, "z"), edit(1, 3, "x"), edit(2, 4, "y"), edit(0, 0, "<"), edit(0, 0, ">")];
    assert_eq!(mend("abcd", &edits), "<>axd");
    assert_eq!(mend("äb", &[edit(1, 2, "x")]), "äb");
}

/// A document and the ways in which people break one.
fn broken() -> impl Strategy<Value = String> {
    let good = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \
                \"Action\": [\"a:b\", \"c:d\"], \"Resource\": \"*\"}]\n}";
    let piece = prop::sample::select(vec![
        "", ",", "}", "]", "{", "[", "\"", "'", ":", ";", "//x\n", "#", "x", "\n", "\u{a0}", "“",
        "\\", "0",
    ]);
    let change = (0..good.len(), 0..4_usize, piece);
    prop::collection::vec(change, 0..5).prop_map(move |changes| {
        let mut text = good.to_owned();
        for (at, length, piece) in changes {
            let mut start = at.min(text.len());
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, piece);
        }
        text
    })
}

proptest! {
    /// Spans and edits lie within the text; if every mistake can be mended, the mended text has none but
    /// those that a mistake hid.
    #[test]
    fn mending_is_safe(text in prop_oneof![broken(), ".{0,60}"]) {
        let parsed = parse(&text);
        for mistake in &parsed.mistakes {
            prop_assert!(text.get(mistake.span.start.offset..mistake.span.end.offset).is_some());
            for edit in &mistake.edits {
                prop_assert!(text.get(edit.start..edit.end).is_some());
            }
        }
        if parsed.mistakes.is_empty() {
            prop_assert_eq!(mended(&text), text.clone());
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }

    /// What has no mistake is JSON for others too, and the other way round.
    #[test]
    fn others_agree(text in broken()) {
        let deep_or_doubled = |message: &str| message.contains("deeper") || message.contains("given twice");
        let mine = parse(&text).mistakes.iter().all(|mistake| deep_or_doubled(&mistake.message));
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        // A lone surrogate and the like is the other parser's own concern.
        prop_assert_eq!(mine, theirs.is_ok(), "{}", text);
    }
}
