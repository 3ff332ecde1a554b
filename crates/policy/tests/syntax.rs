//! Texts that are no JSON: every mistake is found, at its place, and one does not cause the next.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::{Kind, TEXT_CHARS_MAX, parse};

/// What is wrong with `text`, as `line:column message`.
fn defects(text: &str) -> Vec<String> {
    let malformed = parse(text, Kind::Inline).unwrap_err();
    assert_eq!(malformed.verdict(), "Syntax errors in policy.", "{text}");
    let defects = malformed.defects().iter();
    defects.map(|defect| format!("{}:{} {}", defect.line, defect.column, defect.message)).collect()
}

#[test]
fn one_mistake_each() {
    for (text, expected) in [
        ("", "1:1 the document is empty"),
        (" \n ", "2:2 the document is empty"),
        ("This is not JSON", "1:1 expected a JSON object, found `This`"),
        ("<xml/>", "1:1 expected a JSON object, found `<xml/>`"),
        ("[]", "1:1 a policy is an object, not an array"),
        ("\"a\"", "1:1 a policy is an object, not a string"),
        ("null", "1:1 a policy is an object, not null"),
        (
            r#"{"Statement": {"Effect" "Deny", "Action": "*", "Resource": "*"}}"#,
            "1:25 expected `:` after `Effect`, found `\"Deny\"`",
        ),
        (
            r#"{"Statement": {"Effect": , "Action": "*", "Resource": "*"}}"#,
            "1:26 expected a value, found `,`",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",}}"#,
            "1:64 a comma before the closing `}`",
        ),
        (
            r#"{"Statement": {"Effect": "Deny",, "Action": "*", "Resource": "*"}}"#,
            "1:33 one `,` too many",
        ),
        (
            r#"{"Statement": {, "Effect": "Deny", "Action": "*", "Resource": "*"}}"#,
            "1:16 one `,` too many",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Resource": "*", "Action": ["*"}}"#,
            "1:65 `]` is missing before this `}`, opened at line 1, column 61",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "*"], "Resource": "*"}}"#,
            "1:47 one `]` too many",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}"#,
            "1:65 the text ends where `}` is missing, opened at line 1, column 1",
        ),
        (
            r#"{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*""#,
            "1:65 the text ends where `}` is missing, opened at line 1, column 16",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}} x y"#,
            "1:67 `x` after the end of the document",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}} {"a": 1}"#,
            "1:67 `{` after the end of the document",
        ),
        (
            r#"{Statement: {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#,
            "1:2 the name `Statement` must stand in double quotes",
        ),
        (
            r#"{'Statement': {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#,
            "1:2 the name `Statement` must stand in double quotes",
        ),
        (
            r#"{"Statement": {"Effect": Deny, "Action": "*", "Resource": "*"}}"#,
            "1:26 expected a value, found `Deny`",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", {"Action": "*"}, "Resource": "*"}}"#,
            "1:34 expected the name of a member, found `{`",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "\q", "Resource": "*"}}"#,
            r"1:45 `\q` is no escape",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "\ud800", "Resource": "*"}}"#,
            r"1:45 `\u` is no escape",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "\u12", "Resource": "*"}}"#,
            r"1:45 `\u` is no escape",
        ),
        (
            "{\"Statement\": {\"Effect\": \"Deny\", \"Action\": \"a\tb:c\", \"Resource\": \"*\"}}",
            "1:46 a control character in a string must be escaped",
        ),
        (
            "{\"Statement\": {\"Effect\": \"Deny\", \"Action\": \"*,\n\"Resource\": \"*\"}}",
            "1:44 this string has no closing quote on its line",
        ),
        (
            "{\"Statement\": {\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"arn:aws:s3:::\u{416}\"}}",
            "1:75 a policy cannot have the character U+0416",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Effect": "Deny"}}"#,
            "1:66 the member `Effect` is given twice",
        ),
        (
            r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"k": 01}}}}"#,
            "1:94 `01` is no JSON number",
        ),
        (
            r#""Version": "2012-10-17", "Statement": []}"#,
            "1:10 this is no document but a bare member `Version`: the outer `{` is missing",
        ),
        (
            r#""Version": "2012-10-17", "Statement": []"#,
            "1:10 this is no document but a bare member `Version`: the outer `{` is missing",
        ),
    ] {
        let found = defects(text);
        // Without a `Resource` or the like the shape is wrong as well; the first mistake is meant.
        assert_eq!(found, [expected], "{text}");
    }
}

