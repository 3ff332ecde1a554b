//! What kind of archive it is.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use world::Secret;

use super::{item::Outbox, maildir, mbox, shown, zips};
use crate::{
    Error,
    sealed::{MAGIC, Opened},
};

/// An archive that is open. Opening tells what it is by how it begins.
pub struct Source(Kind);

enum Kind {
    Zip(zips::Archive<Box<dyn ReadSeek>>),
    Mbox { origin: String, reader: BufReader<File> },
    Maildir(PathBuf),
}

/// What an archive is read from.
pub(super) trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

impl Source {
    /// Looks at what lies at `path`. `key` is that of an encrypted archive.
    ///
    /// # Errors
    /// [`Error::Source`] if it is nothing that can be read, or encrypted and `key` is missing or wrong.
    pub fn open(path: &Path, key: Option<Secret>) -> Result<Self, Error> {
        let origin = shown(path);
        let cannot = |error: io::Error| Error::Source(format!("cannot read `{origin}`: {error}"));
        if fs::metadata(path).map_err(cannot)?.is_dir() {
            if !maildir::is_one(path) {
                let text =
                    format!("`{origin}` is not a Maildir: it has neither a folder `cur` nor `new`");
                return Err(Error::Source(text));
            }
            return Ok(Self(Kind::Maildir(path.to_owned())));
        }
        let mut file = File::open(path).map_err(cannot)?;
        let mut begin = Vec::new();
        file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut begin).map_err(cannot)?;
        file.rewind().map_err(cannot)?;
        let kind = match &*begin {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => zip(origin, BufReader::new(file)),
            begin if begin == MAGIC => {
                let key = key.ok_or_else(|| {
                    Error::Source(format!("`{origin}` is encrypted: its key is needed"))
                })?;
                let opened = Opened::new(file, &key).map_err(cannot)?;
                zip(origin, opened)
            }
            begin if begin.starts_with(mbox::FROM) => {
                Ok(Kind::Mbox { origin, reader: BufReader::new(file) })
            }
            _ => Err(Error::Source(format!(
                "`{origin}` is neither a zip, nor an mbox (which begins with `From `), nor a Maildir"
            ))),
        };
        kind.map(Self)
    }

    /// How many messages there are, where the source can say so before it is read.
    pub fn count(&self) -> Option<u64> {
        match &self.0 {
            Kind::Zip(archive) => Some(archive.count()),
            Kind::Mbox { .. } | Kind::Maildir(_) => None,
        }
    }

    /// Reads it to its end, or until nobody takes any more.
    pub(super) fn read(self, outbox: &Outbox) -> Result<(), Error> {
        match self.0 {
            Kind::Zip(archive) => archive.read(outbox),
            Kind::Mbox { origin, reader } => mbox::read(&origin, reader, outbox),
            Kind::Maildir(path) => maildir::read(&path, outbox),
        }
    }
}

fn zip(origin: String, reader: impl ReadSeek + 'static) -> Result<Kind, Error> {
    let reader: Box<dyn ReadSeek> = Box::new(reader);
    zips::Archive::open(origin, reader).map(Kind::Zip)
}
