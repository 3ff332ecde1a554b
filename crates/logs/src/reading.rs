//! Ranges of stored events.

use store::{Row, Snapshot, Value};

use crate::events::{OVERHEAD_BYTES, Position};

/// Bytes of a page's events at most, as AWS counts them.
pub(crate) const PAGE_BYTES_MAX: usize = 1 << 20;

/// Events in a page unless the caller asks for fewer; also the most (`EventsLimit` of the model).
pub(crate) const PAGE_EVENTS_MAX: usize = 10_000;

/// A stored event.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) position: Position,
    pub(crate) ingested_at: i64,
    pub(crate) message: String,
    pub(crate) stream: String,
}

impl Stored {
    /// As AWS counts it.
    pub(crate) fn size_bytes(&self) -> usize {
        self.message.len() + OVERHEAD_BYTES
    }

    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            position: Position { at: row.get(0)?, id: row.get(1)? },
            ingested_at: row.get(2)?,
            message: row.get(3)?,
            stream: row.get(4)?,
        })
    }
}

/// Where events are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    Group(i64),
    Stream(i64),
}

/// Events between two places, neither of them included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) after: Position,
    pub(crate) before: Position,
}

/// From which end of a window events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The oldest first.
    Forward,
    /// The newest first.
    Backward,
}

/// What was read of a window, in the order of the way.
pub(crate) struct Batch {
    pub(crate) events: Vec<Stored>,
    /// Whether the window holds nothing more.
    pub(crate) is_last: bool,
}

/// Reads events of a window until there are `limit` of them, or [`PAGE_BYTES_MAX`]; at least one, if there is any.
pub(crate) async fn read(
    snapshot: &mut Snapshot,
    source: Source,
    window: Window,
    way: Way,
    limit: usize,
) -> Result<Batch, store::Error> {
    let (column, id) = match source {
        Source::Group(id) => ("group_id", id),
        Source::Stream(id) => ("stream_id", id),
    };
    let order = match way {
        Way::Forward => "e.at, e.id",
        Way::Backward => "e.at DESC, e.id DESC",
    };
    let sql = format!(
        "SELECT e.at, e.id, e.ingested_at, e.message, s.name FROM log_events e \
         JOIN log_streams s ON s.id = e.stream_id WHERE e.{column} = $1 \
         AND (e.at, e.id) > ($2, $3) AND (e.at, e.id) < ($4, $5) ORDER BY {order} LIMIT $6"
    );
    let Window { after, before } = window;
    let values: [Value<'_>; 6] = [
        id.into(),
        after.at.into(),
        after.id.into(),
        before.at.into(),
        before.id.into(),
        (limit + 1).into(),
    ];
    let mut room = Room { events: limit, bytes: PAGE_BYTES_MAX };
    let rows = snapshot.rows(&sql, &values, |row| room.take(row)).await?;
    let is_last = rows.iter().all(Option::is_some);
    Ok(Batch { events: rows.into_iter().flatten().collect(), is_last })
}

/// What still fits. Large messages that do not are not even copied.
struct Room {
    events: usize,
    bytes: usize,
}

impl Room {
    fn take(&mut self, row: &Row<'_>) -> Result<Option<Stored>, store::Error> {
        if self.events == 0 {
            return Ok(None);
        }
        let event = Stored::of(row)?;
        let size = event.size_bytes();
        if size > self.bytes && self.bytes < PAGE_BYTES_MAX {
            self.events = 0;
            return Ok(None);
        }
        self.events -= 1;
        self.bytes = self.bytes.saturating_sub(size);
        Ok(Some(event))
    }
}
