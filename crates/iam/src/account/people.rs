//! People who sign in with a password: who they are by what they type, and what their password is good for.
//!
//! The sign-in room asks; nothing here decides about guessing, second factors or sessions.

use std::time::Duration;

use store::{Row, Snapshot, Transaction, params};
use world::Timestamp;

use crate::{door::Principal, names};

/// How long before a password expires its user is told.
pub const WARNING: Duration = Duration::from_secs(15 * DAY.as_secs());

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Whom somebody claims to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The root user of the account with this e-mail address.
    Root {
        /// In any case.
        email: String,
    },
    /// An IAM user. Root never signs in this way.
    User {
        /// The account's id or its alias.
        account: String,
        /// The user's name, in any case.
        name: String,
    },
}

/// What there is behind a claim.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The account that is meant: 12 digits.
    pub account: Option<String>,
    /// The person, if there is one.
    pub person: Option<Person>,
}

/// Somebody who may have a password.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account: 12 digits.
    pub account: String,
    /// Root or a user.
    pub principal: Principal,
    /// The password, unless there is none.
    pub password: Option<Password>,
}

/// A password as it is kept.
#[derive(Clone, Debug)]
pub struct Password {
    /// In the PHC string format.
    pub hash: String,
    /// Whether it is good for nothing but to be changed.
    reset_required: bool,
    /// When the account's policy ends it, if it does.
    expires_at: Option<Timestamp>,
    /// Whether only an administrator can set a new one then.
    hard_expiry: bool,
}

/// What a password is good for, once it was found to be the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything.
    Good,
    /// Everything yet, but it expires in fewer than [`WARNING`].
    ExpiresAt(Timestamp),
    /// Only to be changed, for an administrator wants it.
    ResetRequired,
    /// Only to be changed, for it is too old.
    Expired,
    /// Nothing: it is too old, and an administrator must set another one.
    Ended,
}

/// Who is meant by a claim.
///
/// # Errors
/// The store's.
pub async fn find(snapshot: &mut Snapshot, claim: &Claim) -> Result<Found, store::Error> {
    let person = match claim {
        Claim::Root { email } => root_by_email(snapshot, email).await?,
        Claim::User { account, name } => {
            let Some(account) = account_id(snapshot, account).await? else {
                return Ok(Found::default());
            };
            let person = user(snapshot, &account, Key::Name(names::fold(name))).await?;
            return Ok(Found { account: Some(account), person });
        }
    };
    Ok(Found { account: person.as_ref().map(|person| person.account.clone()), person })
}

/// The person that was found before: root of an account, or a user of it by its id.
///
/// # Errors
/// The store's.
pub async fn again(
    snapshot: &mut Snapshot,
    account: &str,
    user_id: Option<&str>,
) -> Result<Option<Person>, store::Error> {
    match user_id {
        Some(id) => user(snapshot, account, Key::Id(id.to_owned())).await,
        None => {
            root(snapshot, "SELECT id, root_password_hash FROM accounts WHERE id = $1", account)
                .await
        }
    }
}

/// The account that an id or an alias names.
///
/// # Errors
/// The store's.
pub async fn account_id(
    snapshot: &mut Snapshot,
    label: &str,
) -> Result<Option<String>, store::Error> {
    // No alias looks like an id, so at most one row is found.
    const SQL: &str = "SELECT id FROM accounts WHERE id = $1 OR alias = $1";
    snapshot.row(SQL, params![label], |row| row.get(0)).await
}

/// Notes that somebody signed in with a password.
///
/// # Errors
/// The store's.
pub async fn note_password_use(
    tx: &mut Transaction,
    person: &Person,
    now: Timestamp,
) -> Result<(), store::Error> {
    const ROOT: &str = "UPDATE accounts SET root_password_last_used = $2 WHERE id = $1";
    const USER: &str = "UPDATE users SET password_last_used = $2 WHERE id = $1";
    let (sql, id) = match person.user_id() {
        Some(id) => (USER, id),
        None => (ROOT, person.account.as_str()),
    };
    tx.execute(sql, params![id, now]).await.map(drop)
}

