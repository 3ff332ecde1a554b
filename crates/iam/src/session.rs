//! Temporary credentials: self-describing sealed tokens. Nothing is stored when one is made or used; the
//! principal that it speaks for is looked up at each call, so it dies with its user.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use store::Keyring;
use world::{Secret, Timestamp};

use crate::purposes;

/// The longest session token, in characters.
pub const TOKEN_CHARS_MAX: usize = 4096;

/// What a session token says.
#[derive(Serialize, Deserialize)]
pub struct Session {
    /// The layout's version, for tokens that outlive an upgrade.
    pub version: u8,
    /// The temporary access key id, `ASIA..`.
    pub access_key_id: String,
    /// The account: 12 digits.
    pub account: String,
    /// The user that the session speaks for; none for root.
    pub user_id: Option<String>,
    /// When it was issued, in microseconds since the epoch.
    pub issued_at_micros: i64,
    /// When it expires, in microseconds since the epoch.
    pub expires_at_micros: i64,
    /// When a second factor was proved, in microseconds since the epoch.
    pub mfa_at_micros: Option<i64>,
    secret_access_key: String,
}

/// The version of the layout that is written.
const VERSION: u8 = 1;

impl Session {
    /// A session with the given secret access key.
    pub fn new(
        access_key_id: String,
        secret_access_key: String,
        account: String,
        user_id: Option<String>,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            version: VERSION,
            access_key_id,
            account,
            user_id,
            issued_at_micros: issued_at.as_micros(),
            expires_at_micros: expires_at.as_micros(),
            mfa_at_micros: None,
            secret_access_key,
        }
    }

    /// When it was issued.
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_micros(self.issued_at_micros)
    }

    /// When it expires.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_micros(self.expires_at_micros)
    }

    /// The secret access key.
    pub fn secret(&self) -> Secret {
        Secret::new(self.secret_access_key.as_bytes())
    }
}

/// The token did not come from this installation, or was altered.
#[derive(Debug, thiserror::Error)]
#[error("the session token is not one of ours")]
pub struct BrokenToken;

/// The token that carries `session`, with at least `chars_min` characters.
///
/// # Errors
/// None that a caller can mend: the session cannot be written down.
pub fn seal(
    keyring: &Keyring,
    session: &Session,
    chars_min: usize,
) -> Result<String, store::Error> {
    let mut plain = serde_json::to_vec(session).map_err(|_| store::Error::corrupt("session"))?;
    let mut sealed = keyring.seal(purposes::SESSION_TOKEN, &plain)?;
    // Four characters of base64 stand for three bytes; JSON may end in spaces.
    let missing = (chars_min.min(TOKEN_CHARS_MAX) * 3).div_ceil(4).saturating_sub(sealed.len());
    if missing > 0 {
        plain.resize(plain.len() + missing, b' ');
        sealed = keyring.seal(purposes::SESSION_TOKEN, &plain)?;
    }
    Ok(STANDARD.encode(sealed))
}

/// The session that `token` carries; its expiry is for the caller to check.
///
/// # Errors
/// [`BrokenToken`] for anything that [`seal`] did not make.
pub fn open(keyring: &Keyring, token: &str) -> Result<Session, BrokenToken> {
    if token.len() > TOKEN_CHARS_MAX {
        return Err(BrokenToken);
    }
    let sealed = STANDARD.decode(token).map_err(|_| BrokenToken)?;
    let plain = keyring.open(purposes::SESSION_TOKEN, &sealed).map_err(|_| BrokenToken)?;
    let session: Session = serde_json::from_slice(plain.expose()).map_err(|_| BrokenToken)?;
    if session.version == VERSION { Ok(session) } else { Err(BrokenToken) }
}
