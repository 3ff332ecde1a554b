//! What is known of a message without reading its body: envelope, MIME structure and where each part lies.
//!
//! Made once, at intake, from bytes that strangers wrote. It never fails: what cannot be understood is kept
//! as an opaque part, and what is past a limit is left out.

mod address;
pub(crate) mod fields;
mod parameters;
mod structure;
mod text;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use address::Address;

use crate::Error;

/// The deepest nesting of parts that is looked into; what lies deeper is one opaque part.
pub const MAX_PART_DEPTH: usize = 24;
/// The most parts of one message that are told apart; a multipart that would exceed it ends early.
pub const MAX_PARTS: usize = 1000;
/// The most addresses kept from one header field.
pub const MAX_ADDRESSES: usize = 500;
/// The most parameters kept from one header field.
pub const MAX_PARAMETERS: usize = 32;
/// The longest header value kept, in bytes; longer ones are cut.
pub const MAX_VALUE_BYTES: usize = 8 * 1024;
/// All the text that one summary keeps, in bytes; past it, texts are cut to nothing.
pub const MAX_TEXT_BYTES: usize = 128 * 1024;

const VERSION: u8 = 1;

/// Envelope and structure of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The fields that lists of messages show.
    pub envelope: Envelope,
    /// The whole message as a part: its header is the header of the message.
    pub root: Part,
}

/// The fields of a header that lists of messages show.
///
/// Texts are unfolded and otherwise as they were sent, encoded words (RFC 2047) included; bytes that are
/// not UTF-8 show as U+FFFD.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// `Date`, as written.
    pub date: Option<String>,
    /// `Date`, understood.
    pub sent: Option<SentDate>,
    /// `Subject`.
    pub subject: Option<String>,
    /// `From`.
    pub from: Vec<Address>,
    /// `Sender`; empty when the header has none.
    pub sender: Vec<Address>,
    /// `Reply-To`; empty when the header has none.
    pub reply_to: Vec<Address>,
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// `Bcc`.
    pub bcc: Vec<Address>,
    /// `In-Reply-To`.
    pub in_reply_to: Option<String>,
    /// `Message-ID`.
    pub message_id: Option<String>,
    /// `References`.
    pub references: Option<String>,
    /// Whether something of these fields was left out for a limit.
    pub cut: bool,
}

/// When the sender says that a message was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentDate {
    /// Seconds since the epoch.
    pub seconds: i64,
    /// The sender's own calendar day, in days since 1970-01-01.
    pub local_day: i32,
}

/// One part of a message, or the message itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The media type in lower case, such as `text`.
    pub media_type: String,
    /// The subtype in lower case, such as `plain`.
    pub subtype: String,
    /// The parameters of `Content-Type`: names in lower case, values without quotes but otherwise as sent.
    pub parameters: Vec<(String, String)>,
    /// `Content-ID`.
    pub id: Option<String>,
    /// `Content-Description`.
    pub description: Option<String>,
    /// `Content-Transfer-Encoding` in lower case; `7bit` when the header has none.
    pub encoding: String,
    /// `Content-MD5`.
    pub md5: Option<String>,
    /// `Content-Disposition`.
    pub disposition: Option<Disposition>,
    /// `Content-Language`.
    pub language: Vec<String>,
    /// `Content-Location`.
    pub location: Option<String>,
    /// The part's own header with the empty line after it.
    pub header: Span,
    /// The part's body, still encoded. Its length is the size in octets.
    pub body: Span,
    /// The lines of the body: how many line feeds it has.
    pub lines: u32,
    /// What the part is made of.
    pub content: Content,
}

/// `Content-Disposition` (RFC 2183).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposition {
    /// The kind in lower case, such as `attachment`.
    pub kind: String,
    /// Parameters: names in lower case, values without quotes but otherwise as sent.
    pub parameters: Vec<(String, String)>,
}

/// What a part is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Data, not looked into.
    Data,
    /// Parts, at least one.
    Multipart(Vec<Part>),
    /// Another message.
    Message(Box<Summary>),
}

/// A run of bytes of the whole message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// How many bytes.
    pub length: u32,
}

impl Span {
    /// The run as a range of indexes.
    pub fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start.saturating_add(self.length as usize)
    }

    /// The bytes of the run in `message`, or what of it `message` has.
    pub fn of(self, message: &[u8]) -> &[u8] {
        let range = self.range();
        let end = range.end.min(message.len());
        message.get(range.start.min(end)..end).unwrap_or_default()
    }

    fn new(range: Range<usize>) -> Self {
        let bounded = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        Self { start: bounded(range.start), length: bounded(range.len()) }
    }
}

impl Summary {
    /// Reads a message. Takes any bytes; time grows with their number, memory only up to the limits of
    /// this module.
    pub fn of(message: &[u8]) -> Self {
        structure::read(message)
    }

    /// As stored: a byte for the version, then the fields.
    pub fn encode(&self) -> Vec<u8> {
        // Serialising plain structures into memory does not fail.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// From what [`Self::encode`] gave.
    ///
    /// # Errors
    /// [`Error::Damaged`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = || Error::Damaged("summary of a message");
        match bytes.split_first() {
            Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|_| damaged()),
            _ => Err(damaged()),
        }
    }

    /// The part that a path of numbers leads to, each number counting from 1 (the numbering of RFC 3501,
    /// section 6.4.5). The empty path leads to the whole message. Within a message that is not a multipart,
    /// 1 leads to its only part; within an attached message the numbers count the parts of that message.
    pub fn part(&self, path: &[u32]) -> Option<&Part> {
        let Some((first, rest)) = path.split_first() else { return Some(&self.root) };
        let part = match &self.root.content {
            Content::Multipart(_) => self.root.child(*first)?,
            _ if *first == 1 => &self.root,
            _ => return None,
        };
        part.descend(rest)
    }

    /// Every part that is neither a multipart nor an attached message, in order, also those within
    /// attached messages.
    pub fn leaves(&self) -> Vec<&Part> {
        let mut leaves = Vec::new();
        self.root.collect_leaves(&mut leaves);
        leaves
    }
}

impl Part {
    /// Whether this is a text part.
    pub fn is_text(&self) -> bool {
        self.media_type == "text"
    }

    /// The value of a parameter of `Content-Type`, the name given in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// The message that this part holds, if it holds one.
    pub fn message(&self) -> Option<&Summary> {
        match &self.content {
            Content::Message(message) => Some(message),
            _ => None,
        }
    }

    fn child(&self, number: u32) -> Option<&Part> {
        let Content::Multipart(parts) = &self.content else { return None };
        parts.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    fn descend(&self, path: &[u32]) -> Option<&Part> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match &self.content {
            Content::Data => None,
            Content::Multipart(_) => self.child(*first)?.descend(rest),
            Content::Message(message) => message.part(path),
        }
    }

    fn collect_leaves<'a>(&'a self, leaves: &mut Vec<&'a Part>) {
        match &self.content {
            Content::Data => leaves.push(self),
            Content::Multipart(parts) => parts.iter().for_each(|part| part.collect_leaves(leaves)),
            Content::Message(message) => message.root.collect_leaves(leaves),
        }
    }
}

#[cfg(test)]
mod tests;
