//! Cuts a stream of bytes into commands: lines, with the literals that they announce.
//!
//! The framer knows just enough of the grammar to find where a command ends, so that everything behind
//! it works on one bounded, complete command.

use bytes::Bytes;

use super::cursor::is_tag;
use crate::limits::{
    MAX_APPEND_BYTES, MAX_COMMAND_BYTES, MAX_LINE_BEFORE_LOGIN_BYTES, MAX_LINE_BYTES,
    MAX_LITERAL_BEFORE_LOGIN_BYTES, MAX_LITERAL_BYTES,
};

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// More bytes are needed.
    Incomplete,
    /// A command waits for leave to send a literal (RFC 3501, section 7.5).
    Continue,
    /// One whole command, or one line, without its last CRLF.
    Whole(Bytes),
    /// A line that is too long or does not end with CRLF; it has been skipped.
    Malformed { start: Bytes, why: &'static str },
    /// A literal that is too large and that the client will not send.
    Refused { start: Bytes },
    /// A literal that cannot be taken and that the client sends without waiting (RFC 7888, section 4): what
    /// follows cannot be told from commands.
    Flood,
}

/// The bytes that are not yet a whole command.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    buffer: Vec<u8>,
    /// Where the line at hand begins: 0, or behind the last literal.
    line: usize,
    /// How far the line at hand has been searched for its end.
    searched: usize,
    /// Where the literal at hand ends, if one is awaited.
    literal_end: usize,
    /// Set while the rest of a line that is too long is skipped.
    skipping: Option<Bytes>,
    /// Whether the larger limits hold.
    trusted: bool,
}

/// Buffers no larger than this are kept while idle.
const KEPT_CAPACITY_BYTES: usize = 512;
/// What is shown of a line that cannot be parsed: enough for its tag.
const START_BYTES: usize = 64;
/// What is kept of a line that is skipped: enough to see whether its end announces a literal.
const TAIL_BYTES: usize = 32;

impl Framer {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The client has logged in: the larger limits hold from now on.
    pub(crate) fn trust(&mut self) {
        self.trusted = true;
    }

    /// Whether a command has begun and is not complete.
    pub(crate) fn is_amid(&self) -> bool {
        !self.buffer.is_empty() || self.skipping.is_some()
    }

    /// How many bytes are held.
    pub(crate) fn held_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The next line as it stands, without looking for literals (IDLE, AUTHENTICATE).
    pub(crate) fn line(&mut self) -> Frame {
        self.next(false)
    }

    /// The next command, with its literals in place.
    pub(crate) fn command(&mut self) -> Frame {
        self.next(true)
    }

    fn next(&mut self, literals: bool) -> Frame {
        let frame = loop {
            if let Some(frame) = self.step(literals) {
                break frame;
            }
        };
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_CAPACITY_BYTES {
            self.buffer = Vec::new();
        }
        frame
    }

    /// Looks at one line; nothing if it was followed by a literal that is already here.
    fn step(&mut self, literals: bool) -> Option<Frame> {
        if self.buffer.len() < self.literal_end {
            return Some(Frame::Incomplete);
        }
        match self.find_line_end() {
            Some(end) if self.skipping.is_some() => Some(self.skipped(end)),
            Some(end) => self.line_ended(end, literals),
            None => Some(self.line_goes_on()),
        }
    }

    /// The index behind the LF that ends the line at hand.
    fn find_line_end(&mut self) -> Option<usize> {
        let from = self.searched.max(self.line);
        let found = self.buffer.get(from..)?.iter().position(|byte| *byte == b'\n');
        self.searched = found.map_or(self.buffer.len(), |at| from + at + 1);
        found.map(|_| self.searched)
    }

    fn line_goes_on(&mut self) -> Frame {
        // A CR that may end the line is not counted.
        if self.skipping.is_none() && self.buffer.len() - self.line > self.max_line() + 1 {
            self.skipping = Some(self.start());
        }
        if self.skipping.is_some() {
            self.buffer.drain(..self.buffer.len().saturating_sub(TAIL_BYTES));
            self.restart();
        }
        Frame::Incomplete
    }

