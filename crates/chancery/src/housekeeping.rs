//! What is cleared away while the server runs, in small steps.

use std::time::Duration;

use store::Store;
use tokio::time::MissedTickBehavior;
use world::World;

use crate::{
    event_days::EventDays,
    serve::{Shutdown, requested},
};

/// How often it is looked for.
const INTERVAL: Duration = Duration::from_secs(10 * 60);

/// How long after the start it is looked for first.
const FIRST_DELAY: Duration = Duration::from_secs(60);

/// Steps of deleting expired mailboxes at one time; each is a transaction of bounded size.
const PURGE_STEPS_MAX: usize = 100;

/// Steps of expiring messages at one time; each is a transaction of bounded size.
const EXPIRE_STEPS_MAX: usize = 1_000;

/// Bodies that are looked at for being unused at one time.
const BODIES_MAX: usize = 10_000;

/// Steps of forgetting old events, or messages in transit, at one time; each is a transaction of bounded size.
const FORGET_STEPS_MAX: usize = 2_000;

/// Steps of clearing log events away at one time; each is a transaction of bounded size.
const LOG_STEPS_MAX: usize = 1_000;

/// Clears away messages that the retention policies find too old, mailboxes whose thirty days are over, bodies that
/// nothing names, sign-ups that nobody confirmed, log events whose group keeps them no longer, messages that are in
/// transit no more, and events older than `event_days`, until `shutdown`.
pub(crate) async fn keep(store: Store, world: World, event_days: EventDays, shutdown: Shutdown) {
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
            result = round(&store, &world, event_days) => match result {
                Ok(()) => {}
                Err(error) if error.is_conflict() => tracing::debug!(%error, "cleared away later"),
                Err(error) => tracing::warn!(%error, "cannot clear away"),
            }
        }
    }
}

async fn round(store: &Store, world: &World, event_days: EventDays) -> Result<(), mailbox::Error> {
    if let Some(earliest) = event_days.earliest(world.now()) {
        let steps = iam::trail::forget(store, earliest, FORGET_STEPS_MAX).await?;
        tracing::debug!(steps, "old events were forgotten");
    }
    workmail::expire_messages(store, world.now(), EXPIRE_STEPS_MAX).await?;
    mailbox::mailboxes::purge_expired(store, world.now(), PURGE_STEPS_MAX).await?;
    logs::clear(store, world.now(), LOG_STEPS_MAX).await?;
    let forgotten = mailflow::transit::forget_expired(store, world.now(), FORGET_STEPS_MAX).await?;
    tracing::debug!(forgotten, "messages are in transit no more");
    let forgotten = mailflow::forget_orphans(store, FORGET_STEPS_MAX).await?;
    tracing::debug!(forgotten, "messages of deleted organizations are on their way no more");
    signin::forget_expired(store, world.now()).await?;
    iam::jobs::clear(store, world).await?;
    let collected = mailbox::collect_garbage(store, BODIES_MAX).await?;
    tracing::debug!(?collected, "cleared away");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mailbox::{DEFAULT_QUOTA_BYTES, RETENTION, mailboxes};
    use world::{ManualClock, OsRandom, Timestamp};

    use super::*;
    use crate::data_folder::MIGRATIONS;

    #[tokio::test]
    async fn a_mailbox_goes_when_its_time_is_over() {
        let store = store::testing::open(MIGRATIONS).await;
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let world = World::new(clock.clone(), Arc::new(OsRandom));
        let mut tx = store.write().await.unwrap();
        for owner in ["gone", "kept"] {
            mailboxes::provision(&mut tx, owner, "m-1", DEFAULT_QUOTA_BYTES, world.now())
                .await
                .unwrap();
        }
        mailboxes::deprovision(&mut tx, "gone", world.now()).await.unwrap();
        tx.commit().await.unwrap();

        clock.advance(RETENTION - Duration::from_secs(1));
        round(&store, &world, EventDays::Forever).await.unwrap();
        assert!(is_there(&store, "gone").await, "it can be restored for a second yet");
        clock.advance(Duration::from_secs(1));
        round(&store, &world, EventDays::Forever).await.unwrap();
        assert!(!is_there(&store, "gone").await);
        assert!(is_there(&store, "kept").await);
    }

    async fn is_there(store: &Store, owner: &str) -> bool {
        let mut snapshot = store.read().await.unwrap();
        mailboxes::find(&mut snapshot, owner).await.unwrap().is_some()
    }
}
