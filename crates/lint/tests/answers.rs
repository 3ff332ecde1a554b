//! What findings carry: places, paths, hints, edits; and the answers of the API.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lint::{Code, Finding, PathElement, PolicyType, fix, lint, validate};

/// The path of a finding's first place, as `Statement[0].Action[1]`, `#` before a key.
fn path(finding: &Finding) -> String {
    let step = |element: &PathElement| match element {
        PathElement::Key(name) => format!("#{name}"),
        PathElement::Value(name) => format!(".{name}"),
        PathElement::Index(index) => format!("[{index}]"),
        PathElement::Substring { start, length } => format!("~{start}+{length}"),
    };
    finding.locations[0].path.iter().map(step).collect()
}

#[test]
fn paths_lead_to_the_place() {
    let text = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["ses:*", "workmail:SetAdmin"], "Resource": "*", "Extra": 1},
    {"Effect": "Deny", "NotAction": "ses:*", "Resource": ["arn:aws:s3:::a/é${}"],
     "Condition": {"Bool": {"aws:SecureTransport": ["yes"], "nokey": true}}}
  ]
}"#;
    let findings = lint(text, PolicyType::Identity);
    let found: Vec<_> = findings.iter().map(|finding| (finding.code, path(finding))).collect();
    let expected = [
        (Code::InvalidAction, ".Statement[0].Action[1]"),
        (Code::InvalidPolicyElement, ".Statement[0]#Extra"),
        (Code::EmptyVariable, ".Statement[1].Resource[0]~16+3"),
        (Code::TypeMismatchBoolean, ".Statement[1].Condition.Bool.aws:SecureTransport[0]"),
        (Code::InvalidConditionKeyFormat, ".Statement[1].Condition.Bool#nokey"),
    ];
    assert_eq!(found, expected.map(|(code, path)| (code, path.to_owned())));
    let span = findings[0].locations[0].span;
    assert_eq!(&text[span.start.offset..span.end.offset], "\"workmail:SetAdmin\"");
    assert_eq!((span.start.line, span.start.column), (4, 45));
    let span = findings[2].locations[0].span;
    assert_eq!(&text[span.start.offset..span.end.offset], "${}");
}

#[test]
fn one_mistake_of_json_is_all_the_api_says() {
    let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": [,{\"Effect\" 1}}";
    let findings = validate(text, PolicyType::Identity, None);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.code, Code::JsonSyntaxError);
    assert_eq!(finding.message, "Fix the JSON syntax error at index 41 line 2 column 15.");
    assert!(lint(text, PolicyType::Identity).len() > 3);
}

#[test]
fn the_api_takes_a_wrapper_as_it_is() {
    let text = r#"{"name": "a", "policyDocument": {"Version": "2012-10-17", "Statement": []}}"#;
    let codes = |findings: Vec<Finding>| findings.iter().map(|f| f.code).collect::<Vec<_>>();
    assert_eq!(
        codes(validate(text, PolicyType::Identity, None)),
        [
            Code::MissingStatement,
            Code::MissingVersion,
            Code::InvalidPolicyElement,
            Code::InvalidPolicyElement
        ]
    );
    assert_eq!(
        codes(lint(text, PolicyType::Identity)),
        [Code::InvalidPolicyElement, Code::MissingStatement]
    );
}

/// The text mended, and the codes that are left.
fn mended(text: &str) -> (String, Vec<Code>) {
    let fixed = fix(text, PolicyType::Identity);
    (fixed.text, fixed.left.iter().map(|finding| finding.code).collect())
}

const REST: &str = r#""Resource": "*"}}"#;

#[test]
fn what_is_certain_is_mended() {
    for (text, expected) in [
        // the wrong case of what has one way to be written
        (
            r#"{"version": "2012-10-17", "statement": {"effect": "allow", "Action": "ses:*", "Resource": "*"}}"#,
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}}"#,
        ),
        // a version, where no variable changes its meaning, on a line of its own if there are lines
        (
            "{\n  \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"ses:*\", \"Resource\": \"*\"}\n}",
            "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"ses:*\", \"Resource\": \"*\"}\n}",
        ),
        (
            r#"{"Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}}"#,
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}}"#,
        ),
        // dead actions, at the start, in the middle, at the end
        (
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["workmail:SetAdmin", "ds:DeleteAlias", "ses:*", "ds:CreateDomain", "kms:*", "ec2:DescribeDomains"], "Resource": "*"}}"#,
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["ses:*", "kms:*"], "Resource": "*"}}"#,
        ),
        // bits that do not count, operators in the wrong case
        (
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ses:*", "Resource": "*", "Condition": {"ipaddressifexists": {"aws:SourceIp": "203.0.113.5/24"}}}}"#,
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ses:*", "Resource": "*", "Condition": {"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}}}"#,
        ),
        // all of it in a fragment, with comments, the wrong quotes, and brackets missing
        (
            "\"policy\": { // ours\n  \"Version\": '2012-10-17',\n  \"Statement\": [{\"Effect\": Allow, \"Action\": [\"ses:*\" 'ds:DeleteAlias'], \"Resource\": \"*\",}\n",
            "{ \n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"ses:*\"], \"Resource\": \"*\"}]\n}\n",
        ),
    ] {
        let (fixed, left) = mended(text);
        assert_eq!(fixed, expected);
        assert_eq!(left, []);
    }
}

#[test]
fn what_is_not_certain_is_left() {
    for (action, code) in [
        // A slip of the pen has another meaning than nothing.
        (r#"["workmail:ListUser", "ses:*"]"#, Code::InvalidAction),
        // Without it the statement would have no action at all.
        (r#""ds:DeleteAlias""#, Code::InvalidAction),
        (r#"["ds:DeleteAlias", "workmail:SetAdmin"]"#, Code::InvalidAction),
    ] {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": {action}, {REST}"#
        );
        let (fixed, left) = mended(&text);
        assert_eq!(fixed, text);
        assert!(left.iter().all(|left| *left == code) && !left.is_empty());
    }
    let text = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::a/${aws:username}"}}"#;
    let (fixed, left) = mended(text);
    assert_eq!(fixed, text);
    assert_eq!(left, [Code::MissingVersion, Code::VariableUnsupportedInVersion]);
}

#[test]
fn hints_say_what_to_write() {
    let hint = |text: &str| lint(text, PolicyType::Identity)[0].hint.clone().unwrap();
    let statement = |action: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", {REST}"#
        )
    };
    assert_eq!(hint(&statement("workmail:ListUser")), "did you mean `workmail:ListUsers`?");
    assert_eq!(hint(&statement("workmial:ListUsers")), "did you mean `workmail:ListUsers`?");
    assert_eq!(
        hint(&statement("ds:ExtendDirectory")),
        "delete it: the action was retired, and has no effect"
    );
}
