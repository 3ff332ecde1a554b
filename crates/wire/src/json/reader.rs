//! Reading JSON (RFC 8259) piece by piece, strictly.

use std::borrow::Cow;

/// Arrays and objects may lie so deep in each other.
pub(super) const MAX_DEPTH: usize = 64;

/// What is wrong with a text that is no JSON. It does not show the text, which may hold a password.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) what: &'static str,
    pub(super) byte: usize,
}

type Result<T> = std::result::Result<T, Broken>;

/// What begins at the reader's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Object,
    Array,
    String,
    Number,
    Boolean(bool),
    Null,
}

/// A place in a JSON text.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What comes next, without passing it.
    pub(super) fn token(&mut self) -> Result<Token> {
        match self.next_byte() {
            Some(b'{') => Ok(Token::Object),
            Some(b'[') => Ok(Token::Array),
            Some(b'"') => Ok(Token::String),
            Some(b'-' | b'0'..=b'9') => Ok(Token::Number),
            Some(b't') => Ok(Token::Boolean(true)),
            Some(b'f') => Ok(Token::Boolean(false)),
            Some(b'n') => Ok(Token::Null),
            Some(_) => self.broken("a value is expected"),
            None => self.broken("the text ends too early"),
        }
    }

    /// Passes the bracket that opens an object or an array.
    pub(super) fn open(&mut self) {
        self.next_byte();
        self.at += 1;
    }

    /// Whether another part follows before the bracket `close`; passes the comma, or that bracket.
    pub(super) fn another(&mut self, first: bool, close: u8) -> Result<bool> {
        match self.next_byte() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) if first => Ok(true),
            Some(b',') => {
                self.at += 1;
                match self.next_byte() {
                    Some(byte) if byte == close => self.broken("a comma is followed by nothing"),
                    _ => Ok(true),
                }
            }
            Some(_) => self.broken("a comma or a closing bracket is expected"),
            None => self.broken("the text ends too early"),
        }
    }

    /// A member's name and the colon after it.
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>> {
        if self.next_byte() != Some(b'"') {
            return self.broken("a member's name is expected");
        }
        let name = self.string()?;
        if self.next_byte() != Some(b':') {
            return self.broken("a colon is expected");
        }
        self.at += 1;
        Ok(name)
    }

    /// A string; the reader is at its opening quote.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>> {
        self.at += 1;
        let plain = self.plain_letters();
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return self.broken("a control character stands in a string"),
                None => return self.broken("a string has no end"),
            }
            text.push_str(self.plain_letters());
        }
    }

    /// A number as it is written; the reader is at its first byte.
    pub(super) fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.pass(b'-');
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.pass(b'.') {
            self.digits()?;
        }
        if self.pass(b'e') || self.pass(b'E') {
            let _ = self.pass(b'+') || self.pass(b'-');
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Passes `true`, `false` or `null`.
    pub(super) fn word(&mut self, word: &str) -> Result<()> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return self.broken("a value is expected");
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes a value of any kind that lies in `depth` others.
    pub(super) fn skip(&mut self, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return self.broken("values lie too deep in each other");
        }
        match self.token()? {
            Token::String => self.string().map(drop),
            Token::Number => self.number().map(drop),
            Token::Boolean(true) => self.word("true"),
            Token::Boolean(false) => self.word("false"),
            Token::Null => self.word("null"),
            Token::Array => self.skip_parts(depth, b']', |_| Ok(())),
            Token::Object => self.skip_parts(depth, b'}', |reader| reader.name().map(drop)),
        }
    }

    fn skip_parts(
        &mut self,
        depth: usize,
        close: u8,
        before: impl Fn(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.open();
        let mut first = true;
        while self.another(first, close)? {
            before(self)?;
            self.skip(depth + 1)?;
            first = false;
        }
        Ok(())
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.next_byte() {
            None => Ok(()),
            Some(_) => self.broken("something follows the value"),
        }
    }

    pub(super) fn broken<T>(&self, what: &'static str) -> Result<T> {
        Err(Broken { what, byte: self.at })
    }

    /// The letters up to the next quote, backslash or control character.
    fn plain_letters(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let stop = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        let plain = rest.get(..stop.unwrap_or(rest.len())).unwrap_or_default();
        self.at += plain.len();
        plain
    }

    /// The character that an escape stands for; the reader is at its backslash.
    fn escape(&mut self) -> Result<char> {
        self.at += 1;
        let letter = match self.byte() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.broken("an escape is not known"),
        };
        self.at += 1;
        Ok(letter)
    }

    /// `\u00e4`, or a pair of them for what lies beyond the first plane (RFC 8259, section 7).
    fn unicode_escape(&mut self) -> Result<char> {
        let high = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.pass(b'\\') {
            let low = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&low) {
                return self.broken("half of a surrogate pair stands alone");
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        match char::from_u32(code) {
            Some(letter) => Ok(letter),
            None => self.broken("half of a surrogate pair stands alone"),
        }
    }

    /// Passes `u` and four hexadecimal digits.
    fn four_digits(&mut self) -> Result<u32> {
        let digits = self.text.get(self.at + 1..self.at + 5).unwrap_or_default();
        let is_hex = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16) {
            Ok(number) if is_hex && self.byte() == Some(b'u') => {
                self.at += 5;
                Ok(number)
            }
            _ => self.broken("an escape is not known"),
        }
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { self.broken("a digit is expected") } else { Ok(()) }
    }

    fn pass(&mut self, byte: u8) -> bool {
        let found = self.byte() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn next_byte(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.byte()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_json(text: &str) -> bool {
        let mut reader = Reader::new(text);
        reader.skip(1).and_then(|()| reader.end()).is_ok()
    }

    fn string(text: &str) -> Result<String> {
        let mut reader = Reader::new(text);
        let string = reader.string()?.into_owned();
        reader.end().map(|()| string)
    }

    #[test]
    fn takes_what_the_grammar_takes() {
        for text in [
            "null",
            " true ",
            "[]",
            "[ ]",
            "{ }",
            "[1, -0, 0.5, 1e5, -1.25E-7]",
            r#"{"a": {"b": [false]}, "a": ""}"#,
            r#""\ud83d\ude00\/\b""#,
        ] {
            assert!(is_json(text), "{text}");
        }
    }

    #[test]
    fn refuses_what_the_grammar_refuses() {
        for text in [
            "",
            "nul",
            "nullx",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "-",
            "NaN",
            "'a'",
            "\"a",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "[1]]",
            "\u{feff}1",
            "/**/1",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "\"\\u+123\"",
            "{\"a\":1",
            "[1",
        ] {
            assert!(!is_json(text), "{text}");
        }
    }

    #[test]
    fn bounds_the_depth() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(is_json(&nested(MAX_DEPTH)));
        assert!(!is_json(&nested(MAX_DEPTH + 1)));
        assert!(!is_json(&"[".repeat(1_000_000)));
    }

    #[test]
    fn unescapes() {
        assert_eq!(string(r#""a\u00e4\n\ud83d\ude00\"""#).as_deref(), Ok("aä\n😀\""));
        assert_eq!(string(r#""plain ü""#).as_deref(), Ok("plain ü"));
    }

    proptest! {
        #[test]
        fn agrees_with_another_parser(text in r#"[\[\]{}:,"\\ue0-9.a-f+ -]{0,24}"#) {
            // the other one has its own bounds on depth and numbers, far above these texts
            let other = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(is_json(&text), other, "{}", text);
        }

        #[test]
        fn reads_strings_of_another_writer(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(string(&written), Ok(text));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            is_json(&text);
        }
    }
}
