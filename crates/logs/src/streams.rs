//! Log streams.

use iam::door::Call;
use store::{Snapshot, Transaction, params};
use wire::logs::{CreateLogStreamRequest, DeleteLogStreamRequest, Operation};
use world::Timestamp;

use crate::{groups, refusal, targets::OfStream};

/// The name under which the store numbers streams.
const SEQUENCE: &str = "logs.stream";

pub(crate) async fn create(
    call: &mut Call,
    input: CreateLogStreamRequest,
) -> Result<(), wire::Error> {
    let (caller, now) = (call.caller(), call.now());
    let target = OfStream { group: &input.log_group_name, name: &input.log_stream_name };
    let tx = call.write(Operation::CreateLogStream.action(), target).await?;
    let group = groups::get(tx, &caller, &input.log_group_name).await?;
    if find(tx, group.id, &input.log_stream_name).await?.is_some() {
        return Err(refusal::stream_exists());
    }
    insert(tx, group.id, &input.log_stream_name, now).await?;
    Ok(())
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteLogStreamRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let target = OfStream { group: &input.log_group_name, name: &input.log_stream_name };
    let tx = call.write(Operation::DeleteLogStream.action(), target).await?;
    let group = groups::get(tx, &caller, &input.log_group_name).await?;
    let stream = find(tx, group.id, &input.log_stream_name).await?;
    let stream = stream.ok_or_else(refusal::no_stream)?;
    tx.execute("DELETE FROM log_streams WHERE id = $1", params![stream]).await?;
    const REMAINS: &str = "INSERT INTO log_remains (group_id, stream_id) VALUES ($1, $2)";
    tx.execute(REMAINS, params![group.id, stream]).await?;
    Ok(())
}

/// The number of the stream of that name.
pub(crate) async fn find(
    snapshot: &mut Snapshot,
    group: i64,
    name: &str,
) -> Result<Option<i64>, store::Error> {
    const SQL: &str = "SELECT id FROM log_streams WHERE group_id = $1 AND name = $2";
    snapshot.row(SQL, params![group, name], |row| row.get(0)).await
}

pub(crate) async fn insert(
    tx: &mut Transaction,
    group: i64,
    name: &str,
    now: Timestamp,
) -> Result<i64, store::Error> {
    // Where another transaction has just made it, PostgreSQL answers with a conflict, and all is done again.
    const SQL: &str = "INSERT INTO log_streams (id, group_id, name, created_at) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let id = tx.next_id(SEQUENCE).await?;
    tx.execute(SQL, params![id, group, name, now]).await?;
    Ok(id)
}
