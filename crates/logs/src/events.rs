//! Events as they are written and ordered.

use serde::{Deserialize, Serialize};
use store::{Transaction, Value};
use world::Timestamp;

/// An event to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
    /// What is to be read.
    pub message: String,
}

/// What AWS adds to the size of a message for each event, in bytes.
pub(crate) const OVERHEAD_BYTES: usize = 26;

/// Events of one batch at most (`InputLogEvents` of the model).
pub(crate) const BATCH_MAX: usize = 10_000;

/// The bits of an event's number that count within a batch.
const INDEX_BITS: u32 = 14;
const _: () = assert!(BATCH_MAX <= 1 << INDEX_BITS);

/// The name under which the store numbers batches.
const SEQUENCE: &str = "logs.batch";

/// How many rows a statement may write: few different texts, so that the store keeps them prepared.
const CHUNKS: [usize; 4] = [64, 16, 4, 1];

/// The place of an event among others: by time, then by the batch that it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) at: i64,
    pub(crate) id: i64,
}

impl Position {
    /// Before all events of a time.
    pub(crate) const fn before(at: i64) -> Self {
        Self { at, id: -1 }
    }

    /// As clients see it: 56 digits, like AWS's, that sort as the events do.
    pub(crate) fn event_id(self) -> String {
        format!("{:028}{:028}", self.at, self.id.max(0))
    }

    /// What [`event_id`](Self::event_id) made.
    pub(crate) fn of_event_id(text: &str) -> Option<Self> {
        if text.len() != 56 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (at, id) = text.split_at(28);
        Some(Self { at: at.parse().ok()?, id: id.parse().ok()? })
    }
}

/// Milliseconds since 1970.
pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(1_000)
}

/// Writes events to a stream, [`BATCH_MAX`] at most, and gives the place of the last one.
pub(crate) async fn append(
    tx: &mut Transaction,
    (group, stream): (i64, i64),
    events: &[NewEvent],
    now: Timestamp,
) -> Result<Option<Position>, store::Error> {
    debug_assert!(events.len() <= BATCH_MAX);
    let Some(last) = events.last() else { return Ok(None) };
    let first_id = tx.next_id(SEQUENCE).await? << INDEX_BITS;
    let ids = first_id..;
    let rows: Vec<_> = ids.zip(events).collect();
    let mut rest = rows.as_slice();
    for size in CHUNKS {
        while rest.len() >= size {
            let (chunk, others) = rest.split_at(size);
            insert(tx, (group, stream), chunk, millis(now)).await?;
            rest = others;
        }
    }
    let id = first_id + events.len() as i64 - 1;
    Ok(Some(Position { at: last.at, id }))
}

async fn insert(
    tx: &mut Transaction,
    (group, stream): (i64, i64),
    rows: &[(i64, &NewEvent)],
    ingested_at: i64,
) -> Result<(), store::Error> {
    let mut values: Vec<Value<'_>> = vec![group.into(), stream.into(), ingested_at.into()];
    let mut places = Vec::with_capacity(rows.len());
    for (id, event) in rows {
        let next = values.len();
        places.push(format!("($1, ${}, ${}, $2, $3, ${})", next + 1, next + 2, next + 3));
        values.extend([event.at.into(), (*id).into(), event.message.as_str().into()]);
    }
    let sql = format!(
        "INSERT INTO log_events (group_id, at, id, stream_id, ingested_at, message) VALUES {}",
        places.join(", ")
    );
    tx.execute(&sql, &values).await.map(drop)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_of_events_sort_as_their_places(a in 0..i64::MAX, b in 0..i64::MAX, x in 0..i64::MAX, y in 0..i64::MAX) {
            let (one, two) = (Position { at: a, id: x }, Position { at: b, id: y });
            prop_assert_eq!(one.event_id().cmp(&two.event_id()), one.cmp(&two));
            prop_assert_eq!(Position::of_event_id(&one.event_id()), Some(one));
        }

        #[test]
        fn any_text_may_claim_to_be_one(text in "\\PC{0,60}") {
            let _ = Position::of_event_id(&text);
        }
    }
}
