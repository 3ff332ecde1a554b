//! SQLite's result codes in the words of the store (<https://sqlite.org/rescode.html>).

use rusqlite::{ErrorCode, ffi};

use crate::{Error, error::Cause};

/// The same failure as the store tells it.
pub(super) fn told(error: &rusqlite::Error) -> Error {
    let cause = Cause::new(error);
    let rusqlite::Error::SqliteFailure(code, _) = error else {
        return Error::Engine(cause);
    };
    match (code.code, code.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            Error::Unique(cause)
        }
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Error::ForeignKey(cause),
        (ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch, _) => Error::Constraint(cause),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Unavailable(cause),
        (ErrorCode::CannotOpen, _) => Error::Unavailable(cause),
        (ErrorCode::DiskFull, _) => Error::Full(cause),
        _ => Error::Engine(cause),
    }
}

/// Whether another process holds the database.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// How a failed COMMIT is told. A full disk is found before anything counts as written; after any other
/// failure nobody knows what the disk holds.
pub(super) fn told_of_commit(error: &rusqlite::Error) -> Error {
    match told(error) {
        Error::Engine(cause) => Error::Poisoned(cause),
        known => known,
    }
}
