//! What others than the owner may do with a folder.
//!
//! A grantee is a name that the caller gives meaning to: the id of an entity, of a group that it is in, or of the
//! whole organization. This room keeps who was granted what; the caller knows who has which names, and asks
//! before it acts. The owner is not asked for: who may do everything needs no entry.

use std::{
    collections::BTreeMap,
    ops::{BitOr, BitOrAssign},
};

use store::{Snapshot, Transaction, params};

use crate::{
    Error, Folder, FolderId, FolderName, MailboxId,
    folders::{self, COLUMNS},
    mailboxes,
};

/// The most grantees of one folder.
pub const MAX_GRANTEES: usize = 200;
/// The most folders of others that one look at [`granted`] finds for each grantee.
pub const MAX_GRANTED: usize = 2000;

/// A set of rights to a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights(u16);

impl Rights {
    /// None.
    pub const NONE: Self = Self(0);
    /// See that it is there.
    pub const LOOKUP: Self = Self(1);
    /// Read its messages.
    pub const READ: Self = Self(1 << 1);
    /// Mark its messages as seen; the mark is the same for everybody.
    pub const SEEN: Self = Self(1 << 2);
    /// Mark its messages otherwise, but neither as seen nor as deleted.
    pub const WRITE: Self = Self(1 << 3);
    /// Put messages into it.
    pub const INSERT: Self = Self(1 << 4);
    /// Send mail to an address of its own. It is kept; folders have no addresses.
    pub const POST: Self = Self(1 << 5);
    /// Make folders below it.
    pub const CREATE: Self = Self(1 << 6);
    /// Delete or rename it.
    pub const DELETE: Self = Self(1 << 7);
    /// Mark its messages as deleted.
    pub const MARK_DELETED: Self = Self(1 << 8);
    /// Remove messages that are marked as deleted.
    pub const EXPUNGE: Self = Self(1 << 9);
    /// Say who has which rights.
    pub const ADMINISTER: Self = Self(1 << 10);
    /// All of them.
    pub const ALL: Self = Self((1 << 11) - 1);

    /// Those to change something about its messages.
    pub const CHANGES: Self = Self(
        Self::SEEN.0 | Self::WRITE.0 | Self::INSERT.0 | Self::MARK_DELETED.0 | Self::EXPUNGE.0,
    );

    /// Whether every right of `other` is among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any right of `other` is among these.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These except those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// Unknown bits are dropped.
    const fn from_bits(bits: i64) -> Self {
        Self((bits & Self::ALL.0 as i64) as u16)
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Rights {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// What one of several names has been granted to a folder, all together.
///
/// # Errors
/// What the store says.
pub async fn of(
    snapshot: &mut Snapshot,
    folder: FolderId,
    grantees: &[String],
) -> Result<Rights, Error> {
    let held = list(snapshot, folder).await?;
    let own = held.into_iter().filter(|(grantee, _)| grantees.contains(grantee));
    Ok(own.fold(Rights::NONE, |all, (_, rights)| all | rights))
}

/// Who has been granted what to a folder, by grantee.
///
/// # Errors
/// What the store says.
pub async fn list(
    snapshot: &mut Snapshot,
    folder: FolderId,
) -> Result<Vec<(String, Rights)>, Error> {
    let sql = "SELECT grantee, rights FROM folder_rights WHERE folder_id = $1 ORDER BY grantee";
    let row = |row: &store::Row<'_>| Ok((row.get(0)?, Rights::from_bits(row.get(1)?)));
    Ok(snapshot.rows(sql, params![folder.0], row).await?)
}

/// Gives a grantee exactly these rights to a folder. Those who watch the mailbox are told of a change.
///
/// # Errors
/// [`Error::NoSuchFolder`], [`Error::TooManyGrantees`]; what the store says.
pub async fn set(
    tx: &mut Transaction,
    folder: FolderId,
    grantee: &str,
    rights: Rights,
) -> Result<(), Error> {
    let mailbox = folders::get(tx, folder).await?.mailbox;
    mailboxes::touch(tx, mailbox).await?;
    let sql = "DELETE FROM folder_rights WHERE folder_id = $1 AND grantee = $2";
    tx.execute(sql, params![folder.0, grantee]).await?;
    if rights.is_empty() {
        return Ok(());
    }
    let sql = "SELECT COUNT(*) FROM folder_rights WHERE folder_id = $1";
    let others: i64 = tx.row(sql, params![folder.0], |row| row.get(0)).await?.unwrap_or(0);
    if usize::try_from(others).is_ok_and(|others| others >= MAX_GRANTEES) {
        return Err(Error::TooManyGrantees);
    }
    let sql = "INSERT INTO folder_rights (folder_id, grantee, rights) VALUES ($1, $2, $3)";
    tx.execute(sql, params![folder.0, grantee, rights.bits()]).await?;
    Ok(())
}

/// The folders to which one of several names has been granted anything, with the rights, by id.
///
/// # Errors
/// What the store says.
pub async fn granted(
    snapshot: &mut Snapshot,
    grantees: &[String],
) -> Result<Vec<(Folder, Rights)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, r.rights FROM folder_rights r CROSS JOIN folders f \
         CROSS JOIN mailboxes m WHERE r.grantee = $1 AND f.id = r.folder_id \
         AND m.id = f.mailbox_id AND m.deprovisioned_at IS NULL ORDER BY r.folder_id LIMIT $2"
    );
    let mut found: BTreeMap<i64, (Folder, Rights)> = BTreeMap::new();
    for grantee in grantees {
        let row = |row: &store::Row<'_>| {
            Ok((Folder::from_row(row)?, Rights::from_bits(row.get(folders::COLUMN_COUNT)?)))
        };
        for (folder, rights) in snapshot.rows(&sql, params![grantee, MAX_GRANTED], row).await? {
            let id = folder.id.0;
            found.entry(id).or_insert((folder, Rights::NONE)).1 |= rights;
        }
    }
    Ok(found.into_values().collect())
}

