//! Mailboxes: folders, messages, UIDs, flags, changes, search and quota, as every client protocol needs them.
//!
//! What a mailbox room must give to its faces is the same for all of them: a stable id and a place for each
//! message, a number that grows with each change, and a mark where something was removed. With these, "what
//! is new since I last looked" is a range read, whatever a protocol calls it.
//!
//! - One body row for a message, however many recipients it has; one `messages` row for each place it lies in.
//! - Every change raises the mailbox's modification sequence ([`Modseq`]) by updating the mailbox row first, so
//!   changes to one mailbox are made one after another, and who has read up to a number misses nothing before it.
//! - A removed message leaves a tombstone, a removed folder too.
//! - What is known of a message without its body is read once, at intake: [`summary::Summary`].
//!
//! The room knows nothing of the protocols that show a mailbox, of addresses and their owners, or of who may
//! do what: it keeps the rights to folders for those who ask for them ([`rights`]), and obeys whoever calls. An *owner* is the id of an entity, nothing more.
//!
//! # What it offers
//! - [`mailboxes`]: into service, quota, out of service, restored within 30 days, purged.
//! - [`folders`]: listed with their counts, made, renamed with what is below, deleted, subscribed.
//! - [`intake`]: a message prepared outside any transaction, its body inserted, delivered to many places.
//! - [`messages`]: the state of a folder at once; rows and summaries of chosen messages in batches.
//! - [`bodies`]: the bytes of messages, and the deletion of those that nothing names.
//! - [`changes`]: what changed since a modification sequence, in a folder and among the folders.
//! - [`change_flags`]: flags and keywords changed, if wanted only where nothing changed since.
//! - [`copy`], [`r#move`](fn@move), [`expunge`], [`remove`]: messages that change their place.
//! - [`expiry`]: messages that have been in their folder for too long.
//! - [`rights`]: who else may do what with a folder, and who wants to see it.
//! - [`search`](mod@search): found by flags, dates, sizes, header fields and decoded text.
//!
//! # Conflicts
//! All functions work within the caller's transaction and neither commit nor retry. A caller whose `Error` holds
//! a `store::Error` that `is_conflict()` drops its transaction and runs the whole of it again.
//!
//! # Limits
//! [`MAX_MESSAGE_BYTES`], [`MAX_FOLDERS`], [`MAX_NAME_BYTES`], [`MAX_NAME_DEPTH`], [`MAX_KEYWORDS`],
//! [`MAX_KEYWORD_BYTES`], [`rights::MAX_GRANTEES`]; those of a summary are in [`summary`].

pub mod bodies;
pub mod changes;
mod error;
pub mod expiry;
mod flagging;
mod flags;
pub mod folders;
mod ids;
pub mod intake;
pub mod mailboxes;
pub mod messages;
mod name;
pub mod rights;
mod schema;
pub mod search;
pub mod summary;
mod transfer;
mod uids;

pub use bodies::{Collected, Located, collect_garbage, locate};
pub use changes::{Changes, FolderChanges, Vanished};
pub use error::Error;
pub use flagging::{FlagAction, FlagChange, Flagged, change_flags};
pub use flags::{Flags, Keywords, MAX_KEYWORD_BYTES, MAX_KEYWORDS};
pub use folders::{Folder, MAX_FOLDERS};
pub use ids::{BodyId, FolderId, ItemId, MailboxId, Modseq, Uid};
pub use intake::{
    Appended, Body, Delivery, Destination, MAX_MESSAGE_BYTES, Prepared, deliver, deliver_all,
    insert_body, prepare,
};
pub use mailboxes::{DEFAULT_QUOTA_BYTES, Mailbox, RETENTION, TOPIC};
pub use messages::{BATCH_ROWS, Columns, Cursor, Entry, Message, Opened, open};
pub use name::{FolderName, INBOX, MAX_NAME_BYTES, MAX_NAME_DEPTH, Role, SEPARATOR};
pub use rights::Rights;
pub use schema::MIGRATIONS;
pub use search::{Found, Query, search};
pub use summary::Summary;
pub use transfer::{Removed, Transferred, copy, expunge, r#move, remove};
pub use uids::UidSet;
