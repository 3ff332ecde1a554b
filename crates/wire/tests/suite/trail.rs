//! The audit form.

use std::collections::BTreeSet;

use wire::{
    Kind, Member, ServiceModel, Shape, Shaped, accessanalyzer, cloudtrail, iam, sts, trail,
    workmail,
};
use world::Timestamp;

#[test]
fn names_begin_small_and_secrets_are_hidden() {
    let input = workmail::ResetPasswordRequest {
        organization_id: "m-1".to_owned(),
        user_id: "u".to_owned(),
        password: "hunter2".into(),
    };
    let shape = workmail::MODEL.operation("ResetPassword").unwrap().input.unwrap();
    assert_eq!(
        trail::json(shape, &input.into_value()),
        r#"{"organizationId":"m-1","userId":"u","password":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#
    );
}

#[test]
fn what_is_absent_is_left_out_and_times_are_cloudtrails() {
    let output = sts::GetSessionTokenResponse {
        credentials: Some(sts::Credentials {
            access_key_id: "ASIA".to_owned(),
            secret_access_key: "s3cr3t".into(),
            session_token: "t0k3n".into(),
            expiration: Timestamp::from_seconds(1_532_459_261),
        }),
        ..Default::default()
    };
    let shape = sts::MODEL.operation("GetSessionToken").unwrap().output.unwrap();
    assert_eq!(
        trail::json(shape, &output.into_value()),
        r#"{"credentials":{"accessKeyId":"ASIA","secretAccessKey":"HIDDEN_DUE_TO_SECURITY_REASONS","sessionToken":"HIDDEN_DUE_TO_SECURITY_REASONS","expiration":"Jul 24, 2018 7:07:41 PM"}}"#
    );
}

#[test]
fn lists_maps_and_numbers_are_kept() {
    let summary = [("Users".to_owned(), 3), ("Groups".to_owned(), 0)].into();
    let output = iam::GetAccountSummaryResponse { summary_map: Some(summary) };
    let shape = iam::MODEL.operation("GetAccountSummary").unwrap().output.unwrap();
    assert_eq!(
        trail::json(shape, &output.into_value()),
        r#"{"summaryMap":{"Groups":0,"Users":3}}"#
    );
    let tags = iam::UntagUserRequest {
        user_name: "u".to_owned(),
        tag_keys: vec!["a".to_owned(), "b".to_owned()],
    };
    let shape = iam::MODEL.operation("UntagUser").unwrap().input.unwrap();
    assert_eq!(trail::json(shape, &tags.into_value()), r#"{"userName":"u","tagKeys":["a","b"]}"#);
}

/// Words in the names of members that may hold secrets.
const SUSPICIOUS: [&str; 10] = [
    "password",
    "secret",
    "token",
    "code",
    "seed",
    "png",
    "privatekey",
    "assertion",
    "challenge",
    "jwt",
];

/// Members whose names sound like secrets, and why they are none.
const HARMLESS: [(&str, &str); 13] = [
    ("AssertionEncryptionMode", "a setting"),
    ("ClientToken", "made by the client to tell its own requests apart"),
    ("Code", "of an error"),
    ("DecodedMessage", "reading it is recorded without the answer"),
    ("EncodedMessage", "sealed"),
    ("GlobalEndpointTokenVersion", "a setting"),
    ("IssueCode", "of a finding"),
    ("NextToken", "sealed, and good for a list that the caller may see"),
    ("PersonalAccessTokenId", "an id"),
    ("RemovePrivateKey", "the id of a key"),
    ("SecretPolicy", "a document"),
    ("ServiceCredentialAlias", "a name"),
    ("SubjectFromWebIdentityToken", "who the token is of"),
];

#[test]
fn what_sounds_like_a_secret_is_hidden() {
    let models = [&accessanalyzer::MODEL, &cloudtrail::MODEL, &iam::MODEL, &sts::MODEL];
    let mut members = 0;
    for model in models.into_iter().chain([&workmail::MODEL]) {
        for member in all_members(model).iter().filter(|member| holds_text(member.shape)) {
            let name = member.name.to_lowercase();
            let is_harmless = |(harmless, _): &(&str, &str)| name == harmless.to_lowercase();
            if SUSPICIOUS.iter().any(|word| name.contains(word))
                && !HARMLESS.iter().any(is_harmless)
            {
                assert!(member.shape.sensitive, "{}: {}", model.service, member.name);
                members += 1;
            }
        }
    }
    assert!(members > 20, "only {members} were found");
}

/// The members of all inputs and outputs, and of what lies in them.
fn all_members(model: &ServiceModel) -> Vec<&'static Member> {
    let sides = model.operations.iter().flat_map(|operation| [operation.input, operation.output]);
    let mut waiting: Vec<&'static Shape> = sides.flatten().collect();
    let mut seen = BTreeSet::new();
    let mut members = Vec::new();
    while let Some(shape) = waiting.pop() {
        if !seen.insert(shape.name) {
            continue;
        }
        members.extend(shape.members());
        waiting.extend(shape.members().iter().map(|member| member.shape));
        match &shape.kind {
            Kind::List(list) => waiting.push(list.member),
            Kind::Map(map) => waiting.extend([map.key, map.value]),
            _ => {}
        }
    }
    members
}

/// Whether a value is text or bytes, or a list or map of them.
fn holds_text(shape: &Shape) -> bool {
    match &shape.kind {
        Kind::String(text) => text.values.is_empty(),
        Kind::Blob(_) => true,
        Kind::List(list) => holds_text(list.member),
        Kind::Map(map) => holds_text(map.value),
        _ => false,
    }
}
