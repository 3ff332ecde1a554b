//! What carries a sign-in from one step to the next: a sealed token, good for one kind of step, for a few
//! minutes, and once. Nothing is kept between the steps but the names of those that were used.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use iam::people::Person;
use serde::{Deserialize, Serialize};
use store::{Keyring, Snapshot, Transaction, params};
use world::{Timestamp, World};

use crate::Refusal;

/// How long a step may take.
pub(crate) const STEP_TIME: Duration = Duration::from_secs(5 * 60);

/// The longest token that is looked at, in characters.
const TOKEN_CHARS_MAX: usize = 2_048;

/// What a person still has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// To show a second factor.
    SecondFactor,
    /// To choose another password.
    NewPassword,
}

impl Stage {
    /// What its tokens are sealed for: one of another stage does not open.
    fn purpose(self) -> &'static str {
        match self {
            Self::SecondFactor => "sign-in/second-factor",
            Self::NewPassword => "sign-in/new-password",
        }
    }
}

/// How far a person has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Names the token, so that it works once.
    pub(crate) id: String,
    pub(crate) account: String,
    /// None for root.
    pub(crate) user_id: Option<String>,
    /// Of the password's hash: the token dies with the password that was proved.
    password: Vec<u8>,
    /// When a second factor was proved, in microseconds since the epoch.
    pub(crate) mfa_at_micros: Option<i64>,
    /// What a FIDO key is to sign in this step.
    pub(crate) challenge: Vec<u8>,
    /// How long the credentials are to last, in seconds.
    pub(crate) duration_seconds: u32,
    expires_at_micros: i64,
}

impl Step {
    /// The next step of a person whose password was right.
    pub(crate) fn new(
        world: &World,
        person: &Person,
        mfa_at: Option<Timestamp>,
        duration_seconds: u32,
        now: Timestamp,
    ) -> Self {
        Self {
            id: world.random_hex::<16>(),
            account: person.account.clone(),
            user_id: person.user_id().map(str::to_owned),
            password: fingerprint(person),
            mfa_at_micros: mfa_at.map(Timestamp::as_micros),
            challenge: iam::fido::challenge(world).to_vec(),
            duration_seconds,
            expires_at_micros: now.saturating_add(STEP_TIME).as_micros(),
        }
    }

    /// The token.
    pub(crate) fn seal(&self, keyring: &Keyring, stage: Stage) -> Result<String, Refusal> {
        let plain = serde_json::to_vec(self).map_err(Refusal::internal)?;
        Ok(URL_SAFE_NO_PAD.encode(keyring.seal(stage.purpose(), &plain)?))
    }

    /// The step that a token carries.
    ///
    /// # Errors
    /// [`Refusal::Step`] for what is not a token of this stage, or is too old.
    pub(crate) fn open(
        keyring: &Keyring,
        stage: Stage,
        token: &str,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(Refusal::Step);
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| Refusal::Step)?;
        let plain = keyring.open(stage.purpose(), &sealed).map_err(|_| Refusal::Step)?;
        let step: Self = serde_json::from_slice(plain.expose()).map_err(|_| Refusal::Step)?;
        if step.expires_at() <= now { Err(Refusal::Step) } else { Ok(step) }
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        Timestamp::from_micros(self.expires_at_micros)
    }

    pub(crate) fn mfa_at(&self) -> Option<Timestamp> {
        self.mfa_at_micros.map(Timestamp::from_micros)
    }

    /// Whether the person still has the password that was proved.
    pub(crate) fn fits(&self, person: &Person) -> bool {
        self.password == fingerprint(person)
    }
}

fn fingerprint(person: &Person) -> Vec<u8> {
    let hash = person.password.as_ref().map_or("", |password| &password.hash);
    digest::digest(&digest::SHA256, hash.as_bytes()).as_ref().to_vec()
}

/// Refuses a token that was used before.
///
/// # Errors
/// [`Refusal::Step`]; the store's.
pub(crate) async fn refuse_used(snapshot: &mut Snapshot, id: &str) -> Result<(), Refusal> {
    const SQL: &str = "SELECT 1 FROM used_tokens WHERE id = $1";
    match snapshot.row(SQL, params![id], |_| Ok(())).await? {
        Some(()) => Err(Refusal::Step),
        None => Ok(()),
    }
}

/// Uses a token up, as part of the transaction that it is used for.
///
/// # Errors
/// [`Refusal::Step`] if it was used before; the store's.
pub(crate) async fn use_up(
    tx: &mut Transaction,
    id: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), Refusal> {
    const FORGET: &str = "DELETE FROM used_tokens WHERE expires_at <= $1";
    const KEEP: &str = "INSERT INTO used_tokens (id, expires_at) VALUES ($1, $2)";
    refuse_used(tx, id).await?;
    tx.execute(FORGET, params![now]).await?;
    tx.execute(KEEP, params![id, expires_at]).await?;
    Ok(())
}
