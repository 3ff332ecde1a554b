//! Mailboxes as a whole: coming into service, quota, going out of service, and their end.

use std::time::Duration;

use store::{Change, Row, Snapshot, Store, Transaction, params};
use world::Timestamp;

use crate::{Error, FolderId, FolderName, MailboxId, Modseq, Role, folders, rights};

/// How long a mailbox that was taken out of service can be restored.
pub const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// What a mailbox may hold if nothing else is said: 50 GB.
pub const DEFAULT_QUOTA_BYTES: u64 = 51_200 * 1024 * 1024;
/// The topic of the notices about changes to a mailbox; the key is the mailbox's id in decimal digits.
pub const TOPIC: &str = "mailbox";

/// The rows that one transaction of a purge deletes at most.
const PURGE_ROWS: i64 = 1000;
const COLUMNS: &str = "id, owner, organization, quota_bytes, used_bytes, modseq, provisioned_at, \
                       deprovisioned_at, purge_at";

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its id.
    pub id: MailboxId,
    /// The entity whose mailbox it is.
    pub owner: String,
    /// The organization whose data key encrypts its messages.
    pub organization: String,
    /// What its messages may take, in bytes.
    pub quota_bytes: u64,
    /// What its messages take, in bytes; a message counts in each folder that holds it.
    pub used_bytes: u64,
    /// The number of its last change.
    pub modseq: Modseq,
    /// When it was made.
    pub provisioned_at: Timestamp,
    /// When it was taken out of service, if it is.
    pub deprovisioned_at: Option<Timestamp>,
    purge_at: Option<Timestamp>,
}

impl Mailbox {
    /// Whether it is in service.
    pub fn is_active(&self) -> bool {
        self.deprovisioned_at.is_none()
    }

    /// Whether it is out of service but can still be restored.
    pub fn is_restorable(&self, now: Timestamp) -> bool {
        self.purge_at.is_some_and(|purge_at| now < purge_at)
    }

    fn from_row(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: MailboxId(row.get(0)?),
            owner: row.get(1)?,
            organization: row.get(2)?,
            quota_bytes: row.get(3)?,
            used_bytes: row.get(4)?,
            modseq: Modseq(row.get(5)?),
            provisioned_at: row.get(6)?,
            deprovisioned_at: row.get(7)?,
            purge_at: row.get(8)?,
        })
    }
}

/// The mailbox of an entity, in service or not.
///
/// # Errors
/// What the store says.
pub async fn find(snapshot: &mut Snapshot, owner: &str) -> Result<Option<Mailbox>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM mailboxes WHERE owner = $1");
    Ok(snapshot.row(&sql, params![owner], Mailbox::from_row).await?)
}

/// A mailbox in service.
///
/// # Errors
/// [`Error::NoSuchMailbox`]; what the store says.
pub async fn get(snapshot: &mut Snapshot, id: MailboxId) -> Result<Mailbox, Error> {
    let sql = format!("SELECT {COLUMNS} FROM mailboxes WHERE id = $1 AND deprovisioned_at IS NULL");
    let mailbox = snapshot.row(&sql, params![id.0], Mailbox::from_row).await?;
    mailbox.ok_or(Error::NoSuchMailbox)
}

/// Puts an entity's mailbox into service: restores the one it had, or makes a new one with the default
/// folders. A restored one gets the new quota.
///
/// # Errors
/// [`Error::MailboxExists`] if it has one in service; what the store says.
pub async fn provision(
    tx: &mut Transaction,
    owner: &str,
    organization: &str,
    quota_bytes: u64,
    now: Timestamp,
) -> Result<Mailbox, Error> {
    match find(tx, owner).await? {
        Some(held) if held.is_active() => return Err(Error::MailboxExists(owner.to_owned())),
        Some(held) if held.is_restorable(now) && held.organization == organization => {
            set_quota(tx, owner, quota_bytes).await?;
            return restore(tx, owner, now).await;
        }
        Some(held) => give_up(tx, &held, now).await?,
        None => {}
    }
    let id = MailboxId(tx.next_id("mailboxes").await?);
    let sql = "INSERT INTO mailboxes (id, owner, organization, quota_bytes, used_bytes, modseq, \
               uid_validity, item_last, provisioned_at) VALUES ($1, $2, $3, $4, 0, 0, 0, 0, $5)";
    tx.execute(sql, params![id.0, owner, organization, quota_bytes, now]).await?;
    let names: Vec<_> = Role::DEFAULTS
        .iter()
        .map(|(role, name)| (FolderName::stored((*name).to_owned()), Some(*role)))
        .collect();
    folders::add(tx, id, &names, now).await?;
    get(tx, id).await
}

/// Sets what the messages of an entity's mailbox may take, in bytes. What is there already stays.
///
/// # Errors
/// [`Error::NoSuchMailbox`]; what the store says.
pub async fn set_quota(tx: &mut Transaction, owner: &str, quota_bytes: u64) -> Result<(), Error> {
    let sql = "UPDATE mailboxes SET quota_bytes = $2 WHERE owner = $1";
    match tx.execute(sql, params![owner, quota_bytes]).await? {
        0 => Err(Error::NoSuchMailbox),
        _ => Ok(()),
    }
}

