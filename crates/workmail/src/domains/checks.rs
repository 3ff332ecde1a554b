//! Looking for the proofs of domains, until they are there or their time is over.

use std::time::Duration;

use dns::Dns;
use futures_util::future::join_all;
use store::{Keyring, Snapshot, Store, Transaction, params};
use wire::workmail::DnsRecordVerificationStatus as Status;
use world::{Timestamp, World};

use super::{
    Domain,
    keys::{self, SigningKey},
    look::{self, Seen},
    proofs::{self, Proof},
};

/// How long the records may take to appear, as with AWS.
pub(super) const PATIENCE: Duration = Duration::from_secs(72 * 3600);

/// The first rest between two looks; each is twice as long as the one before.
const REST: Duration = Duration::from_secs(30);

/// The longest rest between two looks.
const REST_MAX: Duration = Duration::from_secs(3600);

/// How often it is asked which domains are due.
const INTERVAL: Duration = Duration::from_secs(5);

/// Domains that are looked up at once.
const BATCH_MAX: usize = 16;

/// All that is to be looked for of a domain, and its states so far.
pub(super) struct Open {
    pub(super) domain: Domain,
    pub(super) proof: Proof,
    pub(super) key: Option<SigningKey>,
}

impl Open {
    /// Whether a look could change anything.
    pub(super) fn is_pending(&self) -> bool {
        self.domain.ownership == Status::Pending || self.is_dkim_pending()
    }

    fn is_dkim_pending(&self) -> bool {
        self.domain.dkim == Status::Pending && self.key.is_some()
    }

    /// What was seen of ownership and key.
    pub(super) async fn look(&self, dns: &Dns) -> (Seen, Seen) {
        look::proofs(dns, &self.domain.name, &self.proof.token, self.key.as_ref()).await
    }

    /// The states after that was seen.
    pub(super) fn judge(&mut self, (ownership, dkim): (Seen, Seen), now: Timestamp) {
        self.domain.ownership = next(self.domain.ownership, ownership, self.proof.since, now);
        if let Some(key) = &self.key {
            // nobody could publish it before it was made
            let since = self.proof.since.max(key.created_at);
            self.domain.dkim = next(self.domain.dkim, dkim, since, now);
        }
    }

    /// Keeps the states, and when to look again.
    pub(super) async fn keep(
        &self,
        tx: &mut Transaction,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        const STATES: &str = "UPDATE mail_domains SET ownership = $2, dkim = $3 WHERE name = $1";
        let states =
            params![&self.domain.name, self.domain.ownership.as_str(), self.domain.dkim.as_str()];
        tx.execute(STATES, states).await?;
        const NEXT: &str =
            "UPDATE domain_proofs SET checks = $2, next_check_at = $3 WHERE domain = $1";
        let checks = self.proof.checks.saturating_add(1);
        let next = self.is_pending().then(|| now.saturating_add(rest(checks)));
        tx.execute(NEXT, params![&self.domain.name, i64::from(checks), next]).await?;
        Ok(())
    }
}

/// What is proved stays proved; what has failed stays so until it is registered again.
fn next(state: Status, seen: Seen, since: Timestamp, now: Timestamp) -> Status {
    match (state, seen) {
        (Status::Pending, Seen::Verified) => Status::Verified,
        (Status::Pending, _) if now.since(since) >= PATIENCE => Status::Failed,
        (state, _) => state,
    }
}

fn rest(checks: u32) -> Duration {
    REST.saturating_mul(1 << checks.saturating_sub(1).min(16)).min(REST_MAX)
}

/// What is to be looked for of a domain of any organization.
pub(super) async fn open(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    domain: Domain,
) -> Result<Option<Open>, store::Error> {
    let Some(proof) = proofs::find(snapshot, &domain.name).await? else { return Ok(None) };
    let key = keys::find(snapshot, keyring, &domain.name).await?;
    Ok(Some(Open { domain, proof, key }))
}

/// Looks for the proofs of domains as long as it is polled.
pub async fn work_on_domains(store: Store, dns: Dns, world: World) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match check_domains(&store, &dns, &world).await {
            Ok(()) => {}
            Err(error) if error.is_conflict() => {
                tracing::debug!(%error, "domains are checked later")
            }
            Err(error) => tracing::warn!(%error, "domains cannot be checked"),
        }
    }
}

/// Looks for the proofs of the domains that are due, as many as are looked up at once.
///
/// # Errors
/// The store's; what was not kept is looked for again.
pub async fn check_domains(store: &Store, dns: &Dns, world: &World) -> Result<(), store::Error> {
    let due = due(store, world.now()).await?;
    // Nothing is held meanwhile.
    let seen = join_all(due.iter().map(|open| open.look(dns))).await;
    let now = world.now();
    for (open, seen) in due.iter().zip(seen) {
        let mut tx = store.write().await?;
        // It may have been registered anew, proved or given up meanwhile.
        let Some(domain) = super::find_any(&mut tx, &open.domain.name).await? else { continue };
        let Some(mut current) = self::open(&mut tx, store.keyring(), domain).await? else {
            continue;
        };
        if current.proof.token != open.proof.token {
            continue;
        }
        let before = (current.domain.ownership, current.domain.dkim);
        current.judge(seen, now);
        current.keep(&mut tx, now).await?;
        tx.commit().await?;
        if before != (current.domain.ownership, current.domain.dkim) {
            tracing::info!(
                domain = %current.domain.name, ownership = current.domain.ownership.as_str(),
                dkim = current.domain.dkim.as_str(), "a domain was looked up"
            );
        }
    }
    Ok(())
}

async fn due(store: &Store, now: Timestamp) -> Result<Vec<Open>, store::Error> {
    const SQL: &str = "SELECT domain FROM domain_proofs \
        WHERE next_check_at IS NOT NULL AND next_check_at <= $1 ORDER BY next_check_at LIMIT $2";
    let mut snapshot = store.read().await?;
    let names: Vec<String> = snapshot.rows(SQL, params![now, BATCH_MAX], |row| row.get(0)).await?;
    let mut due = Vec::new();
    for name in names {
        let Some(domain) = super::find_any(&mut snapshot, &name).await? else { continue };
        due.extend(open(&mut snapshot, store.keyring(), domain).await?);
    }
    Ok(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_go_one_way() {
        let since = Timestamp::from_seconds(1_000);
        let soon = since.saturating_add(PATIENCE - Duration::from_secs(1));
        let late = since.saturating_add(PATIENCE);
        for (state, seen, now, then) in [
            (Status::Pending, Seen::Missing, soon, Status::Pending),
            (Status::Pending, Seen::Unknown, late, Status::Failed),
            (Status::Pending, Seen::Inconsistent, late, Status::Failed),
            (Status::Pending, Seen::Verified, late, Status::Verified),
            (Status::Failed, Seen::Verified, late, Status::Failed),
            (Status::Verified, Seen::Missing, late, Status::Verified),
        ] {
            assert_eq!(next(state, seen, since, now), then, "{state:?} {seen:?}");
        }
        assert_eq!((rest(1), rest(3), rest(1_000)), (REST, REST * 4, REST_MAX));
    }
}
