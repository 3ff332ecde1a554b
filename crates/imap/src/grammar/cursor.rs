//! A place in the bytes of one command, and the terminals of the grammar (RFC 3501, section 9).

use bytes::Bytes;

use crate::limits::MAX_KEYWORD_BYTES;

/// Why a command is not one: the text of the tagged BAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Bad(pub(crate) &'static str);

pub(crate) type Parsed<T> = Result<T, Bad>;

/// Reads one complete command, literals in place, without its last CRLF.
#[derive(Debug)]
pub(crate) struct Cursor {
    bytes: Bytes,
    at: usize,
}

impl Cursor {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { bytes, at: 0 }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Skips `byte` if it is next.
    pub(crate) fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Skips `word` if it is next, whatever its letter case.
    pub(crate) fn skip_word(&mut self, word: &str) -> bool {
        let found =
            self.rest().get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word.as_bytes()));
        self.at += if found { word.len() } else { 0 };
        found
    }

    pub(crate) fn expect(&mut self, byte: u8, why: &'static str) -> Parsed<()> {
        if self.skip(byte) { Ok(()) } else { Err(Bad(why)) }
    }

    pub(crate) fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', "a space was expected")
    }

    pub(crate) fn end(&self) -> Parsed<()> {
        if self.is_at_end() { Ok(()) } else { Err(Bad("unexpected text after the command")) }
    }

    /// The longest run of bytes that satisfy `accept`, at least one.
    pub(crate) fn run(&mut self, accept: fn(u8) -> bool, why: &'static str) -> Parsed<Bytes> {
        let length = self.rest().iter().take_while(|byte| accept(**byte)).count();
        if length == 0 {
            return Err(Bad(why));
        }
        self.take(length).ok_or(Bad(why))
    }

    fn take(&mut self, length: usize) -> Option<Bytes> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        let taken = self.bytes.slice(self.at..end);
        self.at = end;
        Some(taken)
    }

    /// An atom, as text: its characters are ASCII.
    pub(crate) fn atom(&mut self) -> Parsed<String> {
        self.run(is_atom, "an atom was expected").map(|bytes| ascii(&bytes))
    }

    /// An atom in upper case: command names, items, criteria.
    pub(crate) fn word(&mut self) -> Parsed<String> {
        let letters = |byte: u8| is_atom(byte) && byte != b'[';
        self.run(letters, "a word was expected").map(|bytes| ascii(&bytes).to_ascii_uppercase())
    }

    /// `astring = 1*ASTRING-CHAR / string`.
    pub(crate) fn astring(&mut self) -> Parsed<Bytes> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => self.run(is_astring, "a string was expected"),
        }
    }

    /// `string = quoted / literal`.
    pub(crate) fn string(&mut self) -> Parsed<Bytes> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            _ => Err(Bad("a quoted string or a literal was expected")),
        }
    }

    /// `nstring = string / nil`.
    pub(crate) fn nstring(&mut self) -> Parsed<Option<Bytes>> {
        if self.skip_word("NIL") {
            return Ok(None);
        }
        self.string().map(Some)
    }

    fn quoted(&mut self) -> Parsed<Bytes> {
        self.expect(b'"', "a quoted string was expected")?;
        let length = quoted_length(self.rest())?;
        let raw = self.take(length).ok_or(Bad("a quoted string has no end"))?;
        self.expect(b'"', "a quoted string has no end")?;
        Ok(if raw.contains(&b'\\') { unescape(&raw) } else { raw })
    }

    /// `literal = "{" number ["+"] "}" CRLF *CHAR8` (RFC 7888, section 8). The framer has seen to its size.
    pub(crate) fn literal(&mut self) -> Parsed<Bytes> {
        const WHY: Bad = Bad("a literal was expected");
        self.expect(b'{', WHY.0)?;
        let length = usize::try_from(self.number()?).map_err(|_| WHY)?;
        self.skip(b'+');
        for byte in *b"}\r\n" {
            self.expect(byte, WHY.0)?;
        }
        let bytes = self.take(length).ok_or(WHY)?;
        if bytes.contains(&0) { Err(Bad("a literal holds a NUL")) } else { Ok(bytes) }
    }

    /// `number`: 32 bits (RFC 3501, section 9).
    pub(crate) fn number(&mut self) -> Parsed<u32> {
        let number = self.number64()?;
        u32::try_from(number).map_err(|_| Bad("a number is too large"))
    }

    /// `nz-number`.
    pub(crate) fn number_above_zero(&mut self) -> Parsed<u32> {
        match self.number()? {
            0 => Err(Bad("a number above zero was expected")),
            number => Ok(number),
        }
    }

    /// `mod-sequence-valzer`: 63 bits (RFC 7162, section 7).
    pub(crate) fn number64(&mut self) -> Parsed<u64> {
        let digits = self.run(|byte| byte.is_ascii_digit(), "a number was expected")?;
        let number = ascii(&digits).parse::<u64>().ok().filter(|n| i64::try_from(*n).is_ok());
        number.ok_or(Bad("a number is too large"))
    }

    /// `"(" item *(SP item) ")"`, at most `most` items; `empty` tells whether `()` is one.
    pub(crate) fn list<T>(
        &mut self,
        most: usize,
        empty: bool,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(b'(', "a list was expected")?;
        let mut items = Vec::new();
        if empty && self.skip(b')') {
            return Ok(items);
        }
        loop {
            if items.len() == most {
                return Err(Bad("a list is too long"));
            }
            items.push(item(self)?);
            if self.skip(b')') {
                return Ok(items);
            }
            self.space()?;
        }
    }

    /// `flag`, or `flag-keyword` (RFC 3501, section 9), as it was written.
    pub(crate) fn flag(&mut self) -> Parsed<String> {
        let system = self.skip(b'\\');
        let name = self.atom()?;
        if name.len() > MAX_KEYWORD_BYTES {
            return Err(Bad("a flag is too long"));
        }
        Ok(if system { format!("\\{name}") } else { name })
    }
}