/// Takes an entity's mailbox out of service. It keeps everything and can be restored within [`RETENTION`].
///
/// # Errors
/// [`Error::NoSuchMailbox`] if there is none in service; what the store says.
pub async fn deprovision(tx: &mut Transaction, owner: &str, now: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE mailboxes SET deprovisioned_at = $2, purge_at = $3 \
               WHERE owner = $1 AND deprovisioned_at IS NULL RETURNING id";
    let params = params![owner, now, now.saturating_add(RETENTION)];
    let id = tx.row(sql, params, |row| row.get(0)).await?.ok_or(Error::NoSuchMailbox)?;
    tx.notify(notice(MailboxId(id)));
    Ok(())
}

/// Puts an entity's mailbox back into service as it was.
///
/// # Errors
/// [`Error::NoSuchMailbox`] if there is none that can be restored; what the store says.
pub async fn restore(tx: &mut Transaction, owner: &str, now: Timestamp) -> Result<Mailbox, Error> {
    let sql = "UPDATE mailboxes SET deprovisioned_at = NULL, purge_at = NULL \
               WHERE owner = $1 AND purge_at > $2 RETURNING id";
    let id = tx.row(sql, params![owner, now], |row| row.get(0)).await?;
    let id = MailboxId(id.ok_or(Error::NoSuchMailbox)?);
    tx.notify(notice(id));
    get(tx, id).await
}

/// Ends at most `most` of the mailboxes of an organization: they are out of service and cannot be restored.
/// Their rows go by [`purge_organization`] or [`purge_expired`], and what the bytes of their messages were is gone
/// for everybody with the organization's data key. Says how many it ended; none when all are.
///
/// # Errors
/// What the store says.
pub async fn destroy_some(
    tx: &mut Transaction,
    organization: &str,
    now: Timestamp,
    most: u32,
) -> Result<usize, Error> {
    let sql = "UPDATE mailboxes SET deprovisioned_at = COALESCE(deprovisioned_at, $2), purge_at = $2 \
               WHERE id IN (SELECT id FROM mailboxes WHERE organization = $1 \
               AND (purge_at IS NULL OR purge_at > $2) LIMIT $3) RETURNING id";
    let params = params![organization, now, most];
    let ids: Vec<i64> = tx.rows(sql, params, |row| row.get(0)).await?;
    ids.iter().for_each(|id| tx.notify(notice(MailboxId(*id))));
    Ok(ids.len())
}

/// Deletes some of the rows of one of an organization's mailboxes that were ended. Says whether there was any.
///
/// # Errors
/// What the store says.
pub async fn purge_organization(
    tx: &mut Transaction,
    organization: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = "SELECT id FROM mailboxes WHERE organization = $1 AND purge_at <= $2 LIMIT 1";
    let id: Option<i64> = tx.row(sql, params![organization, now], |row| row.get(0)).await?;
    if let Some(id) = id {
        purge_step(tx, MailboxId(id)).await?;
    }
    Ok(id.is_some())
}

/// How many mailboxes of an organization there are, in service or not.
///
/// # Errors
/// What the store says.
pub async fn count(snapshot: &mut Snapshot, organization: &str) -> Result<u64, Error> {
    let sql = "SELECT COUNT(*) FROM mailboxes WHERE organization = $1";
    let count = snapshot.row(sql, params![organization], |row| row.get(0)).await?;
    Ok(count.unwrap_or_default())
}

/// Deletes what is left of mailboxes that can no longer be restored, in transactions of bounded size, at most
/// `steps_max` of them. Says whether it came to an end.
///
/// # Errors
/// What the store says; the steps before stay done, and the next call goes on from there.
pub async fn purge_expired(store: &Store, now: Timestamp, steps_max: usize) -> Result<bool, Error> {
    for _ in 0..steps_max {
        let mut tx = store.write().await?;
        let sql = "SELECT id FROM mailboxes WHERE purge_at <= $1 ORDER BY purge_at LIMIT 1";
        let id: Option<i64> = tx.row(sql, params![now], |row| row.get(0)).await?;
        let Some(id) = id else { return Ok(true) };
        purge_step(&mut tx, MailboxId(id)).await?;
        tx.commit().await?;
    }
    Ok(false)
}

/// The notice that something in a mailbox changed.
pub(crate) fn notice(id: MailboxId) -> Change {
    Change::new(TOPIC, id.to_string())
}

/// What a change takes of a mailbox.
#[derive(Debug, Default)]
pub(crate) struct Charge<'a> {
    /// Bytes that come (or go, if negative).
    pub(crate) bytes: i64,
    /// How many new item ids are needed.
    pub(crate) items: i64,
    /// Whose mailbox it must be, if it matters.
    pub(crate) organization: Option<&'a str>,
}

/// Raises the mailbox's modification sequence, and by that lets one change after the other in. Every change
/// to a mailbox begins here or with [`charge`].
pub(crate) async fn touch(tx: &mut Transaction, id: MailboxId) -> Result<Modseq, Error> {
    charge(tx, id, &Charge::default()).await.map(|(modseq, _)| modseq)
}

