//! The rules of evaluation one by one, as the IAM User Guide states them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::{Keys, source};
use policy::{Decision, Kind, PolicySet, Request, Source, parse};
use serde_json::{Value, json};

fn allows(statements: Value, action: &str, resource: &str, keys: Value) -> bool {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let set = PolicySet::new([source("p", &document, Kind::Managed)]);
    set.decide(&Request { action, resource, context: &Keys(keys) }).is_allowed()
}

fn action_matches(clause: &str, patterns: Value, action: &str) -> bool {
    let statement = json!({"Effect": "Allow", clause: patterns, "Resource": "*"});
    allows(statement, action, "*", json!({}))
}

fn resource_matches(clause: &str, patterns: Value, resource: &str, keys: Value) -> bool {
    allows(json!({"Effect": "Allow", "Action": "*", clause: patterns}), "a:b", resource, keys)
}

fn holds(condition: Value, keys: Value) -> bool {
    let statement =
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
    allows(statement, "a:b", "*", keys)
}

#[test]
fn a_denial_outweighs_permissions_and_silence_denies() {
    let allow = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "a:*", "Resource": "*"}});
    let deny = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "z:*", "Resource": "*"},
        {"Sid": "No", "Effect": "Deny", "Action": "a:Delete*", "Resource": "*"}]});
    let request = |action| Request { action, resource: "*", context: &() };
    let sources = [source("allow", &allow, Kind::Managed), source("deny", &deny, Kind::Inline)];
    for order in [[0, 1], [1, 0]] {
        let set = PolicySet::new(order.map(|index| sources[index].clone()));
        let Decision::ExplicitDeny(cause) = set.decide(&request("a:DeleteB")) else {
            panic!("not denied")
        };
        assert_eq!((cause.source(), cause.sid(), cause.statement_index()), ("deny", Some("No"), 1));
        let Decision::Allow(cause) = set.decide(&request("a:Get")) else { panic!("not allowed") };
        assert_eq!((cause.source(), cause.sid(), cause.statement_index()), ("allow", None, 0));
        assert!(matches!(set.decide(&request("b:Get")), Decision::ImplicitDeny));
    }
    assert!(matches!(PolicySet::new([]).decide(&request("a:Get")), Decision::ImplicitDeny));
}

#[test]
fn a_cause_knows_where_it_stands() {
    let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Effect\": \"Allow\", \
                \"Action\": \"a:b\", \"Resource\": \"*\"}]}";
    let document = Arc::new(parse(text, Kind::Managed).unwrap());
    let set = PolicySet::new([Source { id: "p".into(), document }]);
    let request = Request { action: "a:b", resource: "*", context: &() };
    let Decision::Allow(cause) = set.decide(&request) else { panic!("not allowed") };
    assert_eq!((cause.position().line, cause.position().column), (3, 3));
}

#[test]
fn actions_match_without_case() {
    for (pattern, action) in [
        ("*", "iam:GetUser"),
        ("*:*", "iam:GetUser"),
        ("iam:*", "iam:GetUser"),
        ("IAM:getuser", "iam:GetUser"),
        ("iam:Get*", "IAM:GETUSER"),
        ("iam:???User", "iam:GetUser"),
        ("*:GetUser", "iam:GetUser"),
        ("iam:*User", "iam:GetUser"),
        ("iam:G*t*r", "iam:GetUser"),
    ] {
        assert!(action_matches("Action", json!(pattern), action), "{pattern} {action}");
        assert!(
            !action_matches("NotAction", json!(["x:y", pattern]), action),
            "{pattern} {action}"
        );
    }
    for (pattern, action) in [
        ("iam:GetUser", "iam:GetUserPolicy"),
        ("iam:GetUser?", "iam:GetUser"),
        ("i:*", "iam:GetUser"),
        ("iam:Get", "iam:GetUser"),
        ("iam: GetUser", "iam:GetUser"),
        ("sts:*", "iam:GetUser"),
        ("ds:CreateDomain", "ds:CreateDirectory"),
        ("iam:", "iam:GetUser"),
    ] {
        assert!(!action_matches("Action", json!(pattern), action), "{pattern} {action}");
        assert!(action_matches("NotAction", json!(["x:y", pattern]), action), "{pattern} {action}");
    }
}

