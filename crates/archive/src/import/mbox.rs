//! Mboxes (RFC 4155): messages one after another, each behind a line `From sender date`.
//!
//! A line that begins with `From ` after an empty line, or at the beginning, is such a line, whatever else it
//! holds. Of lines that begin with `>`, any number of them, and then `From `, the first `>` is taken away: that
//! is how the variant "mboxrd" writes lines that would be mistaken, and "mboxo" too but for those that began with
//! `>` already. The length in `Content-Length`, by which "mboxcl" goes, is not believed. The marks in `Status`
//! and `X-Status` become flags; the lines stay where they are.

use std::io::{self, BufRead, Read};

use jiff::{
    civil,
    tz::{Offset, TimeZone},
};
use mailbox::{Flags, MAX_MESSAGE_BYTES};
use world::Timestamp;

use super::item::{Closed, Found, Message, Outbox, with_crlf};
use crate::Error;

/// What a message begins behind.
pub(super) const FROM: &[u8] = b"From ";

/// Longer lines are looked at in pieces; what marks a line stands at its beginning.
const PIECE_BYTES_MAX: u64 = 64 * 1024;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads an mbox to its end.
pub(super) fn read(origin: &str, reader: impl BufRead, outbox: &Outbox) -> Result<(), Error> {
    let mut splitter = Splitter::new(reader);
    let mut number = 0_u64;
    while let Some(found) = splitter.next()? {
        number += 1;
        let origin = format!("{origin}: message {number}");
        let put = match found.bytes {
            Some(bytes) => outbox.put(Found::Message(message(origin, bytes, found.received_at))),
            None => outbox.refuse(origin, format!("it is larger than {MAX_MESSAGE_BYTES} bytes")),
        };
        if matches!(put, Err(Closed)) {
            return Ok(());
        }
    }
    Ok(())
}

fn message(origin: String, bytes: Vec<u8>, received_at: Option<Timestamp>) -> Message {
    Message {
        origin,
        folder: None,
        flags: marks(&bytes),
        bytes: with_crlf(bytes).into(),
        keywords: Vec::new(),
        received_at,
    }
}

/// A message between two lines.
#[derive(Debug, PartialEq, Eq)]
struct Split {
    /// The date of the line before it, if it can be read.
    received_at: Option<Timestamp>,
    /// The message; nothing if it is too large.
    bytes: Option<Vec<u8>>,
}

/// Takes an mbox apart, one message in memory at a time.
struct Splitter<R> {
    reader: R,
    /// The line that the next message stands behind.
    next: Option<Vec<u8>>,
    begun: bool,
}

impl<R: BufRead> Splitter<R> {
    fn new(reader: R) -> Self {
        Self { reader, next: None, begun: false }
    }

    /// The next message.
    fn next(&mut self) -> io::Result<Option<Split>> {
        if !self.begun {
            self.begun = true;
            self.next = Some(self.piece()?).filter(|line| line.starts_with(FROM));
        }
        let Some(line) = self.next.take() else { return Ok(None) };
        if !line.ends_with(b"\n") {
            self.skip_line()?;
        }
        let mut bytes = Some(Vec::new());
        let (mut is_begin, mut after_empty) = (true, false);
        loop {
            let piece = self.piece()?;
            if piece.is_empty() {
                break;
            }
            if is_begin && after_empty && piece.starts_with(FROM) {
                self.next = Some(piece);
                break;
            }
            let quoted = is_begin && is_quoted(&piece);
            after_empty = is_begin && matches!(&*piece, b"\n" | b"\r\n");
            is_begin = piece.ends_with(b"\n");
            gather(&mut bytes, &piece[usize::from(quoted)..]);
        }
        // The empty line before the next message is not part of this one; nor, where it is there, the last.
        let bytes = bytes.map(without_empty_end);
        Ok(Some(Split { received_at: date(&line), bytes }))
    }

    /// A line with its end, or a piece of one that is very long; empty at the end.
    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::new();
        self.reader.by_ref().take(PIECE_BYTES_MAX).read_until(b'\n', &mut piece)?;
        Ok(piece)
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let piece = self.piece()?;
            if piece.is_empty() || piece.ends_with(b"\n") {
                return Ok(());
            }
        }
    }
}

/// Adds to a message that is not too large yet.
fn gather(bytes: &mut Option<Vec<u8>>, piece: &[u8]) {
    let Some(held) = bytes else { return };
    // The empty line at the end, which goes, may be one too many.
    if held.len() + piece.len() > MAX_MESSAGE_BYTES + b"\r\n".len() {
        *bytes = None;
        return;
    }
    held.extend_from_slice(piece);
}

fn is_quoted(line: &[u8]) -> bool {
    let unquoted = line.iter().position(|byte| *byte != b'>').unwrap_or(line.len());
    unquoted > 0 && line[unquoted..].starts_with(FROM)
}

fn without_empty_end(mut bytes: Vec<u8>) -> Vec<u8> {
    for end in [&b"\n\r\n"[..], b"\n\n"] {
        if bytes.ends_with(end) {
            bytes.truncate(bytes.len() - end.len() + 1);
            break;
        }
    }
    bytes
}

