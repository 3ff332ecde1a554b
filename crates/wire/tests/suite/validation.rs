//! The constraints of the real models, and AWS's words for them.

use wire::{
    Error, Shape, Value, aws_json,
    aws_query::{self, Parameters},
    iam, sts, validate, workmail,
};

fn iam_input(query: &str) -> (&'static Shape, Value) {
    let query = format!("{query}&Version=2010-05-08");
    let parameters = Parameters::parse(&query, b"").unwrap();
    let operation = aws_query::operation(&iam::MODEL, &parameters).unwrap();
    (operation.input.unwrap(), aws_query::decode(operation, &parameters).unwrap())
}

fn iam(query: &str) -> Result<(), Error> {
    let (shape, value) = iam_input(query);
    validate(shape, &value, iam::MODEL.telling())
}

fn workmail(operation: &str, body: &str) -> Result<(), Error> {
    let operation = workmail::MODEL.operation(operation).unwrap();
    let value = aws_json::decode(operation, body.as_bytes()).unwrap();
    validate(operation.input.unwrap(), &value, workmail::MODEL.telling())
}

fn message(result: Result<(), Error>) -> String {
    result.unwrap_err().message().to_owned()
}

const ORGANIZATION: &str = "m-0123456789abcdef0123456789abcdef";

#[test]
fn one_broken_constraint_is_named() {
    let long = "a".repeat(65);
    for (query, told) in [
        (
            format!("Action=CreateUser&UserName={long}"),
            "Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64".to_owned(),
        ),
        (
            "Action=CreateUser".to_owned(),
            "Value at 'userName' failed to satisfy constraint: Member must not be null".to_owned(),
        ),
        (
            "Action=ListUsers&MaxItems=0".to_owned(),
            "Value at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1".to_owned(),
        ),
        (
            "Action=ListUsers&MaxItems=1001".to_owned(),
            "Value at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000".to_owned(),
        ),
        (
            "Action=UpdateAccessKey&AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=active".to_owned(),
            "Value at 'status' failed to satisfy constraint: Member must satisfy enum value set".to_owned(),
        ),
        (
            "Action=TagUser&UserName=u&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c".to_owned(),
            "Value at 'tags.2.member.value' failed to satisfy constraint: Member must not be null".to_owned(),
        ),
        (
            format!("Action=TagUser&UserName=u&Tags.member.7.Key={0}{0}&Tags.member.7.Value=", long),
            "Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128".to_owned(),
        ),
        (
            format!("Action=UntagUser&UserName=u&TagKeys.member.1=fine&TagKeys.member.2={}", "k".repeat(129)),
            r"Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+, Member must not be null]".to_owned(),
        ),
    ] {
        assert_eq!(message(iam(&query)), format!("1 validation error detected: {told}"), "{query}");
    }
}

#[test]
fn all_broken_constraints_are_named_in_order() {
    assert_eq!(
        message(iam("Action=UpdateAccessKey&AccessKeyId=%20&Status=on")),
        "3 validation errors detected: \
         Value at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16; \
         Value at 'accessKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+; \
         Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
    );
}

/// As the real service orders them.
#[test]
fn members_come_in_the_order_of_a_map_of_java() {
    let told = message(iam(
        "Action=UpdateAccountPasswordPolicy&MinimumPasswordLength=129&MaxPasswordAge=1096&PasswordReusePrevention=25",
    ));
    assert_eq!(
        told,
        "3 validation errors detected: \
         Value at 'minimumPasswordLength' failed to satisfy constraint: Member must have value less than or equal to 128; \
         Value at 'passwordReusePrevention' failed to satisfy constraint: Member must have value less than or equal to 24; \
         Value at 'maxPasswordAge' failed to satisfy constraint: Member must have value less than or equal to 1095"
    );
}

/// STS shows the value that is wrong, IAM does not.
#[test]
fn services_differ_in_what_they_show() {
    let query = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/r&RoleSessionName=a:b";
    let parameters = Parameters::parse(query, b"").unwrap();
    let operation = aws_query::operation(&sts::MODEL, &parameters).unwrap();
    let input = aws_query::decode(operation, &parameters).unwrap();
    assert_eq!(
        message(validate(operation.input.unwrap(), &input, sts::MODEL.telling())),
        "1 validation error detected: Value 'a:b' at 'roleSessionName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w+=,.@-]*"
    );
}

