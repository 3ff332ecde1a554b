//! What a session asks for, done with the mailbox. Nothing here waits for the client.

use std::time::Duration;

use bytes::Bytes;
use mailbox::{
    BodyId, Columns, Cursor, Delivery, Destination, Error, FlagAction, FlagChange, FolderId,
    Keywords, Located, MailboxId, Message, Modseq, Prepared, Uid, UidSet, changes, folders,
    mailboxes,
};
use store::{Snapshot, Transaction};
use tokio::time::timeout;
use world::Timestamp;

use super::{Server, large::LargePlace};
use crate::{
    job::{Answer, Changes, Detail, Fetched, Marks, Outcome, Task, Upload},
    limits::{BATCH_BODY_BYTES, LARGE_BODY_TIMEOUT, RECENT_BODY_BYTES, RECENT_BODY_TIMEOUT},
};

/// How often a task is tried when it conflicts with others.
const MAX_ATTEMPTS: u32 = 8;

/// A large body that was read last: a client that takes it piece by piece would have it decrypted and
/// decompressed again for each. Kept at least until it is sent.
pub(super) struct Recent {
    body: BodyId,
    bytes: Bytes,
    used_at: Timestamp,
    /// Its place among the very large ones, if it is one.
    _place: Option<LargePlace>,
}

impl Recent {
    /// How long it is still kept if it is not used again.
    pub(super) fn left(&self, now: Timestamp) -> Duration {
        RECENT_BODY_TIMEOUT.saturating_sub(now.since(self.used_at))
    }
}

/// Does a task with a mailbox.
pub(super) async fn run(
    server: &Server,
    mailbox: MailboxId,
    task: Task,
    recent: &mut Option<Recent>,
) -> Outcome {
    let task = match task {
        Task::Append(upload) => return append(server, mailbox, upload).await,
        Task::Messages(folder, uids, Detail::Body) => {
            return fetch_bodies(server, mailbox, folder, uids, recent).await;
        }
        task => task,
    };
    retried(|| attempt(server, mailbox, &task)).await
}

/// Runs the whole of it again while others change the same rows at the same time.
async fn retried<F: Future<Output = Outcome>>(mut attempt: impl FnMut() -> F) -> Outcome {
    for _ in 1..MAX_ATTEMPTS {
        match attempt().await {
            Err(Error::Store(error)) if error.is_conflict() => {}
            outcome => return outcome,
        }
    }
    attempt().await
}

async fn attempt(server: &Server, mailbox: MailboxId, task: &Task) -> Outcome {
    match task {
        Task::Folders | Task::Folder(_) | Task::Open(_) | Task::Changes(..) | Task::Quota => {
            let mut snapshot = server.store.read().await?;
            read(&mut snapshot, mailbox, task).await
        }
        Task::Messages(folder, uids, Detail::Row) => {
            fetch(server, *folder, uids, Columns::Row).await
        }
        Task::Messages(folder, uids, _) => fetch(server, *folder, uids, Columns::Summary).await,
        Task::Search(folder, query) => {
            let found = mailbox::search(&server.store, *folder, query).await?;
            Ok(Answer::Search(found))
        }
        _ => {
            let mut tx = server.store.write().await?;
            let answer = change(server, &mut tx, mailbox, task).await?;
            tx.commit().await?;
            Ok(answer)
        }
    }
}

async fn read(snapshot: &mut Snapshot, mailbox: MailboxId, task: &Task) -> Outcome {
    match task {
        Task::Folder(name) => Ok(Answer::Folder(folders::find(snapshot, mailbox, name).await?)),
        Task::Open(name) => {
            let folder = folders::find(snapshot, mailbox, name).await?;
            Ok(Answer::Opened(mailbox::open(snapshot, folder.id).await?))
        }
        Task::Changes(folder, since) => {
            Ok(Answer::Changes(changes_since(snapshot, *folder, *since).await?))
        }
        Task::Quota => {
            let mailbox = mailboxes::get(snapshot, mailbox).await?;
            let (used_bytes, limit_bytes) = (mailbox.used_bytes, mailbox.quota_bytes);
            Ok(Answer::Quota { used_bytes, limit_bytes })
        }
        _ => Ok(Answer::Folders(folders::list(snapshot, mailbox).await?)),
    }
}

async fn changes_since(
    snapshot: &mut Snapshot,
    folder: FolderId,
    since: Modseq,
) -> Result<Changes, Error> {
    let found = changes::since(snapshot, folder, since).await?;
    let mut present = None;
    if !found.complete {
        let opened = mailbox::open(snapshot, folder).await?;
        present = Some(opened.entries.iter().map(|entry| entry.uid).collect());
    }
    let vanished = found.vanished.iter().map(|vanished| vanished.uid).collect();
    Ok(Changes { through: found.until, changed: found.changed, vanished, present })
}

async fn fetch(server: &Server, folder: FolderId, uids: &UidSet, columns: Columns) -> Outcome {
    let mut snapshot = server.store.read().await?;
    let rows = Cursor::new(folder, uids.clone(), columns).all(&mut snapshot).await?;
    let found = rows.into_iter().map(|message| Fetched { message, body: None }).collect();
    Ok(Answer::Messages { found, through: last(uids) })
}

