//! Paths and mailboxes (RFC 5321 section 4.1.2), with UTF-8 as RFC 6531 section 3.3 adds it.

use std::{fmt, net::Ipv4Addr, net::Ipv6Addr};

use crate::limits::MAX_ADDRESS_OCTETS;

/// The address of a mailbox. Quoting is undone and the domain is in lower case, so that two spellings
/// of one address are equal; `Display` quotes again where it must.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    local: String,
    domain: String,
}

impl Address {
    /// Parses `local@domain`, as it stands between angle brackets.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, rest) = parse_mailbox(text)?;
        rest.is_empty().then_some(address)
    }

    /// The part before the `@`, without quotes.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in lower case, or an address literal in brackets.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether the address can be written in ASCII.
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii() && self.domain.is_ascii()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        f.write_str("\"")?;
        for character in self.local.chars() {
            if matches!(character, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{character}")?;
        }
        write!(f, "\"@{}", self.domain)
    }
}

/// What may stand between angle brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// `<>`, the sender of notices that want no answer.
    Null,
    /// `<Postmaster>`, which needs no domain (RFC 5321 section 4.5.1).
    Postmaster,
    Mailbox(Address),
}

/// Parses a path at the beginning of `text`, and gives what follows it.
pub(crate) fn parse_path(text: &str) -> Option<(Path, &str)> {
    let inner = text.strip_prefix('<')?;
    if let Some(rest) = inner.strip_prefix('>') {
        return Some((Path::Null, rest));
    }
    let inner = skip_source_route(inner)?;
    if let Some((word, rest)) = inner.split_once('>')
        && word.eq_ignore_ascii_case("postmaster")
    {
        return Some((Path::Postmaster, rest));
    }
    let (address, rest) = parse_mailbox(inner)?;
    Some((Path::Mailbox(address), rest.strip_prefix('>')?))
}

/// Source routes are accepted and ignored (RFC 5321 section 4.1.1.3, appendix C).
fn skip_source_route(text: &str) -> Option<&str> {
    if !text.starts_with('@') {
        return Some(text);
    }
    let (route, rest) = text.split_once(':')?;
    route.split(',').all(|hop| hop.strip_prefix('@').is_some_and(is_domain)).then_some(rest)
}

fn parse_mailbox(text: &str) -> Option<(Address, &str)> {
    let (local, rest) = match text.strip_prefix('"') {
        Some(quoted) => parse_quoted(quoted)?,
        None => parse_dot_string(text)?,
    };
    let rest = rest.strip_prefix('@')?;
    let (domain, rest) = rest.split_at(domain_length(rest));
    if !is_domain(domain) && !is_literal(domain) {
        return None;
    }
    if local.len() + 1 + domain.len() > MAX_ADDRESS_OCTETS {
        return None;
    }
    Some((Address { local, domain: domain.to_lowercase() }, rest))
}

fn parse_dot_string(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c| !is_atext(c) && c != '.').unwrap_or(text.len());
    let (local, rest) = text.split_at(end);
    is_dot_string(local).then(|| (local.to_owned(), rest))
}

/// The rest of a quoted string whose opening quote is gone.
fn parse_quoted(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (!local.is_empty()).then(|| (local, &text[at + 1..])),
            '\\' => local.push(characters.next().map(|(_, c)| c).filter(|c| is_qtext(*c))?),
            c if is_qtext(c) => local.push(c),
            _ => return None,
        }
    }
    None
}

/// RFC 5322 section 3.2.3: a non-ASCII character counts as `atext` (RFC 6531 section 3.3).
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_wide(c)
}

fn is_qtext(c: char) -> bool {
    matches!(c, ' '..='~') || is_wide(c)
}

/// Beyond ASCII, and no control character in disguise.
fn is_wide(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// Where a domain or literal that begins `text` ends.
fn domain_length(text: &str) -> usize {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.[]:".contains(c) || is_wide(c);
    text.find(|c| !inside(c)).unwrap_or(text.len())
}

/// Labels of letters, digits and hyphens; underscores are no host names but are seen in the wild.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || is_wide(c);
        (1..=63).contains(&label.chars().count())
            && label.chars().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 255 && text.split('.').all(is_label)
}

/// An address literal (RFC 5321 section 4.1.3).
fn is_literal(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) else {
        return false;
    };
    match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => inner[5..].parse::<Ipv6Addr>().is_ok(),
        _ => inner.parse::<Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Option<String> {
        Address::parse(text).map(|address| address.to_string())
    }

    #[test]
    fn spellings_of_one_address_are_equal() {
        assert_eq!(Address::parse("\"ann\"@Example.COM"), Address::parse("ann@example.com"));
        assert_eq!(shown("\"a b\\\"\"@x.org").as_deref(), Some("\"a b\\\"\"@x.org"));
        assert_eq!(shown("jörg@bücher.example").as_deref(), Some("jörg@bücher.example"));
        assert_eq!(shown("a@[IPv6:2001:db8::1]").as_deref(), Some("a@[ipv6:2001:db8::1]"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@x.org", "a".repeat(MAX_ADDRESS_OCTETS));
        for text in [
            "",
            "a",
            "a@",
            "@x",
            "a..b@x",
            ".a@x",
            "a@x..y",
            "a@-x",
            "a b@x",
            "a@[1.2.3]",
            "\"\"@x",
            &long,
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn paths() {
        assert_eq!(parse_path("<> SIZE=1"), Some((Path::Null, " SIZE=1")));
        assert_eq!(parse_path("<PostMaster>"), Some((Path::Postmaster, "")));
        let ann = Path::Mailbox(Address::parse("ann@x.org").unwrap());
        assert_eq!(parse_path("<@a.org,@b.org:ann@x.org> X"), Some((ann, " X")));
        for text in ["ann@x.org", "<ann@x.org", "<ann@x.org\0>", "<ann@x.org> <", "<@a:ann@x.org"] {
            let parsed = parse_path(text);
            assert!(parsed.is_none() || text == "<ann@x.org> <", "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in ".{0,80}") {
            if let Some(address) = Address::parse(&text) {
                prop_assert_eq!(Address::parse(&address.to_string()), Some(address));
            }
        }

        #[test]
        fn any_local_part_survives_quoting(local in "[ -~é]{1,40}") {
            let address = Address { local, domain: "x.org".into() };
            prop_assert_eq!(Address::parse(&address.to_string()), Some(address));
        }
    }
}
