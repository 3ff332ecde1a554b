//! What people and simulators ask beyond the decision.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Keys, of, resource, set};
use policy::{
    ArnAsker, Kind, Miss, Policies, PolicySet, PolicyType, Question, Request, ResourceKind, parse,
};
use serde_json::{Value, json};

#[test]
fn every_reason_is_told() {
    let policy = set(
        "p",
        json!([
            {"Effect": "Allow", "Action": "a:Get*", "Resource": "arn:aws:s3:::other"},
            {"Effect": "Deny", "NotAction": "a:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "a:*", "Resource": "*", "Condition": {
                "StringEquals": {"aws:PrincipalTag/Team": ["red", "blue"], "aws:username": "anna"},
                "Bool": {"aws:MultiFactorAuthPresent": "true"}}},
            {"Sid": "Yes", "Effect": "Allow", "Action": "*", "Resource": "*"}
        ]),
    );
    let keys = Keys(json!({"aws:principaltag/team": "green", "aws:username": "anna"}));
    let request = Request { action: "A:GetB", resource: "arn:aws:s3:::b", context: &keys };
    let looks = policy.explain(&request);
    assert_eq!(looks.len(), 4);
    assert_eq!(looks[0].misses, [Miss::Resource]);
    assert_eq!(looks[1].misses, [Miss::Action]);
    let found: Vec<_> = looks[2].misses.iter().map(condition).collect();
    assert_eq!(
        found,
        [
            ("aws:MultiFactorAuthPresent", vec![]),
            ("aws:PrincipalTag/Team", vec!["green".to_owned()])
        ]
    );
    assert!(looks[3].applies());
    assert_eq!(looks[3].statement.sid(), Some("Yes"));
}

fn condition<'a>(miss: &'a Miss<'_>) -> (&'a str, Vec<String>) {
    match miss {
        Miss::Condition { condition, found } => (&*condition.key.value, found.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn principals_are_a_reason() {
    let policy = resource(
        json!([
            {"Effect": "Allow", "Action": "a:b", "Principal": {"AWS": "444455556666"}},
            {"Effect": "Allow", "Action": "a:b", "Principal": "*"}
        ]),
        Kind::Resource,
    );
    let asker = ArnAsker::user("arn:aws:iam::111122223333:user/anna");
    let request = Request { action: "a:b", resource: "arn:aws:s3:::b", context: &() };
    let looks = policy.explain(&request, &asker);
    assert_eq!(looks[0].misses, [Miss::Principal]);
    assert!(looks[1].applies());
    let matching = policy.matching(&request, &asker);
    assert_eq!(matching.iter().map(|cause| cause.statement_index()).collect::<Vec<_>>(), [1]);
}

#[test]
fn all_matching_statements_with_their_places() {
    let text = "{\"Version\": \"2012-10-17\", \"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \
                \"a:b\", \"Resource\": \"*\"},\n  {\"Effect\": \"Deny\", \"Action\": \"a:*\",\n   \
                \"Resource\": \"*\"}]}";
    let document = parse(text, Kind::Inline).unwrap().into();
    let other = json!({"Effect": "Allow", "Action": "c:*", "Resource": "*"});
    let set = PolicySet::new([
        of("other", other, Kind::Inline),
        policy::Source { id: "p".into(), document },
    ]);
    let request = Request { action: "a:b", resource: "*", context: &() };
    let found: Vec<_> = set
        .matching(&request)
        .iter()
        .map(|cause| {
            let (start, end) = (cause.span().start, cause.span().end);
            (cause.source().to_owned(), start.line, start.column, end.line, end.column)
        })
        .collect();
    assert_eq!(found, [("p".to_owned(), 2, 3, 2, 56), ("p".to_owned(), 3, 3, 4, 20)]);
}

#[test]
fn a_question_is_explained_by_kind_of_policy() {
    let own = set("own", json!({"Effect": "Allow", "Action": "a:b", "Resource": "*"}));
    let boundary = set("boundary", json!({"Effect": "Allow", "Action": "c:d", "Resource": "*"}));
    let trust = resource(
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}),
        Kind::Trust,
    );
    let asker = ArnAsker::user("arn:aws:iam::111122223333:user/anna");
    let question = Question {
        request: Request { action: "a:b", resource: "*", context: &() },
        asker: &asker,
        cross_account: false,
        policies: Policies {
            identity: Some(&own),
            boundary: Some(&boundary),
            resource: Some((ResourceKind::RoleTrust, &trust)),
            service_control: &[&own],
            ..Policies::default()
        },
    };
    let told: Vec<_> = question
        .explain()
        .iter()
        .map(|(policy_type, looks)| {
            (*policy_type, looks[0].statement.source().to_owned(), looks[0].applies())
        })
        .collect();
    let expected = [
        (PolicyType::Identity, "own", true),
        (PolicyType::Boundary, "boundary", false),
        (PolicyType::ServiceControl, "own", true),
        (PolicyType::RoleTrust, "arn:aws:s3:::b", false),
    ];
    let expected =
        expected.map(|(policy_type, source, applies)| (policy_type, source.to_owned(), applies));
    assert_eq!(told, expected);
}

fn keys_of(document: Value) -> Vec<String> {
    let document = parse(&document.to_string(), Kind::Inline).unwrap();
    document.condition_keys().into_iter().map(String::from).collect()
}

#[test]
fn keys_that_a_document_names() {
    let statement = json!([
        {"Effect": "Allow", "Action": "*",
         "Resource": ["arn:aws:s3:::${aws:username}/${s3:Prefix, 'x'}/${*}"],
         "Condition": {
            "StringLike": {"aws:UserName": "${aws:PrincipalTag/Team}*", "k": ["${a}", "${A}"]},
            "NumericEquals": {"n": "${no}"},
            "Null": {"gone": "true"}}},
        {"Effect": "Deny", "Action": "*", "Resource": "*",
         "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": []}}}
    ]);
    // In the order of the text, in which serde_json sorts members.
    let named = [
        "aws:username",
        "s3:Prefix",
        "gone",
        "n",
        "aws:PrincipalTag/Team",
        "k",
        "a",
        "aws:TagKeys",
    ];
    assert_eq!(keys_of(json!({"Version": "2012-10-17", "Statement": statement})), named);
    // Without variables, `${..}` names nothing.
    assert_eq!(
        keys_of(json!({"Statement": statement})),
        ["gone", "n", "aws:UserName", "k", "aws:TagKeys"]
    );
    assert!(
        keys_of(json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}))
            .is_empty()
    );
}

