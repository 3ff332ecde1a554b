//! Who calls, and credentials for oneself.

use std::time::Duration;

use iam::{
    door::{Principal, Refusal},
    testing::Calls,
};
use wire::{
    errors::{ACCESS_DENIED, INVALID_CLIENT_TOKEN_ID, VALIDATION},
    iam::{GetUserRequest, Iam},
    sts::{GetAccessKeyInfoRequest, GetCallerIdentityRequest, GetSessionTokenRequest, Sts},
};

use crate::house::{House, START};

#[tokio::test]
async fn a_caller_learns_who_it_is() {
    let house = House::new().await;
    let mut call = house.call(&house.key.id, None).await.unwrap();
    let input = GetCallerIdentityRequest::default();
    let me = sts::Service.get_caller_identity(&mut call, input).await.unwrap();
    assert_eq!(me.account.as_deref(), Some("123456789012"));
    assert_eq!(me.arn.as_deref(), Some("arn:aws:iam::123456789012:user/admin"));
    assert!(me.user_id.unwrap().starts_with("AIDA"));

    let mut call = house.call(&house.root_key.id, None).await.unwrap();
    let input = GetCallerIdentityRequest::default();
    let root = sts::Service.get_caller_identity(&mut call, input).await.unwrap();
    assert_eq!(root.arn.as_deref(), Some("arn:aws:iam::123456789012:root"));
    assert_eq!(root.user_id.as_deref(), Some("123456789012"));
}

#[tokio::test]
async fn a_caller_without_any_permission_learns_it_too() {
    let house = House::new().await;
    let principal =
        Principal::User { id: "AIDAX".into(), name: "nobody".into(), path: "/x/".into() };
    let calls = Calls::by(&house.store, &house.world, "123456789012", principal);
    let mut call = calls.call().await.unwrap();
    let input = GetCallerIdentityRequest::default();
    let me = sts::Service.get_caller_identity(&mut call, input).await.unwrap();
    assert_eq!(me.arn.as_deref(), Some("arn:aws:iam::123456789012:user/x/nobody"));
}

#[tokio::test]
async fn a_session_speaks_for_its_user_until_it_expires() {
    let house = House::new().await;
    let input = GetSessionTokenRequest { duration_seconds: Some(900), ..Default::default() };
    let credentials = house.session(input).await.credentials.unwrap();
    assert!(credentials.access_key_id.starts_with("ASIA"));
    assert_eq!(credentials.secret_access_key.expose().len(), 40);
    let end = START.saturating_add(Duration::from_secs(900));
    assert_eq!(credentials.expiration, end);
    let (key, token) = (&credentials.access_key_id, credentials.session_token.expose());
    let mut call = house.call(key, Some(token)).await.unwrap();
    let input = GetCallerIdentityRequest::default();
    let me = sts::Service.get_caller_identity(&mut call, input).await.unwrap();
    assert_eq!(me.arn.as_deref(), Some("arn:aws:iam::123456789012:user/admin"));

    assert!(matches!(house.call(key, None).await, Err(Refusal::UnknownKey)));
    assert!(matches!(house.call(&house.key.id, Some(token)).await, Err(Refusal::BadToken)));
    let altered = token.replacen(&token[40..41], if &token[40..41] == "A" { "B" } else { "A" }, 1);
    assert!(matches!(house.call(key, Some(&altered)).await, Err(Refusal::BadToken)));
    house.clock.set(end);
    assert!(matches!(house.call(key, Some(token)).await, Err(Refusal::ExpiredToken)));
}

#[tokio::test]
async fn a_session_without_second_factor_reaches_no_iam_and_little_of_sts() {
    let house = House::new().await;
    let credentials = house.session(GetSessionTokenRequest::default()).await.credentials.unwrap();
    let (key, token) = (&credentials.access_key_id, Some(credentials.session_token.expose()));
    assert_eq!(credentials.expiration, START.saturating_add(Duration::from_secs(43_200)));

    let mut call = house.call(key, token).await.unwrap();
    let error = iam::Service.get_user(&mut call, GetUserRequest::default()).await.unwrap_err();
    assert!(error.is(&INVALID_CLIENT_TOKEN_ID), "{error}");
    let mut call = house.call(key, token).await.unwrap();
    let again = GetSessionTokenRequest::default();
    let error = sts::Service.get_session_token(&mut call, again).await.unwrap_err();
    assert!(error.is(&ACCESS_DENIED), "{error}");
    assert_eq!(error.message(), "Cannot call GetSessionToken with session credentials");
    let mut call = house.call(key, token).await.unwrap();
    let info = GetAccessKeyInfoRequest { access_key_id: key.clone() };
    let error = sts::Service.get_access_key_info(&mut call, info).await.unwrap_err();
    assert!(error.is(&ACCESS_DENIED), "{error}");
}