/// Reads rows in one snapshot, then bodies without any; stops early for the sake of memory.
async fn fetch_bodies(
    server: &Server,
    mailbox: MailboxId,
    folder: FolderId,
    uids: UidSet,
    recent: &mut Option<Recent>,
) -> Outcome {
    let mut through = last(&uids);
    let mut snapshot = server.store.read().await?;
    let rows = Cursor::new(folder, uids, Columns::Summary).all(&mut snapshot).await?;
    let (mut located, mut bytes) = (Vec::new(), 0);
    for message in rows {
        bytes += message.size_bytes;
        if bytes > BATCH_BODY_BYTES && !located.is_empty() {
            through = Uid(message.uid.0 - 1);
            break;
        }
        let keyring = server.store.keyring();
        let place = mailbox::locate(&mut snapshot, keyring, folder, message.uid).await?;
        located.push((message, place));
    }
    drop(snapshot);
    let mut found = Vec::with_capacity(located.len());
    for (message, located) in located {
        let Some(place) = large_place(server, mailbox, &message, recent).await else {
            return Ok(Answer::Unavailable);
        };
        let body = read_body(server, message.body, &located, recent, place).await?;
        found.push(Fetched { message, body: Some(body) });
    }
    Ok(Answer::Messages { found, through })
}

/// The place that reading a body needs, which is none for most; nothing if there is none to be had.
async fn large_place(
    server: &Server,
    mailbox: MailboxId,
    message: &Message,
    recent: &mut Option<Recent>,
) -> Option<Option<LargePlace>> {
    let is_here = recent.as_ref().is_some_and(|recent| recent.body == message.body);
    if is_here || message.size_bytes <= BATCH_BODY_BYTES {
        return Some(None);
    }
    // With it goes the place that it may hold.
    *recent = None;
    timeout(LARGE_BODY_TIMEOUT, server.bodies.take(mailbox)).await.ok()?.map(Some)
}

async fn read_body(
    server: &Server,
    body: BodyId,
    located: &Located,
    recent: &mut Option<Recent>,
    place: Option<LargePlace>,
) -> Result<Bytes, Error> {
    let used_at = server.world.now();
    if let Some(recent) = recent.as_mut().filter(|recent| recent.body == body) {
        recent.used_at = used_at;
        return Ok(recent.bytes.clone());
    }
    let bytes = located.read(&server.store).await?;
    let large = bytes.len() >= RECENT_BODY_BYTES;
    *recent = large.then(|| Recent { body, bytes: bytes.clone(), used_at, _place: place });
    Ok(bytes)
}

fn last(uids: &UidSet) -> Uid {
    Uid(uids.ranges().last().map_or(0, |range| *range.end()))
}

async fn change(server: &Server, tx: &mut Transaction, mailbox: MailboxId, task: &Task) -> Outcome {
    let now = server.world.now();
    match task {
        Task::Create(name) => drop(folders::create(tx, mailbox, name, now).await?),
        Task::Delete(name) => folders::delete(tx, mailbox, name).await?,
        Task::Rename(from, to) => folders::rename(tx, mailbox, from, to, now).await?,
        Task::Subscribe(name, subscribed) => {
            folders::subscribe(tx, mailbox, name, *subscribed).await?
        }
        Task::Expunge(folder, uids) => drop(mailbox::expunge(tx, *folder, uids).await?),
        Task::Store(folder, uids, marks, since) => {
            let flagged =
                mailbox::change_flags(tx, *folder, uids, &change_of(marks), *since).await?;
            return Ok(Answer::Stored { stored: flagged.messages, modified: flagged.failed });
        }
        Task::Copy(folder, uids, to) => {
            let to = folders::find(tx, mailbox, to).await?;
            let done = mailbox::copy(tx, *folder, uids, to.id, now).await?;
            return Ok(Answer::Copied { uid_validity: done.uid_validity, pairs: done.pairs });
        }
        Task::Move(folder, uids, to) => {
            let to = folders::find(tx, mailbox, to).await?;
            let done = mailbox::r#move(tx, *folder, uids, to.id, now).await?;
            return Ok(Answer::Copied { uid_validity: done.uid_validity, pairs: done.pairs });
        }
        // The others are not changes; see `attempt`.
        _ => {}
    }
    Ok(Answer::Done)
}

fn change_of(marks: &Marks) -> FlagChange {
    let change = |action, flags: &_, keywords: &Keywords| FlagChange {
        action,
        flags: *flags,
        keywords: keywords.clone(),
    };
    match marks {
        Marks::Replace(flags, keywords) => change(FlagAction::Replace, flags, keywords),
        Marks::Add(flags, keywords) => change(FlagAction::Add, flags, keywords),
        Marks::Remove(flags, keywords) => change(FlagAction::Remove, flags, keywords),
    }
}

/// The bytes are made ready before the transaction, and once.
async fn append(server: &Server, mailbox: MailboxId, upload: Upload) -> Outcome {
    let mut snapshot = server.store.read().await?;
    // Refuses early what cannot be delivered.
    let organization = mailboxes::get(&mut snapshot, mailbox).await?.organization;
    folders::find(&mut snapshot, mailbox, &upload.folder).await?;
    drop(snapshot);
    let prepared = mailbox::prepare(&server.store, &organization, upload.message.clone()).await?;
    retried(|| deliver(server, mailbox, &upload, &prepared)).await
}

async fn deliver(
    server: &Server,
    mailbox: MailboxId,
    upload: &Upload,
    prepared: &Prepared,
) -> Outcome {
    let now = server.world.now();
    let mut tx = server.store.write().await?;
    let folder = folders::find(&mut tx, mailbox, &upload.folder).await?;
    let body = mailbox::insert_body(&mut tx, prepared).await?;
    let delivery = Delivery {
        mailbox,
        destination: Destination::Folder(folder.id),
        flags: upload.flags,
        keywords: &upload.keywords,
        received_at: upload.received_at.unwrap_or(now),
        now,
    };
    let appended = mailbox::deliver(&mut tx, &body, &delivery).await?;
    tx.commit().await?;
    Ok(Answer::Appended { uid_validity: appended.uid_validity, uid: appended.uid })
}
