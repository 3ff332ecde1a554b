//! Whole answers as files in `tests/golden`, which `models/check.py` reads with AWS's own parser.
//!
//! `UPDATE_GOLDEN=1 cargo test -p wire` writes them anew; the difference is then reviewed as code is.

use std::{collections::BTreeMap, fs, path::Path};

use wire::{
    Error, ServiceModel, Shaped, aws_json, aws_query,
    errors::{ACCESS_DENIED, INTERNAL_FAILURE},
    iam::{self, *},
    sts, workmail,
};
use world::Timestamp;

const REQUEST_ID: &str = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE";
const CREATED: Timestamp = Timestamp::from_micros(1_532_459_261_827_000);

fn check(name: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, written).unwrap();
    }
    assert_eq!(written, fs::read_to_string(&path).unwrap(), "{name}");
}

fn xml(model: &ServiceModel, operation: &str, output: impl Shaped) -> String {
    let operation = model.operation(operation).unwrap();
    aws_query::encode(model, operation, &output.into_value(), REQUEST_ID)
}

fn json(operation: &str, output: impl Shaped) -> String {
    let operation = workmail::MODEL.operation(operation).unwrap();
    aws_json::encode(operation, &output.into_value())
}

fn user(name: &str) -> User {
    User {
        path: "/sales & <support>/".to_owned(),
        user_name: name.to_owned(),
        user_id: "AIDACKCEVSQ6C2EXAMPLE".to_owned(),
        arn: format!("arn:aws:iam::123456789012:user/{name}"),
        create_date: CREATED,
        ..Default::default()
    }
}

#[test]
fn one_user() {
    let tag = Tag { key: "motto".to_owned(), value: "\"a < b\"\r\n\ttrue\u{1} ü😀".to_owned() };
    let user = User { tags: Some(vec![tag]), password_last_used: Some(CREATED), ..user("ada") };
    check("iam-GetUser.xml", &xml(&iam::MODEL, "GetUser", GetUserResponse { user }));
}

#[test]
fn pages_of_users() {
    let page = |users, is_truncated, marker| ListUsersResponse { users, is_truncated, marker };
    let two = page(vec![user("ada"), user("bob")], Some(true), Some("bWFya2Vy".to_owned()));
    check("iam-ListUsers.xml", &xml(&iam::MODEL, "ListUsers", two));
    let none = page(vec![], Some(false), None);
    check("iam-ListUsers-none.xml", &xml(&iam::MODEL, "ListUsers", none));
}

#[test]
fn a_new_access_key() {
    let access_key = AccessKey {
        user_name: "ada".to_owned(),
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        status: StatusType::Active,
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        create_date: Some(CREATED),
    };
    let output = CreateAccessKeyResponse { access_key };
    check("iam-CreateAccessKey.xml", &xml(&iam::MODEL, "CreateAccessKey", output));
}

#[test]
fn a_map() {
    let summary = BTreeMap::from([("Users".to_owned(), 3), ("UsersQuota".to_owned(), 5000)]);
    let output = GetAccountSummaryResponse { summary_map: Some(summary) };
    check("iam-GetAccountSummary.xml", &xml(&iam::MODEL, "GetAccountSummary", output));
}

#[test]
fn nothing_to_say() {
    check("iam-DeleteUser.xml", &xml(&iam::MODEL, "DeleteUser", ()));
}

#[test]
fn identity() {
    let output = sts::GetCallerIdentityResponse {
        user_id: Some("AIDACKCEVSQ6C2EXAMPLE".to_owned()),
        account: Some("123456789012".to_owned()),
        arn: Some("arn:aws:iam::123456789012:user/ada".to_owned()),
    };
    check("sts-GetCallerIdentity.xml", &xml(&sts::MODEL, "GetCallerIdentity", output));
}

#[test]
fn errors_in_xml() {
    let missing = iam::errors::NO_SUCH_ENTITY.with("The user with name <x&y> cannot be found.");
    for (name, error) in [
        ("iam-error-NoSuchEntity.xml", missing),
        (
            "iam-error-AccessDenied.xml",
            ACCESS_DENIED.with("User: a is not authorized to perform: b"),
        ),
        ("iam-error-InternalFailure.xml", Error::from(std::fmt::Error)),
    ] {
        check(name, &aws_query::encode_error(&iam::MODEL, &error, REQUEST_ID));
    }
}

#[test]
fn a_mail_user() {
    let output = workmail::DescribeUserResponse {
        user_id: Some("0b3f1a52-1f2e-4c55-9a0e-2a5d7b6c8d9e".to_owned()),
        name: Some("ada".to_owned()),
        display_name: Some("Ada \"the\" Countess\u{1}".into()),
        state: Some(workmail::EntityState::Enabled),
        user_role: Some(workmail::UserRole::User),
        enabled_date: Some(CREATED),
        hidden_from_global_address_list: Some(false),
        ..Default::default()
    };
    check("workmail-DescribeUser.json", &json("DescribeUser", output));
}

#[test]
fn lists_in_json() {
    let domain = |name: &str, default| workmail::MailDomainSummary {
        domain_name: Some(name.to_owned()),
        default_domain: Some(default),
    };
    let output = workmail::ListMailDomainsResponse {
        mail_domains: Some(vec![domain("example.com", true), domain("example.org", false)]),
        next_token: None,
    };
    check("workmail-ListMailDomains.json", &json("ListMailDomains", output));
    let details = workmail::GetMailboxDetailsResponse {
        mailbox_quota: Some(51_200),
        mailbox_size: Some(0.25),
    };
    check("workmail-GetMailboxDetails.json", &json("GetMailboxDetails", details));
}

#[test]
fn errors_in_json() {
    let unknown = workmail::errors::ENTITY_NOT_FOUND.with("no entity `x\\y`");
    check("workmail-error-EntityNotFound.json", &aws_json::encode_error(&unknown));
    let ours = INTERNAL_FAILURE.with("sorry");
    check("workmail-error-InternalFailure.json", &aws_json::encode_error(&ours));
}
