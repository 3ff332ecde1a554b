//! Pack files: bodies appended one after the other.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::Error;

use super::record::{HEADER_LEN, Header};

/// What a pack's file name ends with; before it stand 16 hexadecimal digits, its number.
const SUFFIX: &str = ".pack";

/// The pack that this process appends to. It holds a lock on the file, so no other process appends there.
pub(super) struct Appender {
    pub(super) number: u64,
    pub(super) file: Arc<File>,
    /// Where the last whole record ends.
    end: u64,
}

impl Appender {
    /// A new, empty pack.
    pub(super) fn create(folder: &Path, number: u64) -> Result<Self, Error> {
        let path = path(folder, number);
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|error| Error::file(path.display(), &error))?;
        file.try_lock().map_err(|error| Error::file(path.display(), &io::Error::other(error)))?;
        Ok(Self { number, file: Arc::new(file), end: 0 })
    }

    /// A pack of an earlier run, if no process has it and it ends with a whole record. One with a torn tail is
    /// left as it is: what no row names harms nobody, and cutting could harm.
    pub(super) fn resume(folder: &Path, number: u64) -> Result<Option<Self>, Error> {
        let path = path(folder, number);
        let told = |error: io::Error| Error::file(path.display(), &error);
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            // Deleted a moment ago.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(told)?,
        };
        if file.try_lock().is_err() {
            return Ok(None);
        }
        let length = file.metadata().map_err(told)?.len();
        let end = whole_end(&file, length).map_err(told)?;
        if end != length {
            tracing::warn!(pack = %path.display(), end, length, "a pack has a torn tail; it is left alone");
            return Ok(None);
        }
        Ok(Some(Self { number, file: Arc::new(file), end }))
    }

    /// Appends a record and says where it starts. After a failure the pack is as it was before, or, should even
    /// that fail, is given up: the error tells.
    pub(super) fn append(&mut self, record: &[u8]) -> Result<u64, AppendError> {
        let offset = self.end;
        if let Err(error) = self.file.write_all_at(record, offset) {
            let restored = self.file.set_len(offset).is_ok();
            return Err(AppendError { error, restored });
        }
        self.end += record.len() as u64;
        Ok(offset)
    }

    pub(super) fn len(&self) -> u64 {
        self.end
    }
}

/// Why a record was not appended.
pub(super) struct AppendError {
    pub(super) error: io::Error,
    /// Whether the pack still ends with a whole record.
    pub(super) restored: bool,
}

/// Where the last whole record ends, found by walking from header to header.
fn whole_end(file: &File, length: u64) -> io::Result<u64> {
    let mut end = 0;
    let mut header = [0; HEADER_LEN];
    while end + HEADER_LEN as u64 <= length {
        file.read_exact_at(&mut header, end)?;
        let Some(header) = Header::decode(&header) else { break };
        if end + header.record_len() > length {
            break;
        }
        end += header.record_len();
    }
    Ok(end)
}

/// The file of a pack.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016x}{SUFFIX}"))
}

/// The number in a pack's file name.
pub(super) fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    let plain = name.len() == 16 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    plain.then(|| u64::from_str_radix(name, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::record::Codec;

    fn record(length: u32) -> Vec<u8> {
        let header = Header { stored: length, codec: Codec::Plain, nonce: [1; 12] };
        [&header.encode()[..], &vec![9; length as usize]].concat()
    }

    #[test]
    fn a_whole_pack_is_taken_up_again_and_a_torn_one_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut pack = Appender::create(folder.path(), 5).unwrap();
        pack.append(&record(40)).unwrap_or_else(|_| panic!());
        assert!(Appender::resume(folder.path(), 5).unwrap().is_none(), "locked by the first");
        drop(pack);

        let mut again = Appender::resume(folder.path(), 5).unwrap().unwrap();
        assert_eq!(again.len(), 64);
        assert_eq!(again.append(&record(30)).unwrap_or_else(|_| panic!()), 64);
        drop(again);

        let file = OpenOptions::new().write(true).open(path(folder.path(), 5)).unwrap();
        for torn_length in 65..118 {
            file.set_len(torn_length).unwrap();
            assert!(Appender::resume(folder.path(), 5).unwrap().is_none(), "{torn_length} bytes");
        }
        assert_eq!(file.metadata().unwrap().len(), 117, "never cut");
    }

    #[test]
    fn names_carry_numbers() {
        assert_eq!(number(&path(Path::new("x"), u64::MAX)), Some(u64::MAX));
        assert_eq!(number(Path::new("x/00000000000000ag.pack")), None);
        assert_eq!(number(Path::new("x/+000000000000001.pack")), None);
        assert_eq!(number(Path::new("x/1.pack")), None);
    }
}
