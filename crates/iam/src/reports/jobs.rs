//! Reports that are made after the call that asked for them was answered.
//!
//! A call stores what it wants; the task here makes it and stores the result. So a report that was asked
//! for before a restart is made after it. On PostgreSQL the tasks of several nodes may make the same
//! report; the first result is kept.

use std::time::Duration;

use store::{Change, Store};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use world::World;

use crate::{credential_report, last_accessed};

/// The topic of notices that a report was asked for.
pub(crate) const TOPIC: &str = "iam.jobs";

/// What waits is looked for this often, whatever notices come.
const REST: Duration = Duration::from_secs(60);

/// Rest after the store refused something.
const TROUBLE_REST: Duration = Duration::from_secs(2);

/// Reports of one kind looked up at a time.
const BATCH_MAX: usize = 16;

/// Makes the reports that are asked for, for as long as it is polled. Dropping it half-way is safe: what
/// was not finished still waits.
pub async fn run(store: Store, world: World) {
    let mut notices = store.subscribe();
    loop {
        let rest = match work_off(&store, &world).await {
            Ok(()) => REST,
            Err(error) if error.is_conflict() => Duration::ZERO,
            Err(error) => {
                tracing::warn!(%error, "reports wait to be made");
                TROUBLE_REST
            }
        };
        // Whether a notice came or the time is over: there may be work.
        let _ = tokio::time::timeout(rest, asked(&mut notices)).await;
    }
}

/// Makes all reports that wait now.
///
/// # Errors
/// The store's; what was not made still waits.
pub async fn work_off(store: &Store, world: &World) -> Result<(), store::Error> {
    loop {
        let mut snapshot = store.read().await?;
        let accounts = credential_report::waiting(&mut snapshot, BATCH_MAX).await?;
        let jobs = last_accessed::job::waiting(&mut snapshot, BATCH_MAX).await?;
        drop(snapshot);
        if accounts.is_empty() && jobs.is_empty() {
            return Ok(());
        }
        for account in accounts {
            credential_report::make(store, &account, world.now()).await?;
        }
        for job in jobs {
            last_accessed::job::make(store, &job, world.now()).await?;
        }
    }
}

/// Clears away what reports do not tell of any more, and reports that cannot be fetched any more.
///
/// # Errors
/// The store's; nothing was changed then.
pub async fn clear(store: &Store, world: &World) -> Result<(), store::Error> {
    let mut tx = store.write().await?;
    let accesses = last_accessed::accesses::forget(&mut tx, world.now()).await?;
    let jobs = last_accessed::job::forget(&mut tx, world.now()).await?;
    tracing::debug!(accesses, jobs, "cleared away");
    tx.commit().await
}

/// Done once a report was asked for, or may have been.
async fn asked(notices: &mut Receiver<Change>) {
    loop {
        match notices.recv().await {
            Ok(change) if change.topic == TOPIC || change.topic == Change::MISSED => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
