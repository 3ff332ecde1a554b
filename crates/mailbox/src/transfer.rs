//! Messages that change their place: copied, moved, removed.

use store::{Row, Snapshot, Transaction, params};
use world::Timestamp;

use crate::{
    Error, Flags, Folder, FolderId, Modseq, Uid, UidSet,
    folders::{self, Delta},
    mailboxes::{self, Charge},
};

/// What a copy or move did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// The target folder's UID validity.
    pub uid_validity: u32,
    /// For each message, in order, its UID before and its UID in the target folder.
    pub pairs: Vec<(Uid, Uid)>,
    /// The change that this was; the target's last change if there was nothing to do.
    pub modseq: Modseq,
}

/// What a removal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The UIDs that are gone, in order.
    pub uids: Vec<Uid>,
    /// The change that this was; the folder's last change if there was nothing to do.
    pub modseq: Modseq,
}

/// Copies the messages of `uids` that are there into another folder (or the same), also of another mailbox of the
/// organization, which is charged. A copy has a new item id, and flags and date of the original.
///
/// # Errors
/// [`Error::NoSuchFolder`], also for a folder of another organization; [`Error::QuotaExceeded`],
/// [`Error::FolderFull`]; what the store says. Nothing is copied then.
pub async fn copy(
    tx: &mut Transaction,
    from: FolderId,
    uids: &UidSet,
    to: FolderId,
    now: Timestamp,
) -> Result<Transferred, Error> {
    let (from, to) = both(tx, from, to).await?;
    let picked = Picked::read(tx, from.id, uids, Flags::NONE).await?;
    if picked.is_empty() {
        return Ok(nothing(&to));
    }
    insert_new(tx, &picked, &from, &to, now).await
}

/// Moves the messages of `uids` that are there into another folder (or the end of the same), also of another
/// mailbox of the organization. A moved message keeps flags and date, within its mailbox also its item id, and
/// leaves a tombstone.
///
/// # Errors
/// [`Error::NoSuchFolder`], also for a folder of another organization; [`Error::FolderFull`], and for another
/// mailbox [`Error::QuotaExceeded`]; what the store says. Nothing is moved then.
pub async fn r#move(
    tx: &mut Transaction,
    from: FolderId,
    uids: &UidSet,
    to: FolderId,
    now: Timestamp,
) -> Result<Transferred, Error> {
    let (from, to) = both(tx, from, to).await?;
    let picked = Picked::read(tx, from.id, uids, Flags::NONE).await?;
    if picked.is_empty() {
        return Ok(nothing(&to));
    }
    if from.mailbox != to.mailbox {
        let transferred = insert_new(tx, &picked, &from, &to, now).await?;
        let charge = Charge { bytes: -picked.delta.size_bytes, ..Charge::default() };
        let (modseq, _) = mailboxes::charge(tx, from.mailbox, &charge).await?;
        bury(tx, &picked, from.id, modseq).await?;
        return Ok(transferred);
    }
    to.check_room(picked.len())?;
    let modseq = mailboxes::touch(tx, to.mailbox).await?;
    let transferred = insert(tx, &picked, &from, &to, modseq, Items::Kept, now).await?;
    bury(tx, &picked, from.id, modseq).await?;
    Ok(transferred)
}

/// Removes the messages of `uids` that are marked as deleted.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn expunge(
    tx: &mut Transaction,
    folder: FolderId,
    uids: &UidSet,
) -> Result<Removed, Error> {
    let folder = folders::get(tx, folder).await?;
    remove_marked(tx, &folder, uids, Flags::DELETED).await
}

/// Removes the messages of `uids`, however they are marked.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub async fn remove(
    tx: &mut Transaction,
    folder: FolderId,
    uids: &UidSet,
) -> Result<Removed, Error> {
    let folder = folders::get(tx, folder).await?;
    remove_marked(tx, &folder, uids, Flags::NONE).await
}

