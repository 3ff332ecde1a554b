//! JSON Web Tokens (RFC 7519), signed and in the compact form (RFC 7515).
//!
//! [`Unverified::parse`] takes a token apart, [`Unverified::verify`] proves it by a [`KeySet`] and gives its
//! [`Claims`]. Whether the claims are of now and for us is the caller's to ask of them. A [`Signer`] makes
//! tokens of our own.

mod claims;
mod key_set;
mod signer;

use serde_json::{Map, Value};

pub use claims::{Claims, TimeError};
pub use key_set::{KeySet, ParseKeySetError};
pub use signer::{Signer, SigningAlgorithm};

use crate::{base64url, signature::Algorithm};

/// Characters of a token at most: what `AssumeRoleWithWebIdentity` takes.
pub const TOKEN_CHARS_MAX: usize = 20_000;

/// A token whose signature was not verified yet. It tells whose keys to ask for, and no more.
#[derive(Clone, Debug)]
pub struct Unverified<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
    claims: Claims,
}

/// Why a token is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// It has not the form of a signed token.
    #[error("the token has not the form of a signed JSON Web Token")]
    Malformed,
    /// It is signed in a way that is not accepted, or not signed at all.
    #[error("the signature algorithm is not supported")]
    Algorithm,
    /// It wants extensions to be understood that are not.
    #[error("the token has critical extensions that are not supported")]
    Critical,
    /// A claim that every token must have is missing, or of the wrong type.
    #[error("the token has no claim `{0}`, or one of the wrong type")]
    Claim(&'static str),
    /// No key of the set bears the id that the token names.
    #[error("no key of the issuer bears the id that the token names")]
    UnknownKey,
    /// The signature is not by the key.
    #[error("the signature is not valid")]
    Signature,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`JwtError`] for what is no token, or lacks one of `iss`, `sub`, `aud`, `exp` and `iat`.
    pub fn parse(token: &'a str) -> Result<Self, JwtError> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(JwtError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        let header = object(header).ok_or(JwtError::Malformed)?;
        // RFC 7515, section 4.1.11: what is critical and not understood makes the token invalid.
        if header.contains_key("crit") {
            return Err(JwtError::Critical);
        }
        let name = header.get("alg").and_then(Value::as_str).ok_or(JwtError::Malformed)?;
        Ok(Self {
            algorithm: algorithm(name).ok_or(JwtError::Algorithm)?,
            key_id: header.get("kid").and_then(Value::as_str).map(str::to_owned),
            signed,
            signature: base64url::decode(signature).ok_or(JwtError::Malformed)?,
            claims: Claims::new(object(payload).ok_or(JwtError::Malformed)?)?,
        })
    }

    /// Who says to have made it. Good for nothing but finding the keys to verify it with.
    pub fn issuer(&self) -> &str {
        self.claims.issuer()
    }

    /// The id of the key that it says to be signed with.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The claims, if the signature is by a key of the set. A token that names no key must leave no choice:
    /// exactly one key may suit its algorithm.
    ///
    /// # Errors
    /// [`JwtError::UnknownKey`] or [`JwtError::Signature`].
    pub fn verify(self, keys: &KeySet) -> Result<Claims, JwtError> {
        let key = keys.find(self.key_id.as_deref(), self.algorithm).ok_or(JwtError::UnknownKey)?;
        if key.verifies(self.algorithm, self.signed.as_bytes(), &self.signature) {
            return Ok(self.claims);
        }
        Err(JwtError::Signature)
    }
}

/// RFC 7518, section 3.1. `none` is no algorithm, and no shared secret is known to verify by one.
fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::RsaSha256),
        "RS384" => Some(Algorithm::RsaSha384),
        "RS512" => Some(Algorithm::RsaSha512),
        "ES256" => Some(Algorithm::EcdsaSha256),
        "ES384" => Some(Algorithm::EcdsaSha384),
        "ES512" => Some(Algorithm::EcdsaSha512),
        _ => None,
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&base64url::decode(part)?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
