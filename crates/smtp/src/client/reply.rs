//! Replies of other servers (RFC 5321 section 4.2).

use std::fmt;

use bytes::BytesMut;

/// Octets of one line of a reply; RFC 5321 section 4.5.3.1.5 asks for 512.
const MAX_REPLY_LINE_OCTETS: usize = 4096;

/// Lines of one reply.
const MAX_REPLY_LINES: usize = 100;

/// Characters of a reply that are kept for people to read.
const MAX_SHOWN_CHARACTERS: usize = 400;

/// A reply of one or more lines, all with the same code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    /// Text behind the code, line by line.
    pub(crate) lines: Vec<String>,
}

/// What was read is no reply.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's reply is not that of SMTP")]
pub(crate) struct Nonsense;

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.lines.join(" ");
        let shown: String =
            text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN_CHARACTERS).collect();
        write!(f, "{} {shown}", self.code)
    }
}

/// Collects the lines of a reply.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    code: Option<u16>,
    lines: Vec<String>,
}

impl Reader {
    /// Takes the next reply from the input, if all of it is there.
    pub(crate) fn take(&mut self, input: &mut BytesMut) -> Result<Option<Reply>, Nonsense> {
        while let Some(end) = memchr::memchr(b'\n', input) {
            let line = input.split_to(end + 1);
            let (code, last, text) = parse_line(line.trim_ascii_end()).ok_or(Nonsense)?;
            let differs = self.code.is_some_and(|first| first != code);
            if differs || end > MAX_REPLY_LINE_OCTETS || self.lines.len() >= MAX_REPLY_LINES {
                return Err(Nonsense);
            }
            self.code = Some(code);
            self.lines.push(text);
            if last {
                self.code = None;
                return Ok(Some(Reply { code, lines: std::mem::take(&mut self.lines) }));
            }
        }
        if input.len() > MAX_REPLY_LINE_OCTETS { Err(Nonsense) } else { Ok(None) }
    }
}

/// Code, whether it is the last line, text.
fn parse_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !(b'2'..=b'5').contains(digits.first()?) {
        return None;
    }
    let code = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    Some((code, last, String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Result<Option<Reply>, Nonsense> {
        Reader::default().take(&mut BytesMut::from(text))
    }

    #[test]
    fn lines_are_put_together() {
        let reply = read(b"250-a\r\n250-SIZE 5\r\n250 ok\r\n").unwrap().unwrap();
        assert_eq!((reply.code, reply.lines.len()), (250, 3));
        assert_eq!(reply.to_string(), "250 a SIZE 5 ok");
        assert_eq!(read(b"220\r\n").unwrap().unwrap().code, 220);
        assert_eq!(read(b"250-a\r\n250"), Ok(None));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["HTTP/1.1 400\r\n", "25\r\n", "250_x\r\n", "250-a\r\n251 b\r\n", "150 x\r\n"] {
            assert_eq!(read(text.as_bytes()), Err(Nonsense), "{text}");
        }
        assert_eq!(read("250-a\r\n".repeat(MAX_REPLY_LINES + 1).as_bytes()), Err(Nonsense));
        assert_eq!(read(&[b'2'; MAX_REPLY_LINE_OCTETS + 1]), Err(Nonsense));
    }

    proptest! {
        #[test]
        fn any_octets_are_taken_or_refused(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&text);
        }
    }
}
