//! The bytes of messages: reading them, keeping them, and letting go of those that nothing names.

use bytes::Bytes;
use store::{BlobRef, DataKey, Keyring, Row, Snapshot, Store, Transaction, params};

use crate::{BodyId, Error, FolderId, Uid, summary::Summary};

/// The bodies that one transaction of [`collect_garbage`] looks at.
const COLLECT_ROWS: usize = 256;

/// Where the bytes of a message lie, with the key to them. Outlives the snapshot it was read in.
#[derive(Clone, Debug)]
pub struct Located {
    key: DataKey,
    blob: BlobRef,
}

impl Located {
    /// The whole message, byte for byte as it came in. Hold no transaction or snapshot meanwhile.
    ///
    /// # Errors
    /// What the store says.
    pub async fn read(&self, store: &Store) -> Result<Bytes, Error> {
        Ok(store.blobs().get(&self.key, &self.blob).await?)
    }
}

/// Finds the bytes of a message in a folder.
///
/// # Errors
/// [`Error::NoSuchMessage`]; [`Error::Damaged`]; what the store says.
pub async fn locate(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    folder: FolderId,
    uid: Uid,
) -> Result<Located, Error> {
    let sql = "SELECT b.blob, x.organization FROM messages m JOIN bodies b ON b.id = m.body_id \
               JOIN folders f ON f.id = m.folder_id JOIN mailboxes x ON x.id = f.mailbox_id \
               WHERE m.folder_id = $1 AND m.uid = $2 AND x.deprovisioned_at IS NULL";
    let found = snapshot
        .row(sql, params![folder.0, uid.0], |row| Ok((blob(row)?, row.get::<String>(1)?)))
        .await?;
    let (blob, organization) = found.ok_or(Error::NoSuchMessage)?;
    unlock(snapshot, keyring, &organization, blob).await
}

/// Finds the bytes of a body that is held outside of any mailbox.
///
/// # Errors
/// [`Error::NoSuchMessage`]; [`Error::Damaged`]; what the store says.
pub async fn locate_body(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    organization: &str,
    body: BodyId,
) -> Result<Located, Error> {
    let found =
        snapshot.row("SELECT blob FROM bodies WHERE id = $1", params![body.0], blob).await?;
    unlock(snapshot, keyring, organization, found.ok_or(Error::NoSuchMessage)?).await
}

/// The summary of a body that is held outside of any mailbox.
///
/// # Errors
/// [`Error::NoSuchMessage`]; [`Error::Damaged`]; what the store says.
pub async fn summary(snapshot: &mut Snapshot, body: BodyId) -> Result<Summary, Error> {
    let sql = "SELECT summary FROM bodies WHERE id = $1";
    let found = snapshot.row(sql, params![body.0], |row| row.get::<Vec<u8>>(0)).await?;
    Summary::decode(&found.ok_or(Error::NoSuchMessage)?)
}

/// Keeps a body for a holder outside this room, such as an entry of a queue, until it lets go of it.
///
/// # Errors
/// What the store says.
pub async fn hold(tx: &mut Transaction, body: BodyId, holder: &str) -> Result<(), Error> {
    let sql = "INSERT INTO body_holds (body_id, holder) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.execute(sql, params![body.0, holder]).await?;
    Ok(())
}

/// Lets go of a body that was held.
///
/// # Errors
/// What the store says.
pub async fn release(tx: &mut Transaction, body: BodyId, holder: &str) -> Result<(), Error> {
    let sql = "DELETE FROM body_holds WHERE body_id = $1 AND holder = $2";
    if tx.execute(sql, params![body.0, holder]).await? > 0 {
        let sql = "INSERT INTO loose_bodies (body_id) VALUES ($1) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![body.0]).await?;
    }
    Ok(())
}

/// Deletes the rows of bodies that no message and no holder names any more, looking at most at `limit` of those
/// that lost one. Says how many it deleted; nothing is left to look at once a call looked at fewer than it might.
/// The bytes themselves stay in their pack until the store collects it.
///
/// # Errors
/// What the store says; what was committed before stays done.
pub async fn collect_garbage(store: &Store, limit: usize) -> Result<Collected, Error> {
    let mut collected = Collected::default();
    while collected.examined < limit {
        let rows = COLLECT_ROWS.min(limit - collected.examined);
        let mut tx = store.write().await?;
        let batch = loose(&mut tx, rows).await?;
        for (body, used) in &batch {
            tx.execute("DELETE FROM loose_bodies WHERE body_id = $1", params![body]).await?;
            if !used {
                tx.execute("DELETE FROM bodies WHERE id = $1", params![body]).await?;
            }
        }
        tx.commit().await?;
        collected.examined += batch.len();
        collected.deleted += batch.iter().filter(|(_, used)| !used).count();
        if batch.len() < rows {
            break;
        }
    }
    Ok(collected)
}

/// What [`collect_garbage`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Bodies looked at.
    pub examined: usize,
    /// Bodies deleted.
    pub deleted: usize,
}

/// Bodies that lost a message or a hold, each with whether it is used still.
async fn loose(tx: &mut Transaction, rows: usize) -> Result<Vec<(i64, bool)>, Error> {
    let sql = "SELECT l.body_id, CASE \
               WHEN EXISTS (SELECT 1 FROM messages m WHERE m.body_id = l.body_id) THEN 1 \
               WHEN EXISTS (SELECT 1 FROM body_holds h WHERE h.body_id = l.body_id) THEN 1 ELSE 0 END \
               FROM loose_bodies l ORDER BY l.body_id LIMIT $1";
    Ok(tx.rows(sql, params![rows], |row| Ok((row.get(0)?, row.get::<i64>(1)? != 0))).await?)
}

fn blob(row: &Row<'_>) -> Result<Vec<u8>, store::Error> {
    row.get(0)
}

async fn unlock(
    snapshot: &mut Snapshot,
    keyring: &Keyring,
    organization: &str,
    blob: Vec<u8>,
) -> Result<Located, Error> {
    let key = keyring.existing_data_key(snapshot, organization).await?;
    let key = key.ok_or(Error::Damaged("key of the organization"))?;
    Ok(Located { key, blob: BlobRef::from_bytes(&blob)? })
}
