//! The folder of packs: one that this process appends to, and all of them to read from.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File},
    os::unix::fs::{DirBuilderExt, FileExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use world::World;

use crate::{Error, durable::Durable, error::Cause};

use super::{
    pack::{self, Appender},
    record::{BlobRef, HEADER_LEN, Header},
};

/// A pack that has grown to this is followed by a new one.
const PACK_ROLL_BYTES: u64 = 256 * 1024 * 1024;

/// Pack files kept open for reading.
const OPEN_PACKS_MAX: usize = 64;

/// Packs of earlier runs that are looked at for room when the first body is put.
const RESUME_TRIES_MAX: usize = 8;

pub(super) struct Packs {
    pub(super) folder: PathBuf,
    world: World,
    roll_bytes: u64,
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
    /// Whether the name of a pack may not be synced yet.
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

impl Packs {
    pub(super) fn open(folder: &Path, world: World) -> Result<Self, Error> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Error::file(folder.display(), &error))?;
        Ok(Self {
            folder: folder.to_owned(),
            world,
            roll_bytes: PACK_ROLL_BYTES,
            writing: Mutex::default(),
            reading: Mutex::default(),
            syncing: Mutex::default(),
        })
    }

    /// Whether the next append needs not look for a pack first.
    pub(super) fn is_ready(&self) -> bool {
        self.writing().appender.is_some()
    }

    /// Appends a record; says in which pack and where it starts.
    pub(super) fn append(&self, record: &[u8]) -> Result<(u64, u64), Error> {
        let mut writing = self.writing();
        if let Some(error) = &writing.shut {
            return Err(error.clone());
        }
        let mut appender = self.appender(&mut writing)?;
        let number = appender.number;
        match appender.append(record) {
            Ok(offset) => {
                writing.has_unsynced(&appender.file);
                writing.appender = Some(appender);
                Ok((number, offset))
            }
            Err(failed) => {
                writing.appender = failed.restored.then_some(appender);
                Err(Error::file(format_args!("pack {number:016x}"), &failed.error))
            }
        }
    }

    /// Header and encrypted text as they lie in the pack.
    pub(super) fn read(&self, reference: &BlobRef) -> Result<Vec<u8>, Error> {
        let pack = reference.pack;
        let missing = |error| Error::corrupt(format_args!("a body in pack {pack:016x}: {error}"));
        let file = self.reader(pack).map_err(missing)?;
        let mut record = vec![0; HEADER_LEN + reference.stored as usize];
        file.read_exact_at(&mut record, reference.offset).map_err(missing)?;
        if record.first_chunk().and_then(Header::decode) != Some(reference.header()) {
            return Err(Error::corrupt(format_args!("another body in pack {pack:016x}")));
        }
        Ok(record)
    }

    pub(super) fn list(&self) -> Result<Vec<PackInfo>, Error> {
        let open = self.writing().appender.as_ref().map(|appender| appender.number);
        let files = self.files()?.into_iter();
        Ok(files
            .map(|(number, bytes)| PackInfo { number, bytes, open: open == Some(number) })
            .collect())
    }

    pub(super) fn delete(&self, number: u64) -> Result<(), Error> {
        let path = pack::path(&self.folder, number);
        let told = |error| Error::file(path.display(), &error);
        let file = File::open(&path).map_err(told)?;
        // Held until the file is gone, so that nobody takes it up meanwhile.
        if file.try_lock().is_err() {
            return Err(Error::invalid(format_args!("`{}` is still written to", path.display())));
        }
        self.reading().remove(&number);
        std::fs::remove_file(&path).map_err(told)
    }

    /// Appends no more, and lets another process have the pack.
    pub(super) fn close(&self) {
        let mut writing = self.writing();
        writing.shut.get_or_insert_with(|| Error::unavailable("the store is closed"));
        writing.appender = None;
        writing.unsynced.clear();
    }

    /// The pack to append to: the open one, one of an earlier run with room, or a new one.
    fn appender(&self, writing: &mut Writing) -> Result<Appender, Error> {
        let found = match writing.appender.take() {
            Some(open) => Some(open).filter(|open| open.len() < self.roll_bytes),
            None => self.resume(writing)?,
        };
        found.map_or_else(|| self.create(writing), Ok)
    }

    /// Takes up a pack of an earlier run, so that restarts do not leave many small ones.
    fn resume(&self, writing: &mut Writing) -> Result<Option<Appender>, Error> {
        let roomy = self.files()?.into_iter().filter(|(_, bytes)| *bytes < self.roll_bytes);
        for (number, _) in roomy.take(RESUME_TRIES_MAX) {
            if let Some(appender) = Appender::resume(&self.folder, number)? {
                // The earlier run may have ended before it synced the name.
                writing.new_name = true;
                return Ok(Some(appender));
            }
        }
        Ok(None)
    }

    fn create(&self, writing: &mut Writing) -> Result<Appender, Error> {
        let number = u64::from_le_bytes(self.world.random_bytes());
        let appender = Appender::create(&self.folder, number)?;
        writing.new_name = true;
        Ok(appender)
    }

    /// Number and length of every pack in the folder.
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

    fn reader(&self, number: u64) -> std::io::Result<Arc<File>> {
        if let Some(file) = self.reading().get(&number) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(File::open(pack::path(&self.folder, number))?);
        let mut reading = self.reading();
        if reading.len() >= OPEN_PACKS_MAX {
            // Whichever goes: opening it again costs microseconds.
            reading.clear();
        }
        reading.insert(number, Arc::clone(&file));
        Ok(file)
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

impl Writing {
    fn has_unsynced(&mut self, file: &Arc<File>) {
        if !self.unsynced.iter().any(|known| Arc::ptr_eq(known, file)) {
            self.unsynced.push(Arc::clone(file));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::record::Codec;

    fn record() -> Vec<u8> {
        let header = Header { stored: 76, codec: Codec::Plain, nonce: [1; 12] };
        [&header.encode()[..], &[9; 76]].concat()
    }

    fn open(folder: &Path) -> Packs {
        Packs { roll_bytes: 250, ..Packs::open(folder, World::system()).unwrap() }
    }

    #[test]
    fn a_full_pack_is_followed_by_a_new_one_and_one_with_room_is_taken_up_again() {
        let folder = tempfile::tempdir().unwrap();
        let packs = open(folder.path());
        let places: Vec<_> = (0..7).map(|_| packs.append(&record()).unwrap()).collect();
        assert_eq!(
            places.iter().map(|place| place.1).collect::<Vec<_>>(),
            [0, 100, 200, 0, 100, 200, 0]
        );
        assert_eq!(packs.list().unwrap().len(), 3);
        let beside = open(folder.path());
        assert_ne!(beside.append(&record()).unwrap().0, places[6].0, "the last is in use");
        drop(packs);
        let again = open(folder.path());
        assert_eq!(again.append(&record()).unwrap(), (places[6].0, 100));
        assert_eq!(again.list().unwrap().len(), 4);
    }

    #[test]
    fn a_sync_takes_what_came_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let packs = open(folder.path());
        for _ in 0..7 {
            packs.append(&record()).unwrap();
        }
        assert_eq!(packs.writing().unsynced.len(), 3);
        packs.sync().unwrap();
        assert!(packs.writing().unsynced.is_empty() && !packs.writing().new_name);
        packs.append(&record()).unwrap();
        assert_eq!(packs.writing().unsynced.len(), 1);
    }

    #[test]
    fn after_a_failed_sync_nothing_is_put() {
        let folder = tempfile::tempdir().unwrap();
        let packs = open(folder.path());
        packs.append(&record()).unwrap();
        // Nothing can be synced where nothing can be written: the folder itself is gone.
        drop(folder);
        assert!(matches!(packs.sync(), Err(Error::Poisoned(_))));
        assert!(matches!(packs.sync(), Err(Error::Poisoned(_))));
        assert!(matches!(packs.append(&record()), Err(Error::Poisoned(_))));
    }
}
