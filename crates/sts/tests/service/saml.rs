//! `AssumeRoleWithSAML` and `AssumeRoleWithWebIdentity`, as far as they need no provider that answers: the
//! responses are those that an independent library signed.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use iam::door::{Call, Principal};
use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    iam::{CreateSAMLProviderRequest, DeleteSAMLProviderRequest, Iam},
    sts::{
        AssumeRoleWithSAMLRequest, AssumeRoleWithSAMLResponse, AssumeRoleWithWebIdentityRequest,
        GetCallerIdentityRequest, Sts,
        errors::{EXPIRED_TOKEN, INVALID_IDENTITY_TOKEN},
    },
};

use crate::house::{House, Keys, NEIGHBOUR, ask, refused, trust};

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const PROVIDER: &str = "arn:aws:iam::123456789012:saml-provider/p";
const ACTION: &str = r#""sts:AssumeRoleWithSAML""#;

macro_rules! document {
    ($name:literal) => {
        include_str!(concat!("../../../federation/tests/documents/", $name))
    };
}

/// A house with the provider and a role that trusts it.
async fn house(condition: &str) -> House {
    let house = House::new().await;
    let provider = CreateSAMLProviderRequest {
        name: "p".to_owned(),
        saml_metadata_document: document!("rsa-metadata.xml").to_owned(),
        ..Default::default()
    };
    ask!(house, &house.key, iam::Service, create_saml_provider, provider).unwrap();
    let federated = format!(r#""Federated":"{PROVIDER}""#);
    house.role("r", &trust(&federated, ACTION, condition)).await;
    house
}

fn wanted(text: &str) -> AssumeRoleWithSAMLRequest {
    AssumeRoleWithSAMLRequest {
        role_arn: ROLE.to_owned(),
        principal_arn: PROVIDER.to_owned(),
        saml_assertion: STANDARD.encode(text).into(),
        ..Default::default()
    }
}

/// An unsigned call, as the dispatcher makes it.
async fn unsigned(house: &House) -> Call {
    let facts = house.call(&house.key.id, None).await.unwrap().caller().request.clone();
    Call::anonymous(house.door.clone(), facts, house.door.snapshot().await.unwrap())
}

async fn assume(
    house: &House,
    input: AssumeRoleWithSAMLRequest,
) -> Result<AssumeRoleWithSAMLResponse, wire::Error> {
    let mut call = unsigned(house).await;
    let result = sts::Service.assume_role_with_saml(&mut call, input).await;
    if result.is_ok() {
        assert!(matches!(&call.caller().principal, Principal::Web(web) if web.saml));
    }
    house.end(call, result).await
}

#[tokio::test]
async fn an_assertion_is_worth_a_session() {
    let house = house("").await;
    let answer = assume(&house, wanted(document!("rsa-assertion-signed.xml"))).await.unwrap();
    assert_eq!(answer.subject.as_deref(), Some("ada@example.com"));
    assert_eq!(answer.subject_type.as_deref(), Some("persistent"));
    // base64(sha1("https://idp.test/saml123456789012/p"))
    assert_eq!(answer.name_qualifier.as_deref(), Some("4dvU3JeuANS/I7uJux305VRjfPE="));
    let credentials = answer.credentials.unwrap();
    let lasts = credentials.expiration.since(house.world.now());
    assert_eq!(lasts, Duration::from_secs(1800), "the session at the provider ends");
    let keys: Keys = credentials.into();
    let who = GetCallerIdentityRequest::default();
    let who = ask!(house, &keys, sts::Service, get_caller_identity, who).unwrap();
    assert_eq!(who.arn.as_deref(), Some("arn:aws:sts::123456789012:assumed-role/r/ada"));
}

#[tokio::test]
async fn the_clock_ends_an_assertion_and_its_provider_a_trust() {
    let house = house("").await;
    let text = document!("rsa-response-signed.xml");
    assume(&house, wanted(text)).await.unwrap();
    let delete = DeleteSAMLProviderRequest { saml_provider_arn: PROVIDER.to_owned() };
    house.clock.advance(Duration::from_secs(301));
    let late = assume(&house, wanted(text)).await;
    refused(late, &EXPIRED_TOKEN, "Token must be redeemed within 5 minutes of issuance");
    ask!(house, &house.key, iam::Service, delete_saml_provider, delete).unwrap();
    let gone = assume(&house, wanted(text)).await;
    refused(gone, &INVALID_IDENTITY_TOKEN, "Specified provider doesn't exist");
}

#[tokio::test]
async fn the_trust_policy_has_the_last_word() {
    let house = house(r#""StringEquals":{"saml:aud":"https://other.test/saml"}"#).await;
    let denied = assume(&house, wanted(document!("rsa-assertion-signed.xml"))).await;
    refused(denied, &ACCESS_DENIED, "Not authorized to perform sts:AssumeRoleWithSAML");
}

#[tokio::test]
async fn a_provider_vouches_in_its_own_account_alone() {
    let house = house("").await;
    house.neighbour().await;
    let input = AssumeRoleWithSAMLRequest {
        role_arn: ROLE.replace("123456789012", NEIGHBOUR),
        ..wanted(document!("rsa-assertion-signed.xml"))
    };
    let foreign = assume(&house, input).await;
    refused(foreign, &INVALID_IDENTITY_TOKEN, "Specified provider doesn't exist");
    let input =
        AssumeRoleWithSAMLRequest { role_arn: "arn:aws:iam::1:user/r".into(), ..wanted("") };
    refused(assume(&house, input).await, &VALIDATION, "is invalid");
}

#[tokio::test]
async fn a_web_token_needs_a_provider() {
    let house = house("").await;
    let ask = async |token: &str| {
        let input = AssumeRoleWithWebIdentityRequest {
            role_arn: ROLE.to_owned(),
            role_session_name: "ada".to_owned(),
            web_identity_token: token.into(),
            ..Default::default()
        };
        let mut call = unsigned(&house).await;
        let result = sts::Service.assume_role_with_web_identity(&mut call, input).await;
        house.end(call, result).await
    };
    refused(ask("no token").await, &INVALID_IDENTITY_TOKEN, "is not a valid JWT");
    let part = |json: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
    let claims = r#"{"iss":"https://idp.test","sub":"a","aud":"b","exp":1,"iat":1}"#;
    let token = format!("{}.{}.AAAA", part(r#"{"alg":"RS256"}"#), part(claims));
    let message = "No OpenIDConnect provider found in your account for https://idp.test";
    refused(ask(&token).await, &INVALID_IDENTITY_TOKEN, message);
}
