//! Splitting a header into its fields.

use std::ops::Range;

/// The most fields of one header that are looked at.
const MAX_FIELDS: usize = 2000;

/// One field of a header.
pub(crate) struct Field<'a> {
    pub(crate) name: &'a [u8],
    /// What follows the colon, folded lines and the last line end included.
    pub(crate) value: &'a [u8],
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Where the header that begins at `range.start` ends and the body begins. The header takes in the empty line after it.
///
/// A header ends with the first empty line. A first line that cannot be a field means that there is no
/// header: all is body (as when a part begins with text at once, against RFC 2046, section 5.1).
pub(super) fn header_end(message: &[u8], range: Range<usize>) -> usize {
    let mut start = range.start;
    while start < range.end {
        let end = line_end(message, start, range.end);
        let line = trim_line_end(&message[start..end]);
        if line.is_empty() {
            return end;
        }
        if start == range.start && !is_field_start(line) {
            return start;
        }
        start = end;
    }
    range.end
}

/// The fields of a header in order. Lines that belong to no field are passed over.
pub(crate) fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = header;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (field, after) = rest.split_at(field_end(rest));
            rest = after;
            if let Some(field) = split_field(field) {
                return Some(field);
            }
        }
        None
    })
    .take(MAX_FIELDS)
}

/// One past the line feed of the line that begins at `start`, or `limit`.
pub(super) fn line_end(message: &[u8], start: usize, limit: usize) -> usize {
    memchr::memchr(b'\n', &message[start..limit]).map_or(limit, |at| start + at + 1)
}

pub(super) fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Where the first field of `header` ends: before the first line that does not begin with white space.
fn field_end(header: &[u8]) -> usize {
    let mut end = line_end(header, 0, header.len());
    while matches!(header.get(end), Some(b' ' | b'\t')) {
        end = line_end(header, end, header.len());
    }
    end
}

fn split_field(field: &[u8]) -> Option<Field<'_>> {
    let colon = memchr::memchr(b':', field)?;
    let name = field[..colon].trim_ascii_end();
    is_name(name).then(|| Field { name, value: &field[colon + 1..] })
}

fn is_field_start(line: &[u8]) -> bool {
    split_field(line).is_some() || line.starts_with(b"From ")
}

/// RFC 5322, section 2.2: printable US-ASCII except colon; 8-bit bytes let pass.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| *byte > b' ' && *byte != 127)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(header: &str) -> Vec<String> {
        let name = |field: Field<'_>| String::from_utf8_lossy(field.name).into_owned();
        fields(header.as_bytes()).map(name).collect()
    }

    #[test]
    fn folded_lines_belong_to_their_field() {
        let header = "A: 1\r\n 2\r\nno field\r\nB : 3\n\tC: 4\n\r\n";
        assert_eq!(names(header), ["A", "B"]);
        let values: Vec<_> = fields(header.as_bytes()).map(|field| field.value).collect();
        assert_eq!(values, [&b" 1\r\n 2\r\n"[..], b" 3\n\tC: 4\n"]);
    }

    #[test]
    fn header_ends_at_the_empty_line() {
        let end = |text: &str| header_end(text.as_bytes(), 0..text.len());
        assert_eq!(end("A: 1\r\n\r\nbody"), 8);
        assert_eq!(end("A: 1\n\nbody"), 6);
        assert_eq!(end("\r\nbody"), 2);
        assert_eq!(end("body at once\r\n\r\nmore"), 0);
        assert_eq!(end("A: 1"), 4);
        assert_eq!(end(""), 0);
    }
}
