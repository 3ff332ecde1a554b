//! The one place that knows SQL engines: rows, the keys that seal them, and bodies beside them.
//!
//! A [`Store`] is opened on SQLite or PostgreSQL; one SQL text serves both. [`Store::read`] gives a
//! [`Snapshot`], [`Store::write`] a [`Transaction`], which is one too, so a look-up that takes `&mut Snapshot`
//! serves readers and writers. [`Transaction::commit`] returns when the change is durable, and with it every
//! body that was put before ([`Blobs`]). [`Keyring`] seals secrets.
//!
//! # The common dialect
//! - Placeholders are `$1`, `$2`, ... with values made by [`params!`].
//! - Types are `INTEGER` (64 bits), `TEXT`, `BLOB`, `REAL`. Times are integers (microseconds), truth is 0 or 1.
//!   In a query cast to `BIGINT`, which both engines know.
//! - Text compares by its bytes. No `LIKE`: its rules differ; a prefix is a range, `>= $1 AND < $2`.
//! - `INSERT .. ON CONFLICT .. DO UPDATE/NOTHING` and `RETURNING` work on both (`RETURNING` with `rows` or `row`).
//! - A statement that fails ends its transaction: check first, then write.
//! - Ids come from [`Transaction::next_id`] or are random text.
//!
//! # Concurrency
//! - SQLite: one writer at a time, in the order they came; commits are grouped so that one sync serves all that
//!   wait. Readers see what is committed and wait for nobody. A transaction sees what those before it in its group
//!   did though it is not durable yet: should the group fail, both fail.
//! - PostgreSQL: transactions are serialisable; [`Error::is_conflict`] asks to run the whole operation again.
//!
//! # What it is not
//! It knows no product: no accounts, no mail. It keeps no cache of rows and retries nothing by itself. On SQLite,
//! notices ([`Store::subscribe`]) do not reach other processes. Bodies are on the disk of this machine, also with
//! PostgreSQL: nodes that share a database must share the folder too. PostgreSQL is reached without TLS.

mod blobs;
mod change;
mod dialect;
mod durable;
mod error;
mod exclusive;
mod keyring;
mod migration;
mod postgres;
mod row;
mod seal;
mod snapshot;
mod sqlite;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod value;

pub use blobs::{BLOB_MAX_BYTES, BlobRef, Blobs, PackInfo};
pub use change::{CHANGE_MAX_BYTES, Change};
pub use error::{Cause, Error};
pub use keyring::{DataKey, Keyring};
pub use migration::Migration;
pub use row::{Column, FromColumn, Row};
pub use snapshot::{Snapshot, Transaction};
pub use store::{CONNECTIONS_MAX, Engine, Options, Store, WAIT_MAX};
pub use value::Value;
