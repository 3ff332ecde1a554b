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
//! do what. An *owner* is the id of an entity, nothing more.
//!
//! # What it offers
//! ```text
//! mailboxes  provision(tx, owner, organization, quota_bytes, now) -> Mailbox      (restores within 30 days)
//!            find(snapshot, owner) -> Option<Mailbox>        get(snapshot, MailboxId) -> Mailbox
//!            set_quota(tx, MailboxId, bytes)   deprovision(tx, MailboxId, now)   restore(tx, owner, now)
//!            destroy_organization(tx, organization, now)     purge_expired(store, now, limit)
//! folders    list(snapshot, MailboxId) -> Vec<Folder>        find(snapshot, MailboxId, &FolderName)
//!            get(snapshot, FolderId) -> Folder               by_role(snapshot, MailboxId, Role)
//!            create(tx, MailboxId, &FolderName, now)         rename(tx, MailboxId, from, to, now)
//!            delete(tx, MailboxId, &FolderName)              subscribe(tx, MailboxId, &FolderName, bool)
//! intake     prepare(&Store, organization, bytes) -> Prepared            (outside any transaction)
//!            insert_body(tx, &Prepared) -> Body
//!            deliver(tx, &Body, &Delivery { mailbox, destination, flags, keywords, received_at, now }) -> Appended
//!            deliver_all(tx, &Body, &[Delivery]) -> Vec<Result<Appended, Error>>
//! messages   open(snapshot, FolderId) -> Opened { folder, entries: Vec<Entry { uid, flags, modseq }>, keywords }
//!            Cursor::new(FolderId, UidSet, Columns).next(snapshot) -> Option<Vec<Message>>    (bounded batches)
//! bodies     locate(snapshot, &Store, FolderId, Uid) -> Located          Located::read(&Store) -> Bytes
//!            hold(tx, BodyId, holder)  release(tx, BodyId, holder)       collect_garbage(store, limit)
//! changes    since(snapshot, FolderId, Modseq) -> Changes { changed: Vec<Message>, vanished: Vec<Vanished>, complete }
//! flagging   store(tx, FolderId, &UidSet, &FlagChange, unchanged_since) -> Flagged { modified, failed, modseq }
//! transfer   copy / r#move(tx, FolderId, &UidSet, FolderId, now) -> Transferred { uid_validity, pairs, modseq }
//!            expunge(tx, FolderId, &UidSet) -> Expunged { uids, modseq }
//! search     search(snapshot, &Store, FolderId, &Query) -> Vec<Uid>
//! ```
//!
//! # Conflicts
//! All functions work within the caller's transaction and neither commit nor retry. A caller whose `Error` holds
//! a `store::Error` that `is_conflict()` drops its transaction and runs the whole of it again.
//!
//! # Limits
//! [`MAX_MESSAGE_BYTES`], [`MAX_FOLDERS`], [`MAX_NAME_BYTES`], [`MAX_NAME_DEPTH`], [`MAX_KEYWORDS`],
//! [`MAX_KEYWORD_BYTES`]; those of a summary are in [`summary`].

mod error;
mod flags;
mod ids;
mod name;
pub mod summary;
mod uids;

pub use error::Error;
pub use flags::{Flags, Keywords, MAX_KEYWORD_BYTES, MAX_KEYWORDS};
pub use ids::{BodyId, FolderId, ItemId, MailboxId, Modseq, Uid};
pub use name::{FolderName, INBOX, MAX_NAME_BYTES, MAX_NAME_DEPTH, Role, SEPARATOR};
pub use uids::UidSet;

/// The most folders of one mailbox.
pub const MAX_FOLDERS: usize = 2000;
/// The largest message that any mailbox takes, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;
