//! `AssumeRoleWithWebIdentity`: somebody takes on a role whom an OpenID Connect provider vouches for.

use std::{collections::HashSet, time::Duration};

use federation::jwt::{Claims, JwtError, TimeError, Unverified};
use iam::{
    arns,
    assuming::Assuming,
    door::{Call, Resource, WebIdentity},
    issuer_keys::KeysError,
    oidc_providers::{self, OidcProvider},
};
use wire::{
    errors::VALIDATION,
    sts::{
        AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse,
        errors::{EXPIRED_TOKEN, IDP_COMMUNICATION_ERROR, INVALID_IDENTITY_TOKEN},
    },
};

use crate::{
    assume_role, claimed,
    role_session::{self, Wanted},
    scope::{self, Wish},
};

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// How far a provider's clock may be off.
const LEEWAY: Duration = Duration::from_secs(60);

/// Values of a claim that policies can ask for at most.
const CLAIM_VALUES_MAX: usize = 100;

pub(crate) async fn assume(
    call: &mut Call,
    input: AssumeRoleWithWebIdentityRequest,
) -> Result<AssumeRoleWithWebIdentityResponse, wire::Error> {
    role_session::check_role_arn(&input.role_arn)?;
    if let Some(provider) = &input.provider_id {
        // Those that hand out tokens which are no JSON Web Tokens: AWS knows them by name.
        return Err(VALIDATION.with(format!("The provider {provider} is not supported.")));
    }
    let account = arns::account(&input.role_arn).unwrap_or_default().to_owned();
    let (provider, claims) = verified(call, &account, input.web_identity_token.expose()).await?;
    let audience = audience(&provider, &claims)?;
    call.identify_as(identity(&provider, &claims, &audience), &account);

    let wish = Wish {
        policy: input.policy,
        policy_arns: input.policy_arns,
        provider: Some(provider.arn.clone()),
        ..claimed::wish(&claims)?
    };
    let scope = wish.checked()?;
    let asked = condition_keys(scope::asked(&scope), &provider, &claims, &audience)
        .with("sts:RoleSessionName", input.role_session_name.as_str());
    let target = Assuming::new(&*input.role_arn, asked.clone());
    call.read(ACTION, &target).await?;
    let caller = call.caller();
    assume_role::authorize_extras(call, &caller, &input.role_arn, (asked, &scope)).await?;
    let wanted = Wanted {
        role_arn: input.role_arn,
        session_name: input.role_session_name,
        scope,
        duration_seconds: input.duration_seconds,
        ends_at: None,
        token_chars_min: input.minimum_session_token_size,
    };
    let issued = role_session::issue(call, ACTION, &target, wanted).await?;
    Ok(AssumeRoleWithWebIdentityResponse {
        credentials: Some(issued.credentials),
        subject_from_web_identity_token: Some(claims.subject().to_owned()),
        assumed_role_user: Some(issued.assumed_role_user),
        packed_policy_size: issued.packed_policy_size,
        provider: Some(provider.arn),
        audience: Some(audience),
        source_identity: issued.source_identity,
        session_token_utilization: issued.token_utilization,
        session_token_size: issued.token_size,
    })
}

/// The claims of a token of one of the account's providers, verified by its keys and of now.
async fn verified(
    call: &mut Call,
    account: &str,
    token: &str,
) -> Result<(OidcProvider, Claims), wire::Error> {
    let token = Unverified::parse(token).map_err(|error| invalid(&error))?;
    let provider = oidc_providers::of_issuer(call, account, token.issuer()).await?;
    let unknown = || {
        let issuer = token.issuer();
        INVALID_IDENTITY_TOKEN
            .with(format!("No OpenIDConnect provider found in your account for {issuer}"))
    };
    let provider = provider.ok_or_else(unknown)?;
    // The provider's server may be slow: nothing is held open meanwhile.
    call.release();
    let (errands, now) = (call.errands(), call.now());
    let keys = call.issuer_keys().of(&errands, &provider.issuer(), token.key_id(), now).await;
    let keys = keys.map_err(no_keys)?;
    let claims = token.verify(&keys).map_err(|error| invalid(&error))?;
    claims.check_time(now, LEEWAY).map_err(|error| match error {
        TimeError::Expired => EXPIRED_TOKEN.with(format!(
            "Token expired: current date/time {} must be before the expiration date/time {}",
            now.as_seconds(),
            claims.expires_at().as_seconds()
        )),
        TimeError::NotYet => INVALID_IDENTITY_TOKEN.with("Token is not valid yet"),
    })?;
    Ok((provider, claims))
}

