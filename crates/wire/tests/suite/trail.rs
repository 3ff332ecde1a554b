//! The audit form.

use wire::{Shaped, iam, sts, trail, workmail};
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
