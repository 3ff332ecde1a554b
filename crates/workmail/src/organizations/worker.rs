//! What makes organizations and clears them away, after the call that asked for it was answered.
//!
//! What is to be done is in the store, in the states of the organizations, so a restart loses none of it. On
//! PostgreSQL the workers of several nodes may do the same: each step finds what is left to do in its transaction.

use std::time::Duration;

use store::{Change, Store, Transaction, params};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use world::World;

use super::{State, making, removal::Removal};
use crate::Verification;

/// The topic of notices that there is something to do; the key is the organization.
const TOPIC: &str = "workmail.organizations";

/// What there is to do is looked for this often, whatever notices come.
const REST: Duration = Duration::from_secs(60);

/// Rest after the store refused something.
const TROUBLE_REST: Duration = Duration::from_secs(2);

/// Organizations looked up at a time.
const BATCH_MAX: usize = 16;

/// Makes and clears away organizations for as long as it is polled. Dropping it half-way is safe: what was not
/// finished goes on with the next. `verification` is for the domains that they begin with.
pub async fn work_on_organizations(store: Store, world: World, verification: Verification) {
    let mut notices = store.subscribe();
    loop {
        let rest = match settle_organizations(&store, &world, verification).await {
            Ok(()) => REST,
            Err(error) if is_conflict(&error) => Duration::ZERO,
            Err(error) => {
                let cause = error.source().map(ToString::to_string);
                tracing::warn!(%error, cause, "organizations wait to be made or deleted");
                TROUBLE_REST
            }
        };
        // Whether a notice came or the time is over: there may be work.
        let _ = tokio::time::timeout(rest, asked(&mut notices)).await;
    }
}

/// Makes and clears away all organizations that wait for it now.
///
/// # Errors
/// Failures of ours; what was not done still waits.
pub async fn settle_organizations(
    store: &Store,
    world: &World,
    verification: Verification,
) -> Result<(), wire::Error> {
    let mut removal: Option<Removal> = None;
    loop {
        // A long removal must not keep others from beginning.
        for state in [State::Requested, State::Creating] {
            for id in in_state(store, state).await? {
                making::make(store, world, &id, verification).await?;
            }
        }
        let current = match removal.take() {
            Some(current) => current,
            None => match in_state(store, State::Deleting).await?.into_iter().next() {
                Some(id) => Removal::resume(store, world, id).await?,
                None => return Ok(()),
            },
        };
        removal = current.step(store, world).await?;
    }
}

/// Has the worker look, once the transaction is committed.
pub(super) fn wake(tx: &mut Transaction, id: &str) {
    tx.notify(Change::new(TOPIC, id));
}

async fn in_state(store: &Store, state: State) -> Result<Vec<String>, store::Error> {
    // the state in the text: only so does SQLite see that the index holds what is asked for
    let sql = format!(
        "SELECT id FROM organizations WHERE state = '{}' ORDER BY id LIMIT $1",
        state.as_str()
    );
    store.read().await?.rows(&sql, params![BATCH_MAX], |row| row.get(0)).await
}

fn is_conflict(error: &wire::Error) -> bool {
    error.source_ref::<store::Error>().is_some_and(store::Error::is_conflict)
}

/// Done once something was asked for, or may have been.
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
