//! `AssumeRoleWithSAML`: somebody takes on a role whom a SAML provider vouches for.

use federation::saml::{Assertion, Expected, Metadata, SamlError, verify};
use iam::{
    arns,
    assuming::Assuming,
    door::{Call, WebIdentity},
    saml_providers,
};
use wire::{
    errors::ACCESS_DENIED,
    sts::{
        AssumeRoleWithSAMLRequest, AssumeRoleWithSAMLResponse,
        errors::{EXPIRED_TOKEN, IDP_REJECTED_CLAIM, INVALID_IDENTITY_TOKEN},
    },
};

use crate::{
    assume_role, claimed,
    role_session::{self, Wanted},
    saml_keys::{self, Named},
    scope::{self, Wish},
};

const ACTION: &str = "sts:AssumeRoleWithSAML";

/// The beginning of the names of the attributes that are meant for AWS.
const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";

/// Whom an assertion must be for.
const AUDIENCES: [&str; 2] = ["urn:amazon:webservices", "https://signin.aws.amazon.com/saml"];

/// How long a session may last by the attribute `SessionDuration`, in seconds.
const DURATION_SECONDS: std::ops::RangeInclusive<i32> = 900..=43_200;

pub(crate) async fn assume(
    call: &mut Call,
    input: AssumeRoleWithSAMLRequest,
) -> Result<AssumeRoleWithSAMLResponse, wire::Error> {
    role_session::check_role_arn(&input.role_arn)?;
    let account = arns::account(&input.role_arn).unwrap_or_default().to_owned();
    let response = input.saml_assertion.expose();
    let assertion = verified(call, &account, &input.principal_arn, response).await?;
    check_recipient(&assertion.recipient)?;
    check_role(&assertion, &input.role_arn, &input.principal_arn)?;
    let session_name = session_name(&assertion)?;
    let named = Named::new(&assertion, &account, &input.principal_arn);
    call.identify_as(identity(&input.principal_arn, &named), &account);

    let wish = Wish {
        policy: input.policy,
        policy_arns: input.policy_arns,
        provider: Some(input.principal_arn.clone()),
        ..wish(&assertion)?
    };
    let scope = wish.checked()?;
    let asked = saml_keys::condition_keys(scope::asked(&scope), &assertion, &named)
        .with("sts:RoleSessionName", session_name.as_str())
        .with("aws:FederatedProvider", input.principal_arn.as_str());
    let target = Assuming::new(&*input.role_arn, asked.clone());
    call.read(ACTION, &target).await?;
    let caller = call.caller();
    assume_role::authorize_extras(call, &caller, &input.role_arn, (asked, &scope)).await?;
    let wanted = Wanted {
        role_arn: input.role_arn,
        session_name,
        scope,
        duration_seconds: input.duration_seconds.or(session_duration(&assertion)?),
        ends_at: assertion.session_ends_at,
        token_chars_min: input.minimum_session_token_size,
    };
    let issued = role_session::issue(call, ACTION, &target, wanted).await?;
    Ok(AssumeRoleWithSAMLResponse {
        credentials: Some(issued.credentials),
        assumed_role_user: Some(issued.assumed_role_user),
        packed_policy_size: issued.packed_policy_size,
        subject: Some(named.subject),
        subject_type: Some(named.subject_type),
        issuer: Some(assertion.issuer),
        audience: Some(assertion.recipient),
        name_qualifier: Some(named.qualifier),
        source_identity: issued.source_identity,
        session_token_utilization: issued.token_utilization,
        session_token_size: issued.token_size,
    })
}

/// The assertion of a provider of the role's own account, proved.
async fn verified(
    call: &mut Call,
    account: &str,
    provider_arn: &str,
    response: &str,
) -> Result<Assertion, wire::Error> {
    let provider = saml_providers::verifying(call, account, provider_arn).await?;
    let provider =
        provider.ok_or_else(|| INVALID_IDENTITY_TOKEN.with("Specified provider doesn't exist"))?;
    let now = call.now();
    if provider.valid_until <= now {
        return Err(INVALID_IDENTITY_TOKEN.with("The metadata of the provider has expired"));
    }
    let expected = Expected {
        metadata: &Metadata::parse(&provider.metadata)?,
        private_keys: &provider.private_keys,
        must_be_encrypted: provider.must_be_encrypted,
        audiences: &AUDIENCES.map(str::to_owned),
        now,
    };
    verify(response, &expected).map_err(refusal)
}

