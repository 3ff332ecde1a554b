//! The text of a journal record, in the form of Exchange's envelope reports.

use std::{collections::BTreeSet, fmt::Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use mail_parser::{Address, Message, MessageParser};
use workmail::journaling::Journaling;
use world::World;

use crate::{
    author::header,
    notice::{date, line},
    parcel::{Letter, Parcel},
    route::{Named, Stop},
};

/// The header field with the mark of each organization that recorded a message.
pub(super) const MARK: &str = "X-Journal-Mark";
/// Marks of one message that are looked at and handed on.
const MARKS_MAX: usize = 16;
/// The longest mark, in characters: of what we make, with room to spare.
const MARK_CHARS_MAX: usize = 256;
/// Characters of a subject or an id that a record shows; the message itself has all of it. A line must not be
/// longer than 998 octets (RFC 5322 section 2.1.1).
const SHOWN_CHARS_MAX: usize = 240;
/// Octets of text in an encoded word, which is at most 75 characters (RFC 2047 section 2).
const WORD_OCTETS_MAX: usize = 42;

/// What a message says of itself.
#[derive(Debug, Default)]
pub(super) struct Facts {
    sender: String,
    on_behalf_of: Option<String>,
    subject: String,
    message_id: String,
    /// Addresses in lower case.
    to: BTreeSet<String>,
    cc: BTreeSet<String>,
    marks: Vec<String>,
}

impl Facts {
    pub(super) fn of(letter: &Letter) -> Self {
        let message = letter.content.get(letter.return_path_octets..).unwrap_or_default();
        let header = header(message);
        let envelope = || Some(letter.sender.clone()).filter(|sender| !sender.is_empty());
        let Some(parsed) = MessageParser::default().parse_headers(header) else {
            return Self { sender: envelope().unwrap_or_default(), ..Self::default() };
        };
        let from = first(parsed.from());
        let (sender, on_behalf_of) = match first(parsed.sender()) {
            Some(sender) => (Some(sender), from),
            None => (from, None),
        };
        Self {
            sender: sender.or_else(envelope).unwrap_or_default(),
            on_behalf_of,
            subject: shown(parsed.subject().unwrap_or_default()),
            message_id: shown(parsed.message_id().unwrap_or_default()),
            to: parsed.all_to().flat_map(addresses).collect(),
            cc: parsed.all_cc().flat_map(addresses).collect(),
            marks: marks_of(&parsed),
        }
    }
}

/// The marks in a header.
pub(super) fn marks(header: &[u8]) -> Vec<String> {
    MessageParser::default().parse_headers(header).as_ref().map(marks_of).unwrap_or_default()
}

fn marks_of(parsed: &Message<'_>) -> Vec<String> {
    parsed
        .headers_raw()
        .filter(|(name, _)| name.eq_ignore_ascii_case(MARK))
        .map(|(_, value)| value.split_whitespace().collect::<String>())
        .filter(|mark| mark.len() <= MARK_CHARS_MAX)
        .take(MARKS_MAX)
        .collect()
}

fn first(address: Option<&Address<'_>>) -> Option<String> {
    address.and_then(|address| address.first()?.address().map(shown))
}

fn addresses<'a>(address: &'a Address<'_>) -> impl Iterator<Item = String> + 'a {
    address.iter().filter_map(|address| address.address()).map(str::to_lowercase)
}

/// Foreign text, kept on its line and to its length.
fn shown(text: &str) -> String {
    line(text).chars().take(SHOWN_CHARS_MAX).collect()
}

/// What a record is made of, besides the message.
#[derive(Debug)]
pub(super) struct Report<'a> {
    /// Our own name.
    pub(super) host: &'a str,
    /// Whose record it is.
    pub(super) organization: &'a str,
    /// Whether one of its users wrote the message.
    pub(super) authored: bool,
    pub(super) settings: &'a Journaling,
    pub(super) mark: String,
}

