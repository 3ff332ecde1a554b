//! Macros of SPF (RFC 7208, section 7).

use std::{fmt::Write, net::IpAddr};

/// Longest name that is asked for, in text (section 7.3).
const NAME_MAX: usize = 253;

/// A text with macros in it.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, PartialEq)]
enum Piece {
    Literal(String),
    Macro { letter: char, escaped: bool, keep: usize, reversed: bool, delimiters: String },
}

/// What the letters stand for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    /// The address that sends for somebody: `local@domain`.
    pub(super) sender: &'a str,
    /// The domain whose record is read.
    pub(super) domain: &'a str,
    pub(super) helo: &'a str,
    pub(super) peer: IpAddr,
}

impl Template {
    /// A name to be looked up: it ends with a label that can be one, or with a macro (section 7.1).
    pub(super) fn domain(text: &str) -> Option<Self> {
        let template = Self::text(text)?;
        match template.0.last()? {
            Piece::Macro { .. } => Some(template),
            Piece::Literal(end) => {
                let end = end.strip_suffix('.').unwrap_or(end);
                let (before, last) = end.rsplit_once('.')?;
                let is_label = last.bytes().any(|b| !b.is_ascii_digit())
                    && last.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    && !last.starts_with('-')
                    && !last.ends_with('-');
                let is_alone = template.0.len() == 1;
                (is_label && !(is_alone && before.is_empty())).then_some(template)
            }
        }
    }

    /// Any text.
    pub(super) fn text(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some(at) = rest.find('%') else {
                push(&mut pieces, rest)?;
                break;
            };
            let (literal, after) = rest.split_at(at);
            push(&mut pieces, literal)?;
            rest = match after.as_bytes().get(1)? {
                b'%' => literal_of(&mut pieces, "%", after),
                b'_' => literal_of(&mut pieces, " ", after),
                b'-' => literal_of(&mut pieces, "%20", after),
                b'{' => {
                    let (inner, after) = after[2..].split_once('}')?;
                    pieces.push(expansion(inner)?);
                    after
                }
                _ => return None,
            };
        }
        Some(Self(pieces))
    }

    /// The name that it makes; too long a one loses labels from its left.
    pub(super) fn expand(&self, values: &Values<'_>, validated: Option<&str>) -> String {
        let mut name = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => name.push_str(text),
                Piece::Macro { letter, escaped, keep, reversed, delimiters } => {
                    let value = values.of(*letter, validated);
                    let value = transformed(&value, *keep, *reversed, delimiters);
                    name.push_str(&if *escaped { percent(&value) } else { value });
                }
            }
        }
        let mut rest = name.strip_suffix('.').unwrap_or(&name);
        while rest.len() > NAME_MAX {
            let Some((_, shorter)) = rest.split_once('.') else { break };
            rest = shorter;
        }
        rest.to_owned()
    }

    /// Whether the name of the peer has to be found out for it.
    pub(super) fn wants_validated(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Macro { letter: 'p', .. }))
    }
}

fn literal_of<'a>(pieces: &mut Vec<Piece>, text: &str, after: &'a str) -> &'a str {
    match pieces.last_mut() {
        Some(Piece::Literal(before)) => before.push_str(text),
        _ => pieces.push(Piece::Literal(text.to_owned())),
    }
    &after[2..]
}

/// Visible characters only.
fn push(pieces: &mut Vec<Piece>, text: &str) -> Option<()> {
    if text.bytes().any(|b| !b.is_ascii_graphic()) {
        return None;
    }
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Literal(before)) => before.push_str(text),
        _ => pieces.push(Piece::Literal(text.to_owned())),
    }
    Some(())
}

/// `letter [digits] ["r"] [delimiters]`. The letters `c`, `r` and `t` are for explanations, which are not made.
fn expansion(inner: &str) -> Option<Piece> {
    let mut letters = inner.chars();
    let letter = letters.next()?;
    let rest = letters.as_str();
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, rest) = rest.split_at(digits);
    let keep = match digits {
        "" => usize::MAX,
        digits => digits.parse().ok().filter(|keep| *keep > 0)?,
    };
    let (reversed, delimiters) = match rest.strip_prefix(['r', 'R']) {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let is_known = "slodiphv".contains(letter.to_ascii_lowercase());
    let is_fine = delimiters.chars().all(|c| ".-+,/_=".contains(c));
    (is_known && is_fine).then(|| Piece::Macro {
        letter: letter.to_ascii_lowercase(),
        escaped: letter.is_ascii_uppercase(),
        keep,
        reversed,
        delimiters: if delimiters.is_empty() { ".".to_owned() } else { delimiters.to_owned() },
    })
}

impl Values<'_> {
    fn of(&self, letter: char, validated: Option<&str>) -> String {
        let (local, domain) = self.sender.rsplit_once('@').unwrap_or(("postmaster", self.sender));
        match letter {
            's' => self.sender.to_owned(),
            'l' => local.to_owned(),
            'o' => domain.to_owned(),
            'd' => self.domain.to_owned(),
            'i' => dotted(self.peer),
            'p' => validated.unwrap_or("unknown").to_owned(),
            'v' => if self.peer.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            'h' => self.helo.to_owned(),
            _ => String::new(),
        }
    }
}

fn dotted(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let mut text = String::new();
            for octet in address.octets() {
                let _ = write!(text, "{:x}.{:x}.", octet >> 4, octet & 15);
            }
            text.pop();
            text
        }
    }
}

fn transformed(value: &str, keep: usize, reversed: bool, delimiters: &str) -> String {
    let mut parts: Vec<&str> = value.split(|c| delimiters.contains(c)).collect();
    if reversed {
        parts.reverse();
    }
    let skip = parts.len().saturating_sub(keep);
    parts[skip..].join(".")
}

/// What is not unreserved in a URL (RFC 3986, section 2.3).
fn percent(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            byte => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expand(text: &str) -> String {
        let values = Values {
            sender: "strong-bad@email.example.com",
            domain: "email.example.com",
            helo: "h.example",
            peer: "192.0.2.3".parse().unwrap(),
        };
        Template::text(text).unwrap().expand(&values, None)
    }

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 7208, section 7.4
        for (text, name) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%%%_%-%{L}", "% %20strong-bad"),
        ] {
            assert_eq!(expand(text), name, "{text}");
        }
        for bad in ["%", "%{", "%{x}", "%{d0}", "%a", "%{d*}"] {
            assert!(Template::text(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in "[a-z.%{}0-9r+-]{0,40}") {
            if Template::text(&text).is_some() {
                let _ = expand(&text);
            }
        }
    }
}
