//! Mailboxes written to archives, and archives read into mailboxes.
//!
//! - [`Worker`] does the export jobs that the room `workmail` keeps: it writes a mailbox as a zip, folder by
//!   folder, to where the operator lets exports go ([`Destination`]), and a log beside it.
//! - [`import`](mod@import) reads such a zip, an mbox or a Maildir into a mailbox. Done again, it goes on where it
//!   was stopped: what lies in its folder already is not put there twice.
//!
//! Both work in bounded memory whatever the size of the mailbox, hold no snapshot or transaction for long, and
//! can be cut off at any moment. `docs/export.md` describes what is written.
//!
//! The room knows nothing of who may ask for an export, of the API, or of the terminal. It holds no SQL.
//!
//! # Limits
//! An archive that is read has at most [`import::ENTRIES_MAX`] entries. Of S3, the server must take parts of
//! [`PART_BYTES`] and encrypt with the key that it is told.

mod error;
mod export;
pub mod import;
mod layout;
mod outlet;
mod sealed;
mod upload;
mod worker;
mod zip_writer;

pub use error::Error;
pub use outlet::PART_BYTES;
pub use sealed::{EXPORT_KEY_BYTES, ExportKey};
pub use upload::{Destination, EndpointError, S3Settings};
pub use worker::Worker;
