//! How connections are opened.

use std::{
    fs::OpenOptions, io::ErrorKind, os::unix::fs::OpenOptionsExt, path::Path, time::Duration,
};

use rusqlite::{Connection, OpenFlags};

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
    // Text in double quotes is never a string: a mistyped column name is an error, as on PostgreSQL.
    for option in [
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_DQS_DDL,
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_DQS_DML,
    ] {
        connection.set_db_config(option, false).map_err(|error| told(&error))?;
    }
    Ok(connection)
}

fn set(connection: &Connection, name: &str, value: impl rusqlite::ToSql) -> Result<(), Error> {
    connection.pragma_update(None, name, value).map_err(|error| told(&error))
}
