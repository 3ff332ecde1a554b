//! Whether a text may take the place of a message's (WorkMail Message Flow API Reference, `RawMessageContent`).
//!
//! AWS does not publish which header fields are required, immutable and unique; what we hold to is in [`lists`] and
//! in `docs/message-flow.md`.

mod fields;
mod lists;
mod parts;

use crate::content::TEXT_BYTES_MAX;

use fields::{Field, Header};

/// Bytes of a line at most, its CR LF included (RFC 5321 section 4.5.3.1.6).
const LINE_BYTES_MAX: usize = 1000;

/// Why a text cannot take a message's place, in words for who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Rejected(String);

/// The text that takes the place of `original`: `given`, with the trace fields of the original on top.
///
/// Lines of `given` may end with LF alone, as many programs write them.
pub(crate) fn replace(original: &[u8], given: &[u8]) -> Result<Vec<u8>, Rejected> {
    let text = with_crlf(given)?;
    check_lines(&text)?;
    let (old, new) = (Header::lenient(original), Header::strict(&text)?);
    check_required(&old, &new)?;
    check_immutable(&old, &new)?;
    check_unique(&old, &new)?;
    check_ascii(&old, &new)?;
    parts::check(&text)?;
    let replaced = joined(&old, &new, &text);
    if replaced.len() > TEXT_BYTES_MAX {
        return Err(rejected(format!("The message is larger than {TEXT_BYTES_MAX} bytes.")));
    }
    Ok(replaced)
}

fn rejected(text: impl Into<String>) -> Rejected {
    Rejected(text.into())
}

/// The text with all its lines ended by CR LF.
fn with_crlf(given: &[u8]) -> Result<Vec<u8>, Rejected> {
    let mut text = Vec::with_capacity(given.len() + given.len() / 32);
    let mut rest = given;
    while let Some(at) = memchr::memchr3(b'\r', b'\n', 0, rest) {
        text.extend_from_slice(&rest[..at]);
        let octets = match &rest[at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => return Err(rejected("The message contains a NUL, or a CR without LF.")),
        };
        text.extend_from_slice(b"\r\n");
        rest = &rest[at + octets..];
    }
    text.extend_from_slice(rest);
    if !rest.is_empty() {
        text.extend_from_slice(b"\r\n");
    }
    Ok(text)
}

fn check_lines(text: &[u8]) -> Result<(), Rejected> {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text) {
        if end + 1 - start > LINE_BYTES_MAX {
            return Err(rejected(format!("A line is longer than {LINE_BYTES_MAX} bytes.")));
        }
        start = end + 1;
    }
    Ok(())
}

fn check_required(old: &Header<'_>, new: &Header<'_>) -> Result<(), Rejected> {
    if new.addresses("From").is_empty() {
        return Err(rejected("The header field From is missing, or names nobody."));
    }
    let missing = |name: &&&str| old.count(name) > 0 && new.count(name) == 0;
    match lists::IMMUTABLE.iter().find(missing) {
        Some(name) => Err(rejected(format!("The header field {name} is missing."))),
        None => Ok(()),
    }
}

fn check_immutable(old: &Header<'_>, new: &Header<'_>) -> Result<(), Rejected> {
    let differs = |name: &&&str| old.meaning(name) != new.meaning(name);
    match lists::IMMUTABLE.iter().find(differs) {
        Some(name) => Err(rejected(format!("The header field {name} must not be changed."))),
        None => Ok(()),
    }
}

/// A field that the original has repeated may be repeated as often.
fn check_unique(old: &Header<'_>, new: &Header<'_>) -> Result<(), Rejected> {
    let repeated = |name: &&&str| new.count(name) > old.count(name).max(1);
    match lists::UNIQUE.iter().find(repeated) {
        Some(name) => Err(rejected(format!("The header field {name} must not be repeated."))),
        None => Ok(()),
    }
}

/// A header beyond ASCII needs servers on its way that take it (RFC 6531).
fn check_ascii(old: &Header<'_>, new: &Header<'_>) -> Result<(), Rejected> {
    let is_ascii = |header: &Header<'_>| header.fields.iter().all(|field| field.whole.is_ascii());
    match is_ascii(old) && !is_ascii(new) {
        true => {
            Err(rejected("The header has characters that are not ASCII: encode them (RFC 2047)."))
        }
        false => Ok(()),
    }
}

/// Trace fields tell the way that a message came, and stay on top of it as they are.
fn joined(old: &Header<'_>, new: &Header<'_>, text: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(text.len() + 1024);
    let is_trace = |field: &&Field<'_>| lists::TRACE.iter().any(|name| field.is(name));
    old.fields.iter().filter(is_trace).for_each(|field| joined.extend_from_slice(field.whole));
    new.fields
        .iter()
        .filter(|field| !is_trace(field))
        .for_each(|field| joined.extend_from_slice(field.whole));
    joined.extend_from_slice(new.rest);
    joined
}

#[cfg(test)]
mod tests;
