//! A structured value with parameters: `text/plain; charset="utf-8" (comment)` (RFC 2045, section 5.1).

use super::{MAX_PARAMETERS, text::Budget};

/// Splits `value; name=value; ...`. Names come in lower case; quotes, escapes and comments are taken off;
/// values are otherwise as sent (RFC 2231 forms are left to who shows them).
pub(super) fn split(text: &str, budget: &mut Budget) -> (String, Vec<(String, String)>) {
    let mut pieces = Pieces { text, at: 0 };
    let value = budget.keep(pieces.until(&[';']).trim().to_ascii_lowercase());
    let mut parameters: Vec<(String, String)> = Vec::new();
    while pieces.skip(';') && parameters.len() < MAX_PARAMETERS && !budget.is_spent() {
        let name = pieces.until(&['=', ';']).trim().to_ascii_lowercase();
        if !pieces.skip('=') {
            continue;
        }
        let value = pieces.until(&[';']);
        if !name.is_empty() && parameters.iter().all(|(held, _)| *held != name) {
            parameters.push((budget.keep(name), budget.keep(value.trim().to_owned())));
        }
    }
    (value, parameters)
}

struct Pieces<'a> {
    text: &'a str,
    at: usize,
}

impl Pieces<'_> {
    /// The text up to one of `ends` outside quotes and comments, without the quotes and comments.
    fn until(&mut self, ends: &[char]) -> String {
        let mut piece = String::new();
        while let Some(next) = self.peek() {
            match next {
                end if ends.contains(&end) => break,
                '"' => self.quoted(&mut piece),
                '(' => self.comment(),
                other => {
                    piece.push(other);
                    self.at += other.len_utf8();
                }
            }
        }
        piece
    }

    fn quoted(&mut self, piece: &mut String) {
        self.at += 1;
        while let Some(next) = self.next() {
            match next {
                '"' => return,
                '\\' => piece.extend(self.next()),
                other => piece.push(other),
            }
        }
    }

    fn comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(next) = self.next() {
            match next {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\\' => drop(self.next()),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.at += if found { expected.len_utf8() } else { 0 };
        found
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_quotes_and_comments_off() {
        let text = r#"Text/Plain (x;y); Charset = "u\"t;f" ; name=a b; broken; =c; NAME=d; e=(z)f"#;
        let (value, parameters) = split(text, &mut Budget::new());
        assert_eq!(value, "text/plain");
        let expected = [("charset", "u\"t;f"), ("name", "a b"), ("e", "f")];
        let found: Vec<_> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn bounded_on_any_text(text in r#"[a-z;="\\()ä ]{0,80}"#) {
            let (value, parameters) = split(&text, &mut Budget::new());
            prop_assert!(value.len() <= text.len() && parameters.len() <= MAX_PARAMETERS);
        }
    }
}
