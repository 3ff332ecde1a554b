//! What callers hold while they read and write.

use std::ops::{Deref, DerefMut};

use crate::{Change, Error, Row, Value, postgres, sqlite};

/// A view of the committed data at one moment, fixed by its first read and let go when dropped.
///
/// Keep it short: on SQLite the log cannot be cut while one is open, and there are only so many of them.
pub struct Snapshot(Session);

enum Session {
    SqliteRead(sqlite::ReadSession),
    SqliteWrite(sqlite::WriteSession),
    PostgresRead(postgres::ReadSession),
    PostgresWrite(postgres::WriteSession),
}

/// A transaction: a [`Snapshot`] that also sees and makes changes. Dropped before its commit, it never was.
///
/// Await nothing slow while holding one: on SQLite all other writers wait, and those whose commits are grouped with it.
/// After a statement failed, every further one and the commit fail with [`Error::Aborted`].
pub struct Transaction {
    snapshot: Snapshot,
    changes: Vec<Change>,
}

impl Snapshot {
    pub(crate) fn sqlite(session: sqlite::ReadSession) -> Self {
        Self(Session::SqliteRead(session))
    }

    pub(crate) fn postgres(session: postgres::ReadSession) -> Self {
        Self(Session::PostgresRead(session))
    }

    /// All rows of the answer, each made into a `T`. Bound the answer with `LIMIT` where it can grow.
    ///
    /// # Errors
    /// What the engine says, or what `map` says; the latter leaves a transaction usable.
    pub async fn rows<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, Error> + Send,
    ) -> Result<Vec<T>, Error> {
        self.query(sql, params, usize::MAX, map).await
    }

    /// The first row of the answer made into a `T`, or `None` if there is none.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub async fn row<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, Error> + Send,
    ) -> Result<Option<T>, Error> {
        Ok(self.query(sql, params, 1, map).await?.pop())
    }

    async fn query<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        limit: usize,
        map: impl FnMut(&Row<'_>) -> Result<T, Error> + Send,
    ) -> Result<Vec<T>, Error> {
        match &mut self.0 {
            Session::SqliteRead(session) => session.rows(sql, params, limit, map),
            Session::SqliteWrite(session) => session.rows(sql, params, limit, map),
            Session::PostgresRead(session) => session.rows(sql, params, limit, map).await,
            Session::PostgresWrite(session) => session.rows(sql, params, limit, map).await,
        }
    }
}

impl Transaction {
    pub(crate) fn sqlite(session: sqlite::WriteSession) -> Self {
        Self { snapshot: Snapshot(Session::SqliteWrite(session)), changes: Vec::new() }
    }

    pub(crate) fn postgres(session: postgres::WriteSession) -> Self {
        Self { snapshot: Snapshot(Session::PostgresWrite(session)), changes: Vec::new() }
    }

    /// Runs a statement that answers with no rows, and says how many rows it changed.
    ///
    /// # Errors
    /// What the engine says; the transaction can then only be dropped.
    pub async fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        match &mut self.snapshot.0 {
            Session::SqliteWrite(session) => session.execute(sql, params),
            Session::PostgresWrite(session) => session.execute(sql, params).await,
            Session::SqliteRead(_) | Session::PostgresRead(_) => Err(only_reads()),
        }
    }

    /// A number, from 1 upwards, that no other committed transaction got or gets under this name.
    ///
    /// Numbers may be left out, and on PostgreSQL they do not follow the order of the commits.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn next_id(&mut self, name: &str) -> Result<i64, Error> {
        if let Session::PostgresWrite(session) = &mut self.snapshot.0 {
            return session.next_id(name).await;
        }
        let sql = "INSERT INTO sequences (name, value) VALUES ($1, 1) \
                   ON CONFLICT (name) DO UPDATE SET value = sequences.value + 1 RETURNING value";
        let id = self.row(sql, crate::params![name], |row| row.get(0)).await?;
        id.ok_or_else(|| Error::corrupt("a sequence without a value"))
    }

    /// Tells subscribers after the commit, on all nodes, that something changed.
    pub fn notify(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Makes the changes durable, and with them every body put before. When this future is dropped half-way,
    /// the changes may be kept or not; never in part.
    ///
    /// # Errors
    /// [`Error::Conflict`] asks to run the whole operation again. Except for [`Error::Poisoned`] and a
    /// connection lost in this very moment, nothing of the transaction is kept.
    pub async fn commit(self) -> Result<(), Error> {
        for change in &self.changes {
            change.check()?;
        }
        match self.snapshot.0 {
            Session::SqliteWrite(session) => session.commit(self.changes).await,
            Session::PostgresWrite(session) => session.commit(self.changes).await,
            Session::SqliteRead(_) | Session::PostgresRead(_) => Err(only_reads()),
        }
    }
}

/// Only if a caller put another snapshot in the place of the transaction's own.
fn only_reads() -> Error {
    Error::invalid("a snapshot only reads")
}

impl Deref for Transaction {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Snapshot {
        &mut self.snapshot
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").field("changes", &self.changes).finish_non_exhaustive()
    }
}
