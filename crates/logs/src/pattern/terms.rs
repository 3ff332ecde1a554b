//! Patterns of terms.

use regex::Regex;

use super::{Malformed, cursor::Cursor, matcher::Regexes};

/// Terms that must be there, must not, or of which one must.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    all: Vec<Term>,
    none: Vec<Term>,
    any: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

impl Terms {
    /// Terms with `?` count only where they are alone, as the guide has it.
    pub(super) fn match_in(&self, message: &str) -> bool {
        let is_in = |term: &Term| term.is_in(message);
        if self.all.is_empty() && self.none.is_empty() {
            return self.any.iter().any(is_in);
        }
        self.all.iter().all(is_in) && !self.none.iter().any(is_in)
    }
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            // A quoted blank stands for everything (the guide, "Match everything").
            Self::Text(text) => text.trim().is_empty() || message.contains(text.as_str()),
            Self::Regex(regex) => regex.is_match(message),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Terms, Malformed> {
    let mut cursor = Cursor::new(text);
    let mut regexes = Regexes::default();
    let mut terms = Terms::default();
    loop {
        cursor.skip_blanks();
        if cursor.is_at_end() {
            return Ok(terms);
        }
        let place = if cursor.takes("?") {
            &mut terms.any
        } else if cursor.takes("-") {
            &mut terms.none
        } else {
            &mut terms.all
        };
        place.push(term(&mut cursor, &mut regexes)?);
    }
}

fn term(cursor: &mut Cursor<'_>, regexes: &mut Regexes) -> Result<Term, Malformed> {
    if cursor.takes("\"") {
        return cursor.quoted('"').map(Term::Text);
    }
    if cursor.takes("%") {
        return regexes.compile(cursor.regex()?).map(Term::Regex);
    }
    let word = cursor.take_while(|c| !c.is_whitespace());
    let is_plain = |c: char| c.is_alphanumeric() || c == '_';
    if word.is_empty() || !word.chars().all(is_plain) {
        return Err(Malformed::new(format!("Invalid character(s) in term '{word}'")));
    }
    Ok(Term::Text(word.to_owned()))
}
