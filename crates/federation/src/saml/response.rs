//! A response of an identity provider, proved (SAML Core, section 3.3.3; Profiles, section 4.1.4).

use std::time::Duration;

use roxmltree::Node;
use world::{Secret, Timestamp};

use super::{ASSERTION, Assertion, Metadata, PROTOCOL};
use crate::xml::{
    self, children, encryption, only,
    signature::{is_signed, verify as verify_signature},
    text,
};

/// Characters of a response in base64 at most: what `AssumeRoleWithSAML` takes.
pub const RESPONSE_CHARS_MAX: usize = 100_000;

/// How old an assertion may be.
const AGE_MAX: Duration = Duration::from_secs(5 * 60);

/// How far a provider's clock may be off.
const LEEWAY: Duration = Duration::from_secs(60);

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// What a response must be.
pub struct Expected<'a> {
    /// Of which provider.
    pub metadata: &'a Metadata,
    /// For which keys it may be encrypted (PKCS #8).
    pub private_keys: &'a [Secret],
    /// Whether it must be encrypted.
    pub must_be_encrypted: bool,
    /// For whom: one of these.
    pub audiences: &'a [String],
    /// When.
    pub now: Timestamp,
}

/// Why a response proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SamlError {
    /// It is no response with exactly one assertion that has all its parts.
    #[error("not a SAML response with one assertion")]
    Malformed,
    /// The provider says that it did not authenticate anybody.
    #[error("the identity provider reports a failure")]
    Failed,
    /// Another provider made it.
    #[error("the issuer is not the provider")]
    Issuer,
    /// It is not signed by the provider.
    #[error("the signature is not the provider's")]
    Signature,
    /// It is not encrypted though it must be, or cannot be decrypted.
    #[error("the assertion is not encrypted for the provider's private keys")]
    Encryption,
    /// It is for somebody else.
    #[error("the audience is another")]
    Audience,
    /// Its time is over.
    #[error("the assertion has expired")]
    Expired,
    /// It was issued too long ago.
    #[error("the assertion was issued too long ago")]
    Stale,
    /// Its time has not come.
    #[error("the assertion is not valid yet")]
    NotYet,
}

/// Proves a response, in base64, and gives what it asserts. Either the response or its assertion must be
/// signed; a signature that is there must hold. Where it was sent to is the caller's to judge.
///
/// # Errors
/// A [`SamlError`]; which one, the peer may learn.
pub fn verify(base64: &str, expected: &Expected<'_>) -> Result<Assertion, SamlError> {
    if base64.len() > RESPONSE_CHARS_MAX {
        return Err(SamlError::Malformed);
    }
    let bytes = xml::unbroken_base64(base64).ok_or(SamlError::Malformed)?;
    let text = String::from_utf8(bytes).map_err(|_| SamlError::Malformed)?;
    let document = xml::parse(&text).map_err(|_| SamlError::Malformed)?;
    let response = document.root_element();
    check_response(response, expected)?;
    let is_proved = is_signed(response);
    if is_proved {
        verify_signature(response, expected.metadata.keys()).map_err(|_| SamlError::Signature)?;
    }
    let assertion = match holder(response)? {
        Holder::Plain(_) if expected.must_be_encrypted => return Err(SamlError::Encryption),
        Holder::Plain(node) => read(node, is_proved, expected)?,
        Holder::Encrypted(node) => {
            let text = encryption::decrypt(node, expected.private_keys)
                .map_err(|_| SamlError::Encryption)?;
            let document = xml::parse(&text).map_err(|_| SamlError::Malformed)?;
            read(document.root_element(), is_proved, expected)?
        }
    };
    check_assertion(&assertion, expected)?;
    Ok(assertion)
}

fn check_response(response: Node<'_, '_>, expected: &Expected<'_>) -> Result<(), SamlError> {
    let is_response = response.has_tag_name((PROTOCOL, "Response"))
        && response.attribute("Version") == Some("2.0");
    if !is_response {
        return Err(SamlError::Malformed);
    }
    if let Some(issuer) = children(response, (ASSERTION, "Issuer")).next()
        && text(issuer).as_deref() != Some(expected.metadata.entity_id())
    {
        return Err(SamlError::Issuer);
    }
    let status = only(response, (PROTOCOL, "Status"));
    let code = status.and_then(|status| only(status, (PROTOCOL, "StatusCode")));
    match code.and_then(|code| code.attribute("Value")) {
        Some(SUCCESS) => Ok(()),
        Some(_) => Err(SamlError::Failed),
        None => Err(SamlError::Malformed),
    }
}

/// Where the one assertion is.
enum Holder<'a, 'i> {
    Plain(Node<'a, 'i>),
    Encrypted(Node<'a, 'i>),
}

fn holder<'a, 'i>(response: Node<'a, 'i>) -> Result<Holder<'a, 'i>, SamlError> {
    let plain: Vec<_> = children(response, (ASSERTION, "Assertion")).collect();
    let encrypted: Vec<_> = children(response, (ASSERTION, "EncryptedAssertion")).collect();
    match (&*plain, &*encrypted) {
        ([node], []) => Ok(Holder::Plain(*node)),
        ([], [node]) => Ok(Holder::Encrypted(*node)),
        _ => Err(SamlError::Malformed),
    }
}

/// Reads an assertion that is proved by its own signature, or by that of the response around it.
fn read(
    node: Node<'_, '_>,
    is_proved: bool,
    expected: &Expected<'_>,
) -> Result<Assertion, SamlError> {
    if !node.has_tag_name((ASSERTION, "Assertion")) {
        return Err(SamlError::Malformed);
    }
    if !is_proved || is_signed(node) {
        verify_signature(node, expected.metadata.keys()).map_err(|_| SamlError::Signature)?;
    }
    Assertion::read(node).ok_or(SamlError::Malformed)
}

fn check_assertion(assertion: &Assertion, expected: &Expected<'_>) -> Result<(), SamlError> {
    if assertion.issuer != expected.metadata.entity_id() {
        return Err(SamlError::Issuer);
    }
    if !assertion.audiences.iter().any(|audience| expected.audiences.contains(audience)) {
        return Err(SamlError::Audience);
    }
    let (earliest, latest) =
        (expected.now.saturating_sub(LEEWAY), expected.now.saturating_add(LEEWAY));
    let begins = assertion.not_before.unwrap_or(assertion.issued_at).max(assertion.issued_at);
    if begins > latest {
        return Err(SamlError::NotYet);
    }
    if assertion.not_on_or_after.iter().any(|end| *end <= earliest) {
        return Err(SamlError::Expired);
    }
    if expected.now.since(assertion.issued_at) > AGE_MAX {
        return Err(SamlError::Stale);
    }
    Ok(())
}
