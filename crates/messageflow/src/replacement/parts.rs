//! The parts of a message: whether their form is sound, and their files may be sent.

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use mailbox::summary::{Content, Part, Summary};

use super::{Rejected, fields::Header, lists, rejected};

/// Characters of a boundary at most (RFC 2046 section 5.1.1).
const BOUNDARY_CHARS_MAX: usize = 70;

/// Messages within messages that are looked into.
const DEPTH_MAX: usize = 24;

/// Checks all parts of a message.
pub(super) fn check(text: &[u8]) -> Result<(), Rejected> {
    check_part(&Summary::of(text).root, text, true)?;
    match MessageParser::default().parse(text) {
        Some(message) => check_files(&message, 0),
        None => Err(rejected("The message cannot be read.")),
    }
}

fn check_part(part: &Part, text: &[u8], is_root: bool) -> Result<(), Rejected> {
    let header = part.header.of(text);
    if !is_root && !header.is_empty() && header != b"\r\n" {
        Header::strict(header)?;
    }
    match &part.content {
        Content::Multipart(parts) => {
            check_boundary(part, text)?;
            parts.iter().try_for_each(|part| check_part(part, text, false))
        }
        Content::Message(message) => check_part(&message.root, text, false),
        Content::Data if part.media_type == "multipart" => {
            Err(rejected("A multipart has no parts, or too many, or lies too deep."))
        }
        Content::Data => Ok(()),
    }
}

/// A multipart ends with its boundary (RFC 2046 section 5.1.1).
fn check_boundary(part: &Part, text: &[u8]) -> Result<(), Rejected> {
    let boundary = part.parameter("boundary").unwrap_or_default();
    if !(1..=BOUNDARY_CHARS_MAX).contains(&boundary.len()) {
        return Err(rejected("A multipart has no boundary, or one that is too long."));
    }
    let end = format!("--{boundary}--");
    let mut lines = part.body.of(text).split(|byte| *byte == b'\n');
    let is_end = |line: &[u8]| line.trim_ascii_end() == end.as_bytes();
    match lines.any(is_end) {
        true => Ok(()),
        false => Err(rejected("A multipart does not end with its boundary.")),
    }
}

fn check_files(message: &Message<'_>, depth: usize) -> Result<(), Rejected> {
    for part in &message.parts {
        if let Some(ending) = part.attachment_name().and_then(forbidden_ending) {
            return Err(rejected(format!("Attachments of the type .{ending} are not sent.")));
        }
        if let PartType::Message(inner) = &part.body {
            if depth == DEPTH_MAX {
                return Err(rejected("Messages lie too deep in each other."));
            }
            check_files(inner, depth + 1)?;
        }
    }
    Ok(())
}

fn forbidden_ending(name: &str) -> Option<&'static str> {
    // Windows takes no notice of dots and spaces at the end of a name.
    let (_, ending) = name.trim_end_matches(['.', ' ']).rsplit_once('.')?;
    lists::FORBIDDEN_ENDINGS
        .iter()
        .find(|forbidden| ending.eq_ignore_ascii_case(forbidden))
        .copied()
}
