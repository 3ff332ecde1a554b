//! Lines in command mode.

use bytes::BytesMut;

use crate::limits::MAX_LINE_OCTETS;

/// What stands at the beginning of the input.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// Not a whole line yet.
    Partial,
    /// A line, without its CRLF.
    Whole(BytesMut),
    /// More than a line may be.
    TooLong,
    /// CR or LF by itself: where lines end is in doubt (RFC 5321 section 2.3.8).
    Broken,
}

/// Takes a line from the input.
pub(super) fn take(input: &mut BytesMut) -> Line {
    let Some(end) = memchr::memchr2(b'\r', b'\n', input) else {
        return if input.len() > MAX_LINE_OCTETS { Line::TooLong } else { Line::Partial };
    };
    if end > MAX_LINE_OCTETS - 2 {
        return Line::TooLong;
    }
    match (input[end], input.get(end + 1)) {
        (b'\r', Some(b'\n')) => {
            let mut line = input.split_to(end + 2);
            line.truncate(end);
            Line::Whole(line)
        }
        (b'\r', None) => Line::Partial,
        _ => Line::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crlf_ends_a_line() {
        let line = |text: &[u8]| take(&mut BytesMut::from(text));
        assert_eq!(line(b"NOOP\r\nQ"), Line::Whole(BytesMut::from("NOOP")));
        assert_eq!(line(b"NOOP\r"), Line::Partial);
        assert_eq!(line(b"NOOP"), Line::Partial);
        assert_eq!(line(b"NOOP\nQUIT\r\n"), Line::Broken);
        assert_eq!(line(b"NOOP\rQUIT\r\n"), Line::Broken);
        assert_eq!(line(&[b'x'; MAX_LINE_OCTETS + 1]), Line::TooLong);
    }
}
