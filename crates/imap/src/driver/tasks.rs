//! What a session asks for, done with the mailbox, as far as the user may. Nothing here waits for the client.

use std::time::Duration;

use bytes::Bytes;
use mailbox::{
    BodyId, Columns, Cursor, Delivery, Destination, Error, FolderId, Located, MailboxId, Message,
    Modseq, Prepared, Rights, Uid, UidSet, changes, folders, mailboxes,
};
use store::{Snapshot, Transaction};
use tokio::time::timeout;
use world::Timestamp;

use super::{Server, access, acl, large::LargePlace, shared};
use crate::{
    job::{Answer, Changes, Detail, Fetched, Outcome, Task, Upload},
    limits::{BATCH_BODY_BYTES, LARGE_BODY_TIMEOUT, RECENT_BODY_BYTES, RECENT_BODY_TIMEOUT},
    place::Place,
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

/// Does a task for the user with this mailbox.
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
        Task::Folders { .. }
        | Task::Folder(_)
        | Task::Open(_)
        | Task::Changes(..)
        | Task::Quota
        | Task::Grants(_)
        | Task::MyRights(_)
        | Task::RightsAlways(..) => {
            let mut snapshot = server.store.read().await?;
            read(&mut snapshot, mailbox, task).await
        }
        Task::Messages(folder, uids, Detail::Row) => {
            fetch(server, mailbox, *folder, uids, Columns::Row).await
        }
        Task::Messages(folder, uids, _) => {
            fetch(server, mailbox, *folder, uids, Columns::Summary).await
        }
        Task::Search(folder, query) => {
            let mut snapshot = server.store.read().await?;
            readable(&mut snapshot, mailbox, *folder).await?;
            drop(snapshot);
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
        Task::Folder(place) => {
            let folder = access::find(snapshot, mailbox, place).await?.need(Rights::READ)?;
            Ok(Answer::Folder(folder))
        }
        Task::Open(place) => {
            let reached = access::find(snapshot, mailbox, place).await?;
            let rights = reached.rights;
            let folder = reached.need(Rights::READ)?;
            Ok(Answer::Opened(mailbox::open(snapshot, folder.id).await?, rights))
        }
        Task::Grants(place) => Ok(Answer::Grants(acl::grants(snapshot, mailbox, place).await?)),
        Task::MyRights(place) => Ok(Answer::Rights(acl::mine(snapshot, mailbox, place).await?)),
        Task::RightsAlways(place, identifier) => {
            Ok(Answer::Rights(acl::always(snapshot, mailbox, place, identifier).await?))
        }
        Task::Changes(folder, since) => {
            readable(snapshot, mailbox, *folder).await?;
            Ok(Answer::Changes(changes_since(snapshot, *folder, *since).await?))
        }
        Task::Quota => {
            let mailbox = mailboxes::get(snapshot, mailbox).await?;
            let (used_bytes, limit_bytes) = (mailbox.used_bytes, mailbox.quota_bytes);
            Ok(Answer::Quota { used_bytes, limit_bytes })
        }
        Task::Folders { shared } => {
            Ok(Answer::Folders(shared::list(snapshot, mailbox, *shared).await?))
        }
        // The others are not readings; see `attempt`.
        _ => Ok(Answer::Done),
    }
}

