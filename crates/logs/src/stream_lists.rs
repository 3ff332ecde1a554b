//! `DescribeLogStreams`.

use iam::door::{Call, Caller};
use store::{Row, Snapshot, Value, params};
use wire::logs::{
    DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogStream, Operation, OrderBy,
};
use world::Timestamp;

use crate::{
    arns,
    events::millis,
    groups,
    pages::Tokens,
    refusal,
    targets::{self, OfGroup},
};

/// Streams in a page unless the caller asks for fewer; also the most (`DescribeLimit` of the model).
const PAGE_MAX: usize = 50;

/// The time of the last event of a stream that has none, for its place in the order.
const NEVER: i64 = -1;

/// A stream with the time of its last event.
struct Stream {
    id: i64,
    name: String,
    created_at: Timestamp,
    last_at: i64,
}

impl Stream {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            created_at: row.get(2)?,
            last_at: row.get(3)?,
        })
    }
}

pub(crate) async fn describe(
    call: &mut Call,
    input: DescribeLogStreamsRequest,
) -> Result<DescribeLogStreamsResponse, wire::Error> {
    let caller = call.caller();
    let (name, identifier) = (&input.log_group_name, &input.log_group_identifier);
    let group = targets::group_of(&caller, name.as_deref(), identifier.as_deref())?;
    let order = Order::of(&input)?;
    let question = (group, &order.prefix, order.by_time, order.descending);
    let tokens = Tokens::of(call, Operation::DescribeLogStreams, &question)?;
    let after = input.next_token.as_deref();
    let after = after.map(|token| tokens.open::<(i64, String)>(token)).transpose()?;
    let target = OfGroup::named(group);
    let snapshot = call.read(Operation::DescribeLogStreams.action(), target).await?;
    let stored = groups::get(snapshot, &caller, group).await?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX);
    let limit = limit.clamp(1, PAGE_MAX);
    let mut found = order.fetch(snapshot, stored.id, after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_token = match found.last() {
        Some(last) if more => Some(tokens.seal(&(last.last_at, &last.name))?),
        _ => None,
    };
    let mut log_streams = Vec::with_capacity(found.len());
    for stream in found {
        log_streams.push(shown(snapshot, &caller, group, stream).await?);
    }
    Ok(DescribeLogStreamsResponse { log_streams: Some(log_streams), next_token })
}

/// Which streams, in which order.
struct Order {
    prefix: String,
    by_time: bool,
    descending: bool,
}

impl Order {
    fn of(input: &DescribeLogStreamsRequest) -> Result<Self, wire::Error> {
        let by_time = input.order_by == Some(OrderBy::LastEventTime);
        if by_time && input.log_stream_name_prefix.is_some() {
            let message = "Cannot order by LastEventTime with a logStreamNamePrefix.";
            return Err(refusal::invalid(message));
        }
        Ok(Self {
            prefix: input.log_stream_name_prefix.clone().unwrap_or_default(),
            by_time,
            descending: input.descending.unwrap_or_default(),
        })
    }

    async fn fetch(
        &self,
        snapshot: &mut Snapshot,
        group: i64,
        after: Option<(i64, String)>,
        limit: usize,
    ) -> Result<Vec<Stream>, store::Error> {
        // The last character there is stands behind all that a name can go on with.
        let below = format!("{}\u{10ffff}", self.prefix);
        let mut values: Vec<Value<'_>> =
            vec![group.into(), (&self.prefix).into(), below.into(), limit.into(), NEVER.into()];
        if let Some((at, name)) = &after {
            if self.by_time {
                values.push((*at).into());
            }
            values.push(name.into());
        }
        snapshot.rows(&self.sql(after.is_some()), &values, Stream::of).await
    }

    /// The statement. Streams of one time are in the order of their names.
    fn sql(&self, goes_on: bool) -> String {
        let (than, way) = if self.descending { ("<", "DESC") } else { (">", "ASC") };
        let place = match (goes_on, self.by_time) {
            (false, _) => String::new(),
            (true, true) => format!("WHERE (last_at, name) {than} ($6, $7)"),
            (true, false) => format!("WHERE name {than} $6"),
        };
        let order = match self.by_time {
            true => format!("last_at {way}, name {way}"),
            false => format!("name {way}"),
        };
        format!(
            "SELECT id, name, created_at, last_at FROM (\
             SELECT s.id, s.name, s.created_at, COALESCE((\
             SELECT MAX(e.at) FROM log_events e WHERE e.stream_id = s.id), $5) AS last_at \
             FROM log_streams s WHERE s.group_id = $1 AND s.name >= $2 AND s.name < $3) t \
             {place} ORDER BY {order} LIMIT $4"
        )
    }
}

async fn shown(
    snapshot: &mut Snapshot,
    caller: &Caller,
    group: &str,
    stream: Stream,
) -> Result<LogStream, store::Error> {
    let ends = match stream.last_at {
        NEVER => None,
        _ => ends(snapshot, stream.id).await?,
    };
    Ok(LogStream {
        arn: Some(arns::stream(&caller.account, caller.region(), group, &stream.name)),
        creation_time: Some(millis(stream.created_at)),
        first_event_timestamp: ends.map(|(first, _)| first),
        last_event_timestamp: ends.map(|_| stream.last_at),
        last_ingestion_time: ends.map(|(_, ingested_at)| ingested_at),
        log_stream_name: Some(stream.name),
        // As AWS has it since 2019.
        stored_bytes: Some(0),
        upload_sequence_token: None,
    })
}

/// The time of the first event of a stream, and when its last one came in.
async fn ends(snapshot: &mut Snapshot, stream: i64) -> Result<Option<(i64, i64)>, store::Error> {
    const FIRST: &str = "SELECT at FROM log_events WHERE stream_id = $1 ORDER BY at, id LIMIT 1";
    const LAST: &str = "SELECT ingested_at FROM log_events WHERE stream_id = $1 \
        ORDER BY at DESC, id DESC LIMIT 1";
    let first = snapshot.row(FIRST, params![stream], |row| row.get(0)).await?;
    let last = snapshot.row(LAST, params![stream], |row| row.get(0)).await?;
    Ok(first.zip(last))
}
