//! `GetWebIdentityToken`, and the account that issues: its documents, its keys, and how they are replaced.

use std::{collections::HashSet, time::Duration};

use federation::jwt::{Claims, JwtError, KeySet, Unverified};
use iam::outbound_identity;
use serde_json::{Value, json};
use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    iam::{
        Iam, TagUserRequest,
        errors::{FEATURE_DISABLED, FEATURE_ENABLED},
    },
    sts::{
        AssumeRoleRequest, GetWebIdentityTokenRequest, Sts, Tag,
        errors::{
            JWT_PAYLOAD_SIZE_EXCEEDED, OUTBOUND_WEB_IDENTITY_FEDERATION_DISABLED,
            SESSION_DURATION_ESCALATION,
        },
    },
};

use crate::house::{House, Keys, ask, policy, refused, trust};

fn wanted(algorithm: &str) -> GetWebIdentityTokenRequest {
    GetWebIdentityTokenRequest {
        audience: vec!["https://api.example.com".to_owned()],
        signing_algorithm: algorithm.to_owned(),
        duration_seconds: None,
        tags: None,
    }
}

async fn enable(house: &House) -> String {
    let mut call = house.call(&house.key.id, None).await.unwrap();
    let answer = iam::Service.enable_outbound_web_identity_federation(&mut call).await;
    house.end(call, answer).await.unwrap().issuer_identifier.unwrap()
}

async fn token(
    house: &House,
    keys: impl Into<Keys>,
    input: GetWebIdentityTokenRequest,
) -> Result<String, wire::Error> {
    let keys: Keys = keys.into();
    let answer = ask!(*house, &keys, sts::Service, get_web_identity_token, input)?;
    Ok(answer.web_identity_token.unwrap().expose().to_owned())
}

/// The keys as a relying party finds them.
async fn published(house: &House, issuer: &str) -> Value {
    let id = issuer.rsplit('/').next().unwrap();
    let document = outbound_identity::discovery(&house.door, id).await.unwrap().unwrap();
    assert_eq!(document["issuer"], issuer);
    assert_eq!(document["jwks_uri"], format!("{issuer}/.well-known/jwks.json"));
    outbound_identity::key_set(&house.door, id).await.unwrap().unwrap()
}

async fn verified(house: &House, issuer: &str, token: &str) -> Result<Claims, JwtError> {
    let keys = published(house, issuer).await.to_string();
    Unverified::parse(token).unwrap().verify(&KeySet::parse(keys.as_bytes()).unwrap())
}

#[tokio::test]
async fn an_account_issues_once_it_is_told_to() {
    let house = House::new().await;
    let key = &house.key;
    let early = token(&house, key, wanted("RS256")).await;
    refused(early, &OUTBOUND_WEB_IDENTITY_FEDERATION_DISABLED, "is not enabled for this account");
    let ask_info = async || {
        let mut call = house.call(&house.key.id, None).await.unwrap();
        let result = iam::Service.get_outbound_web_identity_federation_info(&mut call).await;
        house.end(call, result).await
    };
    let disable = async || {
        let mut call = house.call(&house.key.id, None).await.unwrap();
        let result = iam::Service.disable_outbound_web_identity_federation(&mut call).await;
        house.end(call, result).await
    };
    refused(ask_info().await, &FEATURE_DISABLED, "not enabled");
    refused(disable().await, &FEATURE_DISABLED, "not enabled");
    let issuer = enable(&house).await;
    assert!(issuer.starts_with("https://localhost/tokens/"), "{issuer}");
    let info = ask_info().await.unwrap();
    assert_eq!(
        (info.issuer_identifier, info.jwt_vending_enabled),
        (Some(issuer.clone()), Some(true))
    );
    let mut call = house.call(&key.id, None).await.unwrap();
    let twice = iam::Service.enable_outbound_web_identity_federation(&mut call).await;
    refused(house.end(call, twice).await, &FEATURE_ENABLED, "already enabled");
    let before = token(&house, key, wanted("ES384")).await.unwrap();
    disable().await.unwrap();
    refused(
        token(&house, key, wanted("ES384")).await,
        &OUTBOUND_WEB_IDENTITY_FEDERATION_DISABLED,
        "",
    );
    verified(&house, &issuer, &before).await.unwrap();
    assert_eq!(enable(&house).await, issuer, "the name stays");
    assert!(outbound_identity::key_set(&house.door, "stranger").await.unwrap().is_none());
}

#[tokio::test]
async fn a_token_tells_who_asks() {
    let house = House::new().await;
    let issuer = enable(&house).await;
    let tag = |key: &str, value: &str| wire::iam::Tag { key: key.into(), value: value.into() };
    let tags = TagUserRequest { user_name: "admin".into(), tags: vec![tag("team", "blue")] };
    ask!(house, &house.key, iam::Service, tag_user, tags).unwrap();
    for algorithm in ["RS256", "ES384"] {
        let input = GetWebIdentityTokenRequest {
            duration_seconds: Some(900),
            tags: Some(vec![Tag { key: "job".into(), value: "7".into() }]),
            ..wanted(algorithm)
        };
        let token = token(&house, &house.key, input).await.unwrap();
        let claims = verified(&house, &issuer, &token).await.unwrap();
        assert_eq!(claims.issuer(), issuer);
        assert_eq!(claims.subject(), "arn:aws:iam::123456789012:user/admin");
        assert_eq!(claims.get("aud"), Some(&json!("https://api.example.com")));
        assert_eq!(claims.expires_at().since(house.world.now()), Duration::from_secs(900));
        let own = claims.get("https://sts.amazonaws.com/").unwrap();
        assert_eq!(own["aws_account"], "123456789012");
        assert_eq!(own["principal_tags"], json!({ "team": "blue" }));
        assert_eq!(own["request_tags"], json!({ "job": "7" }));
        assert_eq!(own.get("original_session_exp"), None);
    }
    let several =
        GetWebIdentityTokenRequest { audience: vec!["a".into(), "b".into()], ..wanted("RS256") };
    let several = token(&house, &house.key, several).await.unwrap();
    let claims = verified(&house, &issuer, &several).await.unwrap();
    assert_eq!(claims.audiences(), ["a", "b"]);
    assert_eq!(claims.expires_at().since(house.world.now()), Duration::from_secs(300));
}