    fn skipped(&mut self, end: usize) -> Frame {
        let start = self.skipping.take().unwrap_or_default();
        self.refuse(start, end, "the line is too long")
    }

    fn line_ended(&mut self, end: usize, literals: bool) -> Option<Frame> {
        let line = self.buffer.get(self.line..end).unwrap_or_default();
        let Some(text) = line.strip_suffix(b"\r\n") else {
            return Some(self.malformed(end, "a line ends with CRLF"));
        };
        if text.len() > self.max_line() {
            return Some(self.malformed(end, "the line is too long"));
        }
        if text.iter().any(|byte| matches!(byte, 0 | b'\r')) {
            return Some(self.malformed(end, "a line holds NUL or a bare CR"));
        }
        match Announced::of(text).filter(|_| literals) {
            Some(literal) => self.literal_announced(end, literal),
            None => Some(Frame::Whole(self.cut(end).slice(..end - 2))),
        }
    }

    fn malformed(&mut self, end: usize, why: &'static str) -> Frame {
        let start = self.start();
        self.refuse(start, end, why)
    }

    /// Passes over a line, unless a literal follows it that would then be taken for commands.
    fn refuse(&mut self, start: Bytes, end: usize, why: &'static str) -> Frame {
        let line = self.cut(end);
        match Announced::of(line.trim_ascii_end()) {
            Some(literal) if !literal.waits => Frame::Flood,
            _ => Frame::Malformed { start, why },
        }
    }

    fn literal_announced(&mut self, end: usize, literal: Announced) -> Option<Frame> {
        let fits = usize::try_from(literal.bytes)
            .ok()
            .filter(|bytes| *bytes <= self.max_literal() && end + bytes <= self.max_command());
        let Some(bytes) = fits else {
            let start = self.start();
            self.cut(end);
            return Some(if literal.waits { Frame::Refused { start } } else { Frame::Flood });
        };
        self.line = end + bytes;
        self.literal_end = self.line;
        literal.waits.then_some(Frame::Continue)
    }

    /// Takes the first `end` bytes out.
    fn cut(&mut self, end: usize) -> Bytes {
        let rest = self.buffer.split_off(end);
        self.restart();
        std::mem::replace(&mut self.buffer, rest).into()
    }

    fn restart(&mut self) {
        (self.line, self.searched, self.literal_end) = (0, 0, 0);
    }

    fn start(&self) -> Bytes {
        Bytes::copy_from_slice(&self.buffer[..self.buffer.len().min(START_BYTES)])
    }

    fn max_line(&self) -> usize {
        if self.trusted { MAX_LINE_BYTES } else { MAX_LINE_BEFORE_LOGIN_BYTES }
    }

    fn max_literal(&self) -> usize {
        match (self.trusted, self.is_append()) {
            (true, true) => MAX_APPEND_BYTES,
            (true, false) => MAX_LITERAL_BYTES,
            (false, _) => MAX_LITERAL_BEFORE_LOGIN_BYTES,
        }
    }

    fn max_command(&self) -> usize {
        if self.is_append() { MAX_APPEND_BYTES + MAX_COMMAND_BYTES } else { MAX_COMMAND_BYTES }
    }

    /// Whether the command at hand is an APPEND: its word stands behind the tag.
    fn is_append(&self) -> bool {
        let tag = self.buffer.iter().take_while(|byte| is_tag(**byte)).count();
        self.buffer.get(tag..tag + 8).is_some_and(|word| word.eq_ignore_ascii_case(b" APPEND "))
    }
}

/// A literal announced by the end of a line: `{123}`, or `{123+}` if the client does not wait.
#[derive(Clone, Copy)]
struct Announced {
    bytes: u64,
    waits: bool,
}

