//! Bodies: compressed, encrypted, appended to pack files.
//!
//! Measured against a table of an SQLite file of its own, with 38 KB bodies and synced in groups, packs took 1.4
//! times as many messages in the same time. What they cost: a deleted body's room comes back only when its whole
//! pack is collected, by moving what is still named ([`Blobs::relocate`]) and deleting the rest
//! ([`Blobs::delete_pack`]); only the owners of the rows know what is named.

mod codec;
mod pack;
mod record;

use std::{
    collections::HashMap,
    fs::{DirBuilder, File},
    os::unix::fs::{DirBuilderExt, FileExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use world::World;

use crate::{
    DataKey, Error,
    durable::Durable,
    error::Cause,
    seal::{NONCE_BYTES, TAG_LEN},
};

use pack::Appender;
use record::{Codec, HEADER_LEN, Header};

pub use record::BlobRef;

/// The largest body, in bytes.
pub const BLOB_MAX_BYTES: usize = 256 * 1024 * 1024;

/// A pack that has grown to this is followed by a new one.
const PACK_ROLL_BYTES: u64 = 256 * 1024 * 1024;

/// Bodies above this are worked on by a thread that may be busy for long.
const IN_PLACE_MAX_BYTES: usize = 256 * 1024;

/// Pack files kept open for reading.
const OPEN_PACKS_MAX: usize = 64;

/// Packs of earlier runs that are looked at for room when the first body is put.
const RESUME_TRIES_MAX: usize = 8;

/// The bodies beside the database. Cheap to clone.
#[derive(Clone)]
pub struct Blobs(Arc<Packs>);

struct Packs {
    folder: PathBuf,
    world: World,
    writing: Mutex<Writing>,
    reading: Mutex<HashMap<u64, Arc<File>>>,
    /// Held during a sync, so that whoever waits for it finds its bodies synced.
    syncing: Mutex<()>,
}

#[derive(Default)]
struct Writing {
    appender: Option<Appender>,
    /// Packs with bodies that were not synced yet.
    unsynced: Vec<Arc<File>>,
    /// Whether a pack was made whose name was not synced yet.
    new_name: bool,
    /// Why nothing is put any more.
    shut: Option<Error>,
}

/// A pack file, for whoever collects what is no longer named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackInfo {
    /// Its number, as in [`BlobRef::pack`].
    pub number: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether this process still appends to it.
    pub open: bool,
}

impl Blobs {
    pub(crate) fn open(folder: &Path, world: World) -> Result<Self, Error> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Error::file(folder.display(), &error))?;
        Ok(Self(Arc::new(Packs {
            folder: folder.to_owned(),
            world,
            writing: Mutex::default(),
            reading: Mutex::default(),
            syncing: Mutex::default(),
        })))
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
        let (packs, key, length) = (Arc::clone(&self.0), key.clone(), plain.len());
        in_place_or_apart(length, move || packs.put(&key, &plain)).await
    }

    /// The body as it was put.
    ///
    /// # Errors
    /// [`Error::Sealed`] if the key is not that of its owner or the bytes were changed, [`Error::Corrupt`] if
    /// the pack is not there or holds something else.
    pub async fn get(&self, key: &DataKey, reference: &BlobRef) -> Result<Bytes, Error> {
        let (packs, key, reference) = (Arc::clone(&self.0), key.clone(), *reference);
        let length = reference.plain.max(reference.stored) as usize;
        in_place_or_apart(length, move || packs.get(&key, &reference)).await
    }

    /// Copies a body to the end of the open pack, as it lies, so that its old pack can be deleted after the rows
    /// name the new place.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub async fn relocate(&self, reference: &BlobRef) -> Result<BlobRef, Error> {
        let (packs, reference) = (Arc::clone(&self.0), *reference);
        in_place_or_apart(reference.stored as usize, move || {
            let record = packs.read_record(&reference)?;
            let (pack, offset) = packs.append(&record)?;
            Ok(BlobRef { pack, offset, ..reference })
        })
        .await
    }

    /// All packs of the folder, those of other processes too.
    ///
    /// # Errors
    /// What the file system says.
    pub fn packs(&self) -> Result<Vec<PackInfo>, Error> {
        let open = self.0.writing().appender.as_ref().map(|appender| appender.number);
        let mut packs = Vec::new();
        for (number, bytes) in self.0.files()? {
            packs.push(PackInfo { number, bytes, open: open == Some(number) });
        }
        Ok(packs)
    }

    /// Deletes a pack. The caller has made sure that no row names it and none will.
    ///
    /// # Errors
    /// [`Error::Invalid`] if this process or another appends to it; what the file system says.
    pub fn delete_pack(&self, number: u64) -> Result<(), Error> {
        let path = pack::path(&self.0.folder, number);
        let told = |error| Error::file(path.display(), &error);
        let file = File::open(&path).map_err(told)?;
        if file.try_lock().is_err() {
            return Err(Error::invalid(format_args!("`{}` is still written to", path.display())));
        }
        self.0.reading().remove(&number);
        std::fs::remove_file(&path).map_err(told)
    }

    /// Puts no more, and lets another process have the pack.
    pub(crate) fn close(&self) {
        let mut writing = self.0.writing();
        writing.shut.get_or_insert_with(|| Error::unavailable("the store is closed"));
        writing.appender = None;
        writing.unsynced.clear();
    }

    pub(crate) fn durable(&self) -> Arc<dyn Durable> {
        Arc::clone(&self.0) as Arc<dyn Durable>
    }
}

/// Small work is done at once, in microseconds; large work on a thread of its own.
async fn in_place_or_apart<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if bytes <= IN_PLACE_MAX_BYTES {
        return work();
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(Error::unavailable)?
}