/// Patterns whose text is longer than the index tells apart, which is 127 bytes.
#[test]
fn long_actions() {
    let long = format!("iam:{}", "x".repeat(200));
    assert!(action_matches("Action", json!(long), &long));
    assert!(action_matches("Action", json!(format!("{long}*")), &long));
    assert!(!action_matches("Action", json!(format!("{long}?")), &long));
    assert!(!action_matches("Action", json!(format!("{}y*", &long[..150])), &long));
    assert!(action_matches("Action", json!(format!("{}*", &long[..127])), &long[..127]));
    assert!(action_matches("Action", json!(format!("{}*", &long[..128])), &long[..128]));
    assert!(!action_matches("Action", json!(format!("{}*", &long[..128])), &long[..127]));
}

/// Many statements about one action are found by their resources, whatever form these have.
#[test]
fn many_resources_of_one_action() {
    let long = "x".repeat(200);
    let forms = |number: usize| {
        let account = format!("{number:012}");
        [
            json!(format!("arn:aws:s3:::bucket-{number}")),
            json!(format!("arn:aws:s3:::bucket-{number}/*")),
            json!(format!("arn:aws:iam::{account}:role/deploy")),
            json!([
                format!("arn:aws:iam::{account}:user/*"),
                "arn:aws:iam::*:role/${aws:username}"
            ]),
            json!(format!("arn:aws:sqs:*:*:*-{number}")),
            json!(format!("arn:aws:sns:eu-west-{number}")),
            json!(format!("arn:aws:s3:::{long}{number}*")),
            json!((0..20).map(|part| format!("arn:aws:s3:::{number}-{part}")).collect::<Vec<_>>()),
        ]
    };
    let statements: Vec<_> = (0..50)
        .flat_map(forms)
        .map(|resource| json!({"Effect": "Allow", "Action": "a:*", "Resource": resource}))
        .collect();
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let set = PolicySet::new([source("p", &document, Kind::Managed)]);
    let far = format!("arn:aws:s3:::{long}42/key");
    let keys = Keys(json!({"aws:username": "anna"}));
    let allows =
        |action, resource| set.decide(&Request { action, resource, context: &keys }).is_allowed();
    for resource in [
        "arn:aws:s3:::bucket-7",
        "arn:aws:s3:::bucket-7/key/of/it",
        "arn:aws:iam::000000000033:role/deploy",
        "arn:aws:iam::000000000033:user/a/b",
        "arn:aws:iam::999999999999:role/anna",
        "arn:aws:sqs:eu-west-1:1:queue-49",
        "arn:aws:sns:eu-west-8:1:topic",
        &far,
        "arn:aws:s3:::3-19",
    ] {
        assert!(allows("a:b", resource), "{resource}");
        assert!(!allows("b:b", resource), "{resource}");
    }
    for resource in [
        "*",
        "arn:aws:s3:::bucket-77",
        "arn:aws:iam::000000000099:role/deploy",
        "arn:aws:iam::000000000033:role/bob",
        "arn:aws:sqs:eu-west-1:1:queue-50",
        "arn:aws:s3:::3-20",
        "arn:aws:s3:::3-1/x",
    ] {
        assert!(!allows("a:b", resource), "{resource}");
    }
}

/// Many statements about one action and any resource are found by their conditions.
#[test]
fn many_conditions_of_one_action() {
    let forms = |number: usize| {
        let team = format!("team-{number}");
        [
            json!({"StringEquals": {"aws:PrincipalTag/Team": team}}),
            json!({"Bool": {"mfa": "true"}, "StringEquals": {"a": [team, format!("x{team}")]}}),
            json!({"ForAnyValue:StringEquals": {"b": team}}),
            json!({"StringEquals": {"c": format!("${{d, '{team}'}}")}}),
            json!({"StringEquals": {"d": team}, "Null": {"d": "false"}}),
            // A fifth key, and operators that a missing key satisfies.
            json!({"StringEquals": {"e": team}}),
            json!({"StringNotEquals": {"f": "none"}, "StringEquals": {"g": team}}),
            json!({"StringEqualsIfExists": {"a": team}, "StringEquals": {"h": team}}),
        ]
    };
    let statements: Vec<_> = (0..30)
        .flat_map(forms)
        .map(|condition| {
            json!({"Effect": "Allow", "Action": "a:*", "Resource": "*", "Condition": condition})
        })
        .collect();
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let set = PolicySet::new([source("p", &document, Kind::Managed)]);
    let allows = |keys: Value| {
        let context = Keys(keys);
        set.decide(&Request { action: "a:b", resource: "*", context: &context }).is_allowed()
    };
    for keys in [
        json!({"aws:principaltag/team": "team-17"}),
        json!({"mfa": "true", "a": "xteam-29"}),
        json!({"b": ["team-99", "team-3"]}),
        json!({"c": "team-5"}),
        json!({"c": "own", "d": "own"}),
        json!({"d": ["x", "team-7"]}),
        json!({"e": "team-8"}),
        json!({"g": "team-9"}),
        json!({"h": "team-10"}),
    ] {
        assert!(allows(keys.clone()), "{keys}");
    }
    for keys in [
        json!({}),
        json!({"aws:principaltag/team": "team-30"}),
        json!({"mfa": "false", "a": "xteam-29"}),
        json!({"a": "team-1"}),
        json!({"c": "team-5", "d": "own"}),
        json!({"g": "team-9", "f": "none"}),
        json!({"h": "team-10", "a": "team-11"}),
    ] {
        assert!(!allows(keys.clone()), "{keys}");
    }
}

