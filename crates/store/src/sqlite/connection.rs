//! How connections are opened.

use std::{
    fs::OpenOptions, io::ErrorKind, os::unix::fs::OpenOptionsExt, path::Path, time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{Error, sqlite::errors::told};

/// How long another process may hold the database before a statement gives up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 512;

/// Pages in the write-ahead log after which a commit copies them into the database: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4096;

/// What the log is cut back to once its pages are in the database, if a burst has made it longer: 64 MiB.
const LOG_KEEP_BYTES: i64 = 64 * 1024 * 1024;

/// Page cache of one connection, in KiB.
const CACHE_KIB: i64 = 8 * 1024;

/// The one connection that writes. It never waits by itself for another process; see [`super::lane`].
pub(super) fn open_writer(path: &Path) -> Result<Connection, Error> {
    make_private(path)?;
    let connection = open(path)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| told(&error))?;
    if mode != "wal" {
        return Err(Error::unavailable(format_args!("`{}` cannot keep a log", path.display())));
    }
    set(&connection, "synchronous", "FULL")?;
    set(&connection, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    set(&connection, "journal_size_limit", LOG_KEEP_BYTES)?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let connection = open(path)?;
    set(&connection, "query_only", true)?;
    Ok(connection)
}

/// A database file that is not there yet is made for our eyes only; SQLite gives its log the same mode. One that is
/// there is not opened here: closing it would let go of the locks that SQLite holds on it for this process.
fn make_private(path: &Path) -> Result<(), Error> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::unavailable(format_args!("`{}`: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn open(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| Error::unavailable(format_args!("`{}`: {error}", path.display())))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| told(&error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    set(&connection, "foreign_keys", true)?;
    set(&connection, "cache_size", -CACHE_KIB)?;
    set(&connection, "temp_store", "MEMORY")?;
    // A plan that may not hang on the values bound is made once. Otherwise a partial index makes SQLite prepare
    // statements again whenever other values are bound.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| told(&error))?;
    // Text in double quotes is never a string: a mistyped column name is an error, as on PostgreSQL.
    for option in [DbConfig::SQLITE_DBCONFIG_DQS_DDL, DbConfig::SQLITE_DBCONFIG_DQS_DML] {
        connection.set_db_config(option, false).map_err(|error| told(&error))?;
    }
    Ok(connection)
}

fn set(connection: &Connection, name: &str, value: impl rusqlite::ToSql) -> Result<(), Error> {
    connection.pragma_update(None, name, value).map_err(|error| told(&error))
}

#[cfg(test)]
mod tests {
    use rusqlite::{Error, StatementStatus};

    use super::*;

    /// Were plans not stable, some of these would be prepared again with each value, for the partial indexes.
    #[test]
    fn a_statement_is_prepared_once_whatever_is_bound() {
        let folder = tempfile::tempdir().unwrap();
        let writer = open_writer(&folder.path().join("store.db")).unwrap();
        let tables = "CREATE TABLE words (key TEXT PRIMARY KEY, owner TEXT, first INTEGER);
            CREATE UNIQUE INDEX firsts ON words (owner) WHERE first = 1;
            CREATE INDEX firsts_by_key ON words (key, owner) WHERE first = 1;
            CREATE TABLE owners (id TEXT PRIMARY KEY, name TEXT, gone INTEGER);
            CREATE UNIQUE INDEX living ON owners (name) WHERE gone IS NULL;";
        writer.execute_batch(tables).unwrap();
        for sql in [
            "SELECT w.owner FROM words w JOIN owners o ON o.id = w.owner \
             JOIN words p ON p.owner = o.id AND p.first = 1 WHERE w.key = $1",
            "SELECT id FROM owners WHERE name = $1 AND gone IS NULL",
            "SELECT owner FROM words WHERE key >= $1 ORDER BY key LIMIT 3",
            "SELECT owner FROM words WHERE first = $1",
        ] {
            let mut statement = writer.prepare_cached(sql).unwrap();
            for word in ["one", "two", "three"] {
                let found = statement.query_row([word], |row| row.get::<_, String>(0));
                assert!(matches!(found, Err(Error::QueryReturnedNoRows)));
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
        }
    }
}
