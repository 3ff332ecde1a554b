//! Strangers' bytes: whatever comes, the answer is a document or a list of defects, soon.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::{
    ArnAsker, Document, Kind, PolicySet, Request, ResourcePolicy, Source, parse,
    size_without_whitespace,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// Asks whatever can be asked of the outcome.
fn exercise(text: &str) -> Result<(), TestCaseError> {
    prop_assert!(size_without_whitespace(text) <= text.chars().count());
    for kind in [Kind::Managed, Kind::Inline, Kind::Session, Kind::Trust, Kind::Resource] {
        exercise_as(text, kind)?;
    }
    Ok(())
}

fn exercise_as(text: &str, kind: Kind) -> Result<(), TestCaseError> {
    match parse(text, kind) {
        Ok(document) => exercise_document(document),
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
    Ok(())
}

fn exercise_document(document: Document) {
    let _ = (document.condition_keys(), document.may_allow("a:b"), document.may_allow_service("a"));
    let source = Source { id: "p".into(), document: document.into() };
    let request = Request { action: "a:b", resource: "arn:a:b:c:d:e", context: &() };
    let set = PolicySet::new([source.clone()]);
    let _ = (set.decide(&request), set.missing_keys(&request));
    assert_eq!(set.explain(&request).len(), source.document.statements().len());
    let asker = ArnAsker::user("arn:aws:iam::111122223333:user/a");
    let policy = ResourcePolicy::new(source);
    let _ = (policy.decide(&request, &asker), policy.missing_keys(&request, &asker));
    assert!(policy.matching(&request, &asker).len() <= policy.explain(&request, &asker).len());
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
            "${",
            "sts:AssumeRole",
            "111122223333",
            "a.amazonaws.com"
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
            "NotPrincipal",
            "AWS",
            "Service",
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

/// A policy of each kind.
const MUTATED: [&str; 3] = [
    r#"{"Version": "2012-10-17", "Id": "i", "Statement": [{"Sid": "s", "Effect": "Allow",
        "Action": ["a:*", "b:c?"], "NotResource": "arn:aws:s3:::${k, 'd'}/*", "Condition": {
        "ForAnyValue:StringLikeIfExists": {"k": ["${k}*"]}, "DateLessThan": {"d": 5},
        "ArnLike": {"a": "arn:aws:iam::*:user/*"}, "NumericEquals": {"n": -1.5}}}]}"#,
    r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
        "AWS": ["111122223333", "arn:aws:iam::111122223333:user/a"], "Service": "a.amazonaws.com"},
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": true}}}}"#,
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": "a:*", "Resource": "*",
        "NotPrincipal": {"AWS": "*", "Federated": "idp.example"}}, {"Effect": "Allow", "Action": "*",
        "Principal": "*", "Condition": {"IpAddress": {"i": "10.0.0.0/8"}}}]}"#,
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..200)) {
        exercise(&String::from_utf8_lossy(&bytes))?;
    }

    /// A policy with some of its bytes changed, left out or doubled.
    #[test]
    fn mutated_policies(
        index in 0..MUTATED.len(),
        changes in vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>()), 1..6),
    ) {
        let mut bytes = MUTATED[index].as_bytes().to_vec();
        for (place, how, byte) in changes {
            let last = bytes.len() - 1;
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = byte,
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, bytes[place]),
                _ => bytes.swap(place, (place + 1).min(last)),
            }
        }
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

/// What costs more than its length would be a way to stall the server: these would not come to an end.
#[test]
fn large_documents_are_read() {
    for unit in ["\"", "{\"a\":", "[", "}", ",", "\"a\" ", "\\", "1 ", "${", "\u{416}", "\"\\q\" "]
    {
        let text = unit.repeat(100_000 / unit.len());
        exercise_as(&text, Kind::Inline).unwrap();
        exercise_as(&format!("{{\"Statement\": [{text}]}}"), Kind::Trust).unwrap();
    }
}
