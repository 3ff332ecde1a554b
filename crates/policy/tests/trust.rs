//! Trust and resource policies: what is refused of them, and in which words.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::{Kind, Malformed, PrincipalKind, parse};
use serde_json::{Value, json};

const SYNTAX: &str = "Syntax errors in policy.";
const INVALID_JSON: &str = "This policy contains invalid Json";
const ACTIONS: &str = "AssumeRole policy may only specify STS AssumeRole actions.";
const MISSING: &str = "Missing required field Principal";
const EMPTY: &str = "Missing required field Principal cannot be empty!";
const FEDERATED: &str = "Federated principals must be valid domain names or SAML metadata ARNs";

/// A statement without fault, with `changes` made to it; a null takes the member away.
fn trust(changes: Value) -> String {
    let mut statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"}});
    let members = statement.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

fn refusal(text: &str, kind: Kind) -> Malformed {
    match parse(text, kind) {
        Ok(_) => panic!("accepted: {text}"),
        Err(malformed) => malformed,
    }
}

fn assert_refused(changes: Value, verdict: &str) {
    let text = trust(changes);
    assert_eq!(refusal(&text, Kind::Trust).verdict(), verdict, "{text}");
}

fn assert_accepted(changes: Value) {
    let text = trust(changes);
    if let Err(malformed) = parse(&text, Kind::Trust) {
        panic!("{text}: {malformed}");
    }
}

#[test]
fn what_is_no_json() {
    for text in ["", "{invalid", "This is not JSON", "{\"Statement\": [}", "\u{416}"] {
        assert_eq!(refusal(text, Kind::Trust).verdict(), INVALID_JSON, "{text}");
        assert_eq!(refusal(text, Kind::Resource).verdict(), SYNTAX, "{text}");
        assert_eq!(refusal(text, Kind::Session).verdict(), SYNTAX, "{text}");
    }
    let late = trust(json!({})).replace("}}", ",}}");
    assert_eq!(refusal(&late, Kind::Trust).verdict(), INVALID_JSON);
}

#[test]
fn versions_of_old() {
    for text in [
        r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}}"#,
        r#"{"Version": "2008-10-17",
            "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}}"#,
    ] {
        assert_eq!(parse(text, Kind::Trust).unwrap().version(), policy::Version::V2008);
    }
}

