//! Strangers' bytes: whatever comes, the answer is a document or a list of defects, soon.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::{Kind, PolicySet, Request, Source, parse, size_without_whitespace};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// Asks whatever can be asked of the outcome.
fn exercise(text: &str) -> Result<(), TestCaseError> {
    prop_assert!(size_without_whitespace(text) <= text.chars().count());
    for kind in [Kind::Managed, Kind::Inline] {
        match parse(text, kind) {
            Ok(document) => {
                let source = Source { id: "p".into(), document: document.into() };
                let set = PolicySet::new([source]);
                let request = Request { action: "a:b", resource: "arn:a:b:c:d:e", context: &() };
                let _ = set.decide(&request);
            }
            Err(malformed) => {
                prop_assert!(!malformed.defects().is_empty());
                prop_assert!(malformed.message().starts_with(malformed.verdict()));
                for defect in malformed.defects() {
                    prop_assert!(text.is_char_boundary(defect.offset));
                    let line = text[..defect.offset].matches('\n').count() + 1;
                    prop_assert_eq!(defect.line as usize, line);
                }
            }
        }
    }
    Ok(())
}

fn is_json_object(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Object(_)))
}

/// JSON of any shape, with the names that policies have.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![
            "Allow",
            "Deny",
            "*",
            "a:b",
            "a:*",
            "arn:aws:s3:::b",
            "${k}",
            "2012-10-17",
            "${"
        ])
        .prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    let name = || {
        select(vec![
            "Version",
            "Statement",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "Sid",
            "Id",
            "NotResource",
            "Condition",
            "Principal",
            "StringLike",
            "DateLessThan",
            "k",
        ])
    };
    scalar.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name(), inner), 0..5).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

fn tokens() -> impl Strategy<Value = String> {
    let token = select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"Statement\"",
        "1",
        "-",
        "true",
        "x",
        "\"",
        "\\",
        " ",
        "\n",
        "\r",
        "é",
        "\u{feff}",
        "\u{a0}",
        "'b'",
        "\"\\u12\"",
        "//",
    ]);
    vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..200)) {
        exercise(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn arbitrary_tokens(text in tokens()) {
        exercise(&text)?;
        // Defects of syntax are found where there are any: only objects come as far as their shape.
        if !is_json_object(&text) {
            let malformed = parse(&text, Kind::Inline).unwrap_err();
            prop_assert_eq!(malformed.verdict(), "Syntax errors in policy.");
        }
    }

    #[test]
    fn arbitrary_json(value in value(), pretty in any::<bool>()) {
        let text =
            if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        exercise(&text)?;
    }

    /// The reader takes the JSON that others write, and only that.
    #[test]
    fn json_is_read_as_others_read_it(id in "[ -~\u{a0}-\u{ff}]{0,20}", escaped in any::<bool>()) {
        let mut text = json!({"Id": id, "Statement":
            {"Effect": "Deny", "Action": "*", "Resource": "*"}}).to_string();
        if escaped {
            let escape = |char: char| match char {
                '\u{a0}'.. => format!("\\u{:04x}", u32::from(char)),
                char => char.to_string(),
            };
            text = text.chars().map(escape).collect();
        }
        let document = parse(&text, Kind::Inline).unwrap();
        prop_assert_eq!(&*document.id().unwrap().value, id.as_str());
    }

    /// One mistake in a good document is at its place, and is the only one.
    #[test]
    fn a_missing_comma_is_found_where_it_is_missing(index in 0_usize..7) {
        let text = "{\"Version\": \"2012-10-17\",\n\"Statement\": [{\"Effect\": \"Deny\",\n\"Action\": \
                    [\"a:b\",\n\"c:d\",\n\"e:f\"],\n\"Resource\": \"*\"},\n{\"Effect\": \"Allow\", \
                    \"NotAction\": \"x:y\", \"Resource\": \"*\"}]}";
        let (at, _) = text.match_indices(",").nth(index).unwrap();
        let broken = format!("{} {}", &text[..at], &text[at + 1..]);
        let malformed = parse(&broken, Kind::Managed).unwrap_err();
        let found: Vec<_> = malformed.defects().iter().map(|d| d.offset).collect();
        let next = at + 1 + text[at + 1..].find(|char: char| !char.is_whitespace()).unwrap();
        prop_assert_eq!(found, [next]);
    }
}

/// What costs more than its length would be a way to stall the server.
#[test]
fn large_documents_are_read_soon() {
    let started = std::time::Instant::now();
    for unit in ["\"", "{\"a\":", "[", "}", ",", "\"a\" ", "\\", "1 ", "${", "\u{416}", "\"\\q\" "]
    {
        let text = unit.repeat(100_000 / unit.len());
        exercise(&text).unwrap();
        exercise(&format!("{{\"Statement\": [{text}]}}")).unwrap();
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
