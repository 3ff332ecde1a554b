//! How a person makes a token.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use store::{Keyring, Snapshot, Store, Transaction, params};
use world::{Timestamp, World};

use super::{ID_CHARS, PREFIX, SECRET_CHARS, purpose};
use crate::{access::AccessAction, identity_provider::Configuration, recipients::MailUser};

/// What tokens can be good for: the protocols that take them.
const SCOPES: [AccessAction; 2] = [AccessAction::Imap, AccessAction::Smtp];
/// Characters of a name (`PersonalAccessTokenName` of the model).
const NAME_CHARS_MAX: usize = 64;
/// Days that a token can last (`PersonalAccessTokenLifetimeInDays` of the model).
const LIFETIME_DAYS_MAX: i32 = 3_653;
/// Days that a token lasts where neither the organization nor the person says how many.
const LIFETIME_DAYS_DEFAULT: i32 = 365;
/// Tokens of one user that have not expired.
const TOKENS_MAX: i64 = 100;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What a person wants a token to be.
#[derive(Clone, Debug, Default)]
pub struct TokenWish {
    /// What the person knows it by.
    pub name: String,
    /// Days until it expires; as the organization has it if left out.
    pub lifetime_days: Option<i32>,
    /// The protocols that it is good for; all that take tokens if left out.
    pub scopes: Option<Vec<String>>,
}

/// A token that was made. This is the only time that its secret is to be had.
#[derive(Debug)]
pub struct MadeToken {
    /// Its id.
    pub id: String,
    /// What to give to the mail program in the place of a password.
    pub token: wire::Sensitive,
    /// The protocols that it is good for.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The organization has no tokens, or not at present.
    #[error("your organization does not use personal access tokens")]
    Inactive,
    /// Name, lifetime or scopes cannot be.
    #[error("{0}")]
    Wish(&'static str),
    /// The user has as many as there may be.
    #[error("you have {TOKENS_MAX} personal access tokens, which is the limit")]
    TooMany,
    /// The store failed; a conflict asks for the call to be run again.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl TokenWish {
    /// Makes the token, for a user who has just proved who they are.
    ///
    /// # Errors
    /// A [`TokenError`].
    pub(crate) async fn make(
        &self,
        store: &Store,
        world: &World,
        user: &MailUser,
    ) -> Result<MadeToken, TokenError> {
        let now = world.now();
        let mut tx = store.write().await?;
        let configuration = Configuration::find(&mut tx, &user.organization_id).await?;
        let configuration = configuration.filter(Configuration::takes_tokens);
        let configuration = configuration.ok_or(TokenError::Inactive)?;
        let days = self.days(configuration.token_lifetime_days)?;
        make_room(&mut tx, &user.id, now).await?;
        let id = format!("{PREFIX}{}", world.random_text(ALPHANUMERIC, ID_CHARS));
        let secret = world.random_text(ALPHANUMERIC, SECRET_CHARS);
        let made = MadeToken {
            token: format!("{id}.{secret}").into(),
            id,
            scopes: self.checked_scopes()?,
            expires_at: now.saturating_add(DAY * days),
        };
        self.insert(&mut tx, store.keyring(), user, &made, (&secret, now)).await?;
        tx.commit().await?;
        Ok(made)
    }

    async fn insert(
        &self,
        tx: &mut Transaction,
        keyring: &Keyring,
        user: &MailUser,
        made: &MadeToken,
        (secret, now): (&str, Timestamp),
    ) -> Result<(), TokenError> {
        let name = self.checked_name()?;
        let hash = digest(&SHA256, secret.as_bytes());
        let sealed = keyring.seal(&purpose(&made.id), hash.as_ref())?;
        let scopes = serde_json::json!(made.scopes).to_string();
        const SQL: &str = "INSERT INTO personal_access_tokens (id, organization_id, user_id, name, \
            name_key, scopes, sealed, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let (key, sealed) = (name.to_lowercase(), sealed.as_slice());
        let row = params![
            &made.id,
            &user.organization_id,
            &user.id,
            name,
            key,
            scopes,
            sealed,
            now,
            made.expires_at,
        ];
        tx.execute(SQL, row).await?;
        Ok(())
    }

    /// `[^\x00-\x1F\x7F\x3C\x3E\x5C]+`, as the model has it.
    fn checked_name(&self) -> Result<&str, TokenError> {
        let name = self.name.as_str();
        let is_bad = |c: char| c < ' ' || matches!(c, '\x7f' | '<' | '>' | '\\');
        match (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.contains(is_bad) {
            true => Ok(name),
            false => Err(TokenError::Wish(
                "a name has 1 to 64 characters, no control characters, and none of < > \\",
            )),
        }
    }

    /// The days that are wished for, within what the organization allows.
    fn days(&self, allowed: Option<i32>) -> Result<u32, TokenError> {
        let max = allowed.unwrap_or(LIFETIME_DAYS_MAX);
        let days = self.lifetime_days.or(allowed).unwrap_or(LIFETIME_DAYS_DEFAULT);
        match u32::try_from(days) {
            Ok(whole) if (1..=max).contains(&days) => Ok(whole),
            _ => Err(TokenError::Wish("a token cannot last that long in your organization")),
        }
    }

    fn checked_scopes(&self) -> Result<Vec<String>, TokenError> {
        let known = || SCOPES.iter().map(|scope| scope.as_str());
        let Some(wanted) = &self.scopes else { return Ok(known().map(str::to_owned).collect()) };
        if wanted.is_empty() || wanted.iter().any(|scope| !known().any(|known| known == scope)) {
            return Err(TokenError::Wish("the scopes are one or both of IMAP and SMTP"));
        }
        let chosen = known().filter(|known| wanted.iter().any(|scope| scope == known));
        Ok(chosen.map(str::to_owned).collect())
    }
}

/// Forgets the user's tokens that have expired, and refuses one more than there may be.
async fn make_room(tx: &mut Transaction, user: &str, now: Timestamp) -> Result<(), TokenError> {
    const FORGET: &str =
        "DELETE FROM personal_access_tokens WHERE user_id = $1 AND expires_at <= $2";
    tx.execute(FORGET, params![user, now]).await?;
    if count(tx, user).await? >= TOKENS_MAX { Err(TokenError::TooMany) } else { Ok(()) }
}

async fn count(snapshot: &mut Snapshot, user: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM personal_access_tokens WHERE user_id = $1";
    let count: Option<i64> = snapshot.row(SQL, params![user], |row| row.get(0)).await?;
    Ok(count.unwrap_or(0))
}
