//! Folders: listing, making, renaming, deleting.

use std::collections::BTreeSet;

use store::{Row, Snapshot, Transaction, params};
use world::Timestamp;

use crate::{
    Error, FolderId, FolderName, MailboxId, Modseq, Role, Uid, UidSet, mailboxes, rights, transfer,
};

/// The most folders of one mailbox.
pub const MAX_FOLDERS: usize = 2000;

pub(crate) const COLUMNS: &str = "f.id, f.mailbox_id, f.name, f.role, f.subscribed, f.modseq, f.uid_validity, f.uid_next, \
                       f.highest_modseq, f.forgotten_modseq, f.total, f.unseen, f.deleted, f.size_bytes";
/// How many columns that are.
pub(crate) const COLUMN_COUNT: usize = 14;
/// Folders of mailboxes out of service are not there.
const FROM: &str =
    "FROM folders f JOIN mailboxes m ON m.id = f.mailbox_id WHERE m.deprovisioned_at IS NULL";

/// A folder and its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its id.
    pub id: FolderId,
    /// The mailbox it is in.
    pub mailbox: MailboxId,
    /// Its full path.
    pub name: FolderName,
    /// What it is set apart for.
    pub role: Option<Role>,
    /// Whether the user wants it shown.
    pub subscribed: bool,
    /// The last change of the folder itself: its making, name or subscription.
    pub modseq: Modseq,
    /// Tells this folder from any other that ever had its name in this mailbox.
    pub uid_validity: u32,
    /// The UID that the next message will get.
    pub uid_next: Uid,
    /// The last change of a message in it.
    pub highest_modseq: Modseq,
    /// The newest change whose tombstones are gone: who has read less must look at everything.
    pub forgotten_modseq: Modseq,
    /// How many messages it holds.
    pub total: u32,
    /// How many of them are not marked as seen.
    pub unseen: u32,
    /// How many of them are marked as deleted.
    pub deleted: u32,
    /// What they take, in bytes.
    pub size_bytes: u64,
}

impl Folder {
    pub(crate) fn from_row(row: &Row<'_>) -> Result<Self, store::Error> {
        let role: Option<String> = row.get(3)?;
        Ok(Self {
            id: FolderId(row.get(0)?),
            mailbox: MailboxId(row.get(1)?),
            name: FolderName::stored(row.get(2)?),
            role: role.as_deref().and_then(Role::parse),
            subscribed: row.get(4)?,
            modseq: Modseq(row.get(5)?),
            uid_validity: row.get(6)?,
            uid_next: Uid(row.get(7)?),
            highest_modseq: Modseq(row.get(8)?),
            forgotten_modseq: Modseq(row.get(9)?),
            total: row.get(10)?,
            unseen: row.get(11)?,
            deleted: row.get(12)?,
            size_bytes: row.get(13)?,
        })
    }

    /// Refuses if fewer than `count` UIDs are left.
    pub(crate) fn check_room(&self, count: usize) -> Result<(), Error> {
        let left = u32::MAX - self.uid_next.0;
        if usize::try_from(left).is_ok_and(|left| left < count) {
            return Err(Error::FolderFull);
        }
        Ok(())
    }
}

/// All folders of a mailbox, by name.
///
/// # Errors
/// What the store says.
pub async fn list(snapshot: &mut Snapshot, mailbox: MailboxId) -> Result<Vec<Folder>, Error> {
    let sql = format!("SELECT {COLUMNS} {FROM} AND f.mailbox_id = $1 ORDER BY f.name");
    Ok(snapshot.rows(&sql, params![mailbox.0], Folder::from_row).await?)
}

/// A folder with its present counts: one row is read.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn get(snapshot: &mut Snapshot, folder: FolderId) -> Result<Folder, Error> {
    let sql = format!("SELECT {COLUMNS} {FROM} AND f.id = $1");
    let found = snapshot.row(&sql, params![folder.0], Folder::from_row).await?;
    found.ok_or(Error::NoSuchFolder)
}

/// The folder of that name.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn find(
    snapshot: &mut Snapshot,
    mailbox: MailboxId,
    name: &FolderName,
) -> Result<Folder, Error> {
    let sql = format!("SELECT {COLUMNS} {FROM} AND f.mailbox_id = $1 AND f.name = $2");
    let found = snapshot.row(&sql, params![mailbox.0, name.as_str()], Folder::from_row).await?;
    found.ok_or(Error::NoSuchFolder)
}