#[test]
fn keys_that_the_context_lacks() {
    let policy = set(
        "p",
        json!([
            {"Effect": "Allow", "Action": "a:*", "Resource": "arn:aws:s3:::${aws:username}",
             "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
            {"Effect": "Allow", "Action": "b:*", "Resource": "*",
             "Condition": {"StringEquals": {"other:action": "x"}}},
            {"Effect": "Allow", "Action": "a:*", "Resource": "arn:aws:s3:::else",
             "Condition": {"StringEquals": {"other:resource": "x"}}}
        ]),
    );
    let missing = |keys: Value| {
        let keys = Keys(keys);
        let request = Request { action: "a:b", resource: "arn:aws:s3:::anna", context: &keys };
        policy.missing_keys(&request).into_iter().map(String::from).collect::<Vec<_>>()
    };
    let mfa = "aws:MultiFactorAuthPresent";
    assert_eq!(missing(json!({})), ["aws:username", mfa]);
    assert_eq!(missing(json!({"aws:username": "anna"})), [mfa]);
    assert_eq!(missing(json!({"aws:username": "anna", "aws:multifactorauthpresent": []})), [mfa]);
    // The resource is another one: nothing is asked.
    assert!(missing(json!({"aws:username": "bob"})).is_empty());
    assert_eq!(missing(json!({"aws:multifactorauthpresent": "true"})), ["aws:username"]);
}

#[test]
fn keys_that_a_resource_policy_lacks() {
    let policy = resource(
        json!([
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"},
             "Condition": {"StringEquals": {"sts:ExternalId": "x"}}},
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "444455556666"},
             "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
        ]),
        Kind::Trust,
    );
    let asker = ArnAsker::user("arn:aws:iam::111122223333:user/anna");
    let request =
        Request { action: "sts:AssumeRole", resource: "arn:aws:iam::1:role/r", context: &() };
    assert_eq!(policy.missing_keys(&request, &asker), ["sts:ExternalId"]);
}

#[test]
fn what_a_document_may_allow() {
    let may = |statement: Value, service: &str| {
        let source = of("p", statement, Kind::Inline);
        source.document.may_allow_service(service)
    };
    let allow =
        |clause: &str, actions: Value| json!({"Effect": "Allow", clause: actions, "Resource": "*"});
    for actions in [json!("*"), json!("*:*"), json!("iam:GetUser"), json!(["s3:*", "IAM:List*"])] {
        assert!(may(allow("Action", actions.clone()), "iam"), "{actions}");
    }
    assert!(!may(allow("Action", json!("s3:*")), "iam"));
    assert!(may(allow("NotAction", json!("s3:*")), "iam"));
    assert!(may(allow("NotAction", json!("iam:Get*")), "iam"));
    assert!(!may(allow("NotAction", json!(["s3:*", "iam:*"])), "iam"));
    assert!(!may(allow("NotAction", json!("*")), "iam"));
    assert!(!may(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}), "iam"));

    let document = of("p", allow("Action", json!(["iam:Get*"])), Kind::Inline).document;
    assert!(document.may_allow("IAM:getuser") && !document.may_allow("iam:ListUsers"));
}
