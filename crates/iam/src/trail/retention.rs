//! Forgetting events whose time is over.

use std::collections::BTreeSet;

use store::{Snapshot, Store, params};
use world::Timestamp;

use super::{lookup::Position, resources};

/// Events forgotten in one transaction at most.
const BATCH_MAX: i64 = 500;

/// Forgets events before `time`, of all accounts, in at most `batches_max` transactions of bounded size, and
/// says how many transactions it took. Fewer than `batches_max` means that none are left.
///
/// # Errors
/// The store's; what earlier batches forgot stays forgotten.
pub async fn forget(
    store: &Store,
    time: Timestamp,
    batches_max: usize,
) -> Result<usize, store::Error> {
    let mut batches = 0;
    for account in accounts(&mut store.read().await?).await? {
        while batches < batches_max {
            let last = last_of_batch(&mut store.read().await?, &account, time).await?;
            let Some(last) = last else { break };
            forget_until(store, &account, &last).await?;
            batches += 1;
        }
    }
    Ok(batches)
}

async fn accounts(snapshot: &mut Snapshot) -> Result<Vec<String>, store::Error> {
    snapshot.rows("SELECT id FROM accounts ORDER BY id", &[], |row| row.get(0)).await
}

/// The newest of the oldest events that one batch takes.
async fn last_of_batch(
    snapshot: &mut Snapshot,
    account: &str,
    time: Timestamp,
) -> Result<Option<Position>, store::Error> {
    const SQL: &str = "SELECT event_time, event_id FROM events \
        WHERE account_id = $1 AND event_time < $2 ORDER BY event_time, event_id LIMIT $3";
    let position = |row: &store::Row<'_>| Ok(Position { time: row.get(0)?, id: row.get(1)? });
    Ok(snapshot.rows(SQL, params![account, time, BATCH_MAX], position).await?.pop())
}

async fn forget_until(store: &Store, account: &str, last: &Position) -> Result<(), store::Error> {
    const EVENTS: &str =
        "DELETE FROM events WHERE account_id = $1 AND (event_time, event_id) <= ($2, $3)";
    const SUBJECTS: &str =
        "DELETE FROM event_subjects WHERE subject = $1 AND (event_time, event_id) <= ($2, $3)";
    let mut transaction = store.write().await?;
    for subject in subjects_until(&mut transaction, account, last).await? {
        let params = params![subject, last.time, &last.id];
        transaction.execute(SUBJECTS, params).await?;
    }
    transaction.execute(EVENTS, params![account, last.time, &last.id]).await?;
    transaction.commit().await
}

/// What the events up to `last` were about, by their records.
async fn subjects_until(
    snapshot: &mut Snapshot,
    account: &str,
    last: &Position,
) -> Result<BTreeSet<String>, store::Error> {
    const SQL: &str =
        "SELECT record FROM events WHERE account_id = $1 AND (event_time, event_id) <= ($2, $3)";
    let mut subjects = BTreeSet::new();
    let collect = |row: &store::Row<'_>| {
        // A record that cannot be read is forgotten all the same.
        let record = serde_json::from_str(row.get(0)?).unwrap_or_default();
        subjects.extend(resources::subjects(account, &record));
        Ok(())
    };
    snapshot.rows(SQL, params![account, last.time, &last.id], collect).await?;
    Ok(subjects)
}
