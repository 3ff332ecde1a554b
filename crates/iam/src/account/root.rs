//! What belongs to root alone: its password and e-mail address, and the account's name. No API operation
//! touches them, so no policy can grant them; the sign-in room does, for root's own console session.

use store::{Snapshot, Transaction, params};

use crate::accounts::{self, Account, CreateError};

/// The account of that id.
///
/// # Errors
/// The store's.
pub async fn account(snapshot: &mut Snapshot, id: &str) -> Result<Option<Account>, store::Error> {
    const SQL: &str = "SELECT id, email, name FROM accounts WHERE id = $1";
    let account = |row: &store::Row<'_>| {
        Ok(Account { id: row.get(0)?, email: row.get(1)?, name: row.get(2)? })
    };
    snapshot.row(SQL, params![id], account).await
}

/// Whether root of some account signs in by this address, which is in lower case.
///
/// # Errors
/// The store's.
pub async fn email_is_taken(snapshot: &mut Snapshot, email: &str) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT 1 FROM accounts WHERE email = $1";
    Ok(snapshot.row(SQL, params![email], |_| Ok(())).await?.is_some())
}

/// Sets root's password by its hash.
///
/// # Errors
/// The store's.
pub async fn set_password(
    tx: &mut Transaction,
    account: &str,
    hash: &str,
) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE accounts SET root_password_hash = $2 WHERE id = $1";
    tx.execute(SQL, params![account, hash]).await.map(drop)
}

/// Gives the account another name.
///
/// # Errors
/// [`CreateError::InvalidName`]; the store's.
pub async fn rename(tx: &mut Transaction, account: &str, name: &str) -> Result<(), CreateError> {
    const SQL: &str = "UPDATE accounts SET name = $2 WHERE id = $1";
    tx.execute(SQL, params![account, accounts::checked_name(name)?]).await?;
    Ok(())
}

/// Lets root sign in by another e-mail address.
///
/// # Errors
/// [`CreateError::InvalidEmail`], [`CreateError::EmailTaken`]; the store's.
pub async fn set_email(
    tx: &mut Transaction,
    account: &str,
    email: &str,
) -> Result<(), CreateError> {
    const SQL: &str = "UPDATE accounts SET email = $2 WHERE id = $1";
    let email = accounts::checked_email(email)?;
    if email_is_taken(tx, &email).await? {
        return Err(CreateError::EmailTaken(email));
    }
    tx.execute(SQL, params![account, email]).await?;
    Ok(())
}
