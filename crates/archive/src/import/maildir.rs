//! Maildirs: `cur` and `new` of the folder itself, and folders below it, either as Maildir++ has them
//! (`.Work.Plans`) or as directories in directories (`Work/Plans`).

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use mailbox::{Flags, MAX_MESSAGE_BYTES, MAX_NAME_DEPTH};
use world::Timestamp;

use super::{
    ENTRIES_MAX,
    item::{Closed, Found, Message, Outbox, with_crlf},
    shown, utf7,
};
use crate::Error;

/// The directories of messages. What lies in `tmp` is not whole.
const READ: [&str; 2] = ["cur", "new"];
/// The keyword of messages that were passed on.
const FORWARDED: &str = "$Forwarded";

/// Whether a directory is a Maildir.
pub(super) fn is_one(path: &Path) -> bool {
    path.join("cur").is_dir()
}

/// Reads a Maildir and all that are below it.
pub(super) fn read(root: &Path, outbox: &Outbox) -> Result<(), Error> {
    // What is left to be read: directory, path of the folder.
    let mut left = vec![(root.to_owned(), Vec::<String>::new())];
    while let Some((path, folder)) = left.pop() {
        if messages(&path, &folder, outbox)?.is_err() {
            return Ok(());
        }
        if folder.len() < MAX_NAME_DEPTH {
            let mut below = below(&path, &folder)?;
            below.reverse();
            left.append(&mut below);
        }
    }
    Ok(())
}

/// The Maildirs directly below one, by name.
fn below(path: &Path, folder: &[String]) -> Result<Vec<(PathBuf, Vec<String>)>, Error> {
    let mut found = Vec::new();
    for name in names(path)? {
        let inner = path.join(&name);
        // A link could lead in circles, or out of here.
        let is_directory = fs::symlink_metadata(&inner).is_ok_and(|meta| meta.is_dir());
        if !is_directory || !is_one(&inner) {
            continue;
        }
        let name = name.to_string_lossy();
        let parts: Vec<&str> = match name.strip_prefix('.') {
            Some(dotted) => dotted.split('.').collect(),
            None => vec![&name],
        };
        let decoded = parts.iter().map(|part| utf7::decode(part).unwrap_or((*part).to_owned()));
        found.push((inner, folder.iter().cloned().chain(decoded).collect()));
    }
    Ok(found)
}

fn messages(path: &Path, folder: &[String], outbox: &Outbox) -> Result<Result<(), Closed>, Error> {
    let folder = Some(folder.join("/")).filter(|folder| !folder.is_empty());
    if let Some(folder) = &folder
        && outbox.put(Found::Folder(folder.clone())).is_err()
    {
        return Ok(Err(Closed));
    }
    for kind in READ {
        let directory = path.join(kind);
        if !directory.is_dir() {
            continue;
        }
        for name in names(&directory)? {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let file = directory.join(&name);
            let put = match message(&file, &name.to_string_lossy(), folder.clone()) {
                Ok(message) => outbox.put(Found::Message(message)),
                Err(error) => outbox.refuse(shown(&file), error),
            };
            if put.is_err() {
                return Ok(Err(Closed));
            }
        }
    }
    Ok(Ok(()))
}

fn message(path: &Path, name: &str, folder: Option<String>) -> io::Result<Message> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let file = File::open(path)?;
    let modified = file.metadata()?.modified()?;
    let mut bytes = Vec::new();
    file.take(MAX_MESSAGE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let (flags, keywords) = marks(name);
    let micros = modified.duration_since(UNIX_EPOCH).ok().map(|since| since.as_micros());
    let received_at = micros.and_then(|micros| i64::try_from(micros).ok());
    Ok(Message {
        origin: shown(path),
        folder,
        bytes: with_crlf(bytes).into(),
        flags,
        keywords,
        received_at: received_at.map(Timestamp::from_micros),
    })
}

/// What the end of a file's name says: `:2,` and a letter for each mark. Where a file system knows no colon,
/// `;` or `!` stands for it.
fn marks(name: &str) -> (Flags, Vec<String>) {
    let letters = [":2,", ";2,", "!2,"].iter().find_map(|sign| name.rsplit_once(sign));
    let (mut flags, mut keywords) = (Flags::NONE, Vec::new());
    for letter in letters.map_or("", |(_, letters)| letters).chars() {
        match letter {
            'D' => flags |= Flags::DRAFT,
            'F' => flags |= Flags::FLAGGED,
            'P' => keywords.push(FORWARDED.to_owned()),
            'R' => flags |= Flags::ANSWERED,
            'S' => flags |= Flags::SEEN,
            'T' => flags |= Flags::DELETED,
            _ => {}
        }
    }
    (flags, keywords)
}

/// The names in a directory, sorted, so that an import that is done again sees them in the same order.
fn names(path: &Path) -> Result<Vec<std::ffi::OsString>, Error> {
    let cannot =
        |error: io::Error| Error::Source(format!("cannot read `{}`: {error}", shown(path)));
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot)? {
        if names.len() >= ENTRIES_MAX {
            return Err(Error::Source(format!(
                "`{}` has more than {ENTRIES_MAX} entries",
                shown(path)
            )));
        }
        names.push(entry.map_err(cannot)?.file_name());
    }
    names.sort_by(|one: &std::ffi::OsString, two| OsStr::cmp(one, two));
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_flags() {
        let (flags, keywords) = marks("1700000000.M1P2.host,S=3:2,DFPRST");
        let all = [Flags::DRAFT, Flags::FLAGGED, Flags::ANSWERED, Flags::SEEN, Flags::DELETED];
        assert!(all.iter().all(|flag| flags.contains(*flag)));
        assert_eq!(keywords, [FORWARDED]);
        assert_eq!(marks("1.host!2,S"), (Flags::SEEN, Vec::new()));
        assert_eq!(marks("1.host"), (Flags::NONE, Vec::new()));
    }
}
