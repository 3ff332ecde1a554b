//! `GetWebIdentityToken`: a signed token that tells another server which principal asks.

use std::time::Duration;

use federation::jwt::SigningAlgorithm;
use iam::{
    door::{Call, Caller, Resource},
    outbound_identity,
};
use serde_json::{Map, Value, json};
use wire::{
    errors::VALIDATION,
    sts::{
        GetWebIdentityTokenRequest, GetWebIdentityTokenResponse,
        errors::{
            JWT_PAYLOAD_SIZE_EXCEEDED, OUTBOUND_WEB_IDENTITY_FEDERATION_DISABLED,
            SESSION_DURATION_ESCALATION,
        },
    },
};
use world::Timestamp;

use crate::scope::{self, Wish};

const ACTION: &str = "sts:GetWebIdentityToken";

/// How long a token is good when nobody says, in seconds.
const DURATION_DEFAULT_SECONDS: i32 = 300;

/// Bytes of a token's claims at most.
const PAYLOAD_BYTES_MAX: usize = 8 * 1024;

/// The claim with all that AWS alone knows of (IAM User Guide, "Understanding token claims").
const OWN_CLAIMS: &str = "https://sts.amazonaws.com/";

pub(crate) async fn get(
    call: &mut Call,
    input: GetWebIdentityTokenRequest,
) -> Result<GetWebIdentityTokenResponse, wire::Error> {
    let algorithm = SigningAlgorithm::by_name(&input.signing_algorithm).ok_or_else(|| {
        let message =
            format!("The signing algorithm {} is not supported.", input.signing_algorithm);
        VALIDATION.with(message)
    })?;
    let (caller, now) = (call.caller(), call.now());
    let seconds = input.duration_seconds.unwrap_or(DURATION_DEFAULT_SECONDS);
    let lasts = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let expires_at = now.saturating_add(lasts);
    let scope = Wish { tags: input.tags, ..Wish::default() }.checked()?;
    let target = scope::asked(&scope)
        .with("sts:SigningAlgorithm", algorithm.name())
        .with("sts:DurationSeconds", seconds.to_string())
        .with_all("sts:IdentityTokenAudience", input.audience.clone());
    call.read(ACTION, &target).await?;
    if !scope.tags.is_empty() {
        call.read("sts:TagGetWebIdentityToken", &target).await?;
    }
    refuse_longer_life(&caller, expires_at)?;
    let mut claims = claims(call, &target, (now, expires_at)).await?;
    claims["aud"] = audience(input.audience);
    if !scope.tags.is_empty() {
        claims[OWN_CLAIMS]["request_tags"] = object(scope.tags);
    }
    let signer = outbound_identity::signer(call, ACTION, &target, algorithm).await?;
    let (issuer, signer) = signer.ok_or_else(|| {
        OUTBOUND_WEB_IDENTITY_FEDERATION_DISABLED.with(
            "The outbound web identity federation feature is not enabled for this account. To use this \
             feature, you must first enable it through the Amazon Web Services Management Console or API.",
        )
    })?;
    claims["iss"] = issuer.into();
    check_size(&claims)?;
    Ok(GetWebIdentityTokenResponse {
        web_identity_token: Some(signer.sign(&claims)?.into()),
        expiration: Some(expires_at),
    })
}

/// What the token says of its subject.
async fn claims(
    call: &mut Call,
    target: &Resource,
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> Result<Value, wire::Error> {
    let (caller, id) = (call.caller(), call.world().random_uuid());
    let snapshot = call.read(ACTION, target).await?;
    let tags = outbound_identity::principal_tags(snapshot, &caller).await?;
    let mut own = json!({
        "aws_account": caller.account,
        "source_region": caller.region(),
        "principal_id": caller.principal_arn(),
    });
    if !tags.is_empty() {
        own["principal_tags"] = object(tags);
    }
    if let Some(session) = &caller.session {
        own["original_session_exp"] = session.expires_at.iso8601().into();
    }
    if let Some(scope) = caller.scope() {
        let known =
            [("federated_provider", &scope.provider), ("source_identity", &scope.source_identity)];
        for (name, value) in known {
            if let Some(value) = value {
                own[name] = value.as_str().into();
            }
        }
    }
    Ok(json!({
        "sub": caller.principal_arn(),
        "iat": issued_at.as_seconds(),
        "exp": expires_at.as_seconds(),
        "jti": id,
        OWN_CLAIMS: own,
    }))
}

/// A token may not outlive the session that asked for it.
fn refuse_longer_life(caller: &Caller, expires_at: Timestamp) -> Result<(), wire::Error> {
    match &caller.session {
        Some(session) if session.expires_at < expires_at => Err(SESSION_DURATION_ESCALATION.with(
            "The requested token duration would extend the session beyond its original expiration time.",
        )),
        _ => Ok(()),
    }
}

/// One text where there is one, a list of several (RFC 7519, section 4.1.3).
fn audience(audiences: Vec<String>) -> Value {
    match <[String; 1]>::try_from(audiences) {
        Ok([one]) => one.into(),
        Err(several) => several.into(),
    }
}

fn object(tags: Vec<(String, String)>) -> Value {
    let tags: Map<_, _> = tags.into_iter().map(|(key, value)| (key, value.into())).collect();
    tags.into()
}

fn check_size(claims: &Value) -> Result<(), wire::Error> {
    let bytes = claims.to_string().len();
    if bytes <= PAYLOAD_BYTES_MAX {
        return Ok(());
    }
    Err(JWT_PAYLOAD_SIZE_EXCEEDED.with(format!(
        "The requested token payload size exceeds the maximum allowed size: {bytes} bytes of \
         {PAYLOAD_BYTES_MAX}."
    )))
}