/// Text of bytes that are known to be ASCII.
pub(crate) fn ascii(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `ATOM-CHAR`.
pub(crate) fn is_atom(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR`.
pub(crate) fn is_astring(byte: u8) -> bool {
    is_atom(byte) || byte == b']'
}

/// `tag`: any ASTRING-CHAR except `+`.
pub(crate) fn is_tag(byte: u8) -> bool {
    is_astring(byte) && byte != b'+'
}

/// `list-char`.
pub(crate) fn is_pattern(byte: u8) -> bool {
    is_astring(byte) || matches!(byte, b'%' | b'*')
}

fn quoted_length(rest: &[u8]) -> Parsed<usize> {
    let mut escaped = false;
    for (index, byte) in rest.iter().enumerate() {
        match byte {
            0 | b'\r' | b'\n' => return Err(Bad("a quoted string holds NUL, CR or LF")),
            b'"' | b'\\' if escaped => escaped = false,
            _ if escaped => return Err(Bad("a quoted string holds a wrong escape")),
            b'\\' => escaped = true,
            b'"' => return Ok(index),
            _ => {}
        }
    }
    Err(Bad("a quoted string has no end"))
}

/// Drops the backslash of each `\"` and `\\`; `quoted_length` has checked the escapes.
fn unescape(raw: &[u8]) -> Bytes {
    let mut plain = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        let kept = if *byte == b'\\' { bytes.next() } else { Some(byte) };
        plain.extend(kept);
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        Cursor::new(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn strings_of_every_form() {
        assert_eq!(cursor("abc] x").astring().unwrap(), "abc]");
        assert_eq!(cursor(r#""a \"b\" \\" x"#).astring().unwrap(), r#"a "b" \"#);
        assert_eq!(cursor("{3}\r\na\"\\ x").astring().unwrap(), "a\"\\");
        assert_eq!(cursor("{3+}\r\nabc").string().unwrap(), "abc");
        assert_eq!(cursor("nil").nstring().unwrap(), None);
    }

    #[test]
    fn what_is_no_string_is_refused() {
        for text in
            ["\"a", "\"a\\n\"", "\"a\r\n\"", "{4}\r\nabc", "{3}abc", "{99999999999}\r\n", ""]
        {
            assert!(cursor(text).astring().is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_are_bounded() {
        assert_eq!(cursor("4294967295").number(), Ok(u32::MAX));
        assert!(cursor("4294967296").number().is_err());
        assert!(cursor("0").number_above_zero().is_err());
        assert_eq!(cursor("9223372036854775807").number64(), Ok(i64::MAX as u64));
        assert!(cursor("9223372036854775808").number64().is_err());
    }

    #[test]
    fn lists_are_bounded() {
        assert_eq!(cursor("(1 2 3)").list(3, false, Cursor::number), Ok(vec![1, 2, 3]));
        assert!(cursor("(1 2 3)").list(2, false, Cursor::number).is_err());
        assert!(cursor("()").list(2, false, Cursor::number).is_err());
        assert_eq!(cursor("()").list(2, true, Cursor::number), Ok(vec![]));
    }
}