/// Gives new folders the rights of the folders that they are directly in. The outermost comes first.
pub(crate) async fn inherit(
    tx: &mut Transaction,
    mailbox: MailboxId,
    new: impl Iterator<Item = &FolderName>,
) -> Result<(), Error> {
    let sql = "INSERT INTO folder_rights (folder_id, grantee, rights) \
               SELECT n.id, r.grantee, r.rights FROM folders p CROSS JOIN folder_rights r \
               CROSS JOIN folders n WHERE p.mailbox_id = $1 AND p.name = $2 \
               AND r.folder_id = p.id AND n.mailbox_id = $1 AND n.name = $3";
    for name in new {
        if let Some(parent) = name.ancestors().last() {
            tx.execute(sql, params![mailbox.0, parent.as_str(), name.as_str()]).await?;
        }
    }
    Ok(())
}

/// Sets whether the user of `mailbox` wants a folder of somebody else shown.
///
/// # Errors
/// What the store says.
pub async fn subscribe(
    tx: &mut Transaction,
    mailbox: MailboxId,
    folder: FolderId,
    subscribed: bool,
) -> Result<(), Error> {
    let sql = if subscribed {
        "INSERT INTO shared_subscriptions (mailbox_id, folder_id) VALUES ($1, $2) \
         ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM shared_subscriptions WHERE mailbox_id = $1 AND folder_id = $2"
    };
    tx.execute(sql, params![mailbox.0, folder.0]).await?;
    Ok(())
}

/// The folders of others that the user of `mailbox` wants shown, in the order of their ids.
///
/// # Errors
/// What the store says.
pub async fn subscriptions(
    snapshot: &mut Snapshot,
    mailbox: MailboxId,
) -> Result<Vec<FolderId>, Error> {
    let sql = "SELECT folder_id FROM shared_subscriptions WHERE mailbox_id = $1 \
               ORDER BY folder_id";
    Ok(snapshot.rows(sql, params![mailbox.0], |row| row.get(0).map(FolderId)).await?)
}

/// Forgets whatever was granted to a folder that is about to go, and who wanted it shown.
pub(crate) async fn forget(tx: &mut Transaction, folder: FolderId) -> Result<(), Error> {
    for sql in [
        "DELETE FROM folder_rights WHERE folder_id = $1",
        "DELETE FROM shared_subscriptions WHERE folder_id = $1",
    ] {
        tx.execute(sql, params![folder.0]).await?;
    }
    Ok(())
}