#[tokio::test]
async fn a_session_speaks_for_its_role_and_no_longer_than_it_lasts() {
    let house = House::new().await;
    let issuer = enable(&house).await;
    let arn = house.role("r", &trust(r#""AWS":"*""#, r#""sts:*""#, "")).await;
    let grant = wire::iam::PutRolePolicyRequest {
        role_name: "r".into(),
        policy_name: "p".into(),
        policy_document: policy("Allow", "sts:*", "*"),
    };
    ask!(house, &house.key, iam::Service, put_role_policy, grant).unwrap();
    let assume = AssumeRoleRequest {
        role_arn: arn.clone(),
        role_session_name: "letters".into(),
        duration_seconds: Some(900),
        tags: Some(vec![Tag { key: "team".into(), value: "red".into() }]),
        ..Default::default()
    };
    let session = ask!(house, &house.key, sts::Service, assume_role, assume).unwrap();
    let session: Keys = session.credentials.unwrap().into();
    let made = token(&house, &session, wanted("ES384")).await.unwrap();
    let claims = verified(&house, &issuer, &made).await.unwrap();
    assert_eq!(claims.subject(), arn);
    let own = claims.get("https://sts.amazonaws.com/").unwrap();
    assert_eq!(own["principal_tags"], json!({ "team": "red" }));
    assert_eq!(own["original_session_exp"], "2026-11-22T00:15:00Z");
    let long = GetWebIdentityTokenRequest { duration_seconds: Some(901), ..wanted("ES384") };
    refused(token(&house, &session, long).await, &SESSION_DURATION_ESCALATION, "beyond");
}

#[tokio::test]
async fn who_may_not_and_what_cannot_be() {
    let house = House::new().await;
    enable(&house).await;
    let nobody = house.user("nobody", None).await;
    let denied = token(&house, &nobody, wanted("RS256")).await;
    refused(denied, &ACCESS_DENIED, "not authorized to perform: sts:GetWebIdentityToken");
    let condition = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetWebIdentityToken",
        "Resource":"*","Condition":{"ForAllValues:StringEquals":{"sts:IdentityTokenAudience":"https://api.example.com"},
        "NumericLessThanEquals":{"sts:DurationSeconds":"300"},"StringEquals":{"sts:SigningAlgorithm":"ES384"}}}]}"#;
    let some = house.user("some", Some(condition)).await;
    token(&house, &some, wanted("ES384")).await.unwrap();
    let tagged = Some(vec![Tag { key: "a".into(), value: "b".into() }]);
    for input in [
        wanted("RS256"),
        GetWebIdentityTokenRequest { duration_seconds: Some(301), ..wanted("ES384") },
        GetWebIdentityTokenRequest { audience: vec!["other".into()], ..wanted("ES384") },
        GetWebIdentityTokenRequest { tags: tagged, ..wanted("ES384") },
    ] {
        refused(token(&house, &some, input).await, &ACCESS_DENIED, "");
    }
    refused(token(&house, &house.key, wanted("HS256")).await, &VALIDATION, "HS256");
    let large =
        GetWebIdentityTokenRequest { audience: vec!["x".repeat(1000); 10], ..wanted("ES384") };
    refused(token(&house, &house.key, large).await, &JWT_PAYLOAD_SIZE_EXCEEDED, "");
}

#[tokio::test]
async fn keys_are_replaced_and_published_for_as_long_as_they_matter() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let house = House::new().await;
    let issuer = enable(&house).await;
    let ids = async || -> HashSet<String> {
        let keys = published(&house, &issuer).await;
        let keys = keys["keys"].as_array().unwrap().clone();
        assert!(keys.iter().all(|key| key.get("d").is_none()), "no private half");
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let first = token(&house, &house.key, wanted("ES384")).await.unwrap();
    token(&house, &house.key, wanted("ES384")).await.unwrap();
    let one = ids().await;
    assert_eq!(one.len(), 1);
    house.clock.advance(DAY * 30);
    let second = token(&house, &house.key, wanted("ES384")).await.unwrap();
    assert_eq!(ids().await.len(), 2);
    verified(&house, &issuer, &first).await.unwrap();
    verified(&house, &issuer, &second).await.unwrap();
    house.clock.advance(DAY * 31);
    token(&house, &house.key, wanted("ES384")).await.unwrap();
    let last = ids().await;
    assert!(last.is_disjoint(&one), "the first is forgotten");
    assert_eq!(verified(&house, &issuer, &first).await.unwrap_err(), JwtError::UnknownKey);
}