#[test]
fn resources() {
    let arn = "arn:aws:iam::111122223333:user/Sales/anna";
    for pattern in [
        "*",
        arn,
        "arn:aws:iam::*:user/*",
        "arn:aws:iam::111122223333:user/?ales/*",
        "arn:aws:iam::11112222????:user/*/anna",
    ] {
        assert!(resource_matches("Resource", json!(pattern), arn, json!({})), "{pattern}");
        assert!(!resource_matches("NotResource", json!(pattern), arn, json!({})), "{pattern}");
    }
    for pattern in [
        "arn:aws:iam::*:user/sales/*",
        "arn:aws:iam::*:group/*",
        "arn:aws:s3:::*",
        "arn:aws:iam::444455556666:user/*",
        "arn:aws:iam::*:user/Sales",
        "arn:aws:s3",
    ] {
        assert!(!resource_matches("Resource", json!(pattern), arn, json!({})), "{pattern}");
        assert!(resource_matches("NotResource", json!(pattern), arn, json!({})), "{pattern}");
    }
    assert!(resource_matches("Resource", json!("arn:aws:s33"), "arn:aws:s33:r:1:x:y", json!({})));
}

/// An action without a resource is checked against `*`, which no ARN covers.
#[test]
fn actions_without_a_resource() {
    assert!(resource_matches("Resource", json!("*"), "*", json!({})));
    assert!(!resource_matches("Resource", json!("arn:aws:iam::*:*"), "*", json!({})));
    assert!(resource_matches("NotResource", json!("arn:aws:iam::*:*"), "*", json!({})));
    assert!(!resource_matches("NotResource", json!("*"), "*", json!({})));
}

