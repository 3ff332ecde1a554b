//! Texts of strangers: nothing panics, places lie within the text, mending mends, and time is bounded.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lint::{Code, Finding, PolicyType, fix, lint, lint_from, policies, validate};
use proptest::prelude::*;

const KINDS: [PolicyType; 5] = [
    PolicyType::Identity,
    PolicyType::Resource,
    PolicyType::Trust,
    PolicyType::ServiceControl,
    PolicyType::ResourceControl,
];

/// Everything that a policy can have, to be broken.
const GOOD: &str = r#"{
  "Version": "2012-10-17",
  "Id": "é",
  "Statement": [
    {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": ["111122223333", "*"], "Service": "ses.amazonaws.com"},
     "Action": ["workmail:*", "ds:DeleteAlias", "iam:PassRole"],
     "Resource": ["arn:aws:s3:::a/${aws:username, 'x'}", "arn:aws:workmail:*:111122223333:organization/m-1"],
     "Condition": {
       "ForAnyValue:StringLike": {"aws:TagKeys": ["a*", "b"]},
       "IpAddressIfExists": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.5/24"]},
       "DateLessThan": {"aws:CurrentTime": "2030-01-01"}
     }},
    {"Effect": "Deny", "NotPrincipal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/a.b"},
     "NotAction": "ses:*", "NotResource": "*"}
  ]
}"#;

fn broken() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "", ",", "}", "]", "{", "[", "\"", "'", ":", "\n", "*", "$", "${", "\\", "null", "[]",
        "{}", "\"\"", "é", "//", "arn:", "1", "```",
    ]);
    let change = (0..GOOD.len(), 0..12_usize, piece);
    prop::collection::vec(change, 0..6).prop_map(move |changes| {
        let mut text = GOOD.to_owned();
        for (at, length, piece) in changes {
            let mut start = at.min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, piece);
        }
        text
    })
}

fn assert_within(text: &str, findings: &[Finding]) -> Result<(), TestCaseError> {
    for finding in findings {
        prop_assert!(!finding.locations.is_empty());
        for location in &finding.locations {
            let (start, end) = (location.span.start, location.span.end);
            prop_assert!(text.get(start.offset..end.offset).is_some(), "{finding:?}");
            let before = &text[..start.offset];
            prop_assert_eq!(start.line as usize, before.matches('\n').count() + 1);
            let line = before.rsplit('\n').next().unwrap();
            prop_assert_eq!(start.column as usize, line.chars().count() + 1);
        }
        for edit in &finding.edits {
            prop_assert!(text.get(edit.start..edit.end).is_some(), "{finding:?}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_looked_at(text in prop_oneof![broken(), ".{0,80}"], kind in prop::sample::select(&KINDS[..])) {
        assert_within(&text, &lint(&text, kind))?;
        assert_within(&text, &validate(&text, kind, Some("AWS::S3::Bucket")))?;
        for block in policies(&text) {
            assert_within(&text, &lint_from(&text[..block.end], block.start, kind))?;
        }
    }

    /// What was mended is not found again, and mending twice is mending once.
    #[test]
    fn mending_ends(text in broken()) {
        let fixed = fix(&text, PolicyType::Identity);
        let broken = fixed.left.iter().filter(|left| left.code == Code::JsonSyntaxError);
        // What is beyond help may show something new for as long as it is looked at.
        if broken.clone().count() == 0 {
            prop_assert!(fixed.left.iter().all(|left| left.edits.is_empty()), "{}", fixed.text);
            prop_assert_eq!(&fix(&fixed.text, PolicyType::Identity).text, &fixed.text);
        }
        prop_assert_eq!(fixed.mended.is_empty(), fixed.text == text);
    }

    /// With commas, quotes and brackets as the only mistakes, a document is mended whole.
    #[test]
    fn lost_punctuation_is_put_back(lost in prop::collection::vec(0..1_000_usize, 0..3)) {
        let commas: Vec<usize> = GOOD.match_indices(",\n").map(|(at, _)| at).collect();
        let mut text = GOOD.to_owned();
        let mut places: Vec<_> = lost.iter().map(|lost| commas[lost % commas.len()]).collect();
        places.sort_unstable();
        places.dedup();
        for place in places.iter().rev() {
            text.replace_range(*place..place + 1, "");
        }
        let fixed = fix(&text, PolicyType::Resource);
        prop_assert_eq!(fixed.text, fix(GOOD, PolicyType::Resource).text);
    }
}

const SIZE: usize = 128 * 1024;

fn filled(before: &str, piece: impl Fn(usize) -> String, after: &str) -> String {
    let mut text = before.to_owned();
    let mut count = 0;
    while text.len() < SIZE {
        let separator = if count == 0 { "" } else { "," };
        text += &format!("{separator}{}", piece(count));
        count += 1;
    }
    text + after
}

/// A rule whose cost grows faster than the text would be at these for hours.
#[test]
fn the_largest_texts_come_to_an_end() {
    const HEAD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["#;
    const TAIL: &str = r#"],"Resource":"*"}]}"#;
    let resources =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":["#;
    let texts = [
        filled(HEAD, |n| format!("\"ec2:*{n}\""), TAIL),
        filled(HEAD, |n| format!("\"ec2:Describe{n}\""), TAIL),
        filled(HEAD, |_| "\"ec2:Describe*\"".into(), TAIL),
        filled(HEAD, |n| format!("\"unknown{n}:x\""), TAIL),
        filled(resources, |n| format!("\"arn:aws:ec2:*:*:*{n}*\""), "]}]}"),
        filled(resources, |n| format!("\"arn:aws:s3:::{}{n}\"", "?*".repeat(200)), "]}]}"),
        filled(resources, |n| format!("\"arn:aws:s3:::${{aws:x{n}\""), "]}]}"),
        filled(
            r#"{"Version":"2012-10-17","Statement":["#,
            |n| {
                format!(
                    r#"{{"Effect":"Deny","Action":"ses:*","Resource":"*","Condition":{{"StringLike":{{"kms:a{n}":"*"}}}}}}"#
                )
            },
            "]}",
        ),
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Action":"ec2:{}"}}]}}"#,
            "*?".repeat(SIZE / 2)
        ),
        "[".repeat(SIZE),
        "{\"a\":".repeat(SIZE / 5),
        "\"a\" ".repeat(SIZE / 4),
        "```\n{}\n```\n".repeat(SIZE / 11),
        "'".repeat(SIZE),
        "/*".repeat(SIZE / 2),
        "}\n".repeat(SIZE / 2),
    ];
    for text in texts {
        for block in policies(&text) {
            let findings = lint_from(&text[..block.end], block.start, PolicyType::Identity);
            let spans = findings.iter().flat_map(|finding| &finding.locations);
            assert!(spans.clone().all(|at| at.span.end.offset <= text.len()), "{}", &text[..100]);
        }
    }
}
