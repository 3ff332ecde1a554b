//! What changed since a client last looked.

use store::{Snapshot, Transaction, params};

use crate::{
    Error, Folder, FolderId, ItemId, MailboxId, Message, Modseq, Uid, folders, messages::COLUMNS,
};

/// What changed in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Messages that are new or whose flags changed, as they are now, in the order of their UIDs.
    pub changed: Vec<Message>,
    /// Messages that are gone, in the order of their UIDs; some may have come after the client last looked.
    pub vanished: Vec<Vanished>,
    /// Up to where this tells everything; ask from here next time.
    pub until: Modseq,
    /// Whether `vanished` tells of all that are gone. If not, the client last looked too long ago, and must
    /// compare all UIDs.
    pub complete: bool,
}

/// A message that is gone from its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vanished {
    /// Its UID there.
    pub uid: Uid,
    /// Its id in the mailbox; it may live on in another folder.
    pub item: ItemId,
    /// The change by which it went.
    pub modseq: Modseq,
}

/// What changed in a folder after `modseq`.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn since(
    snapshot: &mut Snapshot,
    folder: FolderId,
    modseq: Modseq,
) -> Result<Changes, Error> {
    let folder = folders::get(snapshot, folder).await?;
    let until = folder.highest_modseq.max(modseq);
    let complete = modseq >= folder.forgotten_modseq;
    if folder.highest_modseq <= modseq {
        return Ok(Changes { changed: Vec::new(), vanished: Vec::new(), until, complete });
    }
    let sql = format!("SELECT {COLUMNS} FROM messages m WHERE m.folder_id = $1 AND m.modseq > $2");
    let mut changed =
        snapshot.rows(&sql, params![folder.id.0, modseq.0], Message::from_row).await?;
    changed.sort_unstable_by_key(|message| message.uid);
    let vanished = vanished(snapshot, folder.id, modseq).await?;
    Ok(Changes { changed, vanished, until, complete })
}

/// What is gone from a folder after `modseq`, in the order of the UIDs. Works for deleted folders too.
///
/// # Errors
/// What the store says.
pub async fn vanished(
    snapshot: &mut Snapshot,
    folder: FolderId,
    modseq: Modseq,
) -> Result<Vec<Vanished>, Error> {
    let sql = "SELECT uid, item_id, modseq FROM tombstones WHERE folder_id = $1 AND modseq > $2";
    let mut vanished = snapshot
        .rows(sql, params![folder.0, modseq.0], |row| {
            Ok(Vanished {
                uid: Uid(row.get(0)?),
                item: ItemId(row.get(1)?),
                modseq: Modseq(row.get(2)?),
            })
        })
        .await?;
    vanished.sort_unstable();
    Ok(vanished)
}

/// What changed among the folders of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderChanges {
    /// Folders that are new, were renamed or (un)subscribed, or in which a message changed, as they are now.
    pub changed: Vec<Folder>,
    /// Folders that are gone.
    pub deleted: Vec<FolderId>,
}

/// What changed among the folders of a mailbox after `modseq`.
///
/// # Errors
/// What the store says.
pub async fn folders_since(
    snapshot: &mut Snapshot,
    mailbox: MailboxId,
    modseq: Modseq,
) -> Result<FolderChanges, Error> {
    let mut changed = folders::list(snapshot, mailbox).await?;
    changed.retain(|folder| folder.modseq.max(folder.highest_modseq) > modseq);
    let sql = "SELECT folder_id FROM deleted_folders WHERE mailbox_id = $1 AND modseq > $2 ORDER BY modseq";
    let deleted =
        snapshot.rows(sql, params![mailbox.0, modseq.0], |row| row.get(0).map(FolderId)).await?;
    Ok(FolderChanges { changed, deleted })
}

/// Forgets all but the newest `keep` tombstones of a folder (those of one change stay together). Clients that
/// have not looked since will have to compare all UIDs.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn forget(tx: &mut Transaction, folder: FolderId, keep: usize) -> Result<(), Error> {
    let folder = folders::get(tx, folder).await?;
    let sql =
        "SELECT modseq FROM tombstones WHERE folder_id = $1 ORDER BY modseq DESC LIMIT 1 OFFSET $2";
    let last: Option<i64> = tx.row(sql, params![folder.id.0, keep], |row| row.get(0)).await?;
    let Some(last) = last else { return Ok(()) };
    let sql = "DELETE FROM tombstones WHERE folder_id = $1 AND modseq <= $2";
    tx.execute(sql, params![folder.id.0, last]).await?;
    let sql = "UPDATE folders SET forgotten_modseq = $2 WHERE id = $1";
    tx.execute(sql, params![folder.id.0, last]).await?;
    Ok(())
}