/// Removes all messages of a folder that is about to go.
pub(crate) async fn remove_all(tx: &mut Transaction, folder: &Folder) -> Result<(), Error> {
    remove_marked(tx, folder, &UidSet::all(), Flags::NONE).await.map(drop)
}

async fn remove_marked(
    tx: &mut Transaction,
    folder: &Folder,
    uids: &UidSet,
    marked: Flags,
) -> Result<Removed, Error> {
    let picked = Picked::read(tx, folder.id, uids, marked).await?;
    if picked.is_empty() {
        return Ok(Removed { uids: Vec::new(), modseq: folder.highest_modseq });
    }
    let charge = Charge { bytes: -picked.delta.size_bytes, ..Charge::default() };
    let (modseq, _) = mailboxes::charge(tx, folder.mailbox, &charge).await?;
    for run in &picked.runs {
        let sql = "INSERT INTO loose_bodies (body_id) SELECT DISTINCT body_id FROM messages \
                   WHERE folder_id = $1 AND uid BETWEEN $2 AND $3 AND (flags & $4) = $4 \
                   ON CONFLICT DO NOTHING";
        let params = params![folder.id.0, run.first.0, run.last.0, marked.bits()];
        tx.execute(sql, params).await?;
    }
    bury(tx, &picked, folder.id, modseq).await?;
    Ok(Removed { uids: picked.uids().collect(), modseq })
}

/// Messages of a folder that something shall be done with.
struct Picked {
    /// Each run of UIDs holds no other messages than these, as far as they bear `marked`.
    runs: Vec<Run>,
    marked: Flags,
    /// What the counts of a folder gain if they come to it.
    delta: Delta,
}

/// Messages that one range of UIDs takes in.
struct Run {
    first: Uid,
    last: Uid,
    uids: Vec<Uid>,
}

impl Picked {
    async fn read(
        snapshot: &mut Snapshot,
        folder: FolderId,
        uids: &UidSet,
        marked: Flags,
    ) -> Result<Self, Error> {
        let mut picked = Self { runs: Vec::new(), marked, delta: Delta::default() };
        let sql = "SELECT uid, flags, size_bytes FROM messages WHERE folder_id = $1 \
                   AND uid BETWEEN $2 AND $3 AND (flags & $4) = $4 ORDER BY uid";
        for range in uids.ranges() {
            let params = params![folder.0, range.start(), range.end(), marked.bits()];
            let delta = &mut picked.delta;
            let uids = snapshot.rows(sql, params, |row| count(delta, row)).await?;
            if let (Some(first), Some(last)) = (uids.first(), uids.last()) {
                picked.runs.push(Run { first: *first, last: *last, uids });
            }
        }
        Ok(picked)
    }

    fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    fn len(&self) -> usize {
        self.runs.iter().map(|run| run.uids.len()).sum()
    }

    fn uids(&self) -> impl Iterator<Item = Uid> {
        self.runs.iter().flat_map(|run| run.uids.iter().copied())
    }
}

fn count(delta: &mut Delta, row: &Row<'_>) -> Result<Uid, store::Error> {
    let flags = Flags::from_bits(row.get(1)?);
    delta.total += 1;
    delta.unseen += i64::from(!flags.contains(Flags::SEEN));
    delta.deleted += i64::from(flags.contains(Flags::DELETED));
    delta.size_bytes += row.get::<i64>(2)?;
    Ok(Uid(row.get(0)?))
}

/// Which item ids messages get in the folder that they come to.
#[derive(Clone, Copy)]
enum Items {
    /// Those after this one.
    New(i64),
    /// The ones they have.
    Kept,
}

async fn both(
    tx: &mut Transaction,
    from: FolderId,
    to: FolderId,
) -> Result<(Folder, Folder), Error> {
    let (from, to) = (folders::get(tx, from).await?, folders::get(tx, to).await?);
    if from.mailbox == to.mailbox {
        return Ok((from, to));
    }
    // a body can be read with the key of its organization only
    let one = mailboxes::get(tx, from.mailbox).await?.organization;
    let other = mailboxes::get(tx, to.mailbox).await?.organization;
    if one == other { Ok((from, to)) } else { Err(Error::NoSuchFolder) }
}

