//! What a token says.

use std::time::Duration;

use serde_json::{Map, Value};
use world::Timestamp;

use super::JwtError;

/// The claims of a token. `iss`, `sub`, `aud`, `exp` and `iat` are there and of the right type.
#[derive(Clone, Debug)]
pub struct Claims {
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    expires_at: Timestamp,
    issued_at: Timestamp,
    not_before: Option<Timestamp>,
    all: Map<String, Value>,
}

/// Why a token is not of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
}

impl Claims {
    pub(super) fn new(all: Map<String, Value>) -> Result<Self, JwtError> {
        Ok(Self {
            issuer: text(&all, "iss")?.to_owned(),
            subject: text(&all, "sub")?.to_owned(),
            audiences: audiences(&all)?,
            expires_at: time(&all, "exp")?.ok_or(JwtError::Claim("exp"))?,
            issued_at: time(&all, "iat")?.ok_or(JwtError::Claim("iat"))?,
            not_before: time(&all, "nbf")?,
            all,
        })
    }

    /// `iss`
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `aud`: at least one.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// `azp`, the client that the token was given to.
    pub fn authorized_party(&self) -> Option<&str> {
        self.all.get("azp")?.as_str()
    }

    /// `exp`
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Makes sure that the token is of now, with clocks apart by `leeway`.
    ///
    /// # Errors
    /// [`TimeError`] if it has expired, or is of the future.
    pub fn check_time(&self, now: Timestamp, leeway: Duration) -> Result<(), TimeError> {
        let (earliest, latest) = (now.saturating_sub(leeway), now.saturating_add(leeway));
        if self.expires_at <= earliest {
            return Err(TimeError::Expired);
        }
        let begins = self.not_before.map_or(self.issued_at, |begins| begins.max(self.issued_at));
        if begins > latest { Err(TimeError::NotYet) } else { Ok(()) }
    }

    /// Any claim, by its name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// All claims.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.all.iter().map(|(name, value)| (name.as_str(), value))
    }
}

fn text<'a>(all: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, JwtError> {
    let text = all.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or(JwtError::Claim(name))
}

/// One text or several (RFC 7519, section 4.1.3).
fn audiences(all: &Map<String, Value>) -> Result<Vec<String>, JwtError> {
    let audiences = match all.get("aud") {
        Some(Value::String(audience)) => vec![audience.clone()],
        Some(Value::Array(audiences)) => audiences
            .iter()
            .map(|audience| audience.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    if audiences.is_empty() { Err(JwtError::Claim("aud")) } else { Ok(audiences) }
}

/// Seconds since the epoch, perhaps with a fraction, which is cut off (RFC 7519, section 2, `NumericDate`).
fn time(all: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, JwtError> {
    let Some(value) = all.get(name) else { return Ok(None) };
    let seconds = value.as_i64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| seconds.is_finite())?;
        // A cast saturates.
        Some(seconds as i64)
    });
    seconds.map(Timestamp::from_seconds).map(Some).ok_or(JwtError::Claim(name))
}