fn refusal(error: SamlError) -> wire::Error {
    match error {
        SamlError::Malformed => INVALID_IDENTITY_TOKEN.with("Invalid SAML response"),
        SamlError::Failed => {
            IDP_REJECTED_CLAIM.with("The identity provider reported that authentication failed")
        }
        SamlError::Issuer => {
            INVALID_IDENTITY_TOKEN.with("Issuer not present in specified provider")
        }
        SamlError::Signature => INVALID_IDENTITY_TOKEN.with("Response signature invalid"),
        SamlError::Encryption => {
            INVALID_IDENTITY_TOKEN.with("The SAML assertion could not be decrypted")
        }
        SamlError::Audience => {
            INVALID_IDENTITY_TOKEN.with("Response does not contain the required audience.")
        }
        SamlError::Expired => EXPIRED_TOKEN.with("The SAML assertion has expired"),
        SamlError::Stale => {
            EXPIRED_TOKEN.with("Token must be redeemed within 5 minutes of issuance")
        }
        SamlError::NotYet => INVALID_IDENTITY_TOKEN.with("The SAML assertion is not valid yet"),
    }
}

/// The recipient is where a browser brings a response to. Its host is for the trust policy to ask of
/// (`saml:aud`); its path is that of AWS's endpoint and of ours.
fn check_recipient(recipient: &str) -> Result<(), wire::Error> {
    let path = recipient
        .strip_prefix("https://")
        .and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)));
    if path.is_some_and(|path| path == "/saml" || path.starts_with("/saml/acs/")) {
        return Ok(());
    }
    Err(INVALID_IDENTITY_TOKEN
        .with("The recipient of the SAML assertion is not a sign-in endpoint"))
}

/// The provider must say itself that the person may have the role: by a pair of both ARNs, either way round.
fn check_role(assertion: &Assertion, role: &str, provider: &str) -> Result<(), wire::Error> {
    let pairs = assertion.attributes.get(&format!("{ATTRIBUTES}Role"));
    let is_meant = |pair: &String| {
        let mut parts = pair.split(',').map(str::trim);
        let pair = (parts.next(), parts.next(), parts.next());
        pair == (Some(role), Some(provider), None) || pair == (Some(provider), Some(role), None)
    };
    if pairs.is_some_and(|pairs| pairs.iter().any(is_meant)) {
        return Ok(());
    }
    Err(ACCESS_DENIED.with(format!("Not authorized to perform {ACTION}")))
}

fn session_name(assertion: &Assertion) -> Result<String, wire::Error> {
    let name = assertion.single(&format!("{ATTRIBUTES}RoleSessionName")).ok_or_else(|| {
        INVALID_IDENTITY_TOKEN.with("RoleSessionName is required in AuthnResponse")
    })?;
    if claimed::is_session_name(name) {
        return Ok(name.to_owned());
    }
    Err(INVALID_IDENTITY_TOKEN
        .with("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"))
}

fn session_duration(assertion: &Assertion) -> Result<Option<i32>, wire::Error> {
    let Some(text) = assertion.single(&format!("{ATTRIBUTES}SessionDuration")) else {
        return Ok(None);
    };
    let seconds = text.parse().ok().filter(|seconds| DURATION_SECONDS.contains(seconds));
    seconds.map(Some).ok_or_else(|| {
        INVALID_IDENTITY_TOKEN.with("SessionDuration in AuthnResponse must be from 900 to 43200")
    })
}

/// What the attributes give the session.
fn wish(assertion: &Assertion) -> Result<Wish, wire::Error> {
    let mut tags = Vec::new();
    for (name, values) in &assertion.attributes {
        let Some(key) = name.strip_prefix(ATTRIBUTES).and_then(|n| n.strip_prefix("PrincipalTag:"))
        else {
            continue;
        };
        let [value] = values.as_slice() else {
            let message = format!("The session tag {key} must have exactly one value");
            return Err(INVALID_IDENTITY_TOKEN.with(message));
        };
        tags.push((key.to_owned(), value.clone()));
    }
    let transitive = assertion.attributes.get(&format!("{ATTRIBUTES}TransitiveTagKeys"));
    let identity = assertion.single(&format!("{ATTRIBUTES}SourceIdentity"));
    claimed::checked(tags, transitive.cloned().unwrap_or_default(), identity.map(str::to_owned))
}

fn identity(provider: &str, named: &Named) -> WebIdentity {
    WebIdentity {
        provider: provider.to_owned(),
        user_id: format!("{}:{}", named.qualifier, named.subject),
        user_name: named.subject.clone(),
        saml: true,
    }
}
