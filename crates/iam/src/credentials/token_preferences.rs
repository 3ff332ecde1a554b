//! What an account wants of the session tokens of STS's global endpoint.

use store::{Snapshot, params};
use wire::iam::{GlobalEndpointTokenVersion, SetSecurityTokenServicePreferencesRequest};

use crate::door::{Call, Resource};

/// The table of these preferences; an account without a row has the first version.
pub(crate) const SCHEMA: store::Migration = store::Migration {
    name: "iam-0010-token-preferences",
    sql: "CREATE TABLE token_preferences (
        account_id TEXT PRIMARY KEY REFERENCES accounts (id),
        version INTEGER NOT NULL
    );",
};

/// The version until an account asks for another.
const FIRST_VERSION: i64 = 1;

/// The version whose tokens are longer.
const SECOND_VERSION: i64 = 2;

/// Characters of a token of the second version, at least. AWS tells no number, only that these tokens are longer;
/// whoever has room for so many has room for AWS's.
const SECOND_VERSION_CHARS_MIN: usize = 1024;

pub(crate) async fn set(
    call: &mut Call,
    input: SetSecurityTokenServicePreferencesRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "INSERT INTO token_preferences (account_id, version) VALUES ($1, $2) \
        ON CONFLICT (account_id) DO UPDATE SET version = excluded.version";
    let version = match input.global_endpoint_token_version {
        GlobalEndpointTokenVersion::V1Token => FIRST_VERSION,
        GlobalEndpointTokenVersion::V2Token => SECOND_VERSION,
    };
    let caller = call.caller();
    let tx = call.write("iam:SetSecurityTokenServicePreferences", Resource::any()).await?;
    tx.execute(SQL, params![&caller.account, version]).await?;
    Ok(())
}

/// The version of session tokens that the account wants of the global endpoint.
pub(crate) async fn version(snapshot: &mut Snapshot, account: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT version FROM token_preferences WHERE account_id = $1";
    let version = snapshot.row(SQL, params![account], |row| row.get(0)).await?;
    Ok(version.unwrap_or(FIRST_VERSION))
}

/// The fewest characters that a session token has in `account`, for [`crate::session::seal`]. It is asked while
/// credentials are made, which no policy of the account's allows or denies by itself.
///
/// # Errors
/// The store's.
pub async fn token_chars_min(call: &mut Call, account: &str) -> Result<usize, wire::Error> {
    let version = version(call.preliminary().await?, account).await?;
    Ok(if version >= SECOND_VERSION { SECOND_VERSION_CHARS_MIN } else { 0 })
}
