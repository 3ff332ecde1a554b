//! What sources find.

use bytes::Bytes;
use mailbox::Flags;
use tokio::sync::mpsc;
use world::Timestamp;

/// Something that a source has found.
#[derive(Debug)]
pub(super) enum Found {
    /// A folder, perhaps an empty one, by its path.
    Folder(String),
    /// A message.
    Message(Message),
    /// Something that cannot be imported.
    Refused(Refused),
}

/// A message as a source has it.
#[derive(Debug)]
pub(super) struct Message {
    /// Where it was found, for people.
    pub(super) origin: String,
    /// The path of its folder; none if it has none of its own.
    pub(super) folder: Option<String>,
    /// The message.
    pub(super) bytes: Bytes,
    /// Its flags.
    pub(super) flags: Flags,
    /// Its keywords; those that cannot be are left out.
    pub(super) keywords: Vec<String>,
    /// When it came in, if the source says so.
    pub(super) received_at: Option<Timestamp>,
}

/// Something that could not be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it was found.
    pub origin: String,
    /// Why.
    pub why: String,
}

/// Where a source puts what it finds.
pub(super) struct Outbox(pub(super) mpsc::Sender<Found>);

/// Nobody takes any more.
pub(super) struct Closed;

impl Outbox {
    pub(super) fn put(&self, found: Found) -> Result<(), Closed> {
        self.0.blocking_send(found).map_err(|_| Closed)
    }

    pub(super) fn refuse(
        &self,
        origin: impl Into<String>,
        why: impl ToString,
    ) -> Result<(), Closed> {
        self.put(Found::Refused(Refused { origin: origin.into(), why: why.to_string() }))
    }
}

/// Lines that end with LF alone end with CR LF afterwards, as mail has them (RFC 5322, section 2.3).
pub(super) fn with_crlf(bytes: Vec<u8>) -> Vec<u8> {
    let is_bare = |at: usize| at == 0 || bytes[at - 1] != b'\r';
    let bare = memchr::memchr_iter(b'\n', &bytes).filter(|at| is_bare(*at)).count();
    if bare == 0 {
        return bytes;
    }
    let mut text = Vec::with_capacity(bytes.len() + bare);
    let mut from = 0;
    for at in memchr::memchr_iter(b'\n', &bytes).filter(|at| is_bare(*at)) {
        text.extend_from_slice(&bytes[from..at]);
        text.extend_from_slice(b"\r\n");
        from = at + 1;
    }
    text.extend_from_slice(&bytes[from..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_line_ends_change() {
        for (from, to) in
            [("a\nb\r\nc", "a\r\nb\r\nc"), ("\n\n", "\r\n\r\n"), ("a\rb", "a\rb"), ("", "")]
        {
            assert_eq!(with_crlf(from.into()), to.as_bytes());
        }
    }
}
