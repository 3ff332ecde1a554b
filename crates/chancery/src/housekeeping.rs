//! What is cleared away while the server runs, in small steps.

use std::time::Duration;

use store::Store;
use tokio::time::MissedTickBehavior;
use world::World;

use crate::serve::{Shutdown, requested};

/// How often it is looked for.
const INTERVAL: Duration = Duration::from_secs(10 * 60);

/// How long after the start it is looked for first.
const FIRST_DELAY: Duration = Duration::from_secs(60);

/// Steps of deleting expired mailboxes at one time; each is a transaction of bounded size.
const PURGE_STEPS_MAX: usize = 100;

/// Bodies that are looked at for being unused at one time.
const BODIES_MAX: usize = 10_000;

/// Clears away mailboxes whose thirty days are over, and bodies that nothing names, until `shutdown`.
pub(crate) async fn keep(store: Store, world: World, shutdown: Shutdown) {
    let mut stop = std::pin::pin!(requested(shutdown));
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + FIRST_DELAY, INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = ticks.tick() => {}
        }
        tokio::select! {
            // Giving up half-way is safe: a transaction that is dropped is rolled back.
            () = &mut stop => return,
            result = round(&store, &world) => match result {
                Ok(()) => {}
                Err(error) if error.is_conflict() => tracing::debug!(%error, "cleared away later"),
                Err(error) => tracing::warn!(%error, "cannot clear away"),
            }
        }
    }
}

async fn round(store: &Store, world: &World) -> Result<(), mailbox::Error> {
    mailbox::mailboxes::purge_expired(store, world.now(), PURGE_STEPS_MAX).await?;
    let collected = mailbox::collect_garbage(store, BODIES_MAX).await?;
    tracing::debug!(?collected, "cleared away");
    Ok(())
}