fn nothing(to: &Folder) -> Transferred {
    let (uid_validity, modseq) = (to.uid_validity, to.highest_modseq);
    Transferred { uid_validity, pairs: Vec::new(), modseq }
}

/// Puts rows for the picked messages, as new items, at the end of the target folder, and charges its mailbox.
async fn insert_new(
    tx: &mut Transaction,
    picked: &Picked,
    from: &Folder,
    to: &Folder,
    now: Timestamp,
) -> Result<Transferred, Error> {
    to.check_room(picked.len())?;
    let items = picked.len() as i64;
    let charge = Charge { bytes: picked.delta.size_bytes, items, organization: None };
    let (modseq, item_last) = mailboxes::charge(tx, to.mailbox, &charge).await?;
    insert(tx, picked, from, to, modseq, Items::New(item_last - items), now).await
}

/// Puts rows for the picked messages at the end of the target folder.
async fn insert(
    tx: &mut Transaction,
    picked: &Picked,
    from: &Folder,
    to: &Folder,
    modseq: Modseq,
    items: Items,
    now: Timestamp,
) -> Result<Transferred, Error> {
    let sql = format!(
        "INSERT INTO messages (folder_id, uid, body_id, item_id, modseq, flags, keywords, received_at, saved_at, \
         size_bytes) SELECT $1, $2 + ROW_NUMBER() OVER (ORDER BY uid), body_id, {}, $3, flags, keywords, \
         received_at, $4, size_bytes FROM messages WHERE folder_id = $5 AND uid BETWEEN $6 AND $7",
        match items {
            Items::New(_) => "$8 + ROW_NUMBER() OVER (ORDER BY uid)",
            Items::Kept => "item_id + $8",
        }
    );
    let mut done = 0;
    for run in &picked.runs {
        let uid_before = i64::from(to.uid_next.0) - 1 + done;
        let item_before = match items {
            Items::New(before) => before + done,
            Items::Kept => 0,
        };
        let (first, last) = (run.first.0, run.last.0);
        let params =
            params![to.id.0, uid_before, modseq.0, now, from.id.0, first, last, item_before];
        done += i64::try_from(tx.execute(&sql, params).await?).unwrap_or(i64::MAX);
    }
    folders::adjust(tx, to.id, modseq, Delta { uids: done, ..picked.delta }).await?;
    let pairs = picked.uids().zip((to.uid_next.0..).map(Uid)).collect();
    Ok(Transferred { uid_validity: to.uid_validity, pairs, modseq })
}

/// Takes the picked messages out of their folder and leaves tombstones.
async fn bury(
    tx: &mut Transaction,
    picked: &Picked,
    folder: FolderId,
    modseq: Modseq,
) -> Result<(), Error> {
    let marked = picked.marked.bits();
    for run in &picked.runs {
        let sql = "INSERT INTO tombstones (folder_id, modseq, uid, item_id) SELECT folder_id, $5, uid, item_id \
                   FROM messages WHERE folder_id = $1 AND uid BETWEEN $2 AND $3 AND (flags & $4) = $4";
        let params = params![folder.0, run.first.0, run.last.0, marked, modseq.0];
        tx.execute(sql, params).await?;
        let sql = "DELETE FROM messages WHERE folder_id = $1 AND uid BETWEEN $2 AND $3 \
                   AND (flags & $4) = $4";
        tx.execute(sql, params![folder.0, run.first.0, run.last.0, marked]).await?;
    }
    let Delta { total, unseen, deleted, size_bytes, .. } = picked.delta;
    let gone = Delta {
        uids: 0,
        total: -total,
        unseen: -unseen,
        deleted: -deleted,
        size_bytes: -size_bytes,
    };
    folders::adjust(tx, folder, modseq, gone).await?;
    Ok(())
}
