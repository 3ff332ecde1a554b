//! Passwords of users: what they may be, how they are kept, and how they are set.

mod hasher;
pub(crate) mod policy;
mod reset;

use store::{Snapshot, Transaction, params};
use world::Timestamp;

pub(crate) use hasher::{HashError, Hasher};
pub(crate) use reset::reset_password;

/// What is kept of a password.
pub(crate) struct Stored {
    pub(crate) hash: String,
    /// Grows with each password of the user.
    pub(crate) version: i64,
}

/// Sets the password of a user.
pub(crate) async fn set(
    tx: &mut Transaction,
    user: &str,
    hash: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO user_passwords (entity_id, hash, version, changed_at) \
        VALUES ($1, $2, 1, $3) ON CONFLICT (entity_id) DO UPDATE \
        SET hash = $2, version = user_passwords.version + 1, changed_at = $3";
    tx.execute(SQL, params![user, hash, now]).await.map(drop)
}

/// What is kept of the password of a user.
pub(crate) async fn stored(
    snapshot: &mut Snapshot,
    user: &str,
) -> Result<Option<Stored>, store::Error> {
    const SQL: &str = "SELECT hash, version FROM user_passwords WHERE entity_id = $1";
    snapshot
        .row(SQL, params![user], |row| Ok(Stored { hash: row.get(0)?, version: row.get(1)? }))
        .await
}
