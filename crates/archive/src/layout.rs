//! What an archive looks like inside: a directory for each folder, a file for each message, and indexes that
//! keep what a file cannot say.
//!
//! Directories and files are named so that every system can unpack them. What is not safe in a file name is
//! written as `%` and two hexadecimal digits for each byte; names of others, which know nothing of this, are
//! read as they are unless they hold such a sequence.

use std::fmt::Write;

use mailbox::{Flags, FolderName, Message, SEPARATOR, Uid};
use serde::{Deserialize, Serialize};
use world::Timestamp;

/// How the file of a message ends.
pub(crate) const MESSAGE_ENDING: &str = ".eml";

/// How the name of an index begins and ends. Indexes lie at the top, where no message does.
const INDEX_NAME: (&str, &str) = ("index-", ".jsonl");

/// Names that Windows keeps for devices, whatever comes after a dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// The same with a digit behind them.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// The directory of a folder, with a slash at the end.
pub(crate) fn directory(folder: &FolderName) -> String {
    folder.as_str().split(SEPARATOR).fold(String::new(), |path, part| path + &escaped(part) + "/")
}

/// The folder of a directory, by its path without the slash at the end; as text, for not all can be a folder's.
pub(crate) fn folder(directory: &str) -> String {
    let parts: Vec<_> = directory.split('/').map(unescaped).collect();
    parts.join("/")
}

/// The file of a message in its directory.
pub(crate) fn file(uid: Uid) -> String {
    format!("{:010}{MESSAGE_ENDING}", uid.0)
}

/// The name of an index, by its number.
pub(crate) fn index(number: u32) -> String {
    let (begin, end) = INDEX_NAME;
    format!("{begin}{number:05}{end}")
}

/// Whether a name is that of an index.
pub(crate) fn is_index(name: &str) -> bool {
    let (begin, end) = INDEX_NAME;
    let number = name.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A line of an index: what is known of a message besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The path of the file in the archive.
    pub(crate) file: String,
    /// When the message came in: ISO 8601.
    pub(crate) received: String,
    /// Its flags, by the names below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) flags: Vec<String>,
    /// Its keywords.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) keywords: Vec<String>,
}

const FLAG_NAMES: [(Flags, &str); 5] = [
    (Flags::SEEN, "seen"),
    (Flags::ANSWERED, "answered"),
    (Flags::FLAGGED, "flagged"),
    (Flags::DELETED, "deleted"),
    (Flags::DRAFT, "draft"),
];

impl Line {
    /// The line of a message.
    pub(crate) fn of(file: &str, message: &Message) -> Self {
        let flags = FLAG_NAMES.iter().filter(|(flag, _)| message.flags.contains(*flag));
        Self {
            file: file.to_owned(),
            received: message.received_at.to_jiff().to_string(),
            flags: flags.map(|(_, name)| (*name).to_owned()).collect(),
            keywords: message.keywords.iter().map(str::to_owned).collect(),
        }
    }

    /// The flags; names that are not known are left out.
    pub(crate) fn flags(&self) -> Flags {
        let known = FLAG_NAMES.iter().filter(|(_, name)| self.flags.iter().any(|f| f == name));
        known.fold(Flags::NONE, |flags, (flag, _)| flags | *flag)
    }

    /// When the message came in, if that can be read.
    pub(crate) fn received_at(&self) -> Option<Timestamp> {
        let received: jiff::Timestamp = self.received.parse().ok()?;
        Some(Timestamp::from_micros(received.as_microsecond()))
    }
}

fn escaped(part: &str) -> String {
    let mut name = String::with_capacity(part.len());
    let last = part.char_indices().last().map_or(0, |(at, _)| at);
    for (at, char) in part.char_indices() {
        let is_unsafe = char.is_control()
            || "<>:\"/\\|?*%".contains(char)
            || (at == 0 && (char == '.' || is_device(part)))
            || (at == last && matches!(char, '.' | ' '));
        match is_unsafe {
            true => escape(&mut name, char),
            false => name.push(char),
        }
    }
    name
}

fn escape(name: &mut String, char: char) {
    for byte in char.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a text does not fail.
        let _ = write!(name, "%{byte:02X}");
    }
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let is_numbered = |device: &&str| {
        let digit = stem.strip_prefix(*device);
        digit.is_some_and(|digit| digit.len() == 1 && digit.bytes().all(|b| b.is_ascii_digit()))
    };
    DEVICES.contains(&&*stem) || NUMBERED_DEVICES.iter().any(is_numbered)
}

fn unescaped(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%');
        let byte = digits.and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = byte.filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()));
        match byte.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    // What is no text after all was not written by us.
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn directory_of(text: &str) -> String {
        directory(&FolderName::parse(text).unwrap())
    }

    #[test]
    fn plain_names_stay_and_others_are_escaped() {
        assert_eq!(directory_of("INBOX"), "INBOX/");
        assert_eq!(directory_of("Sent Items/Größe 2"), "Sent Items/Größe 2/");
        assert_eq!(directory_of("a:b/c\\d/.hidden/50%"), "a%3Ab/c%5Cd/%2Ehidden/50%25/");
        assert_eq!(directory_of("NUL.txt/com1/com10/end."), "%4EUL.txt/%63om1/com10/end%2E/");
    }

    #[test]
    fn names_of_others_are_read_as_they_are() {
        for (name, text) in [("100% sure", "100% sure"), ("a%2Fb", "a/b"), ("%FF", "%FF")] {
            assert_eq!(folder(name), text);
        }
        assert!(is_index(&index(7)) && !is_index("index-.jsonl") && !is_index("index-x.jsonl"));
    }

    proptest! {
        #[test]
        fn every_folder_is_found_by_its_directory(text in "\\PC{1,40}") {
            let Ok(name) = FolderName::parse(&text) else { return Ok(()) };
            let directory = directory(&name);
            prop_assert_eq!(folder(directory.trim_end_matches('/')), name.as_str());
            for part in directory.trim_end_matches('/').split('/') {
                prop_assert!(!part.is_empty() && !part.starts_with('.') && !part.ends_with(' '));
                prop_assert!(!part.contains(['\\', ':', '\0']));
            }
        }

        #[test]
        fn any_path_is_survived(text in any::<String>()) {
            folder(&text);
        }
    }
}
