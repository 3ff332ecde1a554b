//! Archives read into mailboxes.
//!
//! A source ([`Source`]) is read from front to end by a thread of its own and filed in small transactions beside
//! a running server. Nothing is remembered of an import: a message that lies in its folder already, byte for
//! byte, is not put there a second time, so an import that was stopped is simply done again. As often as a
//! source has a message, so often the folder has it afterwards, whichever of them were there before.
//!
//! What cannot be imported is refused with a reason, and the rest goes on. A full mailbox ends the import.

mod filing;
mod item;
mod maildir;
mod mbox;
mod source;
mod utf7;
mod zips;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use mailbox::FolderName;
use store::Store;
use tokio::sync::mpsc;
use world::{Secret, World};

use crate::Error;

pub use item::Refused;
pub use source::Source;

/// Entries of an archive that are looked at, at most.
pub const ENTRIES_MAX: usize = 4_000_000;

/// What a source has read ahead of the filing.
const AHEAD_ITEMS: usize = 4;

/// What to import, and where to.
#[derive(Clone, Debug)]
pub struct Wish {
    /// A zip, an mbox, or a Maildir.
    pub path: PathBuf,
    /// The key of an encrypted archive.
    pub key: Option<Secret>,
    /// The id of the entity whose mailbox it is.
    pub owner: String,
    /// The folder of messages that have none of their own.
    pub folder: FolderName,
}

/// How far an import is, and the way to stop it. Shared by those who do it and those who tell of it.
#[derive(Debug, Default)]
pub struct Progress {
    looked_at: AtomicU64,
    bytes: AtomicU64,
    stop: AtomicBool,
}

impl Progress {
    /// Messages that were read so far.
    pub fn looked_at(&self) -> u64 {
        self.looked_at.load(Ordering::Relaxed)
    }

    /// Their bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Ends the import after the transaction on its way.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.looked_at.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// What an import did.
#[derive(Debug, Default)]
pub struct Report {
    /// Messages that were put into the mailbox.
    pub imported: u64,
    /// Messages that lay in their folder already.
    pub present: u64,
    /// What could not be imported; of very many, the first.
    pub refused: Vec<Refused>,
    /// How much could not be imported.
    pub refused_count: u64,
    /// Why it ended before its end, if it did.
    pub cut_short: Option<CutShort>,
}

/// Why an import ended before its end. Done again, it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CutShort {
    /// It was stopped.
    Stopped,
    /// The mailbox is full.
    Full {
        /// What its messages may take, in bytes.
        quota_bytes: u64,
    },
    /// The mailbox was taken out of service.
    Gone,
    /// The source cannot be read any further, and why.
    Unreadable(String),
}

/// Imports a source into a mailbox.
///
/// # Errors
/// [`Error::Source`] for what is no archive; what the store and the file system say. What was imported until
/// then stays.
pub async fn import(
    store: &Store,
    world: &World,
    wish: Wish,
    progress: &Arc<Progress>,
) -> Result<Report, Error> {
    let source = Source::open(&wish.path, wish.key)?;
    let mut filing = filing::Filing::new(store, world, &wish.owner, wish.folder).await?;
    let (send, mut items) = mpsc::channel(AHEAD_ITEMS);
    let reading = tokio::task::spawn_blocking(move || source.read(&item::Outbox(send)));
    while let Some(found) = items.recv().await {
        if progress.is_stopped() {
            filing.flush().await?;
            filing.report.cut_short = Some(CutShort::Stopped);
            break;
        }
        if let item::Found::Message(message) = &found {
            progress.add(message.bytes.len());
        }
        filing.take(found).await?;
        if filing.report.cut_short.is_some() {
            break;
        }
    }
    // A source whose messages nobody takes ends.
    drop(items);
    filing.flush().await?;
    let read = reading.await.map_err(std::io::Error::other)?;
    let mut report = filing.report;
    if let (Err(error), None) = (read, &report.cut_short) {
        report.cut_short = Some(CutShort::Unreadable(error.to_string()));
    }
    Ok(report)
}

/// A path as it is shown.
fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
