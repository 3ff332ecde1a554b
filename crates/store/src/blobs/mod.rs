//! Bodies: compressed, encrypted, appended to pack files.
//!
//! Measured against a table of an SQLite file of its own, with 38 KB bodies and synced in groups, packs took 1.4
//! times as many messages in the same time. What they cost: a deleted body's room comes back only when its whole
//! pack is collected, by moving what is still named ([`Blobs::relocate`]) and deleting the rest
//! ([`Blobs::delete_pack`]); only the owners of the rows know what is named.

mod codec;
mod pack;
mod packs;
mod record;

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use world::World;

use crate::{DataKey, Error, durable::Durable, seal::NONCE_BYTES};

use packs::Packs;
use record::{Codec, HEADER_LEN, Header};

pub use packs::PackInfo;
pub use record::BlobRef;

/// The largest body, in bytes.
pub const BLOB_MAX_BYTES: usize = 256 * 1024 * 1024;

/// Bodies above this are worked on by a thread that may be busy for long.
const IN_PLACE_MAX_BYTES: usize = 256 * 1024;

/// The bodies beside the database. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    packs: Arc<Packs>,
    world: World,
}

impl Blobs {
    pub(crate) fn open(folder: &Path, world: World) -> Result<Self, Error> {
        Ok(Self { packs: Arc::new(Packs::open(folder, world.clone())?), world })
    }

    /// Keeps a body. It is durable with the commit of any transaction of this store that commits after this
    /// returned; until a row names it, it is garbage.
    ///
    /// # Errors
    /// [`Error::Full`] if there is no room (nothing is kept), [`Error::Invalid`] past [`BLOB_MAX_BYTES`].
    pub async fn put(&self, key: &DataKey, plain: Bytes) -> Result<BlobRef, Error> {
        if plain.len() > BLOB_MAX_BYTES {
            return Err(Error::invalid(format_args!("a body of {} bytes", plain.len())));
        }
        // The first body of a process may have to walk through packs of earlier runs.
        let small = plain.len() <= IN_PLACE_MAX_BYTES && self.packs.is_ready();
        let (blobs, key) = (self.clone(), key.clone());
        in_place_or_apart(small, move || blobs.encrypt_and_append(&key, &plain)).await
    }

    /// The body as it was put.
    ///
    /// # Errors
    /// [`Error::Sealed`] if the key is not that of its owner or the bytes were changed, [`Error::Corrupt`] if
    /// the pack is not there or holds something else.
    pub async fn get(&self, key: &DataKey, reference: &BlobRef) -> Result<Bytes, Error> {
        let small = reference.plain.max(reference.stored) as usize <= IN_PLACE_MAX_BYTES;
        let (packs, key, reference) = (Arc::clone(&self.packs), key.clone(), *reference);
        in_place_or_apart(small, move || decrypt(&key, &reference, packs.read(&reference)?)).await
    }

    /// Copies a body to the end of the open pack, as it lies, so that its old pack can be deleted after the rows
    /// name the new place.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub async fn relocate(&self, reference: &BlobRef) -> Result<BlobRef, Error> {
        let (packs, reference) = (Arc::clone(&self.packs), *reference);
        in_place_or_apart(false, move || {
            let (pack, offset) = packs.append(&packs.read(&reference)?)?;
            Ok(BlobRef { pack, offset, ..reference })
        })
        .await
    }

    /// All packs of the folder, those of other processes too.
    ///
    /// # Errors
    /// What the file system says.
    pub fn packs(&self) -> Result<Vec<PackInfo>, Error> {
        self.packs.list()
    }

    /// Deletes a pack. The caller has made sure that no row names it and none will.
    ///
    /// # Errors
    /// [`Error::Invalid`] if this process or another appends to it; what the file system says.
    pub fn delete_pack(&self, number: u64) -> Result<(), Error> {
        self.packs.delete(number)
    }

    pub(crate) fn close(&self) {
        self.packs.close();
    }

    pub(crate) fn durable(&self) -> Arc<dyn Durable> {
        Arc::clone(&self.packs) as Arc<dyn Durable>
    }

    fn encrypt_and_append(&self, key: &DataKey, plain: &[u8]) -> Result<BlobRef, Error> {
        let opened = key.opened();
        let (codec, mut text) = codec::squeeze(plain)?;
        let nonce = self.world.random_bytes::<NONCE_BYTES>();
        opened.sealer.encrypt(nonce, &bound(&opened.owner, codec, plain.len()), &mut text)?;
        // INVARIANT: both lengths fit 32 bits, for `put` has checked the body against BLOB_MAX_BYTES.
        let (stored, plain) = (text.len() as u32, plain.len() as u32);
        let header = Header { stored, codec, nonce };
        let (pack, offset) = self.packs.append(&[&header.encode()[..], &text].concat())?;
        Ok(BlobRef { pack, offset, stored, plain, codec, nonce })
    }
}

fn decrypt(key: &DataKey, reference: &BlobRef, mut record: Vec<u8>) -> Result<Bytes, Error> {
    let opened = key.opened();
    let plain_len = reference.plain as usize;
    let bound = bound(&opened.owner, reference.codec, plain_len);
    let text = opened.sealer.decrypt(reference.nonce, &bound, &mut record[HEADER_LEN..])?;
    if reference.codec == Codec::Zstd {
        return codec::stretch(text, plain_len).map(Bytes::from);
    }
    Ok(Bytes::from(record).slice(HEADER_LEN..HEADER_LEN + plain_len))
}

/// Small work is done at once, in microseconds; other work on a thread that may be busy for long.
async fn in_place_or_apart<T: Send + 'static>(
    small: bool,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if small {
        return work();
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(Error::unavailable)?
}

/// What an encrypted body is bound to beside its key.
fn bound(owner: &str, codec: Codec, plain_len: usize) -> Vec<u8> {
    let mut bound = format!("body/{owner}/").into_bytes();
    bound.push(codec as u8);
    bound.extend_from_slice(&(plain_len as u64).to_le_bytes());
    bound
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blobs").field("folder", &self.packs.folder).finish_non_exhaustive()
    }
}
