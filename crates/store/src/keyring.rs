//! Keys: what seals secrets, and the data keys of owners.

use std::sync::Arc;

use aws_lc_rs::hkdf;
use world::{Secret, World};

use crate::{
    Error, Snapshot, Transaction, params,
    seal::{KEY_LEN, Sealer},
};

/// Seals secrets under a key derived from the master key, and keeps a data key for each owner.
///
/// A data key lives in the database, sealed by the master key; when its row is gone, whatever was encrypted
/// under it can no longer be read by anybody. No data key is cached here: reading its row is what tells that
/// it still exists, and opening it takes less than a microsecond.
#[derive(Clone)]
pub struct Keyring(Arc<Master>);

struct Master {
    sealer: Sealer,
    world: World,
}

/// The key of one owner's bodies. Cheap to clone; wiped with its last clone.
#[derive(Clone)]
pub struct DataKey(Arc<Opened>);

pub(crate) struct Opened {
    pub(crate) owner: String,
    pub(crate) sealer: Sealer,
}

/// Where the seal of the first master key is kept, and what it says.
const MARK: &str = "master-key";

impl Keyring {
    pub(crate) fn new(master_key: &Secret, world: World) -> Result<Self, Error> {
        if master_key.expose().len() != KEY_LEN {
            return Err(Error::invalid("the master key is not 32 bytes"));
        }
        let mut key = vec![0; KEY_LEN];
        // HKDF (RFC 5869): keys for other uses can be derived beside this one.
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"chancery")
            .extract(master_key.expose())
            .expand(&[b"seal 1"], hkdf::HKDF_SHA256)
            .and_then(|derived| derived.fill(&mut key))
            .map_err(|_| Error::invalid("no key can be derived"))?;
        let key = Secret::new(key);
        Ok(Self(Arc::new(Master { sealer: Sealer::new(key.expose())?, world })))
    }

    /// Encrypts a secret for a purpose, such as `access-key/AKIA...`; it opens for that purpose alone.
    ///
    /// # Errors
    /// None for a text shorter than 64 GiB.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.sealer.seal(purpose, plain, &self.0.world)
    }

    /// The secret that was sealed for this purpose.
    ///
    /// # Errors
    /// [`Error::Sealed`] if it was sealed for another purpose or with another key, or was changed.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Secret, Error> {
        self.0.sealer.open(purpose, sealed)
    }

    /// The data key of an owner, made when there is none.
    ///
    /// # Errors
    /// What the engine says, or [`Error::Sealed`] if the row was tampered with.
    pub async fn data_key(&self, tx: &mut Transaction, owner: &str) -> Result<DataKey, Error> {
        if let Some(key) = self.existing_data_key(tx, owner).await? {
            return Ok(key);
        }
        let key = Secret::new(self.0.world.random_bytes::<KEY_LEN>());
        let wrapped = self.seal(&wrapping(owner), key.expose())?;
        tx.execute(
            "INSERT INTO data_keys (owner, wrapped) VALUES ($1, $2)",
            params![owner, wrapped],
        )
        .await?;
        DataKey::new(owner, &key)
    }

    /// The data key of an owner, if it has one.
    ///
    /// # Errors
    /// As [`data_key`](Self::data_key).
    pub async fn existing_data_key(
        &self,
        snapshot: &mut Snapshot,
        owner: &str,
    ) -> Result<Option<DataKey>, Error> {
        let sql = "SELECT wrapped FROM data_keys WHERE owner = $1";
        let wrapped: Option<Vec<u8>> = snapshot.row(sql, params![owner], |row| row.get(0)).await?;
        let Some(wrapped) = wrapped else { return Ok(None) };
        DataKey::new(owner, &self.open(&wrapping(owner), &wrapped)?).map(Some)
    }

    /// Deletes an owner's data key, and with it, once committed, the readability of all its bodies.
    /// Says whether there was one.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn forget_data_key(&self, tx: &mut Transaction, owner: &str) -> Result<bool, Error> {
        Ok(tx.execute("DELETE FROM data_keys WHERE owner = $1", params![owner]).await? > 0)
    }

    /// Whether the store bears the mark of this master key; an error if it bears that of another.
    pub(crate) async fn fits(&self, snapshot: &mut Snapshot) -> Result<bool, Error> {
        let sql = "SELECT sealed FROM seals WHERE name = $1";
        let mark: Option<Vec<u8>> = snapshot.row(sql, params![MARK], |row| row.get(0)).await?;
        let Some(mark) = mark else { return Ok(false) };
        match self.open(MARK, &mark) {
            Ok(_) => Ok(true),
            Err(_) => {
                Err(Error::sealed("the master key is not the one that this store was made with"))
            }
        }
    }

    /// Leaves the mark of this master key, unless another node was faster.
    pub(crate) async fn leave_mark(&self, tx: &mut Transaction) -> Result<(), Error> {
        if !self.fits(tx).await? {
            let mark = self.seal(MARK, MARK.as_bytes())?;
            tx.execute("INSERT INTO seals (name, sealed) VALUES ($1, $2)", params![MARK, mark])
                .await?;
        }
        Ok(())
    }
}

fn wrapping(owner: &str) -> String {
    format!("data-key/{owner}")
}

impl DataKey {
    fn new(owner: &str, key: &Secret) -> Result<Self, Error> {
        let sealer = Sealer::new(key.expose())?;
        Ok(Self(Arc::new(Opened { owner: owner.to_owned(), sealer })))
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.0
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(..)")
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataKey").field("owner", &self.0.owner).finish_non_exhaustive()
    }
}
