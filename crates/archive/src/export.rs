//! One mailbox written into one archive, folder by folder.
//!
//! It is no snapshot of a moment: what comes or goes meanwhile may be in it or not. A message that is in it is
//! whole.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use mailbox::{
    Columns, Cursor, Folder, Located, MailboxId, Message, UidSet, folders, locate, mailboxes,
};
use store::Store;
use world::World;

use crate::{
    Error,
    layout::{self, Line},
    outlet::{Outlet, Sent},
    zip_writer::{Packed, ZipWriter},
};

/// An index is ended and the next begun from this size on.
const INDEX_BYTES: usize = 4 * 1024 * 1024;
/// Messages above this are compressed by a thread that may be busy for long.
const IN_PLACE_MAX_BYTES: usize = 256 * 1024;

/// How far an export is. Read by those who tell of it while it runs.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    total: AtomicU64,
    done: AtomicU64,
}

impl Progress {
    /// In percent. The last one is for bringing it to its end.
    pub(crate) fn percent(&self) -> u8 {
        let total = self.total.load(Ordering::Relaxed).max(1);
        let done = self.done.load(Ordering::Relaxed).min(total);
        u8::try_from(done * 99 / total).unwrap_or(99)
    }
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exported {
    pub(crate) folders: u64,
    pub(crate) messages: u64,
    /// Messages whose bytes cannot be read any more.
    pub(crate) unreadable: u64,
    pub(crate) sent: Sent,
}

/// Writes the mailbox of `owner` into `outlet`. Temporary files lie in `scratch`, without a name.
///
/// # Errors
/// What the mailbox, the outlet and the file system say.
pub(crate) async fn write(
    store: &Store,
    world: &World,
    owner: &str,
    (outlet, scratch): (Outlet<'_>, &Path),
    progress: &Progress,
) -> Result<Exported, Error> {
    let mut snapshot = store.read().await?;
    let mailbox = mailboxes::find(&mut snapshot, owner).await?;
    let mailbox = mailbox.filter(|mailbox| mailbox.is_active());
    let mailbox = mailbox.ok_or(mailbox::Error::NoSuchMailbox)?.id;
    let folders = folders::list(&mut snapshot, mailbox).await?;
    drop(snapshot);
    let total = folders.iter().map(|folder| u64::from(folder.total)).sum();
    progress.total.store(total, Ordering::Relaxed);
    let zip = ZipWriter::new(scratch)?;
    let mut writing =
        Writing { store, world, outlet, zip, index: Index::default(), messages: 0, unreadable: 0 };
    for folder in &folders {
        writing.folder(folder, progress).await?;
    }
    still_there(store, mailbox).await?;
    writing.finish(folders.len() as u64).await
}

/// A mailbox that went out of service meanwhile looked as if it were empty.
async fn still_there(store: &Store, mailbox: MailboxId) -> Result<(), Error> {
    mailboxes::get(&mut store.read().await?, mailbox).await?;
    Ok(())
}

/// The lines of the messages since the last index.
#[derive(Default)]
struct Index {
    lines: Vec<u8>,
    number: u32,
}

struct Writing<'a> {
    store: &'a Store,
    world: &'a World,
    outlet: Outlet<'a>,
    zip: ZipWriter,
    index: Index,
    messages: u64,
    unreadable: u64,
}

impl Writing<'_> {
    async fn folder(&mut self, folder: &Folder, progress: &Progress) -> Result<(), Error> {
        let directory = layout::directory(&folder.name);
        self.zip.directory(&directory, self.world.now())?;
        let mut cursor = Cursor::new(folder.id, UidSet::all(), Columns::Row);
        while let Some(batch) = self.batch(folder, &mut cursor).await? {
            for (message, located) in batch {
                self.message(&directory, &message, &located).await?;
                progress.done.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// The next messages of a folder and where their bytes lie, read in a snapshot that ends here.
    async fn batch(
        &self,
        folder: &Folder,
        cursor: &mut Cursor,
    ) -> Result<Option<Vec<(Message, Located)>>, Error> {
        let mut snapshot = self.store.read().await?;
        let Some(messages) = cursor.next(&mut snapshot).await? else { return Ok(None) };
        let mut batch = Vec::with_capacity(messages.len());
        for message in messages {
            let keyring = self.store.keyring();
            match locate(&mut snapshot, keyring, folder.id, message.uid).await {
                Ok(located) => batch.push((message, located)),
                // It went, though the snapshot is one: on the way to it the mailbox was closed.
                Err(mailbox::Error::NoSuchMessage) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(batch))
    }

    async fn message(
        &mut self,
        directory: &str,
        message: &Message,
        located: &Located,
    ) -> Result<(), Error> {
        let bytes = match located.read(self.store).await {
            Ok(bytes) => bytes,
            Err(error) if is_damage(&error) => {
                tracing::warn!(%error, uid = %message.uid, "a message cannot be exported");
                self.unreadable += 1;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let file = format!("{directory}{}", layout::file(message.uid));
        self.zip.file(&file, message.received_at, &packed(bytes).await?)?;
        self.messages += 1;
        let line = serde_json::to_vec(&Line::of(&file, message)).map_err(std::io::Error::other)?;
        self.index.lines.extend_from_slice(&line);
        self.index.lines.push(b'\n');
        if self.index.lines.len() >= INDEX_BYTES {
            self.end_index().await?;
        }
        self.outlet.push(&self.zip.take()).await
    }

    async fn end_index(&mut self) -> Result<(), Error> {
        let lines = Bytes::from(std::mem::take(&mut self.index.lines));
        self.index.number += 1;
        let name = layout::index(self.index.number);
        self.zip.file(&name, self.world.now(), &packed(lines).await?)?;
        Ok(())
    }

    async fn finish(mut self, folders: u64) -> Result<Exported, Error> {
        if !self.index.lines.is_empty() {
            self.end_index().await?;
        }
        let mut outlet = self.outlet;
        for piece in self.zip.finish()? {
            outlet.push(&piece?).await?;
        }
        let sent = outlet.finish().await?;
        Ok(Exported { folders, messages: self.messages, unreadable: self.unreadable, sent })
    }
}

/// Whether a body is lost for good, rather than out of reach for now.
fn is_damage(error: &mailbox::Error) -> bool {
    match error {
        mailbox::Error::Damaged(_) => true,
        mailbox::Error::Store(error) => {
            matches!(error, store::Error::Corrupt(_) | store::Error::Sealed(_))
        }
        _ => false,
    }
}

async fn packed(bytes: Bytes) -> Result<Packed, Error> {
    if bytes.len() <= IN_PLACE_MAX_BYTES {
        return Ok(Packed::of(&bytes)?);
    }
    let done = tokio::task::spawn_blocking(move || Packed::of(&bytes)).await;
    Ok(done.map_err(std::io::Error::other)??)
}