impl Person {
    /// The user's id; none for root.
    pub fn user_id(&self) -> Option<&str> {
        match &self.principal {
            Principal::User { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The user's name; none for root.
    pub fn user_name(&self) -> Option<&str> {
        match &self.principal {
            Principal::User { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl Password {
    /// What it is good for at this time.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.expires_at {
            Some(end) if end <= now && self.hard_expiry => Standing::Ended,
            _ if self.reset_required => Standing::ResetRequired,
            Some(end) if end <= now => Standing::Expired,
            Some(end) if end.since(now) < WARNING => Standing::ExpiresAt(end),
            _ => Standing::Good,
        }
    }
}

async fn root_by_email(
    snapshot: &mut Snapshot,
    email: &str,
) -> Result<Option<Person>, store::Error> {
    const SQL: &str = "SELECT id, root_password_hash FROM accounts WHERE email = $1";
    root(snapshot, SQL, &email.to_lowercase()).await
}

async fn root(
    snapshot: &mut Snapshot,
    sql: &str,
    value: &str,
) -> Result<Option<Person>, store::Error> {
    let person = |row: &Row<'_>| {
        let hash: Option<String> = row.get(1)?;
        // The account's policy is for its users; root's password does not expire.
        let password = hash.map(|hash| Password {
            hash,
            reset_required: false,
            expires_at: None,
            hard_expiry: false,
        });
        Ok(Person { account: row.get(0)?, principal: Principal::Root, password })
    };
    snapshot.row(sql, params![value], person).await
}

/// By what a user is looked up.
enum Key {
    Name(String),
    Id(String),
}

async fn user(
    snapshot: &mut Snapshot,
    account: &str,
    key: Key,
) -> Result<Option<Person>, store::Error> {
    const SQL: &str = "SELECT u.id, u.name, u.path, l.password_hash, l.reset_required, \
        l.changed_at, p.max_age_days, p.hard_expiry FROM users u \
        LEFT JOIN login_profiles l ON l.user_id = u.id \
        LEFT JOIN password_policies p ON p.account_id = u.account_id \
        WHERE u.account_id = $1 AND ";
    let (column, value) = match key {
        Key::Name(key) => ("u.name_key = $2", key),
        Key::Id(id) => ("u.id = $2", id),
    };
    let person = |row: &Row<'_>| {
        Ok(Person {
            account: account.to_owned(),
            principal: Principal::User { id: row.get(0)?, name: row.get(1)?, path: row.get(2)? },
            password: password(row)?,
        })
    };
    snapshot.row(&format!("{SQL}{column}"), params![account, value], person).await
}

/// From the columns 3 to 7: password_hash, reset_required, changed_at, max_age_days, hard_expiry.
fn password(row: &Row<'_>) -> Result<Option<Password>, store::Error> {
    let Some(hash) = row.get::<Option<String>>(3)? else { return Ok(None) };
    let changed_at: Timestamp = row.get(5)?;
    let max_age_days = row.get::<Option<i64>>(6)?.unwrap_or(0);
    let max_age = u32::try_from(max_age_days).ok().filter(|days| *days > 0).map(|days| DAY * days);
    Ok(Some(Password {
        hash,
        reset_required: row.get(4)?,
        expires_at: max_age.map(|age| changed_at.saturating_add(age)),
        hard_expiry: row.get::<Option<bool>>(7)?.unwrap_or(false),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn password(days_left: i64, reset_required: bool, hard_expiry: bool) -> Password {
        let expires_at = Timestamp::from_seconds(NOW.as_seconds() + days_left * 86_400);
        Password { hash: String::new(), reset_required, expires_at: Some(expires_at), hard_expiry }
    }

    #[test]
    fn age_ends_a_password_by_the_accounts_rule() {
        assert_eq!(password(16, false, true).standing(NOW), Standing::Good);
        assert_eq!(password(15, false, true).standing(NOW), Standing::Good);
        let last = password(14, false, true);
        assert_eq!(Some(last.standing(NOW)), last.expires_at.map(Standing::ExpiresAt));
        assert_eq!(password(0, false, false).standing(NOW), Standing::Expired);
        assert_eq!(password(0, true, false).standing(NOW), Standing::ResetRequired);
        assert_eq!(password(-1, true, true).standing(NOW), Standing::Ended);
        let ageless = Password { expires_at: None, ..password(0, false, true) };
        assert_eq!(ageless.standing(NOW), Standing::Good);
    }
}