/// As [`touch`], and takes what the change takes. Gives back the last of the new item ids too.
pub(crate) async fn charge(
    tx: &mut Transaction,
    id: MailboxId,
    charge: &Charge<'_>,
) -> Result<(Modseq, i64), Error> {
    let sql = "UPDATE mailboxes SET modseq = modseq + 1, used_bytes = used_bytes + $2, \
               item_last = item_last + $3 WHERE id = $1 AND deprovisioned_at IS NULL \
               AND organization = COALESCE($4, organization) \
               AND (used_bytes + $2 <= quota_bytes OR used_bytes + $2 <= used_bytes) \
               RETURNING modseq, item_last";
    let params = params![id.0, charge.bytes, charge.items, charge.organization];
    let counters = tx.row(sql, params, |row| Ok((Modseq(row.get(0)?), row.get(1)?))).await?;
    match counters {
        Some(counters) => {
            tx.notify(notice(id));
            Ok(counters)
        }
        None => Err(refusal(tx, id, charge).await),
    }
}

/// Why a mailbox could not be charged: it is not there, or it is full.
async fn refusal(tx: &mut Transaction, id: MailboxId, charge: &Charge<'_>) -> Error {
    match get(tx, id).await {
        Ok(mailbox)
            if charge.organization.is_none_or(|expected| expected == mailbox.organization) =>
        {
            Error::QuotaExceeded {
                used_bytes: mailbox.used_bytes,
                quota_bytes: mailbox.quota_bytes,
                needed_bytes: u64::try_from(charge.bytes).unwrap_or(0),
            }
        }
        Ok(_) => Error::NoSuchMailbox,
        Err(error) => error,
    }
}

/// Takes a mailbox that can no longer be restored away from its owner, who shall have a new one.
async fn give_up(tx: &mut Transaction, held: &Mailbox, now: Timestamp) -> Result<(), Error> {
    let owner = format!("{}#{}", held.owner, held.id);
    let sql = "UPDATE mailboxes SET owner = $2, purge_at = $3 WHERE id = $1";
    tx.execute(sql, params![held.id.0, owner, now]).await?;
    Ok(())
}

/// Deletes some of the rows of a mailbox, and at the end the mailbox.
async fn purge_step(tx: &mut Transaction, id: MailboxId) -> Result<(), Error> {
    let sql = "SELECT id FROM folders WHERE mailbox_id = $1 ORDER BY id LIMIT 1";
    if let Some(folder) = tx.row(sql, params![id.0], |row| row.get::<i64>(0)).await? {
        return purge_folder(tx, folder).await;
    }
    let sql = "SELECT folder_id FROM deleted_folders WHERE mailbox_id = $1 ORDER BY modseq LIMIT 1";
    if let Some(folder) = tx.row(sql, params![id.0], |row| row.get::<i64>(0)).await? {
        if purge_tombstones(tx, folder).await? == 0 {
            let sql = "DELETE FROM deleted_folders WHERE mailbox_id = $1 AND folder_id = $2";
            tx.execute(sql, params![id.0, folder]).await?;
        }
        return Ok(());
    }
    tx.execute("DELETE FROM shared_subscriptions WHERE mailbox_id = $1", params![id.0]).await?;
    tx.execute("DELETE FROM mailboxes WHERE id = $1", params![id.0]).await?;
    Ok(())
}

async fn purge_folder(tx: &mut Transaction, folder: i64) -> Result<(), Error> {
    // The end of the run of messages that this step deletes.
    let sql = "SELECT MAX(uid) FROM (SELECT uid FROM messages WHERE folder_id = $1 ORDER BY uid LIMIT $2) first";
    let last: Option<i64> =
        tx.row(sql, params![folder, PURGE_ROWS], |row| row.get(0)).await?.flatten();
    if let Some(last) = last {
        let sql = "INSERT INTO loose_bodies (body_id) SELECT DISTINCT body_id FROM messages \
                   WHERE folder_id = $1 AND uid <= $2 ON CONFLICT DO NOTHING";
        tx.execute(sql, params![folder, last]).await?;
        let sql = "DELETE FROM messages WHERE folder_id = $1 AND uid <= $2";
        tx.execute(sql, params![folder, last]).await?;
    } else if purge_tombstones(tx, folder).await? == 0 {
        rights::forget(tx, FolderId(folder)).await?;
        tx.execute("DELETE FROM folders WHERE id = $1", params![folder]).await?;
    }
    Ok(())
}

async fn purge_tombstones(tx: &mut Transaction, folder: i64) -> Result<u64, Error> {
    let sql = "DELETE FROM tombstones WHERE folder_id = $1 AND modseq <= (SELECT MAX(modseq) FROM \
               (SELECT modseq FROM tombstones WHERE folder_id = $1 ORDER BY modseq LIMIT $2) first)";
    Ok(tx.execute(sql, params![folder, PURGE_ROWS]).await?)
}