#[test]
fn iam_has_words_of_its_own_when_nothing_else_is_wrong() {
    assert_eq!(
        message(iam("Action=CreateUser&UserName=a%20b")),
        "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    );
    assert_eq!(
        message(iam("Action=CreateUser&Path=x&UserName=a%20b")),
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
    );
    assert_eq!(
        message(iam("Action=CreateUser&Path=x&UserName=")),
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
}

#[test]
fn each_protocol_has_its_own_code() {
    let query = iam("Action=CreateUser").unwrap_err();
    let code = query.kind().code(iam::MODEL.protocol);
    assert_eq!((code.code, code.status), ("ValidationError", 400));

    let json = workmail("DescribeOrganization", "{}").unwrap_err();
    let code = json.kind().code(workmail::MODEL.protocol);
    assert_eq!((code.code, code.status), ("ValidationException", 400));
    assert_eq!(
        json.message(),
        "1 validation error detected: Value null at 'organizationId' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn secrets_are_not_shown() {
    let short = message(iam("Action=CreateLoginProfile&UserName=u&Password="));
    assert!(
        short.contains(": Value at 'password' failed to satisfy constraint: Member must have"),
        "{short}"
    );
    let long = "p".repeat(300);
    let body = format!(
        r#"{{"OrganizationId":"{ORGANIZATION}","UserId":"0123456789ab","Password":"{long}"}}"#
    );
    let told = message(workmail("ResetPassword", &body));
    assert!(told.contains("Value at 'password'") && !told.contains("pp"), "{told}");
}

#[test]
fn lengths_are_counted_in_characters() {
    let name = |letters: usize| {
        format!(r#"{{"OrganizationId":"{ORGANIZATION}","Name":"{}"}}"#, "ä".repeat(letters))
    };
    assert!(workmail("CreateGroup", &name(256)).is_ok());
    assert!(message(workmail("CreateGroup", &name(257))).contains("less than or equal to 256"));
}

#[test]
fn patterns_without_a_mechanical_translation_hold() {
    for (alias, fits) in [
        ("corp", true),
        ("corp-d-1", true),
        ("d-corp", false),
        ("-corp", false),
        ("corp-", false),
        ("a--b", false),
    ] {
        let fact = workmail("CreateOrganization", &format!(r#"{{"Alias":"{alias}"}}"#));
        assert_eq!(fact.is_ok(), fits, "organization alias {alias}");
    }
    for (alias, fits) in [
        ("corp", true),
        ("a-b-c", true),
        ("a--b", false),
        ("-corp", false),
        ("co-", false),
        ("Corp", false),
    ] {
        let fact = iam(&format!("Action=CreateAccountAlias&AccountAlias={alias}"));
        assert_eq!(fact.is_ok(), fits, "account alias {alias}");
    }
}

#[test]
fn short_classes_are_ascii_and_property_classes_are_not() {
    assert!(iam("Action=CreateUser&UserName=%C3%BC").is_err());
    assert!(
        iam("Action=TagUser&UserName=u&Tags.member.1.Key=%C3%BC&Tags.member.1.Value=%C3%BC")
            .is_ok()
    );
}

#[test]
fn messages_are_bounded() {
    let many: String = (1..=500).map(|n| format!("&Tags.member.{n}.Key=")).collect();
    let told = message(iam(&format!("Action=TagUser&UserName=u{many}")));
    assert!(told.starts_with("1501 validation errors detected: "), "{told}");
    assert!(told.len() < 20_000);

    let name = "x".repeat(100_000);
    let body = format!(r#"{{"OrganizationId":"{ORGANIZATION}","Name":"{name}"}}"#);
    let told = message(workmail("CreateGroup", &body));
    assert!(told.contains("xxx...' at 'name'") && told.len() < 3_000, "{told}");
}
