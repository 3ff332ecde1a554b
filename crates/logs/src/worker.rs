//! What is cleared away: events whose time is over, and what was deleted but is still there.

use std::time::Duration;

use store::{Row, Store, params};
use world::Timestamp;

use crate::events::{Position, millis};

/// Events deleted in one transaction at most.
const BATCH: i64 = 1_000;

/// Groups, or remains, that are read at one time.
const ROWS: usize = 100;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Deletes events that are older than their group keeps them at `now`, and the rows of groups and streams that
/// were deleted, in at most `steps_max` transactions of bounded size. Gives the number of events.
///
/// # Errors
/// The store's; the steps before stay done, and the next call goes on from there.
pub async fn clear(store: &Store, now: Timestamp, steps_max: usize) -> Result<u64, store::Error> {
    let mut round = Round { store, steps_left: steps_max, events: 0 };
    round.clear_remains().await?;
    round.expire(now).await?;
    metrics::counter!("chancery_logs_cleared_events_total").increment(round.events);
    Ok(round.events)
}

struct Round<'a> {
    store: &'a Store,
    steps_left: usize,
    events: u64,
}

/// Events that are to go.
#[derive(Clone, Copy)]
struct Doomed {
    column: &'static str,
    id: i64,
    /// Only those before it.
    before: Position,
}

impl Round<'_> {
    async fn clear_remains(&mut self) -> Result<(), store::Error> {
        const SQL: &str = "SELECT group_id, stream_id FROM log_remains \
            ORDER BY group_id, stream_id LIMIT $1";
        while self.steps_left > 0 {
            let ids = |row: &Row<'_>| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?));
            let remains = self.store.read().await?.rows(SQL, params![ROWS], ids).await?;
            if remains.is_empty() {
                return Ok(());
            }
            for (group, stream) in remains {
                self.clear_remain(group, stream).await?;
            }
        }
        Ok(())
    }

    async fn clear_remain(&mut self, group: i64, stream: i64) -> Result<(), store::Error> {
        let (column, id) = if stream == 0 { ("group_id", group) } else { ("stream_id", stream) };
        let doomed = Doomed { column, id, before: Position::before(i64::MAX) };
        if !self.delete(doomed).await? {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        if stream == 0 {
            tx.execute("DELETE FROM log_streams WHERE group_id = $1", params![group]).await?;
        }
        const DONE: &str = "DELETE FROM log_remains WHERE group_id = $1 AND stream_id = $2";
        tx.execute(DONE, params![group, stream]).await?;
        tx.commit().await
    }

    async fn expire(&mut self, now: Timestamp) -> Result<(), store::Error> {
        const SQL: &str = "SELECT id, retention_days FROM log_groups \
            WHERE id > $1 AND retention_days IS NOT NULL ORDER BY id LIMIT $2";
        let mut last = 0;
        while self.steps_left > 0 {
            let group = |row: &Row<'_>| Ok((row.get::<i64>(0)?, row.get::<u32>(1)?));
            let groups = self.store.read().await?.rows(SQL, params![last, ROWS], group).await?;
            let Some((id, _)) = groups.last() else { return Ok(()) };
            last = *id;
            for (id, days) in groups {
                let until = millis(now.saturating_sub(DAY.saturating_mul(days)));
                let before = Position::before(until);
                self.delete(Doomed { column: "group_id", id, before }).await?;
            }
        }
        Ok(())
    }

    /// Deletes events in batches. Says whether none is left.
    async fn delete(&mut self, doomed: Doomed) -> Result<bool, store::Error> {
        let Doomed { column, id, before } = doomed;
        let last_of_batch = format!(
            "SELECT at, id FROM log_events WHERE {column} = $1 AND (at, id) < ($2, $3) \
             ORDER BY at, id LIMIT $4"
        );
        let until = format!("DELETE FROM log_events WHERE {column} = $1 AND (at, id) <= ($2, $3)");
        while self.steps_left > 0 {
            let position = |row: &Row<'_>| Ok(Position { at: row.get(0)?, id: row.get(1)? });
            let key = params![id, before.at, before.id, BATCH];
            let batch = self.store.read().await?.rows(&last_of_batch, key, position).await?;
            let Some(last) = batch.last() else { return Ok(true) };
            self.steps_left -= 1;
            let mut tx = self.store.write().await?;
            self.events += tx.execute(&until, params![id, last.at, last.id]).await?;
            tx.commit().await?;
        }
        Ok(false)
    }
}
