//! The body of `DATA`: where it ends, and what was meant (RFC 5321 sections 4.1.1.4 and 4.5.2).
//!
//! Only CRLF ends a line and only CRLF "." CRLF ends the message. A bare CR or LF is taken by some
//! servers as the end of a line; where two servers disagree, one sender can hide a second message
//! inside the first ("smuggling"). So a bare CR or LF breaks the framing, and nothing after it is
//! looked at (RFC 5321 section 2.3.8: they must not be sent, and must not be taken as line ends).

use crate::limits::MAX_TEXT_LINE_OCTETS;

/// Why lines cannot be told apart any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    BareCr,
    BareLf,
}

/// How far a piece of input went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All of it belonged to the message, and the message goes on.
    More,
    /// The message ended; what follows is the next command.
    End,
    Broken(Broken),
}

/// What is wrong with a message whose framing is sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    Nul,
    LongLine,
}

/// Where the content goes.
pub(crate) trait Sink {
    fn write(&mut self, content: &[u8]);
    fn unfit(&mut self, reason: Unfit);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    LineStart,
    /// A dot that began a line: it is not content, whatever follows.
    Dot,
    /// CR after such a dot.
    DotCr,
    Line,
    /// CR anywhere else.
    Cr,
}

/// Reads the body of `DATA` in pieces of any size.
#[derive(Debug)]
pub(crate) struct Decoder {
    state: State,
    line_octets: usize,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self { state: State::LineStart, line_octets: 0 }
    }

    /// Reads `input`, and tells how many octets of it belong to the body.
    pub(crate) fn decode(&mut self, input: &[u8], sink: &mut impl Sink) -> (usize, Progress) {
        let mut at = 0;
        while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
            let (octets, progress) = self.step(rest, sink);
            at += octets;
            if progress != Progress::More {
                return (at, progress);
            }
        }
        (at, Progress::More)
    }

    /// Reads at least one octet of `rest`, which is not empty.
    fn step(&mut self, rest: &[u8], sink: &mut impl Sink) -> (usize, Progress) {
        let next = rest[0];
        match (self.state, next) {
            (State::LineStart, b'.') => self.go(State::Dot),
            (State::Dot, b'\r') => self.go(State::DotCr),
            (State::DotCr, b'\n') => (1, Progress::End),
            (State::Cr, b'\n') => {
                sink.write(b"\r\n");
                self.end_line();
                (1, Progress::More)
            }
            (State::Cr | State::DotCr, _) => (1, Progress::Broken(Broken::BareCr)),
            (State::LineStart | State::Dot | State::Line, _) => self.text(rest, sink),
        }
    }

    fn go(&mut self, state: State) -> (usize, Progress) {
        self.state = state;
        (1, Progress::More)
    }

    fn end_line(&mut self) {
        self.state = State::LineStart;
        self.line_octets = 0;
    }

    /// Text up to the next octet that could matter; a CRLF in sight is taken with it.
    fn text(&mut self, rest: &[u8], sink: &mut impl Sink) -> (usize, Progress) {
        self.state = State::Line;
        let end = memchr::memchr3(b'\r', b'\n', 0, rest).unwrap_or(rest.len());
        self.count(end, sink);
        match (rest.get(end), rest.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => {
                sink.write(&rest[..end + 2]);
                self.end_line();
                (end + 2, Progress::More)
            }
            (Some(b'\r'), _) => {
                sink.write(&rest[..end]);
                self.state = State::Cr;
                (end + 1, Progress::More)
            }
            (Some(b'\n'), _) => (end + 1, Progress::Broken(Broken::BareLf)),
            (Some(_), _) => {
                sink.unfit(Unfit::Nul);
                (end + 1, Progress::More)
            }
            (None, _) => {
                sink.write(rest);
                (end, Progress::More)
            }
        }
    }

    fn count(&mut self, octets: usize, sink: &mut impl Sink) {
        self.line_octets += octets;
        if self.line_octets > MAX_TEXT_LINE_OCTETS - 2 {
            sink.unfit(Unfit::LongLine);
        }
    }
}

/// Checks that a `BDAT` message, whose octets are counted, has only whole lines in it. It would
/// otherwise break the framing where it is passed on by `DATA` (RFC 3030 section 3).
#[derive(Debug, Default)]
pub(crate) struct LineCheck {
    after_cr: bool,
    line_octets: usize,
}

impl LineCheck {
    /// Looks at the next piece. NUL and long lines go to the sink, as for `DATA`.
    pub(crate) fn check(&mut self, piece: &[u8], sink: &mut impl Sink) -> Result<(), Broken> {
        let mut from = 0;
        for at in memchr::memchr3_iter(b'\r', b'\n', 0, piece) {
            let after_cr = std::mem::take(&mut self.after_cr);
            match piece[at] {
                b'\n' if after_cr && at == from => self.line_octets = 0,
                _ if after_cr => return Err(Broken::BareCr),
                b'\n' => return Err(Broken::BareLf),
                b'\r' => {
                    self.count(at - from, sink);
                    self.after_cr = true;
                }
                _ => sink.unfit(Unfit::Nul),
            }
            from = at + 1;
        }
        if self.after_cr && from < piece.len() {
            return Err(Broken::BareCr);
        }
        self.count(piece.len() - from, sink);
        Ok(())
    }

    /// After the last piece.
    pub(crate) fn finish(&self) -> Result<(), Broken> {
        if self.after_cr { Err(Broken::BareCr) } else { Ok(()) }
    }

