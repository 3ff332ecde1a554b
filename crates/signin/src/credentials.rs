//! Temporary credentials of a console session.

use std::time::Duration;

use iam::{
    door::{Origin, Principal},
    people::Person,
    session::{self, Session, Subject},
};
use serde::{Serialize, Serializer};
use store::Keyring;
use wire::Sensitive;
use world::{Timestamp, World};

use crate::Refusal;

/// The longest console session, in seconds: twelve hours, as AWS has it.
pub(crate) const SESSION_MAX_SECONDS: u32 = 43_200;

/// The shortest one that can be asked for, in seconds.
pub(crate) const SESSION_MIN_SECONDS: u32 = 900;

/// The longest console session of root, in seconds: what `GetSessionToken` gives root at most.
const ROOT_SESSION_MAX_SECONDS: u32 = 3_600;

/// Temporary credentials, as AWS's own answers name their parts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// `ASIA..`
    pub access_key_id: String,
    /// The secret access key.
    #[serde(serialize_with = "exposed")]
    pub secret_access_key: Sensitive,
    /// The session token.
    #[serde(serialize_with = "exposed")]
    pub session_token: Sensitive,
    /// When they expire.
    #[serde(serialize_with = "iso8601")]
    pub expiration: Timestamp,
}

impl Credentials {
    /// Seals a session into credentials.
    pub(crate) fn seal(keyring: &Keyring, session: &Session) -> Result<Self, Refusal> {
        let secret = session.secret();
        Ok(Self {
            access_key_id: session.access_key_id.clone(),
            secret_access_key: secret.expose_text().unwrap_or_default().into(),
            session_token: session::seal(keyring, session, 0)?.into(),
            expiration: session.expires_at(),
        })
    }
}

/// A console session of a person.
pub(crate) fn session(
    world: &World,
    person: &Person,
    mfa_at: Option<Timestamp>,
    duration_seconds: u32,
    now: Timestamp,
) -> Session {
    let (subject, max) = match person.user_id() {
        Some(id) => (Subject::User(id.to_owned()), SESSION_MAX_SECONDS),
        None => (Subject::Root, ROOT_SESSION_MAX_SECONDS),
    };
    debug_assert!(matches!(person.principal, Principal::Root | Principal::User { .. }));
    let duration = Duration::from_secs(duration_seconds.min(max).into());
    let account = person.account.clone();
    let mut session = Session::new(world, account, subject, now, now.saturating_add(duration));
    session.origin = Origin::SignIn;
    session.mfa_at_micros = mfa_at.map(Timestamp::as_micros);
    session
}

/// How long a session shall be, if it may be so long.
pub(crate) fn checked_duration(asked_seconds: Option<u32>) -> Result<u32, Refusal> {
    match asked_seconds {
        None => Ok(SESSION_MAX_SECONDS),
        Some(seconds @ SESSION_MIN_SECONDS..=SESSION_MAX_SECONDS) => Ok(seconds),
        Some(_) => Err(Refusal::Invalid("A session lasts 900 to 43200 seconds.")),
    }
}

/// Credentials are for who asked: here they leave.
pub(crate) fn exposed<S: Serializer>(text: &Sensitive, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.expose())
}

/// As AWS writes times in JSON that people read.
pub(crate) fn iso8601<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.iso8601())
}
