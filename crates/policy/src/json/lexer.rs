//! Text to tokens. What cannot be a token is reported and read as the token it was meant to be.

use super::{
    comment,
    mistake::{Edit, Mistake, Mistakes},
};
use crate::{
    defect::quoted,
    position::{Position, Span},
};

/// Quotes that are not those of JSON, and what closes them.
const WRONG_QUOTES: [(char, &[char]); 4] = [
    ('\'', &['\'']),
    ('`', &['`']),
    ('\u{201c}', &['\u{201d}', '"']),
    ('\u{2018}', &['\u{2019}', '\'']),
];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open(Bracket),
    Close(Bracket),
    Colon,
    Comma,
    String(Box<str>),
    Number(Box<str>),
    /// What stands in quotes that are not those of JSON.
    Misquoted(Box<str>),
    /// `true`, `false`, `null`, or whatever else stands without quotes.
    Word(Box<str>),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Brace,
    Square,
}

impl Bracket {
    pub(super) fn closing(self) -> &'static str {
        match self {
            Self::Brace => "}",
            Self::Square => "]",
        }
    }
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: Position,
    /// Set once a token had to be guessed.
    pub(super) guessed: bool,
}

impl<'a> Lexer<'a> {
    /// Reads `text` from `start` on.
    pub(super) fn new(text: &'a str, start: Position) -> Self {
        Self { text, at: start, guessed: false }
    }

