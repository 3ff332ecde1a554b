//! From where a person signed in of late. A stranger who guesses from elsewhere does not lock them out there.

use std::{net::IpAddr, time::Duration};

use iam::people::Person;
use store::{Snapshot, Transaction, params};
use world::Timestamp;

use crate::limits::household;

/// How long an address is known without being used.
pub(crate) const KNOWN_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Addresses that are known of one person at most: the latest.
const ADDRESSES_MAX: i64 = 16;

/// Whether the person signed in from this address of late.
pub(crate) async fn is_known(
    snapshot: &mut Snapshot,
    person: &Person,
    address: IpAddr,
    now: Timestamp,
) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT 1 FROM known_addresses \
        WHERE person = $1 AND address = $2 AND last_used_at > $3";
    let address = household(address).to_string();
    let params = params![id(person), address, now.saturating_sub(KNOWN_FOR)];
    Ok(snapshot.row(SQL, params, |_| Ok(())).await?.is_some())
}

/// Notes that the person signed in from this address.
pub(crate) async fn remember(
    tx: &mut Transaction,
    person: &Person,
    address: IpAddr,
    now: Timestamp,
) -> Result<(), store::Error> {
    const KEEP: &str = "INSERT INTO known_addresses (person, address, last_used_at) \
        VALUES ($1, $2, $3) ON CONFLICT (person, address) DO UPDATE SET last_used_at = $3";
    const FORGET: &str = "DELETE FROM known_addresses WHERE person = $1 AND address NOT IN \
        (SELECT address FROM known_addresses WHERE person = $1 \
        ORDER BY last_used_at DESC, address LIMIT $2)";
    tx.execute(KEEP, params![id(person), household(address).to_string(), now]).await?;
    tx.execute(FORGET, params![id(person), ADDRESSES_MAX]).await.map(drop)
}

/// Ids are never reused.
fn id(person: &Person) -> &str {
    person.user_id().unwrap_or(&person.account)
}
