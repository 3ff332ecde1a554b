//! Address lists of a header (RFC 5322, section 3.4, with the obsolete forms), read leniently.

use serde::{Deserialize, Serialize};

use super::{MAX_ADDRESSES, text::Budget};

/// One entry of an address list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Address {
    /// A person's address.
    Mailbox {
        /// The name shown: without quotes, encoded words (RFC 2047) kept; or the comment after the address.
        name: Option<String>,
        /// What stands before the `@`, without quotes.
        local: String,
        /// What stands behind the `@`; empty if there is none.
        domain: String,
    },
    /// A group of this name begins here.
    GroupStart(String),
    /// The group that was begun last ends here.
    GroupEnd,
}

/// The entries of the list in `text`, which is one unfolded line.
pub(super) fn parse(text: &str, budget: &mut Budget) -> Vec<Address> {
    let mut parser = Parser { text, at: 0, list: Vec::new(), in_group: false };
    while !parser.is_done() && !budget.is_spent() {
        parser.entry(budget);
    }
    if parser.in_group {
        parser.list.push(Address::GroupEnd);
    }
    parser.list
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    list: Vec<Address>,
    in_group: bool,
}

/// Text up to a special character, and what was noticed on the way.
#[derive(Default)]
struct Phrase {
    text: String,
    comment: Option<String>,
    /// Where the last `@` outside quotes stands in `text`.
    at_sign: Option<usize>,
}

impl Parser<'_> {
    fn is_done(&self) -> bool {
        self.at >= self.text.len() || self.list.len() >= MAX_ADDRESSES
    }

    /// Reads up to and with the next character that ends an entry.
    fn entry(&mut self, budget: &mut Budget) {
        let phrase = self.phrase(&[',', ';', ':', '<']);
        match self.next() {
            Some('<') => self.angle(phrase, budget),
            Some(':') if !self.in_group && phrase.at_sign.is_none() => {
                self.in_group = true;
                self.list.push(Address::GroupStart(budget.keep(phrase.text.trim().to_owned())));
            }
            end => {
                self.bare(phrase, budget);
                self.end_group(end);
            }
        }
    }

    /// An address in angle brackets, after the name that stood before it. The route of the obsolete form
    /// (`<@a,@b:c@d>`) is dropped.
    fn angle(&mut self, name: Phrase, budget: &mut Budget) {
        let mut address = self.phrase(&['>', ':']);
        if self.next() == Some(':') {
            address = self.phrase(&['>']);
            self.next();
        }
        let after = self.phrase(&[',', ';']);
        let shown = Some(name.text.trim().to_owned()).filter(|name| !name.is_empty());
        let shown = shown.or(name.comment).or(after.comment);
        self.push(shown, &address, budget);
        let end = self.next();
        self.end_group(end);
    }

    fn bare(&mut self, phrase: Phrase, budget: &mut Budget) {
        if !phrase.text.trim().is_empty() {
            self.push(phrase.comment.clone(), &phrase, budget);
        }
    }

    fn push(&mut self, name: Option<String>, address: &Phrase, budget: &mut Budget) {
        let (local, domain) = match address.at_sign {
            Some(at) => (&address.text[..at], &address.text[at + 1..]),
            None => (address.text.as_str(), ""),
        };
        self.list.push(Address::Mailbox {
            name: name.map(|name| budget.keep(name)),
            local: budget.keep(local.trim().to_owned()),
            domain: budget.keep(domain.trim().to_owned()),
        });
    }

    fn end_group(&mut self, end: Option<char>) {
        if end == Some(';') && self.in_group {
            self.in_group = false;
            self.list.push(Address::GroupEnd);
        }
    }

    /// Text up to one of `ends` or the end, without quotes and comments; stops before the end character.
    fn phrase(&mut self, ends: &[char]) -> Phrase {
        let mut phrase = Phrase::default();
        while let Some(next) = self.peek().filter(|next| !ends.contains(next)) {
            self.at += next.len_utf8();
            match next {
                '"' => self.quoted(&mut phrase.text),
                '(' => phrase.comment = Some(self.comment()),
                '@' => {
                    phrase.at_sign = Some(phrase.text.len());
                    phrase.text.push('@');
                }
                other => phrase.text.push(other),
            }
        }
        phrase
    }

    fn quoted(&mut self, text: &mut String) {
        while let Some(next) = self.next() {
            match next {
                '"' => return,
                '\\' => text.extend(self.next()),
                other => text.push(other),
            }
        }
    }

    /// The inside of a comment whose first parenthesis has been read.
    fn comment(&mut self) -> String {
        let mut text = String::new();
        let mut depth = 1_usize;
        while let Some(next) = self.next() {
            match next {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\\' => {
                    text.extend(self.next());
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            text.push(next);
        }
        text
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

    fn read(text: &str) -> Vec<Address> {
        parse(text, &mut Budget::new())
    }

    fn mailbox(name: &str, local: &str, domain: &str) -> Address {
        let name = (!name.is_empty()).then(|| name.to_owned());
        Address::Mailbox { name, local: local.to_owned(), domain: domain.to_owned() }
    }

    #[test]
    fn reads_the_usual_forms() {
        assert_eq!(read("a@b.c"), [mailbox("", "a", "b.c")]);
        assert_eq!(
            read(r#""Smith, \"J\"" <j@x.y>, =?utf-8?q?J=C3=B6?= <k@x.y>,m@x.y (Em)"#),
            [
                mailbox("Smith, \"J\"", "j", "x.y"),
                mailbox("=?utf-8?q?J=C3=B6?=", "k", "x.y"),
                mailbox("Em", "m", "x.y")
            ]
        );
        assert_eq!(read(r#""a@b"@c.d"#), [mailbox("", "a@b", "c.d")]);
        assert_eq!(read("<@r1,@r2:a@b>"), [mailbox("", "a", "b")]);
        assert_eq!(read("root"), [mailbox("", "root", "")]);
        assert_eq!(read("<>"), [mailbox("", "", "")]);
        assert_eq!(read(" , ,"), []);
    }

    #[test]
    fn reads_groups() {
        let expected = [
            Address::GroupStart("A Group".to_owned()),
            mailbox("E", "e", "x"),
            mailbox("", "j", "y"),
            Address::GroupEnd,
            mailbox("", "k", "z"),
        ];
        assert_eq!(read("A Group:E <e@x>, j@y;, k@z"), expected);
        let none = [Address::GroupStart("undisclosed".to_owned()), Address::GroupEnd];
        assert_eq!(read("undisclosed:;"), none);
        assert_eq!(read("undisclosed:"), none);
    }

    proptest! {
        #[test]
        fn groups_are_balanced_on_any_text(text in r#"[a<>@:;,"\\() ä]{0,60}"#) {
            let mut open = 0;
            for address in read(&text) {
                match address {
                    Address::GroupStart(_) => open += 1,
                    Address::GroupEnd => open -= 1,
                    Address::Mailbox { .. } => {}
                }
                prop_assert!((0..=1).contains(&open));
            }
            prop_assert_eq!(open, 0);
        }
    }
}
