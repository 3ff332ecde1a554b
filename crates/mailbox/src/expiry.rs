//! Messages whose time in a folder is over.
//!
//! A message joins a folder at its end, whether it is delivered, copied or moved, so the UIDs of a folder ascend
//! with the time at which its messages came. That makes the primary key the index by folder and date, and
//! deliveries pay for no other: of a folder in which nothing is due, one row is read. Where the clock was set
//! back, a message may wait for those before it; none goes too early. Those from the future are passed over.

use store::{Snapshot, Transaction, params};
use world::Timestamp;

use crate::{Error, FolderId, MailboxId, Role, Uid, UidSet, folders, transfer};

/// Messages that [`expire`] takes at most.
pub const EXPIRE_ROWS: usize = 500;

/// Mailboxes that one [`look`] takes in at most.
const LOOK_ROWS: usize = 500;

/// Which messages are due.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    /// In mailboxes of this organization.
    pub organization: &'a str,
    /// In the folder set apart for this.
    pub role: Role,
    /// Put there at this time or before.
    pub until: Timestamp,
    /// The time now.
    pub now: Timestamp,
}

/// What becomes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// They are moved to the folder of deleted items. Not for that folder itself.
    ToTrash,
    /// They are removed for good.
    Remove,
}

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Folders that hold messages which are due.
    pub folders: Vec<FolderId>,
    /// The last mailbox that was looked at, to go on from there; none if there are no more.
    pub last: Option<MailboxId>,
}

/// Looks for folders that hold messages which are due, in some of the mailboxes after `after`.
///
/// # Errors
/// What the store says.
pub async fn look(snapshot: &mut Snapshot, due: &Due<'_>, after: MailboxId) -> Result<Look, Error> {
    let sql = "SELECT m.id, f.id FROM (SELECT id FROM mailboxes WHERE organization = $1 AND id > $2 \
               AND deprovisioned_at IS NULL ORDER BY id LIMIT $3) m \
               LEFT JOIN folders f ON f.mailbox_id = m.id AND f.role = $4 AND f.total > 0 \
               AND (SELECT n.saved_at FROM messages n WHERE n.folder_id = f.id AND n.saved_at <= $5 \
               ORDER BY n.uid LIMIT 1) <= $6 ORDER BY m.id";
    let role = due.role.as_str();
    let params = params![due.organization, after.0, LOOK_ROWS, role, due.now, due.until];
    let found: Vec<(i64, Option<i64>)> =
        snapshot.rows(sql, params, |row| Ok((row.get(0)?, row.get(1)?))).await?;
    let last = found.last().map(|(mailbox, _)| MailboxId(*mailbox));
    let folders = found.into_iter().filter_map(|(_, folder)| folder.map(FolderId)).collect();
    Ok(Look { folders, last })
}

/// Moves or removes the oldest messages of a folder that are due, at most [`EXPIRE_ROWS`] of them. Says how many.
///
/// # Errors
/// [`Error::NoSuchFolder`], [`Error::FolderFull`]; what the store says. Nothing is changed then.
pub async fn expire(
    tx: &mut Transaction,
    folder: FolderId,
    due: &Due<'_>,
    expiry: Expiry,
) -> Result<usize, Error> {
    let sql = "SELECT uid, saved_at FROM messages WHERE folder_id = $1 AND saved_at <= $2 \
               ORDER BY uid LIMIT $3";
    let oldest: Vec<(u32, Timestamp)> = tx
        .rows(sql, params![folder.0, due.now, EXPIRE_ROWS], |row| Ok((row.get(0)?, row.get(1)?)))
        .await?;
    let uids: Vec<_> = oldest
        .into_iter()
        .take_while(|(_, saved)| *saved <= due.until)
        .map(|(uid, _)| Uid(uid))
        .collect();
    let set: UidSet = uids.iter().copied().collect();
    match expiry {
        Expiry::ToTrash => {
            let mailbox = folders::get(tx, folder).await?.mailbox;
            let trash = folders::by_role(tx, mailbox, Role::Trash).await?;
            transfer::r#move(tx, folder, &set, trash.id, due.now).await?;
        }
        Expiry::Remove => {
            transfer::remove(tx, folder, &set).await?;
        }
    }
    Ok(uids.len())
}