impl Report<'_> {
    /// The record, beginning with its `Return-Path` line, whose length is told too.
    pub(super) fn compose(
        &self,
        message: &Parcel,
        facts: &Facts,
        world: &World,
    ) -> (Vec<u8>, usize) {
        let letter = &message.letter;
        let original = letter.content.get(letter.return_path_octets..).unwrap_or_default();
        let boundary = format!("journal-{}", world.random_hex::<12>());
        let return_path = format!("Return-Path: <{}>\r\n", self.settings.sender);
        // RFC 6532 section 3.7: what has UTF-8 in its header is of a type of its own.
        let kind = if letter.utf8 { "message/global" } else { "message/rfc822" };
        let head = format!(
            "{return_path}{}\
             Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n\
             --{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n{}\r\n\
             --{boundary}\r\nContent-Type: {kind}\r\nContent-Disposition: attachment\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n",
            self.fields(facts, world),
            self.text(message, facts),
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        ([head.as_bytes(), original, tail.as_bytes()].concat(), return_path.len())
    }

    fn fields(&self, facts: &Facts, world: &World) -> String {
        let Journaling { sender, journal, .. } = self.settings;
        let mut fields = format!(
            "Date: {}\r\nFrom: <{sender}>\r\nTo: <{journal}>\r\nSubject: {}\r\n\
             Message-ID: <{}@{}>\r\nX-MS-Journal-Report: \r\nAuto-Submitted: auto-generated\r\n",
            date(world.now()),
            unstructured(&facts.subject),
            world.random_uuid(),
            self.host,
        );
        let earlier = facts.marks.iter().take(MARKS_MAX - 1);
        for mark in std::iter::once(&self.mark).chain(earlier) {
            let _ = write!(fields, "{MARK}: {mark}\r\n");
        }
        fields + "MIME-Version: 1.0\r\n"
    }

    /// The lines that archives read.
    fn text(&self, message: &Parcel, facts: &Facts) -> String {
        let mut text = format!("Sender: {}\r\n", facts.sender);
        if let Some(author) = &facts.on_behalf_of {
            let _ = write!(text, "On-Behalf-Of: {author}\r\n");
        }
        let _ =
            write!(text, "Subject: {}\r\nMessage-ID: <{}>\r\n", facts.subject, facts.message_id);
        for Reached { address, group } in self.reached(message) {
            let kind = facts.kind_of(group.unwrap_or(address), self.authored);
            let _ = write!(text, "{kind}: {}", line(address));
            if let Some(group) = group {
                let _ = write!(text, ", Expanded: {}", line(group));
            }
            text += "\r\n";
        }
        text
    }

    /// Whom the message reaches, as far as the organization can see: who is behind its own groups, and of the
    /// recipients elsewhere those that its user named.
    fn reached<'a>(&self, message: &'a Parcel) -> BTreeSet<Reached<'a>> {
        let route = &message.route;
        let mut reached = BTreeSet::new();
        for (organization, stops) in &route.local {
            if organization == self.organization {
                reached.extend(stops.iter().map(Reached::inside));
            } else if self.authored {
                reached.extend(stops.iter().map(|stop| Reached::named(&stop.recipient)));
            }
        }
        if self.authored {
            reached.extend(route.remote.iter().map(|remote| Reached::named(&remote.recipient)));
        }
        reached
    }
}

/// Somebody whom a message reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reached<'a> {
    address: &'a str,
    /// The group as whose member.
    group: Option<&'a str>,
}

impl<'a> Reached<'a> {
    fn named(address: &'a str) -> Self {
        Self { address, group: None }
    }

    fn inside(stop: &'a Stop) -> Self {
        match stop.named {
            Named::Directly => Self::named(&stop.recipient),
            Named::AsMember => Self { address: &stop.owner, group: Some(&stop.recipient) },
        }
    }
}

impl Facts {
    /// How the message names a recipient. That one is named nowhere means `Bcc` only if the message was written
    /// here: what comes from elsewhere may have passed a list.
    fn kind_of(&self, recipient: &str, authored: bool) -> &'static str {
        let recipient = recipient.to_lowercase();
        if self.to.contains(&recipient) {
            "To"
        } else if self.cc.contains(&recipient) {
            "Cc"
        } else if authored {
            "Bcc"
        } else {
            "Recipient"
        }
    }
}

/// Text as the value of a header field: as it is, or in encoded words (RFC 2047).
fn unstructured(text: &str) -> String {
    if text.is_ascii() && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.floor_char_boundary(WORD_OCTETS_MAX);
        let (word, after) = rest.split_at(end);
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
        rest = after;
    }
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_subject_is_said_in_a_header(text in "\\PC{0,240}") {
            let subject = shown(text.trim());
            let field = format!("Subject: {}\r\nTo: a@b\r\n\r\n", unstructured(&subject));
            prop_assert!(field.is_ascii() && field.lines().all(|line| line.len() <= 998));
            let parsed = MessageParser::default().parse(field.as_bytes()).unwrap();
            prop_assert_eq!(parsed.subject().unwrap_or_default(), subject.trim());
        }

        #[test]
        fn any_header_has_marks_or_none(header in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(marks(&header).len() <= MARKS_MAX);
            prop_assert!(marks(&[b"X-Journal-Mark: ", &header[..]].concat()).len() <= MARKS_MAX);
        }
    }
}
