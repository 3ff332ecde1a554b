//! One caller's use of a connection, from begin to end.

use std::{sync::Arc, time::Duration};

use futures_util::future;
use tokio_postgres::{Statement, types::ToSql};

use crate::{
    Change, Error, Value,
    error::Cause,
    row::{Row, Source},
};

use super::{
    Shared,
    errors::{is_stale_plan, told},
    listener,
    pool::Lease,
};

/// How long a connection may take to undo before it is closed instead.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(10);

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";

/// A snapshot. It begins with its first statement, in the same round trip.
pub(crate) struct ReadSession {
    bracket: Bracket,
}

impl ReadSession {
    pub(super) fn new(lease: Lease) -> Self {
        Self { bracket: Bracket { lease: Some(lease), begun: false, state: State::Ready } }
    }

    pub(crate) async fn rows<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        limit: usize,
        map: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let begin = (!self.bracket.begun).then_some(BEGIN_READ);
        mapped(self.bracket.query(begin, sql, params).await?, limit, map)
    }
}

/// A serialisable transaction.
pub(crate) struct WriteSession {
    bracket: Bracket,
    shared: Arc<Shared>,
}

impl WriteSession {
    pub(super) async fn begin(lease: Lease, shared: Arc<Shared>) -> Result<Self, Error> {
        // Not in one round trip with the first statement: should this fail, that one would stand alone.
        let mut bracket = Bracket { lease: Some(lease), begun: true, state: State::Ready };
        bracket.control(BEGIN_WRITE).await?;
        Ok(Self { bracket, shared })
    }

    pub(crate) async fn rows<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        limit: usize,
        map: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        mapped(self.bracket.query(None, sql, params).await?, limit, map)
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        self.bracket.execute(sql, params).await
    }

    pub(crate) async fn next_id(&mut self, name: &str) -> Result<i64, Error> {
        self.shared.sequences.next(name).await
    }

    /// Bodies first, then the notices, which the server holds back until the commit, then the commit.
    pub(crate) async fn commit(mut self, changes: Vec<Change>) -> Result<(), Error> {
        let bodies = Arc::clone(&self.shared.bodies);
        let synced = tokio::task::spawn_blocking(move || bodies.sync()).await;
        synced.map_err(Error::unavailable)??;
        self.bracket.notify(&self.shared.node, &changes).await?;
        self.bracket.control("COMMIT").await?;
        self.bracket.end();
        self.shared.changes.tell(changes);
        Ok(())
    }
}

fn mapped<T>(
    rows: Vec<tokio_postgres::Row>,
    limit: usize,
    mut map: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    rows.iter().take(limit).map(|row| map(&Row(Source::Postgres(row)))).collect()
}

/// A connection between BEGIN and its end. Dropped in between, it is rolled back before anybody else gets it.
struct Bracket {
    lease: Option<Lease>,
    begun: bool,
    state: State,
}

enum State {
    Ready,
    /// A statement is under way. Seen at the start of another, its caller gave it up, and what it did is unknown.
    Busy,
    Failed(Error),
}

impl Bracket {
    async fn query(
        &mut self,
        begin: Option<&str>,
        sql: &str,
        params: &[Value<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        self.begun |= begin.is_some();
        let lease = self.start()?;
        let answer = match begin {
            None => query(lease, sql, params).await,
            Some(begin) => {
                // Sent one after the other, without waiting for the first answer.
                let (begun, answer) =
                    future::join(control(lease, begin), query(lease, sql, params)).await;
                begun.and(answer)
            }
        };
        self.finish(answer)
    }

    async fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        let done = execute(self.start()?, sql, params).await;
        self.finish(done)
    }

    /// Sends all notices without waiting for an answer in between.
    async fn notify(&mut self, node: &str, changes: &[Change]) -> Result<(), Error> {
        let lease = self.start()?;
        let notices = changes.iter().map(async |change| {
            let notice = listener::encode(node, change);
            query(lease, listener::NOTIFY, crate::params![notice]).await.map(drop)
        });
        let sent = future::try_join_all(notices).await.map(drop);
        self.finish(sent)
    }

    async fn control(&mut self, sql: &str) -> Result<(), Error> {
        let done = control(self.start()?, sql).await;
        self.finish(done)
    }

    fn start(&mut self) -> Result<&Lease, Error> {
        match std::mem::replace(&mut self.state, State::Busy) {
            State::Ready => {}
            State::Busy => {
                return Err(Error::Aborted(Cause::new("a statement was given up half-way")));
            }
            State::Failed(error) => {
                let cause = Cause::new(&error);
                self.state = State::Failed(error);
                return Err(Error::Aborted(cause));
            }
        }
        self.lease.as_ref().ok_or_else(|| Error::unavailable("the connection was given back"))
    }

    fn finish<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        self.state = match &done {
            Err(error) if error.aborts() => State::Failed(error.clone()),
            _ => State::Ready,
        };
        done
    }

    /// After the commit there is nothing to undo.
    fn end(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

impl Drop for Bracket {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        if !self.begun {
            return lease.give_back();
        }
        // Without a runtime the connection is closed, which undoes as well.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let undone = tokio::time::timeout(ROLLBACK_TIMEOUT, control(&lease, "ROLLBACK")).await;
            if let Ok(Ok(())) = undone {
                lease.give_back();
            }
        });
    }
}

async fn query(
    lease: &Lease,
    sql: &str,
    params: &[Value<'_>],
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let (statement, params) = prepare(lease, sql, params).await?;
    lease.client().query(&statement, &params).await.map_err(|error| failed(lease, &error))
}

async fn execute(lease: &Lease, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
    let (statement, params) = prepare(lease, sql, params).await?;
    if !statement.columns().is_empty() {
        return Err(Error::invalid("a statement that answers with rows"));
    }
    lease.client().execute(&statement, &params).await.map_err(|error| failed(lease, &error))
}

async fn control(lease: &Lease, sql: &str) -> Result<(), Error> {
    lease.client().batch_execute(sql).await.map_err(|error| told(&error))
}

type Bound<'p> = Vec<&'p (dyn ToSql + Sync)>;

async fn prepare<'p>(
    lease: &Lease,
    sql: &str,
    params: &'p [Value<'_>],
) -> Result<(Statement, Bound<'p>), Error> {
    params.iter().try_for_each(Value::check)?;
    let statement = lease.prepared(sql).await?;
    let count = statement.params().len();
    if count != params.len() {
        return Err(Error::invalid(format_args!(
            "{} values for {count} placeholders",
            params.len()
        )));
    }
    Ok((statement, params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()))
}

fn failed(lease: &Lease, error: &tokio_postgres::Error) -> Error {
    if is_stale_plan(error) {
        lease.forget_prepared();
    }
    told(error)
}
