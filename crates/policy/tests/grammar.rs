//! Documents that are JSON but no policies: AWS's first message, and our own for each defect.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::{Kind, Malformed, parse};
use serde_json::{Value, json};

const SYNTAX: &str = "Syntax errors in policy.";
const VERSION: &str = "Policy document must be version 2012-10-17 or greater.";
const LEGACY: &str = "The policy failed legacy parsing";
const SID: &str = "Statement IDs (SID) in a single policy must be unique.";
const NO_ACTIONS: &str = "Policy statement must contain actions.";
const NO_RESOURCES: &str = "Policy statement must contain resources.";
const VENDOR_MISSING: &str =
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const COLONS: &str = "Actions/Condition can contain only one colon.";
const PRINCIPAL: &str = "Policy document should not specify a principal.";
const VENDOR_REGEX: &str = "Resource vendor must be fully qualified and cannot contain regexes.";
const IAM_PATH: &str = "IAM resource path must either be \"*\" or start with user/, \
    federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, \
    sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.";

/// A statement without fault, with `changes` made to it; a null takes the member away.
fn statement(changes: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
    let members = statement.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    statement
}

fn managed(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn refusal(document: &Value, kind: Kind) -> Malformed {
    match parse(&document.to_string(), kind) {
        Ok(_) => panic!("accepted: {document}"),
        Err(malformed) => malformed,
    }
}

fn assert_refused(document: &Value, verdict: &str) {
    let malformed = refusal(document, Kind::Managed);
    assert_eq!(malformed.verdict(), verdict, "{document}");
    assert!(malformed.message().starts_with(&format!("{verdict} (line 1, column ")));
}

fn assert_statement_refused(changes: Value, verdict: &str) {
    assert_refused(&managed(statement(changes)), verdict);
}

fn assert_statement_accepted(changes: Value) {
    let document = managed(statement(changes));
    if let Err(malformed) = parse(&document.to_string(), Kind::Managed) {
        panic!("{document}: {malformed}");
    }
}

#[test]
fn documents() {
    assert_refused(&json!({"Version": "2012-10-17"}), SYNTAX);
    assert_refused(&managed(json!([])), SYNTAX);
    assert_refused(&managed(json!(["afd"])), SYNTAX);
    assert_refused(&managed(json!("afd")), SYNTAX);
    assert_refused(&managed(json!([[statement(json!({}))]])), SYNTAX);
    for (name, value) in [
        ("Extra", json!("value")),
        ("statement", json!([])),
        ("Id", json!(["a"])),
        ("Id", json!({})),
        ("Id", json!(5)),
        ("Version", json!("2013-10-17")),
        ("Version", json!(20_121_017)),
        ("Version", json!("2012-10-17 ")),
        ("Version", json!(null)),
        ("Conditions", json!({})),
    ] {
        let mut document = managed(statement(json!({})));
        document[name] = value;
        assert_refused(&document, SYNTAX);
    }
}

#[test]
fn versions() {
    let old = json!({"Version": "2008-10-17", "Statement": statement(json!({}))});
    let none = json!({"Statement": statement(json!({}))});
    for document in [old, none] {
        assert_refused(&document, VERSION);
        let parsed = parse(&document.to_string(), Kind::Inline).unwrap();
        assert_eq!(parsed.version(), policy::Version::V2008);
    }
}

#[test]
fn statements() {
    for changes in [
        json!({"Extra": 1}),
        json!({"resource": "*"}),
        json!({"Effect": null}),
        json!({"Effect": "invalid"}),
        json!({"Effect": ["Allow"]}),
        json!({"Sid": {}}),
        json!({"Sid": []}),
        json!({"Sid": 1}),
        json!({"Action": {}}),
        json!({"Action": [[]]}),
        json!({"Action": [1]}),
        json!({"Action": 1}),
        json!({"Resource": {"a": "*"}}),
        json!({"Resource": ["*", {}]}),
        json!({"Resource": [null]}),
        json!({"NotAction": "a:b"}),
        json!({"NotAction": []}),
        json!({"NotResource": "*"}),
        json!({"NotResource": []}),
    ] {
        assert_statement_refused(changes, SYNTAX);
    }
    assert_statement_refused(json!({"Effect": "allow"}), LEGACY);
    assert_statement_refused(json!({"Effect": "DENY"}), LEGACY);
}

#[test]
fn statement_ids() {
    let two = |first: &str, second: &str| {
        managed(json!([statement(json!({"Sid": first})), statement(json!({"Sid": second}))]))
    };
    assert_refused(&two("same", "same"), SID);
    for (first, second) in [("same", "Same"), ("", ""), ("a", "")] {
        assert!(parse(&two(first, second).to_string(), Kind::Managed).is_ok());
    }
    for sid in ["a b", "a-b", "é", "a."] {
        let malformed = refusal(&managed(statement(json!({"Sid": sid}))), Kind::Managed);
        assert!(malformed.verdict().starts_with("Statement IDs (SID) must be alpha-numeric."));
    }
}

#[test]
fn actions() {
    assert_statement_refused(json!({"Action": null}), NO_ACTIONS);
    assert_statement_refused(json!({"Action": []}), NO_ACTIONS);
    assert_statement_refused(json!({"Action": null, "NotAction": []}), NO_ACTIONS);
    for (action, verdict) in [
        ("invalid", VENDOR_MISSING),
        ("", VENDOR_MISSING),
        ("**", VENDOR_MISSING),
        ("s3:List:Bucket", COLONS),
        ("a:*:*", COLONS),
        ("a a:b", "Vendor a a is not valid"),
        ("s3*:Get", "Vendor s3* is not valid"),
        (":Get", "Vendor  is not valid"),
        ("s?:Get", "Vendor s? is not valid"),
    ] {
        assert_statement_refused(json!({"Action": action}), verdict);
        assert_statement_refused(json!({"Action": ["a:b", action]}), verdict);
        assert_statement_refused(json!({"Action": null, "NotAction": action}), verdict);
    }
    for action in ["*", "*:*", "s3:*", "S3:List?ucket", "a-b.c:d", "iam: some words ", "iam:"] {
        assert_statement_accepted(json!({"Action": action}));
        assert_statement_accepted(json!({"Action": null, "NotAction": [action]}));
    }
}

#[test]
fn resources() {
    assert_statement_refused(json!({"Resource": null}), NO_RESOURCES);
    assert_statement_refused(json!({"Resource": []}), NO_RESOURCES);
    assert_statement_refused(json!({"Resource": null, "NotResource": []}), NO_RESOURCES);
    for (resource, verdict) in [
        ("", "Resource  must be in ARN format or \"*\"."),
        ("adf", "Resource adf must be in ARN format or \"*\"."),
        ("**", "Resource ** must be in ARN format or \"*\"."),
        ("xyz:aws:s3:::b", "Resource xyz:aws:s3:::b must be in ARN format or \"*\"."),
        ("a:b", "Partition \"b\" is not valid for resource \"arn:b:*:*:*:*\"."),
        ("a:b:c", "Partition \"b\" is not valid for resource \"arn:b:c:*:*:*\"."),
        ("a:b:c:d:e:f:g", "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g\"."),
        ("aws:s3:::b", "Partition \"s3\" is not valid for resource \"arn:s3:::b:*\"."),
        ("arn:a*-*:s3:::b", "Partition \"a*-*\" is not valid for resource \"arn:a*-*:s3:::b\"."),
        ("arn:aws", VENDOR_REGEX),
        ("arn:aws:*:*:*:*", VENDOR_REGEX),
        ("arn:aws:s?:::b", VENDOR_REGEX),
        ("arn:aws:iam:::b", IAM_PATH),
        ("arn:aws:iam::*:users/*", IAM_PATH),
        (
            "arn:aws:iam:eu-west-1::user/a",
            "IAM resource arn:aws:iam:eu-west-1::user/a cannot contain region information.",
        ),
        (
            "arn:aws:s3:eu-west-1::b",
            "Resource arn:aws:s3:eu-west-1::b can not contain region information.",
        ),
        ("arn:aws:s3::b", LEGACY),
        ("arn:aws::b", LEGACY),
        ("arn:aws::::b", LEGACY),
    ] {
        assert_statement_refused(json!({"Resource": resource}), verdict);
        assert_statement_refused(json!({"Resource": ["*", resource]}), verdict);
        assert_statement_refused(json!({"Resource": null, "NotResource": resource}), verdict);
    }
    for resource in [
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:fdsasf",
        "arn:aws:s33:eu-west-1::b",
        "arn:aws:iam::*:*",
        "arn:aws:iam::1:user/${aws:username}",
        "arn:aws:workmail:*:*:organization/*",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/a",
        "arn:aws:logs:*:1:log-group:a:*",
        "arn:*:s3:::b",
        "arn:a?s:s3:::b",
    ] {
        assert_statement_accepted(json!({"Resource": resource}));
        assert_statement_accepted(json!({"Resource": null, "NotResource": [resource]}));
    }
}

#[test]
fn principals() {
    for name in ["Principal", "NotPrincipal"] {
        for value in [json!("*"), json!({"AWS": "arn:aws:iam::1:root"})] {
            assert_statement_refused(json!({name: value}), PRINCIPAL);
        }
    }
}

#[test]
fn conditions() {
    for condition in [
        json!([]),
        json!("a"),
        json!({"a": "b"}),
        json!({"DateGreaterThan": "b"}),
        json!({"DateGreaterThan": []}),
        json!({"DateGreaterThan": {"a": {}}}),
        json!({"StringEquals": {"a": null}}),
        json!({"StringEquals": {"a": [["b"]]}}),
        json!({"x": {"a": "1"}}),
        json!({"ForAnyValue::StringEqualsIfExists": {"a": "b"}}),
        json!([{"StringEquals": {"a": "b"}}]),
        json!({"stringequals": {"a": "b"}}),
        json!({"NullIfExists": {"a": "true"}}),
        json!({"NumericEquals": {"a": 1e300}}),
    ] {
        assert_statement_refused(json!({"Condition": condition}), SYNTAX);
    }
    for condition in [
        json!({}),
        json!({"DateGreaterThan": {}}),
        json!({"DateGreaterThan": {"a": []}}),
        json!({"a": {}, "b": {}}),
        json!({"ForAllValues:StringEquals": {"aws:TagKeys": "x"}}),
        json!({"ForAnyValue:StringEqualsIfExists": {"a": ["b", "c"]}}),
        json!({"Bool": {"a": true}, "NumericEquals": {"a": [1, -2.5, "x"]}}),
        json!({"Null": {"a": "true"}}),
        json!({"IpAddress": {"aws:SourceIp": "nowhere"}}),
    ] {
        assert_statement_accepted(json!({"Condition": condition}));
    }
}

#[test]
fn dates() {
    for date in ["sdfdsf", "234-13", "2016-12-13t2:00:00.593194+1", "9223372036854775808", ""] {
        for operator in ["DateGreaterThan", "DateNotEqualsIfExists", "ForAnyValue:DateEquals"] {
            assert_statement_refused(json!({"Condition": {operator: {"a": date}}}), LEGACY);
            assert_statement_refused(json!({"Condition": {operator: {"a": ["1", date]}}}), LEGACY);
        }
    }
    for date in [
        "01T",
        "2019-07-01T13:20:15Z",
        "2016-12-13T21:20:37.593194+00:00",
        "-292275054",
        "2016-12-13t2:00:00.593194+23",
        "9223372036854775807",
    ] {
        assert_statement_accepted(json!({"Condition": {"DateLessThan": {"a": date}}}));
    }
}

#[test]
fn variables_must_be_well_formed_where_they_count() {
    for text in ["${", "${a", "${}", "${a b}", "${a, b}", "${a, 'b}"] {
        let arn = format!("arn:aws:s3:::b/{text}");
        assert_statement_refused(json!({"Resource": arn}), SYNTAX);
        assert_statement_refused(json!({"Resource": null, "NotResource": arn}), SYNTAX);
        for operator in ["StringEquals", "StringNotLike", "ArnLike", "Bool"] {
            assert_statement_refused(json!({"Condition": {operator: {"k": text}}}), SYNTAX);
        }
        // Plain text: in other operators, in actions, and in documents of the old version.
        assert_statement_accepted(json!({"Condition": {"NumericEquals": {"k": text}}}));
        assert_statement_accepted(json!({"Action": format!("s3:{text}")}));
        let old = json!({"Statement": statement(json!({"Resource": arn}))});
        assert!(parse(&old.to_string(), Kind::Inline).is_ok());
    }
    for text in ["${a:b}", "${*}${?}${$}", "${a, 'b c'}", "$", "{}", "$x{a}"] {
        assert_statement_accepted(json!({"Condition": {"StringLike": {"k": text}}}));
    }
}

/// Which message wins where several would do.
#[test]
fn the_first_of_aws_checks_gives_the_message() {
    let date = json!({"DateGreaterThan": {"a": "sdfdsf"}});
    let bad = "arn:error:s3:::b";
    let partition = "Partition \"error\" is not valid for resource \"arn:error:s3:::b\".";
    for (changes, verdict) in [
        (json!({"Action": null, "Condition": {"DateGreaterThan": {"a": {}}}}), SYNTAX),
        (json!({"Effect": "allow", "Extra": 1}), SYNTAX),
        (json!({"Action": null, "Condition": date}), LEGACY),
        (json!({"Resource": bad, "Condition": date}), LEGACY),
        (json!({"Action": null, "Resource": "arn:aws:s3::b"}), LEGACY),
        (json!({"Effect": "aLLow", "Resource": "arn:aws:s3:eu-west-1::b"}), LEGACY),
        (json!({"Resource": [bad, "arn:error:s3::b"]}), partition),
        // The old parser does not come to ARNs after one whose form is wrong.
        (json!({"Resource": [bad, "arn:aws:s3::b"]}), partition),
        (json!({"Action": null, "Resource": bad}), NO_ACTIONS),
        (json!({"Action": "s:3:ListBucket", "Resource": bad}), partition),
        (json!({"Action": "invalid", "Resource": null}), VENDOR_MISSING),
        (json!({"Action": null, "Resource": null}), NO_ACTIONS),
        (json!({"Resource": null, "Principal": "*"}), NO_RESOURCES),
    ] {
        assert_statement_refused(changes, verdict);
    }
    let sid = json!([statement(json!({"Sid": "a"})), {"Sid": "a", "Effect": "Allow"}]);
    assert_refused(&managed(sid.clone()), SID);
    assert_refused(&json!({"Statement": sid}), VERSION);
    let dated = statement(json!({"Condition": date, "Effect": "denY"}));
    assert_refused(&json!({"Statement": dated}), VERSION);
}

/// All defects are listed, though AWS names one.
#[test]
fn all_defects_are_listed() {
    let text = r#"{"Version": "2008-10-17", "Statement": [
  {"Sid": "a", "Effect": "allow", "Action": ["x", "a:b:c"], "Resource": "arn:b:c"},
  {"Sid": "a", "Effect": "Deny", "Principal": "*", "Resource": []}
]}"#;
    let malformed = parse(text, Kind::Managed).unwrap_err();
    let found: Vec<_> = malformed
        .defects()
        .iter()
        .map(|defect| (defect.line, defect.column, defect.verdict().to_owned()))
        .collect();
    let partition = "Partition \"b\" is not valid for resource \"arn:b:c:*:*:*\".";
    let expected = [
        (1, 13, VERSION),
        (2, 26, LEGACY),
        (2, 46, VENDOR_MISSING),
        (2, 51, COLONS),
        (2, 73, partition),
        (3, 3, NO_ACTIONS),
        (3, 11, SID),
        (3, 34, PRINCIPAL),
        (3, 64, NO_RESOURCES),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(line, column, text)| (line, column, text.to_owned())).collect();
    assert_eq!(found, expected);
    assert_eq!(malformed.verdict(), VERSION);
}