impl Announced {
    fn of(line: &[u8]) -> Option<Self> {
        let inner = line.strip_suffix(b"}")?;
        let open = inner.iter().rposition(|byte| *byte == b'{')?;
        let inner = inner.get(open + 1..)?;
        let (digits, waits) =
            inner.strip_suffix(b"+").map_or((inner, true), |digits| (digits, false));
        if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let bytes = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some(Self { bytes, waits })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framer(text: &str) -> Framer {
        let mut framer = Framer::default();
        framer.trust();
        framer.push(text.as_bytes());
        framer
    }

    fn whole(text: &'static str) -> Frame {
        Frame::Whole(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn pipelined_commands_come_one_by_one() {
        let mut framer = framer("a NOOP\r\nb NOOP\r\nc NO");
        assert_eq!(framer.command(), whole("a NOOP"));
        assert_eq!(framer.command(), whole("b NOOP"));
        assert_eq!(framer.command(), Frame::Incomplete);
        framer.push(b"OP\r\n");
        assert_eq!(framer.command(), whole("c NOOP"));
        assert!(!framer.is_amid());
    }

    #[test]
    fn literals_stay_in_place() {
        let mut framer = framer("a LOGIN {2}\r\n");
        assert_eq!(framer.command(), Frame::Continue);
        assert_eq!(framer.command(), Frame::Incomplete);
        framer.push(b"\r\n {3+}\r\nx{}\r\n");
        assert_eq!(framer.command(), whole("a LOGIN {2}\r\n\r\n {3+}\r\nx{}"));
    }

    #[test]
    fn a_line_mode_knows_no_literals() {
        assert_eq!(framer("DONE {5}\r\n").line(), whole("DONE {5}"));
    }

    #[test]
    fn long_lines_are_skipped_and_named() {
        let mut framer = framer("a NOOP");
        let blanks = vec![b' '; MAX_LINE_BYTES];
        framer.push(&blanks);
        assert_eq!(framer.command(), Frame::Incomplete);
        framer.push(&blanks);
        assert_eq!(framer.command(), Frame::Incomplete);
        assert!(framer.buffer.len() <= TAIL_BYTES, "what is skipped is not kept");
        framer.push(b"\r\nb NOOP\r\n");
        assert!(
            matches!(framer.command(), Frame::Malformed { start, .. } if start.starts_with(b"a NOOP "))
        );
        assert_eq!(framer.command(), whole("b NOOP"));
    }

    #[test]
    fn a_literal_is_never_taken_for_commands() {
        assert_eq!(framer("a X\0 {8+}\r\nb NOOP\r\n").command(), Frame::Flood);
        assert_eq!(framer("a X {8+}\nb NOOP\r\n").command(), Frame::Flood);
        let mut framer = framer("a ");
        framer.push(&vec![b'x'; MAX_LINE_BYTES]);
        assert_eq!(framer.command(), Frame::Incomplete);
        framer.push(b" {8+}\r\nb NOOP\r\n");
        assert_eq!(framer.command(), Frame::Flood);
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit() {
        let text = format!("a {}", "x".repeat(MAX_LINE_BYTES - 2));
        let mut framer = framer(&text);
        framer.push(b"\r");
        assert_eq!(framer.command(), Frame::Incomplete);
        framer.push(b"\n");
        assert_eq!(framer.command(), Frame::Whole(text.into()));
    }

    #[test]
    fn large_literals_are_refused() {
        assert!(matches!(framer("a LOGIN {65537}\r\n").command(), Frame::Refused { .. }));
        assert_eq!(framer("a LOGIN {65537+}\r\n").command(), Frame::Flood);
        assert_eq!(framer("a append x {41943040}\r\n").command(), Frame::Continue);
        assert!(matches!(framer("a append x {41943041}\r\n").command(), Frame::Refused { .. }));
        let mut stranger = Framer::default();
        stranger.push(b"a append x {2000}\r\n");
        assert!(matches!(stranger.command(), Frame::Refused { .. }));
    }

    #[test]
    fn bare_line_ends_are_malformed() {
        for text in ["a NOOP\nb NOOP\r\n", "a NO\rOP\r\nb NOOP\r\n", "a NO\0OP\r\nb NOOP\r\n"] {
            let mut framer = framer(text);
            assert!(matches!(framer.command(), Frame::Malformed { .. }), "{text:?}");
            assert_eq!(framer.command(), whole("b NOOP"));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_out_in_bounded_frames(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let mut framer = Framer::default();
            framer.push(&bytes);
            for _ in 0..=bytes.len() {
                if matches!(framer.command(), Frame::Incomplete | Frame::Flood) {
                    return Ok(());
                }
            }
            prop_assert!(false, "the framer does not come to an end");
        }
    }
}