#[tokio::test]
async fn a_session_dies_with_its_user() {
    let house = House::new().await;
    let credentials = house.session(GetSessionTokenRequest::default()).await.credentials.unwrap();
    let token = Some(credentials.session_token.expose());
    let mut tx = house.store.write().await.unwrap();
    for sql in ["DELETE FROM group_members", "DELETE FROM access_keys", "DELETE FROM users"] {
        tx.execute(sql, store::params![]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let gone = house.call(&credentials.access_key_id, token).await;
    assert!(matches!(gone, Err(Refusal::UnknownKey)));
}

#[tokio::test]
async fn root_gets_an_hour() {
    let house = House::new().await;
    let hour = START.saturating_add(Duration::from_secs(3600));
    for asked in [None, Some(7200), Some(3600)] {
        let mut call = house.call(&house.root_key.id, None).await.unwrap();
        let input = GetSessionTokenRequest { duration_seconds: asked, ..Default::default() };
        let answer = sts::Service.get_session_token(&mut call, input).await.unwrap();
        assert_eq!(answer.credentials.unwrap().expiration, hour);
    }
}

#[tokio::test]
async fn a_token_is_as_large_as_was_asked() {
    let house = House::new().await;
    let small = house.session(GetSessionTokenRequest::default()).await;
    assert!(small.session_token_size.unwrap() < 1000);
    let size =
        GetSessionTokenRequest { minimum_session_token_size: Some(4096), ..Default::default() };
    let large = house.session(size).await;
    assert_eq!(
        (large.session_token_size, large.session_token_utilization),
        (Some(4096), Some(100))
    );
    let credentials = large.credentials.unwrap();
    let token = credentials.session_token.expose();
    assert_eq!(token.len(), 4096);
    assert!(house.call(&credentials.access_key_id, Some(token)).await.is_ok());
}

#[tokio::test]
async fn a_device_that_is_not_there_proves_nothing() {
    let house = House::new().await;
    let ask = async |serial: Option<&str>, code: Option<&str>| {
        let mut call = house.call(&house.key.id, None).await.unwrap();
        let input = GetSessionTokenRequest {
            serial_number: serial.map(str::to_owned),
            token_code: code.map(Into::into),
            ..Default::default()
        };
        sts::Service.get_session_token(&mut call, input).await.unwrap_err()
    };
    let serial = "arn:aws:iam::123456789012:mfa/x";
    let error = ask(Some(serial), Some("123456")).await;
    assert!(error.is(&ACCESS_DENIED) && error.message().contains("invalid MFA one time pass code"));
    for error in [ask(Some(serial), None).await, ask(None, Some("123456")).await] {
        assert!(error.message().contains("must provide both"), "{error}");
    }
}

#[tokio::test]
async fn a_key_tells_its_account() {
    let house = House::new().await;
    let ask = async |id: &str| {
        let mut call = house.call(&house.key.id, None).await.unwrap();
        let input = GetAccessKeyInfoRequest { access_key_id: id.to_owned() };
        sts::Service.get_access_key_info(&mut call, input).await
    };
    let own = ask(&house.key.id).await.unwrap();
    assert_eq!(own.account.as_deref(), Some("123456789012"));
    let foreign = ask("ASIAQNZGKIQY56JQ7WML").await.unwrap();
    assert_eq!(foreign.account.as_deref(), Some("029608264753"));
    for none in ["AKIAIOSFODNN7EXAMPLE", "AIDAQNZGKIQY56JQ7WML", "AKIAAAAAAAAAAAAA"] {
        assert!(ask(none).await.unwrap_err().is(&VALIDATION), "{none}");
    }
}
