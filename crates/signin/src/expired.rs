//! What is cleared away once its time is over.

use store::{Store, params};
use world::Timestamp;

use crate::addresses::KNOWN_FOR;

/// Forgets sign-ups and changes of address whose codes are no longer good, tokens that have expired, and
/// addresses that were not used for long.
///
/// # Errors
/// The store's; nothing was changed then.
pub async fn forget_expired(store: &Store, now: Timestamp) -> Result<(), store::Error> {
    const EXPIRED: [&str; 3] = [
        "DELETE FROM sign_ups WHERE expires_at <= $1",
        "DELETE FROM email_changes WHERE expires_at <= $1",
        "DELETE FROM used_tokens WHERE expires_at <= $1",
    ];
    const UNUSED: &str = "DELETE FROM known_addresses WHERE last_used_at <= $1";
    let mut tx = store.write().await?;
    for sql in EXPIRED {
        tx.execute(sql, params![now]).await?;
    }
    tx.execute(UNUSED, params![now.saturating_sub(KNOWN_FOR)]).await?;
    tx.commit().await
}
