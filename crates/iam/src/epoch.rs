//! The number that every change in an account's IAM moves on.
//!
//! The door keeps compiled permissions for as long as the epoch stands still, so an operation that
//! changes what anybody may do, or that a credential stands for, bumps it in its own transaction.

use store::{Error, Transaction, params};

/// Moves the account's epoch on.
pub(crate) async fn bump(tx: &mut Transaction, account: &str) -> Result<(), Error> {
    const SQL: &str = "UPDATE accounts SET policy_epoch = policy_epoch + 1 WHERE id = $1";
    tx.execute(SQL, params![account]).await.map(drop)
}
