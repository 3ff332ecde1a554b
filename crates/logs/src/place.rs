//! A stream to write to.

use iam::door::Resource;
use store::{Row, Snapshot, Transaction, params};
use world::Timestamp;

use crate::{
    arns,
    events::{self, NewEvent},
    streams, tags,
};

/// A stream of a group that is there; the stream need not be.
#[derive(Clone, Debug)]
pub struct Place {
    group: i64,
    stream: Option<i64>,
    stream_name: String,
    /// The stream as policies see it, with the tags of its group.
    pub resource: Resource,
}

impl Place {
    /// The place of a stream in a group of an account and region; none if there is no such group.
    ///
    /// # Errors
    /// The store's.
    pub async fn find(
        snapshot: &mut Snapshot,
        (account, region): (&str, &str),
        group: &str,
        stream: &str,
    ) -> Result<Option<Self>, store::Error> {
        const SQL: &str = "SELECT g.id, s.id FROM log_groups g \
            LEFT JOIN log_streams s ON s.group_id = g.id AND s.name = $4 \
            WHERE g.account_id = $1 AND g.region = $2 AND g.name = $3";
        let ids = |row: &Row<'_>| Ok((row.get::<i64>(0)?, row.get::<Option<i64>>(1)?));
        let key = params![account, region, group, stream];
        let Some((id, stream_id)) = snapshot.row(SQL, key, ids).await? else { return Ok(None) };
        let tags = tags::of(snapshot, id).await?;
        let resource = Resource::arn(arns::stream(account, region, group, stream)).tagged(tags);
        let stream_name = stream.to_owned();
        Ok(Some(Self { group: id, stream: stream_id, stream_name, resource }))
    }

    /// Whether the stream is there; if not, appending makes it.
    pub fn has_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// Writes events to the stream, as part of the transaction in which the place was found.
    ///
    /// # Errors
    /// The store's.
    pub async fn append(
        &self,
        tx: &mut Transaction,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<(), store::Error> {
        let stream = match self.stream {
            Some(stream) => stream,
            None => streams::insert(tx, self.group, &self.stream_name, now).await?,
        };
        for batch in events.chunks(events::BATCH_MAX) {
            events::append(tx, (self.group, stream), batch, now).await?;
        }
        Ok(())
    }
}