fn invalid(error: &JwtError) -> wire::Error {
    let message = match error {
        JwtError::Malformed => {
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
                .to_owned()
        }
        JwtError::Algorithm | JwtError::Critical => {
            "The ID Token provided is signed in a way that is not supported".to_owned()
        }
        JwtError::Claim(name) => format!("Missing a required claim: {name}"),
        JwtError::UnknownKey => NO_KEY.to_owned(),
        JwtError::Signature => "The ID Token provided has an invalid signature".to_owned(),
    };
    INVALID_IDENTITY_TOKEN.with(message)
}

/// AWS's words, its two spaces included.
const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
                      AssumeRoleWithWebIdentity documentation for requirements";

fn no_keys(error: KeysError) -> wire::Error {
    match error {
        KeysError::Untrusted(_) => INVALID_IDENTITY_TOKEN
            .with("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"),
        KeysError::NoKeys => INVALID_IDENTITY_TOKEN.with(NO_KEY),
        KeysError::Unreachable(_) | KeysError::AskedLately => IDP_COMMUNICATION_ERROR
            .with("The identity provider could not be reached. Try again later."),
    }
    .caused_by(error)
}

/// The client that the token is for, which must be one of the provider's. The party that it was given to goes
/// before those that it is meant for, as AWS has it.
fn audience(provider: &OidcProvider, claims: &Claims) -> Result<String, wire::Error> {
    let is_client = |audience: &&str| provider.client_ids.iter().any(|known| known == audience);
    let found = match claims.authorized_party() {
        Some(party) => Some(party).filter(is_client),
        None => claims.audiences().iter().map(String::as_str).find(is_client),
    };
    found.map(str::to_owned).ok_or_else(|| INVALID_IDENTITY_TOKEN.with("Incorrect token audience"))
}

fn identity(provider: &OidcProvider, claims: &Claims, audience: &str) -> WebIdentity {
    WebIdentity {
        provider: provider.arn.clone(),
        user_id: format!("{}:{audience}:{}", provider.arn, claims.subject()),
        user_name: claims.subject().to_owned(),
        saml: false,
    }
}

/// What trust policies can ask of the token: `<host/path>:sub` and its like. `aud` is the client, `oaud` what
/// the token says itself; every other claim of texts, numbers and truths has a key of its own name.
fn condition_keys(
    asked: Resource,
    provider: &OidcProvider,
    claims: &Claims,
    audience: &str,
) -> Resource {
    let key = |name: &str| format!("{}:{name}", provider.url);
    let mut asked = asked
        .with("aws:FederatedProvider", &*provider.arn)
        .with(&key("aud"), audience)
        .with_all(&key("oaud"), claims.audiences().to_vec());
    // Of claims whose names differ by their case alone, only one can have the key. It is not the one that a
    // person could have added: `Sub` must not stand for `sub`.
    let (plain, cased): (Vec<_>, Vec<_>) =
        claims.iter().partition(|(name, _)| !name.contains(char::is_uppercase));
    let mut taken = HashSet::from(["aud".to_owned(), "oaud".to_owned()]);
    for (name, value) in plain.into_iter().chain(cased) {
        let values = claimed::texts(value).filter(|all| all.len() <= CLAIM_VALUES_MAX);
        if taken.insert(name.to_lowercase())
            && let Some(values) = values
        {
            asked = asked.with_all(&key(name), values);
        }
    }
    asked
}