#[test]
fn many_mistakes_are_all_found() {
    let text = r#"{
  "Version": "2012-10-17"
  "Statement": [
    {"Effect": "Allow" "Action": ["a:b" "c:d",], "Resource": "*"}
    {"Effect": "Deny", "Action": "*", "Resource": "*"},
  ]
}
}
]"#;
    assert_eq!(
        defects(text),
        [
            "3:3 expected a comma before `\"Statement\"`",
            "4:24 expected a comma before `\"Action\"`",
            "4:41 expected a comma before `\"c:d\"`",
            "4:46 a comma before the closing `]`",
            "5:5 expected a comma before `{`",
            "5:55 a comma before the closing `]`",
            "8:1 one `}` too many",
            "9:1 one `]` too many",
        ]
    );
}

/// A document whose only mistakes are commas and brackets is looked at further.
#[test]
fn mistakes_of_shape_are_found_beside_those_of_syntax() {
    let text = r#"{"Statement": {"effect": "Allow" "Action": "*", "Resource": 5}}"#;
    assert_eq!(
        defects(text),
        [
            "1:15 the statement has no `Effect`",
            "1:16 a statement has no member `effect`, did you mean `Effect`?",
            "1:34 expected a comma before `\"Action\"`",
            "1:61 `Resource` must be a string, not a number",
        ]
    );
}

#[test]
fn columns_count_characters_and_offsets_bytes() {
    let text = "{\"Id\": \"äöü\"\r\n \"Statement\": {\"Effect\": \"Deny\", \"Action\": \"é\" 1}}";
    let malformed = parse(text, Kind::Inline).unwrap_err();
    let places: Vec<_> = malformed.defects().iter().map(|d| (d.line, d.column, d.offset)).collect();
    assert_eq!(places.first(), Some(&(2, 2, 18)));
    assert_eq!(places.get(1), Some(&(2, 48, text.find(" 1}").unwrap() + 1)));
}

#[test]
fn positions_of_a_document() {
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Deny\", \
                \"Action\": [\"a:b\"],\n     \"Resource\": \"*\", \"Condition\": {\"Bool\": {\"k\": \
                true}}}\n  ]\n}";
    let document = parse(text, Kind::Managed).unwrap();
    let slice = |span: policy::Span| &text[span.start.offset..span.end.offset];
    assert_eq!(slice(document.span()), text);
    assert_eq!(slice(document.written_version().unwrap().span), "\"2012-10-17\"");
    let statement = &document.statements()[0];
    assert!(
        slice(statement.span).starts_with("{\"Effect\"") && slice(statement.span).ends_with("}}}")
    );
    assert_eq!((statement.span.start.line, statement.span.start.column), (4, 5));
    assert_eq!(slice(statement.effect.span), "\"Deny\"");
    let actions = statement.actions.as_ref().unwrap();
    assert_eq!((slice(actions.span), slice(actions.entries[0].span)), ("[\"a:b\"]", "\"a:b\""));
    let condition = &statement.conditions[0];
    assert_eq!(slice(condition.operator.span), "\"Bool\"");
    assert_eq!(slice(condition.key.span), "\"k\"");
    assert_eq!(slice(condition.values[0].text.span), "true");
}

#[test]
fn strings_are_unescaped() {
    let text = r#"{"Id": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00",
        "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
    let document = parse(text, Kind::Inline).unwrap();
    assert_eq!(&*document.id().unwrap().value, "\"\\/\u{8}\u{c}\n\r\té\u{1f600}");
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = format!("{{\"Statement\": {}{}}}", "[".repeat(60_000), "]".repeat(60_000));
    assert_eq!(defects(&deep), ["1:46 nested deeper than 32 levels"]);
    for opening in ["{", "[{", "{\"a\":", "[[{]"] {
        assert!(!defects(&opening.repeat(30_000)).is_empty());
    }
    let long = " ".repeat(TEXT_CHARS_MAX + 1);
    assert_eq!(defects(&long), ["1:1 the document has more than 131072 characters"]);
}

#[test]
fn the_list_is_bounded_and_counts_the_rest() {
    let text = format!("{{{}}}", "\"a\":1 ".repeat(1_000));
    let malformed = parse(&text, Kind::Inline).unwrap_err();
    assert_eq!(malformed.defects().len(), 100);
    assert!(malformed.omitted() > 1_000);
    assert!(malformed.message().ends_with(&format!("; and {} more)", malformed.omitted() + 80)));
    assert!(malformed.message().len() < 2_000);
}
