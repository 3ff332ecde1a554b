//! Personal access tokens: passwords that a person makes for one mail program, and an administrator ends.
//!
//! A token is `pat-<id>.<secret>`, longer than any password can be, so neither is taken for the other. The secret
//! has 256 bits of randomness: a fast hash is enough. What is kept is its SHA-256, sealed for this token, so
//! the store alone tells nothing that could be compared.

mod make;
mod operations;

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use store::{Keyring, Row, Snapshot, Store, params};
use wire::workmail::PersonalAccessTokenSummary;
use world::{Secret, Timestamp};

use crate::access::AccessAction;

pub use make::{MadeToken, TokenError, TokenWish};
pub(crate) use operations::{
    delete_personal_access_token, get_personal_access_token_metadata, list_personal_access_tokens,
};

/// What every token begins with.
const PREFIX: &str = "pat-";
/// Characters of the random part of an id.
const ID_CHARS: usize = 20;
/// Characters of a secret, of 62 kinds: 256 bits.
const SECRET_CHARS: usize = 43;
/// How long a use is not written down again: mail programs sign in by the minute.
const USE_GRANULARITY: Duration = Duration::from_secs(60);

/// A token as it is kept.
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) user_id: String,
    name: String,
    name_key: String,
    scopes: Vec<String>,
    sealed: Vec<u8>,
    created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

const COLUMNS: &str =
    "id, user_id, name, name_key, scopes, sealed, created_at, expires_at, last_used_at";

impl Token {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let scopes: String = row.get(4)?;
        let corrupt = |_| store::Error::corrupt("the scopes of a personal access token");
        Ok(Self {
            id: row.get(0)?,
            user_id: row.get(1)?,
            name: row.get(2)?,
            name_key: row.get(3)?,
            scopes: serde_json::from_str(&scopes).map_err(corrupt)?,
            sealed: row.get(5)?,
            created_at: row.get(6)?,
            expires_at: row.get(7)?,
            last_used_at: row.get(8)?,
        })
    }

    /// The token of that id, whosever it is.
    pub(crate) async fn find(
        snapshot: &mut Snapshot,
        id: &str,
    ) -> Result<Option<Self>, store::Error> {
        let sql = format!("SELECT {COLUMNS} FROM personal_access_tokens WHERE id = $1");
        snapshot.row(&sql, params![id], Self::of).await
    }

    /// Whether `secret` is the token's own.
    pub(crate) fn is_proved_by(
        &self,
        keyring: &Keyring,
        secret: &str,
    ) -> Result<bool, store::Error> {
        let kept = keyring.open(&purpose(&self.id), &self.sealed)?;
        Ok(kept == Secret::new(digest(&SHA256, secret.as_bytes()).as_ref()))
    }

    /// Whether the token is good for a protocol.
    pub(crate) fn allows(&self, protocol: AccessAction) -> bool {
        self.scopes.iter().any(|scope| scope == protocol.as_str())
    }

    /// Writes down that a token was used, if that was not done a moment ago.
    pub(crate) async fn note_use(
        store: &Store,
        id: &str,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        let mut snapshot = store.read().await?;
        let last = Self::find(&mut snapshot, id).await?.and_then(|token| token.last_used_at);
        drop(snapshot);
        if last.is_some_and(|last| now.since(last) < USE_GRANULARITY) {
            return Ok(());
        }
        let mut tx = store.write().await?;
        const SQL: &str = "UPDATE personal_access_tokens SET last_used_at = $2 WHERE id = $1";
        tx.execute(SQL, params![id, now]).await?;
        tx.commit().await
    }

    fn shown(self) -> PersonalAccessTokenSummary {
        PersonalAccessTokenSummary {
            personal_access_token_id: Some(self.id),
            user_id: Some(self.user_id),
            name: Some(self.name),
            date_created: Some(self.created_at),
            date_last_used: self.last_used_at,
            expires_time: Some(self.expires_at),
            scopes: Some(self.scopes),
        }
    }
}

/// What a client sends as its password: the id of a token, and its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presented<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
}

impl<'a> Presented<'a> {
    /// The parts of a password that has the form of a token.
    pub(crate) fn parse(password: &'a Secret) -> Option<Self> {
        let (id, secret) = password.expose_text()?.split_once('.')?;
        let random = id.strip_prefix(PREFIX)?;
        let is_whole = random.len() == ID_CHARS && secret.len() == SECRET_CHARS;
        let is_plain = [random, secret].iter().all(|part| part.bytes().all(is_alphanumeric));
        (is_whole && is_plain).then_some(Self { id, secret })
    }
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// What the digest of a token's secret is sealed for.
fn purpose(id: &str) -> String {
    format!("workmail-personal-token/{id}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_is_longer_than_any_password() {
        const PASSWORD_CHARS_MAX: usize = 63;
        assert!(PREFIX.len() + ID_CHARS + 1 + SECRET_CHARS > PASSWORD_CHARS_MAX);
    }

    #[test]
    fn only_the_whole_form_is_a_token() {
        let (id, secret) = ("pat-0123456789abcdefghiJ", "x".repeat(SECRET_CHARS));
        let whole = Secret::from(format!("{id}.{secret}"));
        assert_eq!(Presented::parse(&whole), Some(Presented { id, secret: &secret }));
        for other in [
            format!("{id}{secret}"),
            format!("{id}.{secret}x"),
            format!("{id}x.{secret}"),
            format!("tap-{id}.{secret}"),
            format!("{id}.{}-", &secret[1..]),
            "Passw0rd-one".to_owned(),
        ] {
            assert_eq!(Presented::parse(&Secret::from(other.clone())), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Presented::parse(&Secret::new(bytes));
        }
    }
}
