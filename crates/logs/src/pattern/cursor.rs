//! A place in the text of a pattern.

use super::Malformed;

/// What is left of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Goes past `token`, if it is what comes next.
    pub(super) fn takes(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn expects(&mut self, token: &str) -> Result<(), Malformed> {
        match self.takes(token) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{token}`"))),
        }
    }

    /// The characters that come next and are of a kind.
    pub(super) fn take_while(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// A quoted text, after its opening quote. `\` takes the next character as it is.
    pub(super) fn quoted(&mut self, quote: char) -> Result<String, Malformed> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                end if end == quote => {
                    self.rest = &self.rest[at + end.len_utf8()..];
                    return Ok(text);
                }
                other => text.push(other),
            }
        }
        Err(Malformed::new("a quotation mark is missing"))
    }

    /// What lies before the next `%`, after the opening one.
    pub(super) fn regex(&mut self) -> Result<&'a str, Malformed> {
        let (expression, rest) =
            self.rest.split_once('%').ok_or_else(|| Malformed::new("a `%` is missing"))?;
        self.rest = rest;
        Ok(expression)
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Malformed {
        match self.peek() {
            Some(found) => Malformed::new(format!("`{found}` stands where {wanted} should")),
            None => Malformed::new(format!("it ends where {wanted} should stand")),
        }
    }
}
