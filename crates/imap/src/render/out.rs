//! Bytes on their way to the client, and the terminals of responses (RFC 3501, section 9).

use std::fmt::{Display, Write};

use bytes::Bytes;

use crate::grammar::utf7;

/// A literal of at least this size is sent from where it lies.
const SHARED_LITERAL_BYTES: usize = 16 * 1024;

/// Responses: bytes that were written here, and between them those of messages, which are not copied. So a
/// client that asks for the same large part in many ways costs no more memory than the part.
#[derive(Debug, Default)]
pub(crate) struct Out {
    whole: Vec<Bytes>,
    /// What was written behind them.
    tail: Vec<u8>,
}

impl Out {
    pub(crate) fn take(&mut self) -> Vec<Bytes> {
        self.close_tail();
        std::mem::take(&mut self.whole)
    }

    fn close_tail(&mut self) {
        if !self.tail.is_empty() {
            self.whole.push(std::mem::take(&mut self.tail).into());
        }
    }

    pub(crate) fn byte(&mut self, byte: u8) -> &mut Self {
        self.tail.push(byte);
        self
    }

    /// Text that needs no quoting.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.tail.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn show(&mut self, value: impl Display) -> &mut Self {
        // Writing into memory does not fail.
        let _ = write!(self, "{value}");
        self
    }

    /// One whole line.
    pub(crate) fn line(&mut self, line: impl Display) -> &mut Self {
        self.show(line).text("\r\n")
    }

    /// `string`: quoted if that can carry it, else a literal.
    pub(crate) fn string(&mut self, text: &str) -> &mut Self {
        if !text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
            return self.literal(text.as_bytes());
        }
        self.byte(b'"');
        for byte in text.bytes() {
            if matches!(byte, b'"' | b'\\') {
                self.byte(b'\\');
            }
            self.byte(byte);
        }
        self.byte(b'"')
    }

    /// `astring`: bare if it can be, for clients that do not take the quotes away.
    pub(crate) fn astring(&mut self, text: &str) -> &mut Self {
        let bare = |byte: u8| byte.is_ascii_graphic() && !b"(){%*\"\\".contains(&byte);
        let is_bare = !text.is_empty() && text.bytes().all(bare);
        if is_bare && !text.eq_ignore_ascii_case("NIL") {
            self.text(text)
        } else {
            self.string(text)
        }
    }

    /// `nstring`.
    pub(crate) fn string_or_nil(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.string(text),
            None => self.text("NIL"),
        }
    }

    /// `literal`.
    pub(crate) fn literal(&mut self, bytes: &[u8]) -> &mut Self {
        self.byte(b'{').show(bytes.len()).text("}\r\n");
        self.tail.extend_from_slice(bytes);
        self
    }

    /// `literal` of bytes that others hold as well.
    pub(crate) fn shared_literal(&mut self, bytes: Bytes) -> &mut Self {
        if bytes.len() < SHARED_LITERAL_BYTES {
            return self.literal(&bytes);
        }
        self.byte(b'{').show(bytes.len()).text("}\r\n").close_tail();
        self.whole.push(bytes);
        self
    }

    /// `mailbox`: always quoted, which every client reads.
    pub(crate) fn mailbox(&mut self, name: &str) -> &mut Self {
        self.string(&utf7::encode(name))
    }

    /// A list in parentheses with spaces between.
    pub(crate) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.byte(b'(');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.byte(b' ');
            }
            write(self, item);
        }
        self.byte(b')')
    }
}

impl Write for Out {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.text(text);
        Ok(())
    }
}

/// A UID set as it is shown in response codes: `1:3,7`, from ascending numbers.
pub(crate) fn compact_set(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut set = String::new();
    let mut range: Option<(u32, u32)> = None;
    for number in numbers {
        match &mut range {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => {
                push_range(&mut set, range);
                range = Some((number, number));
            }
        }
    }
    push_range(&mut set, range);
    set
}

fn push_range(set: &mut String, range: Option<(u32, u32)>) {
    let Some((first, last)) = range else { return };
    if !set.is_empty() {
        set.push(',');
    }
    // Writing into memory does not fail.
    let _ = if first == last { write!(set, "{first}") } else { write!(set, "{first}:{last}") };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Out)) -> String {
        let mut out = Out::default();
        write(&mut out);
        String::from_utf8(out.take().concat()).unwrap()
    }

    #[test]
    fn strings_are_quoted_or_literals() {
        assert_eq!(
            written(|out| {
                out.string(r#"a "b" \"#);
            }),
            r#""a \"b\" \\""#
        );
        assert_eq!(
            written(|out| {
                out.string("h\u{e9}");
            }),
            "{3}\r\nh\u{e9}"
        );
        assert_eq!(
            written(|out| {
                out.string("a\r\nb");
            }),
            "{4}\r\na\r\nb"
        );
        assert_eq!(
            written(|out| {
                out.string_or_nil(None);
            }),
            "NIL"
        );
        assert_eq!(
            written(|out| {
                out.mailbox("Entw\u{fc}rfe");
            }),
            "\"Entw&APw-rfe\""
        );
    }

    #[test]
    fn what_needs_no_quotes_has_none() {
        for (text, expected) in [
            ("a+b@x.org", "a+b@x.org"),
            ("", "\"\""),
            ("nil", "\"nil\""),
            ("a%b", "\"a%b\""),
            ("a b", "\"a b\""),
            ("\u{e9}", "{2}\r\n\u{e9}"),
        ] {
            let shown = written(|out| {
                out.astring(text);
            });
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn sets_are_compact() {
        assert_eq!(compact_set([1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
        assert_eq!(compact_set([]), "");
    }

    #[test]
    fn what_is_large_is_not_copied() {
        let large = Bytes::from(vec![b'x'; SHARED_LITERAL_BYTES]);
        let mut out = Out::default();
        out.text("BODY[] ").shared_literal(large.clone()).byte(b' ');
        out.text("BODY[1] ").shared_literal(large.slice(1..3)).byte(b')');
        let parts = out.take();
        assert_eq!(parts[1].as_ptr(), large.as_ptr());
        let (before, after) = (format!("BODY[] {{{}}}\r\n", large.len()), " BODY[1] {2}\r\nxx)");
        assert_eq!(parts.concat(), [before.as_bytes(), &large, after.as_bytes()].concat());
        assert!(out.take().is_empty());
    }
}