    /// The text that is read, with what comes before the start.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    pub(super) fn next(&mut self, mistakes: &mut Mistakes) -> (Token, Span) {
        self.skip_whitespace(mistakes);
        let start = self.at;
        let token = match self.rest().chars().next() {
            None => Token::End,
            Some('{') => self.single(Token::Open(Bracket::Brace)),
            Some('}') => self.single(Token::Close(Bracket::Brace)),
            Some('[') => self.single(Token::Open(Bracket::Square)),
            Some(']') => self.single(Token::Close(Bracket::Square)),
            Some(':') => self.single(Token::Colon),
            Some(',') => self.single(Token::Comma),
            Some('"') => self.string(mistakes),
            Some('-' | '0'..='9') => self.number(mistakes),
            Some(_) => self.misquoted().unwrap_or_else(|| Token::Word(self.word().into())),
        };
        (token, Span { start, end: self.at })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at.offset..).unwrap_or_default()
    }

    /// Moves on by `bytes`, which must end at a character's border.
    fn advance(&mut self, bytes: usize) {
        self.rest().get(..bytes).unwrap_or_default().chars().for_each(|char| self.at.advance(char));
    }

    fn skip_whitespace(&mut self, mistakes: &mut Mistakes) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
            self.advance(rest.len() - trimmed.len());
            let Some(blank) = comment::blank(trimmed) else { return };
            let start = self.at;
            self.advance(blank.length);
            let span = Span { start, end: self.at };
            let edit = Edit::replace(span, blank.replacement);
            mistakes.add(Mistake::new(span, blank.message).hint(blank.hint).edit(edit));
        }
    }

    fn single(&mut self, token: Token) -> Token {
        self.advance(1);
        token
    }

    /// Everything up to the next character that means something in JSON.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |char: char| char.is_whitespace() || "{}[]:,\"".contains(char);
        // The first character always belongs to the word: it is what brought us here.
        let end = rest.char_indices().skip(1).find(|&(_, char)| ends(char));
        let word = rest.get(..end.map_or(rest.len(), |(index, _)| index)).unwrap_or_default();
        self.advance(word.len());
        word
    }

    /// A string in quotes that are not those of JSON, if they are closed on their line.
    fn misquoted(&mut self) -> Option<Token> {
        let rest = self.rest();
        let opening = rest.chars().next()?;
        let (_, closing) = WRONG_QUOTES.iter().find(|(quote, _)| *quote == opening)?;
        let body = rest.get(opening.len_utf8()..)?;
        let line = body.split(['\n', '\r']).next()?;
        let (content, after) = line.split_at(line.find(*closing)?);
        let closing = after.chars().next()?;
        self.advance(opening.len_utf8() + content.len() + closing.len_utf8());
        Some(Token::Misquoted(content.into()))
    }

    /// RFC 8259, section 6.
    fn number(&mut self, mistakes: &mut Mistakes) -> Token {
        let start = self.at;
        let word = self.word();
        if !is_number(word) {
            self.guessed = true;
            let span = Span { start, end: self.at };
            let hint = "write it in decimal digits without leading zeros, or in double quotes";
            let message = format!("{} is no JSON number", quoted(word));
            mistakes.add(Mistake::new(span, message).hint(hint));
            return Token::Number("0".into());
        }
        Token::Number(word.into())
    }

    /// RFC 8259, section 7. A string that is not closed on its line ends with the line, before a comma.
    fn string(&mut self, mistakes: &mut Mistakes) -> Token {
        let body = self.rest().get(1..).unwrap_or_default();
        match closing_quote(body) {
            Some(length) => {
                let raw = body.get(..length).unwrap_or_default();
                self.advance(1);
                let string = self.unescape(raw, mistakes);
                self.advance(1);
                Token::String(string)
            }
            None => {
                self.guessed = true;
                let start = self.at;
                let line = body.lines().next().unwrap_or_default().trim_end();
                let raw = line.strip_suffix(',').unwrap_or(line);
                self.advance(1);
                let end = place_after(self.at, raw);
                mistakes.add(
                    Mistake::new(
                        Span { start, end },
                        "this string has no closing quote on its line",
                    )
                    .hint("close it with `\"`, and write a line end in a string as `\\n`"),
                );
                Token::String(self.unescape(raw, mistakes))
            }
        }
    }

    /// Reads `raw`, which is what comes next, and resolves its escapes.
    fn unescape(&mut self, raw: &str, mistakes: &mut Mistakes) -> Box<str> {
        let mut string = String::with_capacity(raw.len());
        let mut rest = raw;
        while !rest.is_empty() {
            let start = self.at;
            let (length, message) = match string_char(rest) {
                Ok((char, length)) => {
                    string.push(char);
                    (length, None)
                }
                Err((message, length)) => (length, Some(message)),
            };
            self.advance(length);
            if let Some(message) = message {
                self.guessed = true;
                mistakes.add(bad_char(message, rest, Span { start, end: self.at }));
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        string.into()
    }
}

/// The first character that `text`, the inside of a string, stands for, or what is wrong with it; and
/// the bytes it takes.
fn string_char(text: &str) -> Result<(char, usize), (String, usize)> {
    match text.chars().next() {
        Some('\\') => escape(text).ok_or_else(|| {
            let shown: String = text.chars().take(2).collect();
            (format!("{} is no escape", quoted(&shown)), shown.len())
        }),
        Some(char) if char >= ' ' => Ok((char, char.len_utf8())),
        _ => Err(("a control character in a string must be escaped".to_owned(), 1)),
    }
}

/// The mistake of what at `span`, the start of `text`, cannot stand in a string.
fn bad_char(message: String, text: &str, span: Span) -> Mistake {
    let mistake = Mistake::new(span, message);
    if text.starts_with('\t') {
        return mistake.hint("write a tab as `\\t`").edit(Edit::replace(span, "\\t"));
    }
    mistake.hint("write a backslash as `\\\\`, and other characters as `\\u` and four digits")
}

/// The place after `text`, which stands at `at`.
fn place_after(mut at: Position, text: &str) -> Position {
    text.chars().for_each(|char| at.advance(char));
    at
}

/// The bytes before the closing quote, if it comes before the line ends.
fn closing_quote(body: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in body.bytes().enumerate() {
        match byte {
            b'\n' | b'\r' => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index),
            _ => {}
        }
    }
    None
}

/// The character that the escape at the start of `text` stands for, and the escape's length in bytes.
fn escape(text: &str) -> Option<(char, usize)> {
    let char = match text.chars().nth(1)? {
        'u' => return unicode_escape(text),
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        plain @ ('"' | '\\' | '/') => plain,
        _ => return None,
    };
    Some((char, 2))
}

/// `\uXXXX`, or two of them that make a surrogate pair.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    const LENGTH: usize = 6;
    let first = code_unit(text)?;
    if let Some(char) = char::from_u32(first) {
        return Some((char, LENGTH));
    }
    let second = code_unit(text.get(LENGTH..)?)?;
    if !(0xD800..0xDC00).contains(&first) || !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    let char = char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))?;
    Some((char, 2 * LENGTH))
}

fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    // `from_str_radix` would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

fn is_number(word: &str) -> bool {
    let word = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    let (integer, fraction) = match mantissa.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (mantissa, None),
    };
    is_digits(integer)
        && (integer == "0" || !integer.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|text| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