/// The folder that is set apart for `role`.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn by_role(
    snapshot: &mut Snapshot,
    mailbox: MailboxId,
    role: Role,
) -> Result<Folder, Error> {
    if role == Role::Inbox {
        // Found by an index, which matters to each delivery.
        return find(snapshot, mailbox, &FolderName::inbox()).await;
    }
    let sql = format!("SELECT {COLUMNS} {FROM} AND f.mailbox_id = $1 AND f.role = $2");
    let found = snapshot.row(&sql, params![mailbox.0, role.as_str()], Folder::from_row).await?;
    found.ok_or(Error::NoSuchFolder)
}

/// Makes a folder, and those above it that are not there.
///
/// # Errors
/// [`Error::FolderExists`], [`Error::TooManyFolders`], [`Error::NoSuchMailbox`]; what the store says.
pub async fn create(
    tx: &mut Transaction,
    mailbox: MailboxId,
    name: &FolderName,
    now: Timestamp,
) -> Result<Folder, Error> {
    let held = names(tx, mailbox).await?;
    if held.contains(name) {
        return Err(Error::FolderExists(name.to_string()));
    }
    let mut new = missing_ancestors(&held, name);
    new.push((name.clone(), None));
    check_count(held.len() + new.len())?;
    add(tx, mailbox, &new, now).await?;
    rights::inherit(tx, mailbox, new.iter().map(|(name, _)| name)).await?;
    find(tx, mailbox, name).await
}

/// Renames a folder with all folders below it; those above the new name are made if they are not there.
/// Messages keep their UIDs. Renaming the inbox moves its messages to a new folder of that name instead and
/// leaves the folders below it where they are (RFC 3501, section 6.3.5).
///
/// # Errors
/// [`Error::NoSuchFolder`], [`Error::FolderExists`], [`Error::DefaultFolder`], [`Error::InsideItself`],
/// [`Error::InvalidName`] if a folder below would get a name that cannot be, [`Error::TooManyFolders`];
/// what the store says.
pub async fn rename(
    tx: &mut Transaction,
    mailbox: MailboxId,
    from: &FolderName,
    to: &FolderName,
    now: Timestamp,
) -> Result<(), Error> {
    let folder = find(tx, mailbox, from).await?;
    if from.is_inbox() {
        let target = create(tx, mailbox, to, now).await?;
        return transfer::r#move(tx, folder.id, &UidSet::all(), target.id, now).await.map(drop);
    }
    if folder.role.is_some() {
        return Err(Error::DefaultFolder(from.to_string()));
    }
    if to == from {
        return Err(Error::FolderExists(to.to_string()));
    }
    if to.is_below(from) {
        return Err(Error::InsideItself(from.to_string()));
    }
    let held = names(tx, mailbox).await?;
    let moves = moves(&held, from, to)?;
    let new = missing_ancestors(&held, to);
    check_count(held.len() + new.len())?;
    let modseq = add(tx, mailbox, &new, now).await?;
    rights::inherit(tx, mailbox, new.iter().map(|(name, _)| name)).await?;
    for (old, new) in &moves {
        let sql = "UPDATE folders SET name = $3, modseq = $4 WHERE mailbox_id = $1 AND name = $2";
        tx.execute(sql, params![mailbox.0, old.as_str(), new.as_str(), modseq.0]).await?;
    }
    Ok(())
}

/// Deletes a folder with its messages. Folders below it stay.
///
/// # Errors
/// [`Error::NoSuchFolder`], [`Error::DefaultFolder`]; what the store says.
pub async fn delete(
    tx: &mut Transaction,
    mailbox: MailboxId,
    name: &FolderName,
) -> Result<(), Error> {
    let folder = find(tx, mailbox, name).await?;
    if folder.role.is_some() {
        return Err(Error::DefaultFolder(name.to_string()));
    }
    transfer::remove_all(tx, &folder).await?;
    let modseq = mailboxes::touch(tx, mailbox).await?;
    let sql = "INSERT INTO deleted_folders (mailbox_id, modseq, folder_id) VALUES ($1, $2, $3)";
    tx.execute(sql, params![mailbox.0, modseq.0, folder.id.0]).await?;
    rights::forget(tx, folder.id).await?;
    tx.execute("DELETE FROM folders WHERE id = $1", params![folder.id.0]).await?;
    Ok(())
}

