//! PostgreSQL's SQLSTATEs in the words of the store
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use tokio_postgres::error::DbError;

use crate::{Error, error::Cause};

use super::values::Unfit;

/// The same failure as the store tells it.
pub(super) fn told(error: &tokio_postgres::Error) -> Error {
    if let Some(error) = error.as_db_error() {
        return told_by_server(error);
    }
    match std::error::Error::source(error) {
        Some(source) if source.is::<Unfit>() => Error::invalid(source),
        Some(source) => Error::unavailable(format_args!("{error}: {source}")),
        None => Error::unavailable(error),
    }
}

/// Whether a prepared statement rests on a table that another node has changed since. Prepared anew in a new
/// transaction, it works.
pub(super) fn is_stale_plan(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|error| error.code().code() == STALE_PLAN)
}

/// "Feature not supported", in a statement that was prepared: "cached plan must not change result type".
const STALE_PLAN: &str = "0A000";

fn told_by_server(error: &DbError) -> Error {
    let code = error.code().code();
    let cause = Cause::new(format_args!("{} ({code})", error.message()));
    match code {
        STALE_PLAN => Error::Conflict(cause),
        "40001" | "40P01" | "55P03" => Error::Conflict(cause),
        "23505" => Error::Unique(cause),
        "23503" => Error::ForeignKey(cause),
        "25P02" => Error::Aborted(cause),
        "53100" => Error::Full(cause),
        _ => match code.get(..2) {
            Some("22" | "23") => Error::Constraint(cause),
            // Connection, authorisation, no such database, resources, operator's intervention.
            Some("08" | "28" | "3D" | "53" | "57") => Error::Unavailable(cause),
            _ => Error::Engine(cause),
        },
    }
}