/// The date of a line `From sender Thu Nov 19 08:05:00 2026`, in UTC unless it names another offset.
fn date(line: &[u8]) -> Option<Timestamp> {
    let line = std::str::from_utf8(line).ok()?;
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let at = words.iter().skip(3).position(|word| is_clock(word))? + 3;
    let mut clock = words[at].splitn(3, ':').map(str::parse::<i8>);
    let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
    let second = clock.next().map_or(Some(0), Result::ok)?;
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(words[at - 2]))?;
    let month = i8::try_from(month + 1).ok()?;
    let after = words.get(at + 1..)?;
    let year: i16 = after.iter().find(is_year)?.parse().ok()?;
    let day = words[at - 1].parse().ok()?;
    let offset = after.iter().find_map(|word| offset(word)).unwrap_or(Offset::UTC);
    let civil = civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let moment = civil.to_zoned(TimeZone::fixed(offset)).ok()?.timestamp();
    Some(Timestamp::from_seconds(moment.as_second()))
}

fn is_clock(word: &str) -> bool {
    word.contains(':') && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
}

fn is_year(word: &&&str) -> bool {
    word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn offset(word: &str) -> Option<Offset> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let is_digits = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i32 = digits.parse().ok().filter(|_| is_digits)?;
    Offset::from_seconds(sign * (number / 100 * 3600 + number % 100 * 60)).ok()
}

/// What `Status` and `X-Status` in the header say.
fn marks(message: &[u8]) -> Flags {
    let mut flags = Flags::NONE;
    for line in message.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() {
            break;
        }
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, letters) = (&line[..colon], &line[colon + 1..]);
        if name.eq_ignore_ascii_case(b"Status") && letters.contains(&b'R') {
            flags |= Flags::SEEN;
        }
        if name.eq_ignore_ascii_case(b"X-Status") {
            for (letter, flag) in [
                (b'A', Flags::ANSWERED),
                (b'F', Flags::FLAGGED),
                (b'D', Flags::DELETED),
                (b'T', Flags::DRAFT),
            ] {
                flags |= if letters.contains(&letter) { flag } else { Flags::NONE };
            }
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(mbox: &[u8]) -> Vec<Vec<u8>> {
        let mut splitter = Splitter::new(mbox);
        let mut all = Vec::new();
        while let Some(split) = splitter.next().unwrap() {
            all.push(split.bytes.unwrap());
        }
        all
    }

    /// As "mboxrd" has it.
    fn quoted(message: &[u8]) -> Vec<u8> {
        let mut mbox = b"From a@b Thu Nov 19 08:05:00 2026\n".to_vec();
        for line in message.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(FROM) || is_quoted(line) {
                mbox.push(b'>');
            }
            mbox.extend_from_slice(line);
        }
        mbox.push(b'\n');
        mbox
    }

    #[test]
    fn messages_are_taken_apart_and_unquoted() {
        let mbox =
            b"From a\nA: 1\n\n>From x\n>>From y\nFrom z\n\nFrom b@c Thu\n\nbody\n\n\nFrom \r\nlast";
        let messages: [&[u8]; 3] = [b"A: 1\n\nFrom x\n>From y\nFrom z\n", b"\nbody\n\n", b"last"];
        assert_eq!(split(mbox), messages);
        assert_eq!(split(b"Subject: x\n\n"), Vec::<Vec<u8>>::new());
        assert_eq!(split(b"From a"), [b""]);
    }

    #[test]
    fn one_that_is_too_large_is_left_out() {
        let mut mbox = b"From a\n".to_vec();
        mbox.resize(MAX_MESSAGE_BYTES + 100, b'x');
        mbox.extend_from_slice(b"\n\nFrom b\nsmall\n");
        let mut splitter = Splitter::new(&*mbox);
        assert_eq!(splitter.next().unwrap().unwrap().bytes, None);
        assert_eq!(splitter.next().unwrap().unwrap().bytes.unwrap(), b"small\n");
    }

    #[test]
    fn dates_are_read_in_their_usual_forms() {
        let expected = Some(Timestamp::from_seconds(1_795_075_500));
        for line in [
            "From a@b Thu Nov 19 08:05:00 2026",
            "From MAILER-DAEMON  Thu Nov 19 08:05 2026\n",
            "From a@b Thu Nov 19 09:05:00 2026 +0100",
            "From a@b Thu Nov 19 03:05:00 -0500 2026",
        ] {
            assert_eq!(date(line.as_bytes()), expected, "{line}");
        }
        for line in ["From ", "From a@b", "From a b c 1:2 x", "From a Thu Nov 39 08:05:00 2026"] {
            assert_eq!(date(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn marks_stand_in_the_header() {
        let flags = marks(b"Status: RO\r\nX-Status: AF\r\n\r\nX-Status: D\r\n");
        assert_eq!(flags, Flags::SEEN | Flags::ANSWERED | Flags::FLAGGED);
    }

    proptest! {
        #[test]
        fn what_was_quoted_is_found_again(messages in proptest::collection::vec(
            proptest::collection::vec("(>{0,3}From )?[a-z: ]{0,6}", 1..6), 0..5))
        {
            let messages: Vec<Vec<u8>> =
                messages.iter().map(|lines| (lines.join("\n") + "\n").into_bytes()).collect();
            let mbox: Vec<u8> = messages.iter().flat_map(|message| quoted(message)).collect();
            prop_assert_eq!(split(&mbox), messages);
        }

        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), line in "From [ -~]{0,60}") {
            let mbox = [line.as_bytes(), b"\n", &bytes].concat();
            let messages = split(&mbox);
            prop_assert!(!messages.is_empty());
            prop_assert!(messages.iter().map(Vec::len).sum::<usize>() <= mbox.len());
            date(&bytes);
            marks(&bytes);
        }
    }
}