/// Sets whether the user wants a folder shown.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn subscribe(
    tx: &mut Transaction,
    mailbox: MailboxId,
    name: &FolderName,
    subscribed: bool,
) -> Result<(), Error> {
    let folder = find(tx, mailbox, name).await?;
    if folder.subscribed == subscribed {
        return Ok(());
    }
    let modseq = mailboxes::touch(tx, mailbox).await?;
    let sql = "UPDATE folders SET subscribed = $2, modseq = $3 WHERE id = $1";
    tx.execute(sql, params![folder.id.0, subscribed, modseq.0]).await?;
    Ok(())
}

/// What the counts of a folder change by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delta {
    pub(crate) uids: i64,
    pub(crate) total: i64,
    pub(crate) unseen: i64,
    pub(crate) deleted: i64,
    pub(crate) size_bytes: i64,
}

/// Changes the counts of a folder and notes the change. Gives back the folder's next UID after it.
pub(crate) async fn adjust(
    tx: &mut Transaction,
    folder: FolderId,
    modseq: Modseq,
    delta: Delta,
) -> Result<Uid, Error> {
    let sql = "UPDATE folders SET uid_next = uid_next + $2, highest_modseq = $3, total = total + $4, \
               unseen = unseen + $5, deleted = deleted + $6, size_bytes = size_bytes + $7 \
               WHERE id = $1 RETURNING uid_next";
    let Delta { uids, total, unseen, deleted, size_bytes } = delta;
    let params = params![folder.0, uids, modseq.0, total, unseen, deleted, size_bytes];
    let uid_next = tx.row(sql, params, |row| row.get(0)).await?;
    uid_next.map(Uid).ok_or(Error::NoSuchFolder)
}

/// Makes the folders of these names, which are not there yet, and gives them UID validities that no other
/// folder of the mailbox ever had.
pub(crate) async fn add(
    tx: &mut Transaction,
    mailbox: MailboxId,
    new: &[(FolderName, Option<Role>)],
    now: Timestamp,
) -> Result<Modseq, Error> {
    let modseq = mailboxes::touch(tx, mailbox).await?;
    let sql = "UPDATE mailboxes SET uid_validity = $3 + \
               CASE WHEN uid_validity < $2 THEN $2 ELSE uid_validity END \
               WHERE id = $1 RETURNING uid_validity";
    let params = params![mailbox.0, now.as_seconds(), new.len()];
    let last: i64 = tx.row(sql, params, |row| row.get(0)).await?.ok_or(Error::NoSuchMailbox)?;
    for ((name, role), uid_validity) in new.iter().rev().zip((0..=last).rev()) {
        let id = tx.next_id("folders").await?;
        let sql = "INSERT INTO folders (id, mailbox_id, name, role, subscribed, modseq, uid_validity, \
                   uid_next, highest_modseq, forgotten_modseq, total, unseen, deleted, size_bytes) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $6, 0, 0, 0, 0, 0)";
        let role = role.map(Role::as_str);
        let shown = role.is_some();
        let params = params![id, mailbox.0, name.as_str(), role, shown, modseq.0, uid_validity];
        tx.execute(sql, params).await?;
    }
    Ok(modseq)
}

async fn names(tx: &mut Transaction, mailbox: MailboxId) -> Result<BTreeSet<FolderName>, Error> {
    let sql = "SELECT name FROM folders WHERE mailbox_id = $1";
    let names = tx.rows(sql, params![mailbox.0], |row| row.get(0).map(FolderName::stored)).await?;
    Ok(names.into_iter().collect())
}

fn missing_ancestors(
    held: &BTreeSet<FolderName>,
    name: &FolderName,
) -> Vec<(FolderName, Option<Role>)> {
    name.ancestors().filter(|name| !held.contains(name)).map(|name| (name, None)).collect()
}

/// The old and the new name of each folder that a renaming moves, in an order in which no folder takes a name
/// before it is free: a new name that is in use by another of them is shorter than the old one.
fn moves(
    held: &BTreeSet<FolderName>,
    from: &FolderName,
    to: &FolderName,
) -> Result<Vec<(FolderName, FolderName)>, Error> {
    let mut moves = Vec::new();
    for old in held {
        let Some(new) = old.moved(from, to) else { continue };
        let new = new?;
        if held.contains(&new) && new.moved(from, to).is_none() {
            return Err(Error::FolderExists(new.to_string()));
        }
        moves.push((old.clone(), new));
    }
    moves.sort_by_key(|(old, _)| old.as_str().len());
    Ok(moves)
}

fn check_count(count: usize) -> Result<(), Error> {
    if count > MAX_FOLDERS { Err(Error::TooManyFolders) } else { Ok(()) }
}
