//! Temporary credentials: self-describing sealed tokens. Nothing is stored when one is made or used; the
//! principal that it speaks for is looked up at each call, so it dies with its user or role.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use store::Keyring;
use world::{Secret, Timestamp, World};

use crate::{
    door::{Origin, SessionScope},
    ids::{self, Kind},
    purposes,
};

/// The longest session token, in characters.
pub const TOKEN_CHARS_MAX: usize = 4096;

/// Bytes of a token before it is written as text.
const TOKEN_BYTES_MAX: usize = TOKEN_CHARS_MAX / 4 * 3;

/// Bytes that a session's scope may have when it is packed; the rest of a token is for everything else.
pub const SCOPE_BYTES_MAX: usize = 2400;

/// Bytes of JSON that a packed session may unfold to: tags and policies of the greatest number and size.
const PLAIN_BYTES_MAX: usize = 128 * 1024;

/// How hard to pack. Tokens are small, and made far less often than they are read.
const COMPRESSION_LEVEL: i32 = 9;

/// What a session token says.
#[derive(Serialize, Deserialize)]
pub struct Session {
    /// The layout's version, for tokens that outlive an upgrade.
    pub version: u8,
    /// The temporary access key id, `ASIA..`.
    pub access_key_id: String,
    /// The account: 12 digits.
    pub account: String,
    /// Whom the session speaks for.
    pub subject: Subject,
    /// How it was come by.
    pub origin: Origin,
    /// When it was issued, in microseconds since the epoch.
    pub issued_at_micros: i64,
    /// When it expires, in microseconds since the epoch.
    pub expires_at_micros: i64,
    /// When a second factor was proved, in microseconds since the epoch.
    pub mfa_at_micros: Option<i64>,
    /// What it was given when it was made.
    pub scope: SessionScope,
    secret_access_key: String,
}

/// Whom a session speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// The account's root user.
    Root,
    /// A user, by `AIDA..`.
    User(String),
    /// Whoever assumed a role.
    Role {
        /// `AROA..`
        id: String,
        /// The name of the session.
        session_name: String,
    },
    /// A federated user.
    Federated {
        /// Its name.
        name: String,
        /// The user who vouched for it, by `AIDA..`; none for root.
        issuer: Option<String>,
    },
}

/// The version of the layout that is written.
const VERSION: u8 = 2;

impl Session {
    /// A session of `subject` with a key pair of its own, issued now.
    pub fn new(
        world: &World,
        account: String,
        subject: Subject,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            version: VERSION,
            access_key_id: ids::generate(world, Kind::TemporaryKey, &account),
            account,
            subject,
            origin: Origin::Sts,
            issued_at_micros: issued_at.as_micros(),
            expires_at_micros: expires_at.as_micros(),
            mfa_at_micros: None,
            scope: SessionScope::default(),
            secret_access_key: ids::secret_access_key(world),
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

/// Bytes of a scope once it is packed, to be compared with [`SCOPE_BYTES_MAX`].
///
/// # Errors
/// None that a caller can mend: the scope cannot be written down.
pub fn packed_bytes(scope: &SessionScope) -> Result<usize, store::Error> {
    Ok(pack(scope)?.len())
}

/// The token that carries `session`, with at least `chars_min` characters.
///
/// # Errors
/// None that a caller can mend: the session cannot be written down, or its scope is past
/// [`SCOPE_BYTES_MAX`].
pub fn seal(
    keyring: &Keyring,
    session: &Session,
    chars_min: usize,
) -> Result<String, store::Error> {
    let packed = pack(session)?;
    let length = u16::try_from(packed.len()).map_err(|_| store::Error::corrupt("session"))?;
    let mut plain = [&length.to_be_bytes()[..], &packed].concat();
    let mut sealed = keyring.seal(purposes::SESSION_TOKEN, &plain)?;
    // Four characters of base64 stand for three bytes; what follows the packed session is not read.
    let missing = (chars_min.min(TOKEN_CHARS_MAX) * 3).div_ceil(4).saturating_sub(sealed.len());
    if missing > 0 {
        plain.resize(plain.len() + missing, 0);
        sealed = keyring.seal(purposes::SESSION_TOKEN, &plain)?;
    }
    if sealed.len() > TOKEN_BYTES_MAX {
        return Err(store::Error::corrupt("a session does not fit into its token"));
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
    unpack(plain.expose()).filter(|session| session.version == VERSION).ok_or(BrokenToken)
}

fn pack(value: &impl Serialize) -> Result<Vec<u8>, store::Error> {
    let json = serde_json::to_vec(value).map_err(|_| store::Error::corrupt("session"))?;
    zstd::bulk::compress(&json, COMPRESSION_LEVEL).map_err(|_| store::Error::corrupt("session"))
}

fn unpack(plain: &[u8]) -> Option<Session> {
    let (length, rest) = plain.split_first_chunk()?;
    let packed = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let json = zstd::bulk::decompress(packed, PLAIN_BYTES_MAX).ok()?;
    serde_json::from_slice(&json).ok()
}
