//! How connections are opened.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use crate::{Error, sqlite::errors::told};

/// How long another process may hold the database before a statement gives up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 512;

/// Pages in the write-ahead log after which a commit copies them into the database: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4096;

/// Page cache of one connection, in KiB.
const CACHE_KIB: i64 = 16 * 1024;

/// The one connection that writes. It never waits by itself for another process; see [`super::lane`].
pub(super) fn open_writer(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| told(&error))?;
    if mode != "wal" {
        return Err(Error::unavailable(format_args!("`{}` cannot keep a log", path.display())));
    }
    set(&connection, "synchronous", "FULL")?;
    set(&connection, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    set(&connection, "query_only", true)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
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