impl Packs {
    fn put(&self, key: &DataKey, plain: &[u8]) -> Result<BlobRef, Error> {
        let opened = key.opened();
        let (codec, mut text) = codec::squeeze(plain)?;
        let nonce = self.world.random_bytes::<NONCE_BYTES>();
        opened.sealer.encrypt(nonce, &bound(&opened.owner, codec, plain.len()), &mut text)?;
        let stored = u32::try_from(text.len()).map_err(Error::invalid)?;
        let header = Header { stored, codec, nonce };
        let (pack, offset) = self.append(&[&header.encode()[..], &text].concat())?;
        // INVARIANT: `Blobs::put` has checked the length against BLOB_MAX_BYTES, which fits 32 bits.
        Ok(BlobRef { pack, offset, stored, plain: plain.len() as u32, codec, nonce })
    }

    fn get(&self, key: &DataKey, reference: &BlobRef) -> Result<Bytes, Error> {
        let mut record = self.read_record(reference)?;
        let mut text = record.split_off(HEADER_LEN);
        let opened = key.opened();
        let bound = bound(&opened.owner, reference.codec, reference.plain as usize);
        opened.sealer.decrypt(reference.nonce, &bound, &mut text)?;
        text.truncate(text.len() - TAG_LEN);
        codec::stretch(reference.codec, text, reference.plain as usize).map(Bytes::from)
    }

    /// Header and encrypted text as they lie in the pack.
    fn read_record(&self, reference: &BlobRef) -> Result<Vec<u8>, Error> {
        let missing =
            |error| Error::corrupt(format_args!("a body in pack {:016x}: {error}", reference.pack));
        let file = self.reader(reference.pack).map_err(missing)?;
        let mut record = vec![0; HEADER_LEN + reference.stored as usize];
        file.read_exact_at(&mut record, reference.offset).map_err(missing)?;
        let header = record.first_chunk().and_then(Header::decode);
        if header != Some(reference.header()) {
            return Err(Error::corrupt(format_args!(
                "another body in pack {:016x}",
                reference.pack
            )));
        }
        Ok(record)
    }

    fn reader(&self, number: u64) -> std::io::Result<Arc<File>> {
        if let Some(file) = self.reading().get(&number) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(File::open(pack::path(&self.folder, number))?);
        let mut reading = self.reading();
        if reading.len() >= OPEN_PACKS_MAX {
            // Any of them will do: opening again costs microseconds.
            reading.clear();
        }
        reading.insert(number, Arc::clone(&file));
        Ok(file)
    }

    fn append(&self, record: &[u8]) -> Result<(u64, u64), Error> {
        let mut writing = self.writing();
        if let Some(error) = &writing.shut {
            return Err(error.clone());
        }
        let mut appender = match writing.appender.take() {
            Some(appender) if appender.len() < PACK_ROLL_BYTES => appender,
            Some(_) => self.create(&mut writing)?,
            None => match self.resume()? {
                Some(appender) => appender,
                None => self.create(&mut writing)?,
            },
        };
        let appended = appender.append(record);
        let number = appender.number;
        match appended {
            Ok(offset) => {
                if !writing.unsynced.iter().any(|file| Arc::ptr_eq(file, &appender.file)) {
                    writing.unsynced.push(Arc::clone(&appender.file));
                }
                writing.appender = Some(appender);
                Ok((number, offset))
            }
            Err(failed) => {
                writing.appender = failed.restored.then_some(appender);
                Err(Error::file(format_args!("pack {number:016x}"), &failed.error))
            }
        }
    }

    fn create(&self, writing: &mut Writing) -> Result<Appender, Error> {
        let number = u64::from_le_bytes(self.world.random_bytes());
        let appender = Appender::create(&self.folder, number)?;
        writing.new_name = true;
        Ok(appender)
    }

    /// A pack of an earlier run that has room, so that restarts do not leave many small ones.
    fn resume(&self) -> Result<Option<Appender>, Error> {
        let roomy = self.files()?.into_iter().filter(|(_, bytes)| *bytes < PACK_ROLL_BYTES);
        for (number, _) in roomy.take(RESUME_TRIES_MAX) {
            if let Some(appender) = Appender::resume(&self.folder, number)? {
                return Ok(Some(appender));
            }
        }
        Ok(None)
    }

    fn files(&self) -> Result<Vec<(u64, u64)>, Error> {
        let list = || -> std::io::Result<Vec<(u64, u64)>> {
            let mut files = Vec::new();
            for entry in std::fs::read_dir(&self.folder)? {
                let entry = entry?;
                if let Some(number) = pack::number(&entry.path()) {
                    files.push((number, entry.metadata()?.len()));
                }
            }
            Ok(files)
        };
        list().map_err(|error| Error::file(self.folder.display(), &error))
    }

    fn sync_files(&self, files: &[Arc<File>], new_name: bool) -> std::io::Result<()> {
        for file in files {
            file.sync_data()?;
        }
        if new_name {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> MutexGuard<'_, HashMap<u64, Arc<File>>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable for Packs {
    fn sync(&self) -> Result<(), Error> {
        let _turn = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let (files, new_name) = {
            let mut writing = self.writing();
            if let Some(error @ Error::Poisoned(_)) = &writing.shut {
                return Err(error.clone());
            }
            (std::mem::take(&mut writing.unsynced), std::mem::take(&mut writing.new_name))
        };
        self.sync_files(&files, new_name).map_err(|error| {
            // The kernel may have dropped what it could not write, so trying again would prove nothing.
            let cause = Cause::new(format_args!("`{}`: {error}", self.folder.display()));
            let error = Error::Poisoned(cause);
            self.writing().shut = Some(error.clone());
            error
        })
    }
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
        f.debug_struct("Blobs").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}
