//! How a message comes into a mailbox: prepared outside any transaction, then filed in one.

use bytes::Bytes;
use store::{DataKey, Keyring, Store, Transaction, params};
use world::Timestamp;

use crate::{
    BodyId, Error, Flags, Folder, FolderId, ItemId, Keywords, MailboxId, Modseq, Role, Uid,
    folders::{self, Delta},
    mailboxes::{self, Charge},
    summary::Summary,
};

/// The largest message that any mailbox takes, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// A message that is read, compressed, encrypted and written, but that no row names yet.
#[derive(Clone, Debug)]
pub struct Prepared {
    organization: String,
    blob: Vec<u8>,
    size_bytes: u64,
    summary: Vec<u8>,
}

impl Prepared {
    /// The size of the message, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// A body that a row names. Deliver it, or hold it, in the transaction that inserted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its id.
    pub id: BodyId,
    /// The organization with whose key it is encrypted: only mailboxes of that organization can take it.
    pub organization: String,
    /// The size of the message, in bytes.
    pub size_bytes: u64,
}

/// Where in a mailbox a message shall go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Where new mail goes.
    Inbox,
    /// The folder set apart for a role.
    Role(Role),
    /// This folder.
    Folder(FolderId),
}

/// One place that a body shall be delivered to.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The folder in it.
    pub destination: Destination,
    /// The flags the message shall have.
    pub flags: Flags,
    /// The keywords the message shall have.
    pub keywords: &'a Keywords,
    /// When the message came in, as shown to the user.
    pub received_at: Timestamp,
    /// The time now.
    pub now: Timestamp,
}

/// Where a message was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The folder.
    pub folder: FolderId,
    /// The UID there.
    pub uid: Uid,
    /// The folder's UID validity.
    pub uid_validity: u32,
    /// The message in its mailbox.
    pub item: ItemId,
    /// The change that this was.
    pub modseq: Modseq,
}

/// Reads a message and writes its bytes, encrypted with the organization's data key, which is made if there is
/// none. Hold no transaction meanwhile: this takes time.
///
/// # Errors
/// [`Error::MessageTooLarge`]; what the store says.
pub async fn prepare(
    store: &Store,
    organization: &str,
    message: impl Into<Bytes> + Send,
) -> Result<Prepared, Error> {
    let message = message.into();
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(Error::MessageTooLarge(message.len() as u64));
    }
    let key = data_key(store, organization).await?;
    let summary = Summary::of(&message).encode();
    let size_bytes = message.len() as u64;
    let blob = store.blobs().put(&key, message).await?.to_bytes();
    Ok(Prepared { organization: organization.to_owned(), blob, size_bytes, summary })
}

/// Puts down a row for a prepared message. The same prepared message may be inserted again after a conflict.
///
/// # Errors
/// What the store says.
pub async fn insert_body(tx: &mut Transaction, prepared: &Prepared) -> Result<Body, Error> {
    let id = BodyId(tx.next_id("bodies").await?);
    let Prepared { organization, blob, size_bytes, summary } = prepared;
    let sql = "INSERT INTO bodies (id, size_bytes, blob, summary) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![id.0, size_bytes, blob, summary]).await?;
    Ok(Body { id, organization: organization.clone(), size_bytes: *size_bytes })
}

/// Puts a message into a mailbox.
///
/// # Errors
/// [`Error::NoSuchMailbox`] (also for a mailbox of another organization), [`Error::NoSuchFolder`],
/// [`Error::QuotaExceeded`], [`Error::FolderFull`]; what the store says.
pub async fn deliver(
    tx: &mut Transaction,
    body: &Body,
    delivery: &Delivery<'_>,
) -> Result<Appended, Error> {
    let folder = destination(tx, delivery).await?;
    folder.check_room(1)?;
    let size_bytes = i64::try_from(body.size_bytes).unwrap_or(i64::MAX);
    let charge = Charge { bytes: size_bytes, items: 1, organization: Some(&body.organization) };
    let (modseq, item) = mailboxes::charge(tx, delivery.mailbox, &charge).await?;
    let delta = Delta {
        uids: 1,
        total: 1,
        unseen: (!delivery.flags.contains(Flags::SEEN)).into(),
        deleted: delivery.flags.contains(Flags::DELETED).into(),
        size_bytes,
    };
    let uid = Uid(folders::adjust(tx, folder.id, modseq, delta).await?.0 - 1);
    let item = ItemId(item);
    let appended =
        Appended { folder: folder.id, uid, uid_validity: folder.uid_validity, item, modseq };
    insert_message(tx, body, delivery, &appended).await?;
    Ok(appended)
}

/// Puts a message into many places, each of which may refuse it for itself.
///
/// # Errors
/// What the store says; the transaction can then only be dropped.
pub async fn deliver_all(
    tx: &mut Transaction,
    body: &Body,
    deliveries: &[Delivery<'_>],
) -> Result<Vec<Result<Appended, Error>>, Error> {
    let mut outcomes = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        outcomes.push(match deliver(tx, body, delivery).await {
            Err(Error::Store(error)) => return Err(error.into()),
            outcome => outcome,
        });
    }
    Ok(outcomes)
}

async fn insert_message(
    tx: &mut Transaction,
    body: &Body,
    delivery: &Delivery<'_>,
    appended: &Appended,
) -> Result<(), Error> {
    let sql = "INSERT INTO messages (folder_id, uid, body_id, item_id, modseq, flags, keywords, received_at, \
               saved_at, size_bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let params = params![
        appended.folder.0,
        appended.uid.0,
        body.id.0,
        appended.item.0,
        appended.modseq.0,
        delivery.flags.bits(),
        delivery.keywords.to_column(),
        delivery.received_at,
        delivery.now,
        body.size_bytes,
    ];
    tx.execute(sql, params).await?;
    Ok(())
}

async fn destination(tx: &mut Transaction, delivery: &Delivery<'_>) -> Result<Folder, Error> {
    let mailbox = delivery.mailbox;
    let folder = match delivery.destination {
        Destination::Inbox => folders::by_role(tx, mailbox, Role::Inbox).await,
        Destination::Role(role) => folders::by_role(tx, mailbox, role).await,
        Destination::Folder(id) => folders::get(tx, id).await,
    };
    match folder {
        Ok(folder) if folder.mailbox == mailbox => Ok(folder),
        Ok(_) => Err(Error::NoSuchFolder),
        // Which of the two is missing?
        Err(Error::NoSuchFolder) => mailboxes::get(tx, mailbox).await.and(Err(Error::NoSuchFolder)),
        Err(error) => Err(error),
    }
}

/// The organization's data key; the first message of an organization makes it. Two that come first at once
/// may collide: one of them then finds the key of the other.
async fn data_key(store: &Store, organization: &str) -> Result<DataKey, Error> {
    let keyring = store.keyring();
    if let Some(key) = keyring.existing_data_key(&mut store.read().await?, organization).await? {
        return Ok(key);
    }
    match make_data_key(store, keyring, organization).await {
        Err(Error::Store(error)) if error.is_conflict() || error.is_unique() => {
            let mut snapshot = store.read().await?;
            keyring.existing_data_key(&mut snapshot, organization).await?.ok_or(error.into())
        }
        outcome => outcome,
    }
}

async fn make_data_key(
    store: &Store,
    keyring: &Keyring,
    organization: &str,
) -> Result<DataKey, Error> {
    let mut tx = store.write().await?;
    let key = keyring.data_key(&mut tx, organization).await?;
    tx.commit().await?;
    Ok(key)
}