/// Refuses to read a folder that must not be read, or no longer: to the user it is gone.
async fn readable(snapshot: &mut Snapshot, user: MailboxId, folder: FolderId) -> Result<(), Error> {
    let reached = access::get(snapshot, user, folder).await?;
    if reached.rights.contains(Rights::READ) { Ok(()) } else { Err(Error::NoSuchFolder) }
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

async fn fetch(
    server: &Server,
    mailbox: MailboxId,
    folder: FolderId,
    uids: &UidSet,
    columns: Columns,
) -> Outcome {
    let mut snapshot = server.store.read().await?;
    readable(&mut snapshot, mailbox, folder).await?;
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
    readable(&mut snapshot, mailbox, folder).await?;
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

async fn change(server: &Server, tx: &mut Transaction, user: MailboxId, task: &Task) -> Outcome {
    let now = server.world.now();
    match task {
        Task::Create(place) => {
            let mailbox = access::for_new(tx, user, place).await?;
            folders::create(tx, mailbox, &place.folder, now).await?;
        }
        Task::Delete(place) => {
            let folder = access::find(tx, user, place).await?.need(Rights::DELETE)?;
            folders::delete(tx, folder.mailbox, &folder.name).await?;
        }
        Task::Rename(from, to) => rename(tx, user, from, to, now).await?,
        Task::Subscribe(place, subscribed) => {
            shared::subscribe(tx, user, place, *subscribed).await?
        }
        Task::Grant(place, identifier, grant) => {
            acl::grant(tx, user, place, identifier, *grant).await?
        }
        Task::Expunge(folder, uids) => {
            let folder = access::get(tx, user, *folder).await?.need(Rights::EXPUNGE)?;
            mailbox::expunge(tx, folder.id, uids).await?;
        }
        Task::Store(folder, uids, marks, since) => {
            let reached = access::get(tx, user, *folder).await?;
            let change = access::allowed_change(reached.rights, marks);
            let change = change.ok_or_else(|| reached.refusal())?;
            let flagged = mailbox::change_flags(tx, *folder, uids, &change, *since).await?;
            return Ok(Answer::Stored { stored: flagged.messages, modified: flagged.failed });
        }
        Task::Copy(from, uids, to) => {
            readable(tx, user, *from).await?;
            return transfer(tx, user, (*from, uids, to), false, now).await;
        }
        Task::Move(from, uids, to) => {
            // RFC 6851, section 4.5: the rights of COPY, STORE and EXPUNGE
            let needed = Rights::READ | Rights::MARK_DELETED | Rights::EXPUNGE;
            access::get(tx, user, *from).await?.need(needed)?;
            return transfer(tx, user, (*from, uids, to), true, now).await;
        }
        // The others are not changes; see `attempt`.
        _ => {}
    }
    Ok(Answer::Done)
}

/// A folder stays in its mailbox. An inbox, whose renaming moves what is in it, is renamed by its owner only.
async fn rename(
    tx: &mut Transaction,
    user: MailboxId,
    from: &Place,
    to: &Place,
    now: Timestamp,
) -> Result<(), Error> {
    let folder = access::find(tx, user, from).await?.need(Rights::DELETE)?;
    if folder.mailbox != user && folder.name.is_inbox() {
        return Err(Error::DefaultFolder(folder.name.to_string()));
    }
    let mailbox = access::for_new(tx, user, to).await?;
    if mailbox != folder.mailbox {
        return Err(Error::InvalidName("a folder cannot go to another mailbox"));
    }
    folders::rename(tx, mailbox, &folder.name, &to.folder, now).await
}

/// Copies or moves; what arrives bears the flags that the user may set there (RFC 4314, section 4: COPY).
async fn transfer(
    tx: &mut Transaction,
    user: MailboxId,
    (from, uids, to): (FolderId, &UidSet, &Place),
    moves: bool,
    now: Timestamp,
) -> Outcome {
    let reached = access::find(tx, user, to).await?;
    let rights = reached.rights;
    let to = reached.need(Rights::INSERT)?;
    let done = match moves {
        true => mailbox::r#move(tx, from, uids, to.id, now).await?,
        false => mailbox::copy(tx, from, uids, to.id, now).await?,
    };
    if let Some(change) = access::to_strip(rights) {
        let arrived: UidSet = done.pairs.iter().map(|(_, uid)| *uid).collect();
        mailbox::change_flags(tx, to.id, &arrived, &change, None).await?;
    }
    Ok(Answer::Copied { uid_validity: done.uid_validity, pairs: done.pairs })
}

/// The bytes are made ready before the transaction, and once.
async fn append(server: &Server, user: MailboxId, upload: Upload) -> Outcome {
    let mut snapshot = server.store.read().await?;
    // Refuses early what cannot be delivered.
    let organization = mailboxes::get(&mut snapshot, user).await?.organization;
    access::find(&mut snapshot, user, &upload.folder).await?.need(Rights::INSERT)?;
    drop(snapshot);
    let prepared = mailbox::prepare(&server.store, &organization, upload.message.clone()).await?;
    retried(|| deliver(server, user, &upload, &prepared)).await
}

/// It is the owner's quota that the message counts against.
async fn deliver(
    server: &Server,
    user: MailboxId,
    upload: &Upload,
    prepared: &Prepared,
) -> Outcome {
    let now = server.world.now();
    let mut tx = server.store.write().await?;
    let reached = access::find(&mut tx, user, &upload.folder).await?;
    let (flags, keywords) = access::allowed_flags(reached.rights, upload.flags, &upload.keywords);
    let folder = reached.need(Rights::INSERT)?;
    let body = mailbox::insert_body(&mut tx, prepared).await?;
    let delivery = Delivery {
        mailbox: folder.mailbox,
        destination: Destination::Folder(folder.id),
        flags,
        keywords: &keywords,
        received_at: upload.received_at.unwrap_or(now),
        now,
    };
    let appended = mailbox::deliver(&mut tx, &body, &delivery).await?;
    tx.commit().await?;
    Ok(Answer::Appended { uid_validity: appended.uid_validity, uid: appended.uid })
}