#[test]
fn variables_in_resources() {
    let own =
        json!(["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]);
    let matches = |resource, keys| resource_matches("Resource", own.clone(), resource, keys);
    assert!(matches("arn:aws:iam::1:user/anna", json!({"aws:username": "anna"})));
    assert!(matches("arn:aws:iam::1:user/a/b/anna", json!({"aws:username": "anna"})));
    assert!(!matches("arn:aws:iam::1:user/bob", json!({"aws:username": "anna"})));
    assert!(!matches("arn:aws:iam::1:user/bob", json!({"aws:username": "*"})));
    assert!(matches("arn:aws:iam::1:user/*", json!({"aws:username": "*"})));
    // Without a value the entry matches nothing, not even itself.
    assert!(!matches("arn:aws:iam::1:user/${aws:username}", json!({})));
    assert!(!matches("arn:aws:iam::1:user/anna", json!({"aws:username": ["anna"]})));
    let not = json!("arn:aws:iam::*:user/${aws:username}");
    assert!(resource_matches("NotResource", not, "arn:aws:iam::1:user/anna", json!({})));
    let default = json!("arn:aws:s3:::b/${aws:PrincipalTag/Team, 'company-wide'}/*");
    let key = "aws:principaltag/team";
    assert!(resource_matches(
        "Resource",
        default.clone(),
        "arn:aws:s3:::b/company-wide/x",
        json!({})
    ));
    // A key of several values has no value for a variable, but is not missing either.
    for resource in ["arn:aws:s3:::b/red/x", "arn:aws:s3:::b/company-wide/x"] {
        let keys = json!({key: ["red"]});
        assert!(!resource_matches("Resource", default.clone(), resource, keys));
    }
    assert!(resource_matches("Resource", default, "arn:aws:s3:::b/red/x", json!({key: "red"})));
}

#[test]
fn documents_of_the_old_version_have_no_variables() {
    let statement =
        json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}"});
    for document in
        [json!({"Statement": statement}), json!({"Version": "2008-10-17", "Statement": statement})]
    {
        let set = PolicySet::new([source("p", &document, Kind::Inline)]);
        let keys = Keys(json!({"aws:username": "anna"}));
        let decide = |resource| set.decide(&Request { action: "a:b", resource, context: &keys });
        assert!(!decide("arn:aws:s3:::anna").is_allowed());
        assert!(decide("arn:aws:s3:::${aws:username}").is_allowed());
    }
}

#[test]
fn strings() {
    let keys = || json!({"k": "Anna", "name": "Anna", "star": "*"});
    for (operator, value, equal) in [
        ("StringEquals", "Anna", true),
        ("StringEquals", "anna", false),
        ("StringEquals", "An*", false),
        ("StringEquals", "${name}", true),
        ("StringEquals", "${star}", false),
        ("StringEqualsIgnoreCase", "aNNA", true),
        ("StringEqualsIgnoreCase", "${NAME}", true),
        ("StringEqualsIgnoreCase", "A*", false),
        ("StringLike", "An*", true),
        ("StringLike", "an*", false),
        ("StringLike", "An??", true),
        ("StringLike", "${star}", false),
        ("StringLike", "*${star}*", false),
        ("StringLike", "${*}", false),
        ("StringLike", "${gone, 'Anna'}", true),
        ("StringLike", "${gone}", false),
    ] {
        assert_eq!(holds(json!({operator: {"k": value}}), keys()), equal, "{operator} {value}");
        let negated = operator.replace("String", "StringNot");
        assert_eq!(
            holds(json!({negated.as_str(): {"k": value}}), keys()),
            !equal,
            "{negated} {value}"
        );
    }
    let sharp = json!({"k": "STRASSE É"});
    assert!(holds(json!({"StringEqualsIgnoreCase": {"k": "strasse é"}}), sharp));
}

#[test]
fn numbers() {
    for (operator, value, expected) in [
        ("NumericEquals", "10", true),
        ("NumericEquals", "10.00", true),
        ("NumericNotEquals", "10", false),
        ("NumericNotEquals", "9", true),
        ("NumericLessThan", "10", false),
        ("NumericLessThan", "10.001", true),
        ("NumericLessThanEquals", "10", true),
        ("NumericGreaterThan", "9", true),
        ("NumericGreaterThan", "10", false),
        ("NumericGreaterThanEquals", "10", true),
        ("NumericGreaterThanEquals", "100", false),
        ("NumericEquals", "ten", false),
        ("NumericNotEquals", "ten", true),
        ("NumericEquals", "${n}", false),
    ] {
        let keys = json!({"k": "10", "n": "10"});
        assert_eq!(holds(json!({operator: {"k": value}}), keys), expected, "{operator} {value}");
    }
    assert!(holds(json!({"NumericEquals": {"k": 10}}), json!({"k": "10"})));
    assert!(holds(json!({"NumericLessThan": {"k": [1, 2.5]}}), json!({"k": "2.4"})));
    assert!(!holds(json!({"NumericLessThan": {"k": "5"}}), json!({"k": "few"})));
    // Neighbours that a binary floating point number would not tell apart.
    let big = json!({"NumericEquals": {"k": "9007199254740993"}});
    assert!(!holds(big, json!({"k": "9007199254740992"})));
}

#[test]
fn dates() {
    for (operator, value, expected) in [
        ("DateEquals", "2026-01-01T00:00:00Z", true),
        ("DateEquals", "2026-01-01", true),
        ("DateEquals", "1767225600", true),
        ("DateNotEquals", "1767225600", false),
        ("DateEquals", "2026-01-01T01:00:00+01:00", true),
        ("DateLessThan", "2026-01-01T00:00:00.000000001Z", true),
        ("DateLessThan", "2026", false),
        ("DateLessThanEquals", "2026-01-01", true),
        ("DateGreaterThan", "2025-12-31T23:59:59Z", true),
        ("DateGreaterThan", "2026-01-01", false),
        ("DateGreaterThanEquals", "2026-01", true),
    ] {
        let keys = json!({"k": "2026-01-01T00:00:00Z"});
        assert_eq!(holds(json!({operator: {"k": value}}), keys), expected, "{operator} {value}");
    }
    assert!(!holds(json!({"DateLessThan": {"k": "2026-01-01"}}), json!({"k": "yesterday"})));
}

#[test]
fn truth() {
    for (value, request, expected) in [
        (json!("true"), "true", true),
        (json!(true), "true", true),
        (json!("TRUE"), "True", true),
        (json!("false"), "false", true),
        (json!(false), "true", false),
        (json!("yes"), "yes", false),
        (json!(["true", "false"]), "false", true),
        (json!("${t}"), "true", true),
        (json!("1"), "true", false),
    ] {
        let keys = json!({"k": request, "t": "true"});
        assert_eq!(holds(json!({"Bool": {"k": value}}), keys), expected, "{value} {request}");
    }
}

#[test]
fn bytes() {
    let holds = |policy: &str, request: &str| {
        holds(json!({"BinaryEquals": {"k": policy}}), json!({"k": request}))
    };
    assert!(holds("QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA=="));
    assert!(!holds("AAEC", "AAED") && !holds("AAEC", "aaec"));
    assert!(!holds("no base64!", "no base64!"));
}

#[test]
fn addresses() {
    for (value, request, within) in [
        ("203.0.113.0/24", "203.0.113.9", true),
        ("203.0.113.0/24", "203.0.114.9", false),
        ("203.0.113.9", "203.0.113.9", true),
        ("203.0.113.99/24", "203.0.113.1", true),
        ("2001:db8::/32", "2001:db8::1", true),
        ("2001:db8::/32", "203.0.113.9", false),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("203.0.113.0/24", "somewhere", false),
    ] {
        let check = |operator: &str| holds(json!({operator: {"k": value}}), json!({"k": request}));
        assert_eq!(check("IpAddress"), within, "{value} {request}");
        assert_eq!(check("NotIpAddress"), !within, "{value} {request}");
    }
}

#[test]
fn arns() {
    for (value, request, matching) in [
        ("arn:aws:sns:*:1:t*", "arn:aws:sns:eu-west-1:1:topic", true),
        ("arn:aws:sns:*:1:T*", "arn:aws:sns:eu-west-1:1:topic", false),
        ("arn:aws:sns:*:t*", "arn:aws:sns:eu-west-1:1:topic", false),
        ("*", "arn:aws:sns:eu-west-1:1:topic", true),
        ("*", "topic", false),
        ("arn:aws:sns:*", "arn:aws:sns:eu-west-1:1:topic", false),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/c:d", true),
        ("${self}", "arn:aws:iam::1:user/a", true),
        ("${self}", "arn:aws:iam::1:user/b", false),
        ("arn:aws:iam::${account}:user/*", "arn:aws:iam::1:user/a", true),
        ("arn:aws:iam::${account}:user/*", "arn:aws:iam::2:user/a", false),
        // A value cannot move the parts.
        ("arn:aws:iam::${forged}:user/a", "arn:aws:iam::2:user/x:user/a", false),
    ] {
        let keys = json!({"k": request, "self": "arn:aws:iam::1:user/a", "account": "1",
            "forged": "2:user/x"});
        for (operator, expected) in [
            ("ArnEquals", matching),
            ("ArnLike", matching),
            ("ArnNotEquals", !matching),
            ("ArnNotLike", !matching),
        ] {
            let found = holds(json!({operator: {"k": value}}), keys.clone());
            assert_eq!(found, expected, "{operator} {value} {request}");
        }
    }
}

#[test]
fn null_asks_for_the_key_itself() {
    for (value, keys, expected) in [
        (json!("true"), json!({}), true),
        (json!("false"), json!({}), false),
        (json!("true"), json!({"k": "x"}), false),
        (json!(false), json!({"k": "x"}), true),
        (json!("true"), json!({"k": []}), true),
        (json!("maybe"), json!({"k": "x"}), false),
        (json!(["true", "false"]), json!({"k": ""}), true),
    ] {
        assert_eq!(holds(json!({"Null": {"k": value}}), keys.clone()), expected, "{value} {keys}");
        assert_eq!(holds(json!({"ForAllValues:Null": {"k": value}}), keys), expected);
    }
}

#[test]
fn missing_keys() {
    for (operator, expected) in [
        ("StringEquals", false),
        ("StringNotEquals", true),
        ("StringLike", false),
        ("StringNotLike", true),
        ("StringEqualsIgnoreCase", false),
        ("StringNotEqualsIgnoreCase", true),
        ("NumericEquals", false),
        ("NumericNotEquals", true),
        ("NumericLessThan", false),
        ("DateNotEquals", true),
        ("DateGreaterThan", false),
        ("Bool", false),
        ("BinaryEquals", false),
        ("IpAddress", false),
        ("NotIpAddress", true),
        ("ArnLike", false),
        ("ArnNotLike", true),
        ("ForAllValues:StringEquals", true),
        ("ForAllValues:StringNotEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringNotEquals", false),
    ] {
        for keys in [json!({}), json!({"k": []})] {
            let condition = json!({operator: {"k": "1"}});
            assert_eq!(holds(condition, keys.clone()), expected, "{operator}");
            let if_exists = format!("{operator}IfExists");
            assert!(holds(json!({if_exists.as_str(): {"k": "1"}}), keys), "{if_exists}");
        }
    }
    // Empty strings alone are as good as nothing to `ForAllValues`.
    for keys in [json!({"k": ""}), json!({"k": ["", ""]})] {
        assert!(holds(json!({"ForAllValues:StringEquals": {"k": "1"}}), keys.clone()));
        assert!(!holds(json!({"ForAnyValue:StringEquals": {"k": "1"}}), keys));
    }
    assert!(!holds(json!({"ForAllValues:StringEquals": {"k": "1"}}), json!({"k": ["", "2"]})));
    // A key that is there must match, `IfExists` or not.
    assert!(!holds(json!({"StringEqualsIfExists": {"k": "1"}}), json!({"k": "2"})));
}

#[test]
fn several_values() {
    let values = |condition: Value, request: Value| holds(condition, json!({ "k": request }));
    for (operator, request, expected) in [
        ("ForAllValues:StringEquals", json!(["a", "b"]), true),
        ("ForAllValues:StringEquals", json!(["a", "c"]), false),
        ("ForAllValues:StringEquals", json!("b"), true),
        ("ForAllValues:StringNotEquals", json!(["c", "d"]), true),
        ("ForAllValues:StringNotEquals", json!(["c", "a"]), false),
        ("ForAnyValue:StringEquals", json!(["x", "b"]), true),
        ("ForAnyValue:StringEquals", json!(["x", "y"]), false),
        ("ForAnyValue:StringNotEquals", json!(["a", "x"]), true),
        ("ForAnyValue:StringNotEquals", json!(["a", "b"]), false),
        ("StringEquals", json!(["x", "b"]), true),
        ("StringEquals", json!(["x", "y"]), false),
        ("StringNotEquals", json!(["x", "b"]), false),
        ("StringNotEquals", json!(["x", "y"]), true),
        ("StringEquals", json!("a"), true),
        ("StringNotEquals", json!("a"), false),
    ] {
        let found = values(json!({operator: {"k": ["a", "b"]}}), request.clone());
        assert_eq!(found, expected, "{operator} {request}");
    }
}

/// No values in the policy: nothing matches.
#[test]
fn empty_lists() {
    assert!(!holds(json!({"StringEquals": {"k": []}}), json!({"k": "a"})));
    assert!(holds(json!({"StringNotEquals": {"k": []}}), json!({"k": "a"})));
    assert!(!holds(json!({"ForAllValues:StringEquals": {"k": []}}), json!({"k": "a"})));
    assert!(!holds(json!({"Null": {"k": []}}), json!({"k": "a"})));
    assert!(holds(json!({"StringEquals": {}}), json!({})));
    assert!(holds(json!({}), json!({})));
}

#[test]
fn all_operators_and_keys_must_hold() {
    let condition = json!({"StringEquals": {"A": "1", "b": "2"}, "NumericLessThan": {"c": "3"}});
    assert!(holds(condition.clone(), json!({"a": "1", "b": "2", "c": "2"})));
    for keys in [
        json!({"a": "0", "b": "2", "c": "2"}),
        json!({"a": "1", "b": "0", "c": "2"}),
        json!({"a": "1", "b": "2", "c": "3"}),
    ] {
        assert!(!holds(condition.clone(), keys));
    }
}
