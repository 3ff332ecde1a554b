//! Maildirs: `cur` and `new` of the folder itself, and folders below it, either as Maildir++ has them
//! (`.Work.Plans`) or as directories in directories (`Work/Plans`).

use std::{
    ffi::OsString,
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

/// The directories of messages.
const READ: [&str; 2] = ["cur", "new"];
/// The directory of messages that are not whole.
const TMP: &str = "tmp";
/// The keyword of messages that were passed on.
const FORWARDED: &str = "$Forwarded";

/// Whether a directory is a Maildir.
pub(super) fn is_one(path: &Path) -> bool {
    READ.iter().any(|kind| is_directory(&path.join(kind)))
}

/// A link is none: it could lead in circles, or out of here.
fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Reads a Maildir and all that are below it, also below directories that are none themselves.
pub(super) fn read(root: &Path, outbox: &Outbox) -> Result<(), Error> {
    // What is left to be read: directory, path of the folder.
    let mut left = vec![(root.to_owned(), Vec::<String>::new())];
    while let Some((path, folder)) = left.pop() {
        if one(&path, folder, outbox, &mut left).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads one directory, and adds those below it to what is left.
fn one(
    path: &Path,
    folder: Vec<String>,
    outbox: &Outbox,
    left: &mut Vec<(PathBuf, Vec<String>)>,
) -> Result<(), Closed> {
    if is_one(path) {
        messages(path, &folder, outbox)?;
    }
    match below(path, &folder) {
        Ok(below) if below.is_empty() => Ok(()),
        Ok(_) if folder.len() > MAX_NAME_DEPTH => {
            outbox.refuse(shown(path), "what is in it lies too deep")
        }
        Ok(below) => {
            left.extend(below.into_iter().rev());
            Ok(())
        }
        Err(error) => outbox.refuse(shown(path), error),
    }
}

/// The directories directly below one, by name, but for those of its own messages.
fn below(path: &Path, folder: &[String]) -> io::Result<Vec<(PathBuf, Vec<String>)>> {
    let mut found = Vec::new();
    for name in names(path)? {
        let inner = path.join(&name);
        let is_own = READ.iter().chain([&TMP]).any(|own| name == **own);
        if is_own || !is_directory(&inner) {
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

fn messages(path: &Path, folder: &[String], outbox: &Outbox) -> Result<(), Closed> {
    let folder = Some(folder.join("/")).filter(|folder| !folder.is_empty());
    if let Some(folder) = &folder {
        outbox.put(Found::Folder(folder.clone()))?;
    }
    for kind in READ {
        let directory = path.join(kind);
        if !is_directory(&directory) {
            if directory.is_symlink() {
                outbox.refuse(shown(&directory), "it is a link")?;
            }
            continue;
        }
        let names = match names(&directory) {
            Ok(names) => names,
            Err(error) => {
                outbox.refuse(shown(&directory), error)?;
                continue;
            }
        };
        for name in names.iter().filter(|name| !name.as_encoded_bytes().starts_with(b".")) {
            let file = directory.join(name);
            match message(&file, &name.to_string_lossy(), folder.clone()) {
                Ok(message) => outbox.put(Found::Message(message))?,
                Err(error) => outbox.refuse(shown(&file), error)?,
            }
        }
    }
    Ok(())
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
fn names(path: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        if names.len() >= ENTRIES_MAX {
            return Err(io::Error::other(format!("it has more than {ENTRIES_MAX} entries")));
        }
        names.push(entry?.file_name());
    }
    names.sort();
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
