//! One caller's use of a connection, from begin to end.

use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    Error,
    change::Change,
    error::Cause,
    row::Row,
    sqlite::{
        connection::BUSY_TIMEOUT,
        errors::{is_busy, told},
        lane::{Turn, Writer},
        readers::Lease,
        statement::{self, control},
    },
    value::Value,
};

/// A deferred read transaction: its first read fixes what it sees.
pub(crate) struct ReadSession {
    lease: Lease,
    fate: Fate,
}

/// Whether a statement failed. PostgreSQL lets such a transaction go no further, so neither does this engine.
#[derive(Default)]
struct Fate(Option<Error>);

impl Fate {
    fn check(&self) -> Result<(), Error> {
        match &self.0 {
            Some(earlier) => Err(Error::Aborted(Cause::new(earlier))),
            None => Ok(()),
        }
    }

    fn after<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &done
            && error.aborts()
        {
            self.0 = Some(error.clone());
        }
        done
    }
}

impl ReadSession {
    pub(super) fn begin(mut lease: Lease) -> Result<Self, Error> {
        control(lease.connection()?, "BEGIN").map_err(|error| told(&error))?;
        Ok(Self { lease, fate: Fate::default() })
    }

    pub(crate) fn rows<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        limit: usize,
        map: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.fate.check()?;
        let answer = statement::rows(self.lease.connection()?, sql, params, limit, map);
        self.fate.after(answer)
    }
}

impl Drop for ReadSession {
    fn drop(&mut self) {
        let ended =
            self.lease.connection().is_ok_and(|connection| control(connection, "COMMIT").is_ok());
        if !ended {
            self.lease.discard();
        }
    }
}

/// A transaction on the writer. Dropped before its commit, it undoes its own work and no other's.
pub(crate) struct WriteSession {
    turn: Turn,
    /// Whether it runs in a savepoint after earlier members of the group, or opened the group itself.
    nested: bool,
    ended: bool,
    fate: Fate,
}

impl WriteSession {
    pub(super) async fn begin(mut turn: Turn) -> Result<Self, Error> {
        let writer = turn.writer()?;
        if writer.group.members.is_empty() {
            return open_group(turn).await;
        }
        control(writer.connection.get(), "SAVEPOINT member").map_err(|error| told(&error))?;
        Ok(Self::begun(turn, true))
    }

    fn begun(turn: Turn, nested: bool) -> Self {
        Self { turn, nested, ended: false, fate: Fate::default() }
    }

    pub(crate) fn rows<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        limit: usize,
        map: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.run(|connection| statement::rows(connection, sql, params, limit, map))
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        self.run(|connection| statement::execute(connection, sql, params))
    }

    /// Ends the transaction and waits until its group is durable.
    pub(crate) async fn commit(self, changes: Vec<Change>) -> Result<(), Error> {
        let answer = self.join(changes)?;
        answer.await.unwrap_or_else(|_| Err(Error::unavailable("the committer has stopped")))
    }

    /// The part of the commit that needs the writer, which passes on when this returns.
    fn join(mut self, changes: Vec<Change>) -> Result<oneshot::Receiver<Result<(), Error>>, Error> {
        if self.nested {
            self.run(|connection| {
                control(connection, "RELEASE member").map_err(|error| told(&error))
            })?;
        } else {
            self.run(|_| Ok(()))?;
        }
        self.ended = true;
        self.turn.join(changes)
    }

    fn run<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        self.fate.check()?;
        let done = work(self.turn.writer()?.connection.get());
        self.fate.after(done)
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        let nested = self.nested;
        let writer = self.turn.writer()?;
        let connection = writer.connection.get();
        if connection.is_autocommit() {
            // A full disk or a failed read made SQLite roll the whole group back by itself.
            if let Some(error) = &self.fate.0 {
                writer.group.fail(error);
            }
            return Ok(());
        }
        let undone = if nested {
            control(connection, "ROLLBACK TO member")
                .and_then(|()| control(connection, "RELEASE member"))
        } else {
            control(connection, "ROLLBACK")
        };
        undone.or_else(|error| abandon_group(writer, &told(&error)))
    }
}

impl Drop for WriteSession {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Err(error) = self.roll_back() {
            tracing::error!(%error, "a transaction could not be rolled back");
            self.turn.lane().shut(error);
        }
    }
}

/// When a savepoint cannot be undone alone, the whole group goes.
fn abandon_group(writer: &mut Writer, error: &Error) -> Result<(), Error> {
    writer.group.fail(error);
    let connection = writer.connection.get();
    if connection.is_autocommit() {
        return Ok(());
    }
    control(connection, "ROLLBACK").map_err(|error| told(&error))
}

/// Begins the outer transaction. Another process may be writing; it is waited for on a thread that may block. What
/// comes back is a session, which rolls back if nobody waits for it any more.
async fn open_group(mut turn: Turn) -> Result<WriteSession, Error> {
    match control(turn.writer()?.connection.get(), "BEGIN IMMEDIATE") {
        Ok(()) => return Ok(WriteSession::begun(turn, false)),
        Err(error) if is_busy(&error) => {}
        Err(error) => return Err(told(&error)),
    }
    let begin = move || {
        let connection = turn.writer()?.connection.get();
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| told(&error))?;
        let begun = control(connection, "BEGIN IMMEDIATE");
        connection.busy_timeout(Duration::ZERO).map_err(|error| told(&error))?;
        begun.map_err(|error| told(&error))?;
        Ok(WriteSession::begun(turn, false))
    };
    tokio::task::spawn_blocking(begin).await.map_err(Error::unavailable)?
}
