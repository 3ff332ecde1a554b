//! The token that proves a domain, and the time in which it must appear.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use store::{Snapshot, Transaction, params};
use world::{Timestamp, World};

use super::Verification;

/// Bytes of a token.
const TOKEN_BYTES: usize = 32;

/// When it is first looked for what was just asked for.
const FIRST_CHECK: Duration = Duration::from_secs(5);

/// What proves a domain.
#[derive(Debug)]
pub(super) struct Proof {
    /// What a text record must say.
    pub(super) token: String,
    /// Since when it is looked for.
    pub(super) since: Timestamp,
    /// How often it was.
    pub(super) checks: u32,
}

/// The proof of a domain; a domain of old has none until it is shown.
pub(super) async fn find(
    snapshot: &mut Snapshot,
    domain: &str,
) -> Result<Option<Proof>, store::Error> {
    const SQL: &str = "SELECT token, checking_since, checks FROM domain_proofs WHERE domain = $1";
    snapshot
        .row(SQL, params![domain], |row| {
            Ok(Proof { token: row.get(0)?, since: row.get(1)?, checks: row.get(2)? })
        })
        .await
}

/// Begins, or begins anew, to look for the records of a domain. A token that was shown stays.
pub(super) async fn begin(
    tx: &mut Transaction,
    world: &World,
    domain: &str,
    verification: Verification,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO domain_proofs \
        (domain, token, checking_since, checks, next_check_at) VALUES ($1, $2, $3, 0, $4) \
        ON CONFLICT (domain) DO UPDATE SET checking_since = excluded.checking_since, \
        checks = 0, next_check_at = excluded.next_check_at";
    let now = world.now();
    let token = STANDARD.encode(world.random_bytes::<TOKEN_BYTES>());
    let next = (verification == Verification::Dns).then(|| now.saturating_add(FIRST_CHECK));
    tx.execute(SQL, params![domain, token, now, next]).await?;
    Ok(())
}
