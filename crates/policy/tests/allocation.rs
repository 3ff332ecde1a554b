//! Decisions allocate nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod typical;

use policy::{
    ArnAsker, Context, Decision, Kind, Policies, PolicySet, Question, Request, ResourceKind,
    ResourcePolicy, Source, Values, evaluate, parse,
};

struct Anna;

impl Context for Anna {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        let value = match key {
            "aws:username" => "anna",
            "iam:passedtoservice" | "iam:awsservicename" => "events.workmail.amazonaws.com",
            _ => return None,
        };
        Some(Values::One(value.into()))
    }
}

fn assert_quiet(set: &PolicySet, action: &str, resource: &str, allowed: bool) {
    let request = Request { action, resource, context: &Anna };
    let mut decision = Decision::ImplicitDeny;
    let counts = allocation_counter::measure(|| decision = set.decide(&request));
    assert_eq!(decision.is_allowed(), allowed, "{action} {resource}");
    assert_eq!(counts.count_total, 0, "{action} {resource}");
}

#[test]
fn the_counter_counts() {
    let counts = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8])));
    assert_eq!(counts.count_total, 1);
}

#[test]
fn decisions_of_a_typical_principal() {
    let set = typical::set();
    let organization = "arn:aws:workmail:eu-west-1:111122223333:organization/m-1";
    assert_quiet(&set, "workmail:CreateUser", organization, true);
    assert_quiet(&set, "WORKMAIL:describeuser", organization, true);
    assert_quiet(&set, "ec2:DescribeVpcs", "*", true);
    assert_quiet(&set, "route53:ListHostedZones", "*", true);
    assert_quiet(&set, "iam:CreateServiceLinkedRole", "arn:aws:iam::1:role/a", true);
    assert_quiet(&set, "iam:ChangePassword", "arn:aws:iam::1:user/division/anna", true);
    assert_quiet(
        &set,
        "signin:CreateOAuth2Token",
        "arn:aws:signin:x:1:oauth2/public-client/a",
        true,
    );
    assert_quiet(&set, "signin:CreateOAuth2Token", "arn:aws:signin:x:1:oauth2/other", false);
    assert_quiet(&set, "s3:GetObject", "arn:aws:s3:::b/k", false);
    assert_quiet(&set, "ds:DescribeTrusts", "*", false);
}

/// Every kind of condition, pattern and variable.
#[test]
fn decisions_over_every_operator() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "NotAction": ["a:*", "b:?et*x"], "Resource": "*"},
        {"Effect": "Allow", "Action": "a:*", "NotResource": "arn:aws:s3:::*/${k}/*x?",
         "Condition": {
            "StringEquals": {"s": ["no", "${s}", "x"]},
            "StringNotEqualsIgnoreCase": {"s": ["no", "${s2}"]},
            "StringLike": {"s": ["*x*y*", "?${s}*", "${s, 'd'}"]},
            "NumericLessThan": {"n": ["3", "1000000000000000000000.5"]},
            "DateGreaterThan": {"d": "2020-01-01T00:00:00Z"},
            "Bool": {"b": ["${b}", "false"]},
            "BinaryEquals": {"y": "AAEC"},
            "IpAddress": {"i": ["2001:db8::/32", "192.0.2.0/24"]},
            "ArnLike": {"arn": ["arn:aws:iam::*:role/${s}*", "*"]},
            "Null": {"gone": true},
            "ForAllValues:StringEquals": {"gone": "x"},
            "StringEqualsIfExists": {"gone": "x"}}}]}"#;
    struct Keys;
    impl Context for Keys {
        fn get(&self, key: &str) -> Option<Values<'_>> {
            let value = match key {
                "s" => "text",
                "n" => "1000000000000000000000.25",
                "d" => "2026-01-02T03:04:05.678Z",
                "b" => "TRUE",
                "y" => "AAEC",
                "i" => "192.0.2.255",
                "arn" => "arn:aws:iam::111122223333:role/texts",
                _ => return None,
            };
            Some(Values::One(value.into()))
        }
    }
    let document = policy::parse(text, policy::Kind::Managed).unwrap();
    let set = PolicySet::new([policy::Source { id: "x".into(), document: document.into() }]);
    let request = Request { action: "a:b", resource: "arn:aws:s3:::b/k", context: &Keys };
    let mut decision = Decision::ImplicitDeny;
    let counts = allocation_counter::measure(|| decision = set.decide(&request));
    assert!(decision.is_allowed());
    assert_eq!(counts.count_total, 0);
    let denied = Request { action: "c:d", ..request };
    let counts = allocation_counter::measure(|| decision = set.decide(&denied));
    assert!(matches!(decision, Decision::ExplicitDeny(_)));
    assert_eq!(counts.count_total, 0);
}

/// All kinds of policy together.
#[test]
fn a_whole_evaluation() {
    let identity = typical::set();
    let boundary = typical::set();
    let trust = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333",
         "arn:aws:iam::111122223333:user/anna"]}, "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": ["444455556666", "111122223333"]},
         "Action": "workmail:*", "Condition": {"StringEquals": {"aws:username": "${aws:username}"}}}]}"#;
    let document = parse(trust, Kind::Resource).unwrap().into();
    let resource = ResourcePolicy::new(Source { id: "resource".into(), document });
    let asker = ArnAsker::user("arn:aws:iam::111122223333:user/anna");
    let levels = [&identity, &boundary];
    let question = Question {
        request: Request {
            action: "workmail:CreateUser",
            resource: "arn:aws:workmail:eu-west-1:111122223333:organization/m-1",
            context: &Anna,
        },
        asker: &asker,
        cross_account: true,
        policies: Policies {
            identity: Some(&identity),
            boundary: Some(&boundary),
            session: Some(&boundary),
            resource: Some((ResourceKind::KmsKey, &resource)),
            service_control: &levels,
            resource_control: &[&resource],
        },
    };
    let mut allowed = false;
    let counts = allocation_counter::measure(|| allowed = evaluate(&question).is_allowed());
    assert!(allowed);
    assert_eq!(counts.count_total, 0);
}
