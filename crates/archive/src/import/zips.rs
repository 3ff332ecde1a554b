//! Zips: our own, and those of others that hold `.eml` files in directories.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use mailbox::{Flags, MAX_MESSAGE_BYTES};
use zip::{ZipArchive, read::ZipFile, result::ZipError};

use super::{
    ENTRIES_MAX,
    item::{Closed, Found, Message, Outbox, with_crlf},
    source::ReadSeek,
};
use crate::{
    Error,
    layout::{self, Line, MESSAGE_ENDING},
};

/// The largest index; ours end sooner.
const INDEX_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What all indexes of an archive may have, for their lines are held in memory; ours have some 150 bytes a message.
const INDEXES_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// An open zip.
pub(super) struct Archive<R> {
    origin: String,
    zip: ZipArchive<R>,
}

/// What the indexes say, by file.
type Lines = HashMap<String, Line>;

impl<R: ReadSeek> Archive<R> {
    pub(super) fn open(origin: String, reader: R) -> Result<Self, Error> {
        let wrong = |error: &dyn std::fmt::Display| {
            Error::Source(format!("`{origin}` is not a zip that can be read: {error}"))
        };
        let zip = ZipArchive::new(reader).map_err(|error| wrong(&error))?;
        if zip.len() > ENTRIES_MAX {
            return Err(wrong(&format_args!("it has more than {ENTRIES_MAX} entries")));
        }
        Ok(Self { origin, zip })
    }

    pub(super) fn count(&self) -> u64 {
        (0..self.zip.len()).filter(|at| is_message(&self.name(*at))).count() as u64
    }

    pub(super) fn read(mut self, outbox: &Outbox) -> Result<(), Error> {
        let lines = self.lines()?;
        for number in 0..self.zip.len() {
            if self.entry(number, &lines, outbox)?.is_err() {
                return Ok(());
            }
        }
        if self.zip.has_duplicate_names() {
            let why = "it has files of one name, of which only the last was read";
            // It was the last that there is to say.
            let _ = outbox.refuse(self.origin.as_str(), why);
        }
        Ok(())
    }

    fn lines(&mut self) -> Result<Lines, Error> {
        let (mut lines, mut room) = (Lines::new(), INDEXES_BYTES_MAX);
        for number in 0..self.zip.len() {
            let name = self.name(number);
            if !layout::is_index(&name) {
                continue;
            }
            let damaged = |error: &dyn std::fmt::Display| {
                Error::Source(format!("`{name}` in `{}` cannot be read: {error}", self.origin))
            };
            let mut entry = self.zip.by_index(number).map_err(|error| damaged(&error))?;
            let text = bounded(&mut entry, INDEX_BYTES_MAX).map_err(|error| damaged(&error))?;
            room = room
                .checked_sub(text.len() as u64)
                .ok_or_else(|| damaged(&"it and those before it are too large"))?;
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let line: Line = serde_json::from_slice(line).map_err(|error| damaged(&error))?;
                if lines.len() >= ENTRIES_MAX {
                    return Err(damaged(&"it has too many lines"));
                }
                lines.insert(line.file.clone(), line);
            }
        }
        Ok(lines)
    }

    /// The path of an entry; what is no text in it is replaced.
    fn name(&self, number: usize) -> String {
        match self.zip.name_for_index(number) {
            Some(Ok(name)) => name.into_owned(),
            _ => format!("entry {number}"),
        }
    }

    /// Puts one entry into the outbox; one that cannot be read is refused, and the next may be good.
    fn entry(
        &mut self,
        number: usize,
        lines: &Lines,
        outbox: &Outbox,
    ) -> Result<Result<(), Closed>, Error> {
        let name = self.name(number);
        let origin = format!("{}: {name}", self.origin);
        let mut entry = match self.zip.by_index(number) {
            Ok(entry) => entry,
            Err(error) => return Ok(outbox.refuse(origin, told(&error))),
        };
        if entry.is_dir() {
            let folder = layout::folder(name.trim_end_matches('/'));
            return Ok(outbox.put(Found::Folder(folder)));
        }
        if layout::is_index(&name) {
            return Ok(Ok(()));
        }
        if entry.is_symlink() {
            return Ok(outbox.refuse(origin, "it is a link"));
        }
        if !is_message(&name) {
            return Ok(outbox.refuse(origin, "it is no message, which ends with .eml"));
        }
        let bytes = match bounded(&mut entry, MAX_MESSAGE_BYTES as u64) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(outbox.refuse(origin, error)),
        };
        Ok(outbox.put(Found::Message(message(origin, &name, bytes, lines.get(&name)))))
    }
}

fn is_message(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(MESSAGE_ENDING)
}

/// A message with what its line says. One without a line was made by others, and may have bare line ends.
fn message(origin: String, name: &str, bytes: Vec<u8>, line: Option<&Line>) -> Message {
    let folder = name.rsplit_once('/').map(|(directory, _)| layout::folder(directory));
    match line {
        Some(line) => Message {
            origin,
            folder,
            bytes: bytes.into(),
            flags: line.flags(),
            keywords: line.keywords.clone(),
            received_at: line.received_at(),
        },
        None => Message {
            origin,
            folder,
            bytes: with_crlf(bytes).into(),
            flags: Flags::NONE,
            keywords: Vec::new(),
            received_at: None,
        },
    }
}

/// All bytes of an entry. How many there are is counted, whatever its header says.
fn bounded<R: Read + ?Sized>(entry: &mut ZipFile<'_, R>, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.by_ref().take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::other(format!("it is larger than {max} bytes")));
    }
    Ok(bytes)
}

fn told(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(text) if text.contains("Password") => {
            "it is encrypted with a password".to_owned()
        }
        error => error.to_string(),
    }
}