#[test]
fn shape() {
    for changes in [
        json!({"Extra": 1}),
        json!({"Effect": null}),
        json!({"NotPrincipal": {"AWS": "*"}}),
        json!({"Principal": "arn:aws:iam::111122223333:root"}),
        json!({"Principal": ["*"]}),
        json!({"Principal": 5}),
        json!({"Principal": {"aws": "*"}}),
        json!({"Principal": {"AWS": "*", "User": "a"}}),
        json!({"Principal": {"AWS": 5}}),
        json!({"Principal": {"AWS": ["*", null]}}),
        json!({"Principal": {"AWS": {"a": "b"}}}),
    ] {
        assert_refused(changes, SYNTAX);
    }
    assert_eq!(
        refusal(r#"{"Version": "2012-10-17", "Statement": []}"#, Kind::Trust).verdict(),
        SYNTAX
    );
    let prohibited = "Has prohibited field NotPrincipal";
    assert_refused(json!({"Principal": null, "NotPrincipal": "*"}), prohibited);
}

#[test]
fn principals_must_be_there() {
    assert_refused(json!({"Principal": null}), MISSING);
    assert_refused(json!({"Principal": {}}), EMPTY);
    assert_refused(json!({"Principal": {"AWS": []}}), EMPTY);
    let none = r#"{"Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}}"#;
    assert_eq!(refusal(none, Kind::Resource).verdict(), MISSING);
}

#[test]
fn a_trust_policy_has_no_resource() {
    assert_refused(json!({"Resource": "*"}), "Has prohibited field Resource");
    assert_refused(json!({"Resource": []}), "Has prohibited field Resource");
    let not = "AssumeRole policy must not contain resources.";
    assert_refused(json!({"NotResource": "*"}), not);
    // AWS looks at the actions first.
    assert_refused(json!({"Resource": "*", "Action": "s3:*"}), ACTIONS);
}

#[test]
fn only_actions_that_assume_roles() {
    for action in [
        "sts:AssumeRole",
        "STS:assumerole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
        "sts:*",
        "sts:AssumeRole*",
        "sts:Assume?ole",
    ] {
        assert_accepted(json!({"Action": action}));
        assert_accepted(json!({"Action": ["sts:AssumeRole", action]}));
        assert_accepted(json!({"Action": null, "NotAction": action}));
    }
    for action in
        ["*", "*:*", "s3:GetObject", "sts:GetCallerIdentity", "sts:Get*", "AssumeRole", ""]
    {
        assert_refused(json!({"Action": action}), ACTIONS);
        assert_refused(json!({"Action": ["sts:AssumeRole", action]}), ACTIONS);
        assert_refused(json!({"Action": null, "NotAction": action}), ACTIONS);
    }
    assert_refused(json!({"Action": null}), "Policy statement must contain actions.");
    assert_refused(json!({"Action": []}), "Policy statement must contain actions.");
}

#[test]
fn principals_of_every_form() {
    for (kind, values) in [
        (
            "AWS",
            &[
                "*",
                "111122223333",
                "arn:aws:iam::111122223333:root",
                "arn:aws:iam::111122223333:user/anna",
                "arn:aws:iam::111122223333:user/division/anna",
                "arn:aws:iam::111122223333:role/aws-service-role/a.amazonaws.com/R",
                "arn:aws:sts::111122223333:assumed-role/role/session@x",
                "arn:aws:sts::111122223333:federated-user/anna",
                "AIDACKCEVSQ6C2EXAMPLE",
                "AROACKCEVSQ6C2EXAMPLE",
            ][..],
        ),
        ("Service", &["ec2.amazonaws.com", "states.eu-west-1.amazonaws.com", "a.b.aws.internal"]),
        (
            "Federated",
            &[
                "cognito-identity.amazonaws.com",
                "accounts.google.com",
                "arn:aws:iam::111122223333:saml-provider/Corp",
                "arn:aws:iam::111122223333:oidc-provider/idp.example/a",
            ],
        ),
    ] {
        for value in values {
            assert_accepted(json!({"Principal": {kind: value}}));
            assert_accepted(json!({"Principal": {kind: [value], "AWS": "*"}}));
        }
    }
}

#[test]
fn what_is_no_principal() {
    for value in [
        "",
        "anna",
        "**",
        "1111",
        "11112222333a",
        "arn:aws:iam::111122223333:user/*",
        "arn:aws:iam::*:root",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:users/a",
        "arn:aws:iam::111122223333:group/a",
        "arn:aws:iam::111122223333:root/a",
        "arn:aws:iam::1111:root",
        "arn:aws:iam:eu-west-1:111122223333:root",
        "arn:aws-cn:iam::111122223333:root",
        "arn:aws:s3:::b",
        "arn:aws:sts::111122223333:assumed-role/role",
        "arn:aws:sts::111122223333:assumed-role/role/*",
        "arn:aws:sts::111122223333:assumed-role/a/b/c",
        "arn:aws:sts::111122223333:federated-user/a/b",
        "AGPACKCEVSQ6C2EXAMPLE",
        "ec2.amazonaws.com",
    ] {
        let verdict = format!("Invalid principal in policy: \"AWS\":\"{value}\"");
        assert_refused(json!({"Principal": {"AWS": value}}), &verdict);
        assert_refused(json!({"Principal": {"AWS": ["*", value]}}), &verdict);
    }
    for value in ["*", "ec2", "ec2.example.com", ".amazonaws.com", "arn:aws:iam::1:root"] {
        let verdict = format!("Invalid principal in policy: \"SERVICE\":\"{value}\"");
        assert_refused(json!({"Principal": {"Service": value}}), &verdict);
    }
    for value in ["*", "google", "arn:aws:iam::111122223333:user/a", "https://a.b", "a..b"] {
        assert_refused(json!({"Principal": {"Federated": value}}), FEDERATED);
    }
    let id = "7".repeat(64);
    let verdict = format!("Invalid principal in policy: \"CANONICALUSER\":\"{id}\"");
    assert_refused(json!({"Principal": {"CanonicalUser": id}}), &verdict);
}

#[test]
fn statement_ids() {
    assert_accepted(json!({"Sid": "Trust1"}));
    let text = trust(json!({"Sid": "Enable IAM User Permissions"}));
    let verdict = refusal(&text, Kind::Trust).verdict().to_owned();
    assert!(verdict.starts_with("Statement IDs (SID) must be alpha-numeric."), "{verdict}");
    // As the policy that KMS gives a key has it.
    assert!(parse(&text, Kind::Resource).is_ok());
}

#[test]
fn every_defect_is_listed_at_its_place() {
    let text = r#"{"Statement": [
  {"Effect": "Allow", "Principal": {"AWS": ["a", "*"], "Service": "b"}, "Action": "s3:Get*"},
  {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}
]}"#;
    let malformed = refusal(text, Kind::Trust);
    let found: Vec<_> =
        malformed.defects().iter().map(|defect| (defect.line, defect.column)).collect();
    assert_eq!(found, [(2, 45), (2, 67), (2, 83), (3, 3), (3, 50)]);
    assert_eq!(malformed.verdict(), ACTIONS);
}

#[test]
fn principals_are_read_with_their_places() {
    let text = r#"{"Statement": [{"Effect": "Deny", "Action": "a:*",
 "NotPrincipal": {"AWS": ["111122223333", "*"], "Service": "a.amazonaws.com"}}, 
 {"Effect": "Allow", "Action": "a:*", "Principal": "*", "Resource": "arn:aws:s3:::b"}]}"#;
    let document = parse(text, Kind::Resource).unwrap();
    let [first, second] = document.statements() else { panic!("two statements") };
    let principals = first.principals.as_ref().unwrap();
    assert!(principals.negated && first.resources.is_none());
    let found: Vec<_> = principals
        .entries
        .iter()
        .map(|entry| (entry.kind, &*entry.value.value, entry.value.span.start.column))
        .collect();
    assert_eq!(
        found,
        [
            (PrincipalKind::Aws, "111122223333", 27),
            (PrincipalKind::Aws, "*", 43),
            (PrincipalKind::Service, "a.amazonaws.com", 60),
        ]
    );
    let principals = second.principals.as_ref().unwrap();
    assert!(!principals.negated);
    assert_eq!(principals.entries.len(), 1);
    assert_eq!(principals.entries[0].kind, PrincipalKind::Aws);
}