    fn count(&mut self, octets: usize, sink: &mut impl Sink) {
        self.line_octets += octets;
        if self.line_octets > MAX_TEXT_LINE_OCTETS - 2 {
            sink.unfit(Unfit::LongLine);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default, Debug, PartialEq)]
    struct Kept(Vec<u8>, Vec<Unfit>);

    impl Sink for Kept {
        fn write(&mut self, content: &[u8]) {
            self.0.extend_from_slice(content);
        }
        fn unfit(&mut self, reason: Unfit) {
            if !self.1.contains(&reason) {
                self.1.push(reason);
            }
        }
    }

    fn decode(pieces: &[&[u8]]) -> (Kept, usize, Progress) {
        let (mut kept, mut decoder, mut used) = (Kept::default(), Decoder::new(), 0);
        for piece in pieces {
            let (octets, progress) = decoder.decode(piece, &mut kept);
            used += octets;
            if progress != Progress::More {
                return (kept, used, progress);
            }
        }
        (kept, used, Progress::More)
    }

    /// The slow way: by splitting at CRLF and looking at each line.
    fn reference(input: &[u8]) -> Option<(Vec<u8>, usize)> {
        let (mut content, mut at) = (Vec::new(), 0);
        while let Some(length) = input[at..].windows(2).position(|pair| pair == b"\r\n") {
            let line = &input[at..at + length];
            at += length + 2;
            if line.iter().any(|octet| matches!(octet, b'\r' | b'\n')) {
                return None;
            }
            if line == b"." {
                return Some((content, at));
            }
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            content.extend_from_slice(b"\r\n");
        }
        None
    }

    #[test]
    fn dots_are_unstuffed() {
        let (kept, used, progress) = decode(&[b"..a\r\n.b\r\n...\r\n.\r\nQUIT\r\n"]);
        assert_eq!(kept.0, b".a\r\nb\r\n..\r\n");
        assert_eq!((used, progress), (17, Progress::End));
        assert_eq!(decode(&[b".\r\n"]).2, Progress::End);
    }

    /// Every pairing of line ends around the dot: only CRLF "." CRLF ends a message.
    #[test]
    fn nothing_else_ends_a_message() {
        let ends: [&[u8]; 9] =
            [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r", b"\0\n", b"\r\0\n", b"\x0b"];
        for before in ends {
            for after in ends {
                let input = [b"text", before, b".", after, b"MAIL FROM:<x@y>\r\n"].concat();
                let (_, used, progress) = decode(&[&input]);
                let sound = before == b"\r\n" && after.starts_with(b"\r\n");
                assert_eq!(progress == Progress::End, sound, "{before:?} {after:?}");
                if progress == Progress::End {
                    assert_eq!(used, 9);
                }
            }
        }
    }

    #[test]
    fn nul_and_long_lines_are_told() {
        assert_eq!(decode(&[b"a\0b\r\n.\r\n"]).0.1, [Unfit::Nul]);
        let long = [vec![b'x'; MAX_TEXT_LINE_OCTETS - 1], b"\r\n.\r\n".to_vec()].concat();
        assert_eq!(decode(&[&long]).0.1, [Unfit::LongLine]);
        assert_eq!(decode(&[&long[1..]]).0.1, []);
    }

    #[test]
    fn chunks_are_checked() {
        let check = |pieces: &[&[u8]]| {
            let (mut check, mut kept) = (LineCheck::default(), Kept::default());
            pieces.iter().try_for_each(|piece| check.check(piece, &mut kept))?;
            check.finish()
        };
        assert_eq!(check(&[b"a\r\nb\r", b"\nc"]), Ok(()));
        assert_eq!(check(&[b"a\n"]), Err(Broken::BareLf));
        assert_eq!(check(&[b"a\r", b"b\n"]), Err(Broken::BareCr));
        assert_eq!(check(&[b"a\rb\n"]), Err(Broken::BareCr));
        assert_eq!(check(&[b"a\r\r\n"]), Err(Broken::BareCr));
        assert_eq!(check(&[b"a\r"]), Err(Broken::BareCr));
        assert_eq!(check(&[b"\r\n\n"]), Err(Broken::BareLf));
    }

    fn likely() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\r\n".to_vec()),
            Just(b"\r\n.".to_vec()),
            Just(b".".to_vec()),
            Just(b"\r\n.\r\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference(input in likely()) {
            let (kept, used, progress) = decode(&[&input]);
            let expected = reference(&input);
            prop_assert_eq!(progress == Progress::End, expected.is_some());
            if let Some((content, end)) = expected {
                prop_assert_eq!(used, end);
                if kept.1.is_empty() {
                    prop_assert_eq!(kept.0, content);
                }
            }
        }

        #[test]
        fn pieces_do_not_matter(input in likely(), cut in 0usize..60) {
            let (left, right) = input.split_at(cut.min(input.len()));
            let (whole, parts) = (decode(&[&input]), decode(&[left, right]));
            prop_assert_eq!(parts.2, whole.2);
            if !matches!(whole.2, Progress::Broken(_)) {
                prop_assert_eq!(parts, whole);
            }
            let octets: Vec<&[u8]> = input.chunks(1).collect();
            prop_assert_eq!(decode(&octets).2, decode(&[&input]).2);
        }

        #[test]
        fn stuffing_is_undone(lines in proptest::collection::vec("[.a]{0,5}", 0..8)) {
            let plain: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
            let mut wire = crate::client::dot_stuff(plain.as_bytes());
            wire.extend_from_slice(b".\r\n");
            let (kept, used, progress) = decode(&[&wire]);
            prop_assert_eq!((used, progress), (wire.len(), Progress::End));
            prop_assert_eq!(kept.0, plain.as_bytes());
        }
    }
}
