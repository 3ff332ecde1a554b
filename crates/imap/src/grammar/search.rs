//! SEARCH (RFC 3501, section 6.4.4; RFC 7162, section 3.1.5).

use super::{
    cursor::{Bad, Cursor, Parsed},
    date::Day,
    set::Set,
};
use crate::limits::{MAX_SEARCH_DEPTH, MAX_SEARCH_KEYS};

/// What SEARCH asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    pub(crate) charset: Charset,
    pub(crate) key: Key,
}

/// In what the strings of the search are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    Known,
    /// To be answered with NO [BADCHARSET].
    Unknown,
}

/// A search key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    All,
    /// All of these.
    And(Vec<Key>),
    Or(Box<Key>, Box<Key>),
    Not(Box<Key>),
    Sequence(Set),
    Uid(Set),
    /// A flag as it is written in FLAGS.
    Flag(String),
    /// NEW, OLD and RECENT: no message is ever \Recent here.
    Recent,
    Before(Day),
    On(Day),
    Since(Day),
    SentBefore(Day),
    SentOn(Day),
    SentSince(Day),
    Larger(u32),
    Smaller(u32),
    ModSeq(u64),
    /// A field (lower case) that holds the text; an empty text asks for the field alone.
    Header(String, String),
    /// The text of the body.
    Body(String),
    /// The text of header or body.
    Text(String),
}

impl Search {
    /// `search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)`.
    pub(crate) fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let charset = if cursor.skip_word("CHARSET ") { charset(cursor)? } else { Charset::Known };
        let mut parser = Parser { cursor, keys: 0, depth: 0 };
        let key = parser.keys(|cursor| cursor.is_at_end())?;
        Ok(Self { charset, key })
    }
}

fn charset(cursor: &mut Cursor) -> Parsed<Charset> {
    let name = cursor.astring()?;
    cursor.space()?;
    let known = name.eq_ignore_ascii_case(b"UTF-8") || name.eq_ignore_ascii_case(b"US-ASCII");
    Ok(if known { Charset::Known } else { Charset::Unknown })
}

struct Parser<'a> {
    cursor: &'a mut Cursor,
    keys: usize,
    depth: usize,
}

impl Parser<'_> {
    /// One or more keys up to what `ends` tells.
    fn keys(&mut self, ends: fn(&Cursor) -> bool) -> Parsed<Key> {
        let mut keys = vec![self.key()?];
        while !ends(self.cursor) {
            self.cursor.space()?;
            keys.push(self.key()?);
        }
        Ok(if keys.len() == 1 { keys.swap_remove(0) } else { Key::And(keys) })
    }

    fn key(&mut self) -> Parsed<Key> {
        self.keys += 1;
        if self.keys > MAX_SEARCH_KEYS {
            return Err(Bad("a search has too many keys"));
        }
        match self.cursor.peek() {
            Some(b'(') => self.nested(|parser| {
                parser.cursor.skip(b'(');
                let key = parser.keys(|cursor| cursor.peek() == Some(b')'))?;
                parser.cursor.skip(b')');
                Ok(key)
            }),
            Some(b'0'..=b'9' | b'*') => Ok(Key::Sequence(self.set()?)),
            _ => self.named(),
        }
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<Key>) -> Parsed<Key> {
        if self.depth == MAX_SEARCH_DEPTH {
            return Err(Bad("a search is nested too deep"));
        }
        self.depth += 1;
        let key = inner(self);
        self.depth -= 1;
        key
    }

    fn named(&mut self) -> Parsed<Key> {
        let word = self.cursor.word()?;
        if let Some(key) = flag_key(&word) {
            return Ok(key);
        }
        self.cursor.space()?;
        match word.as_str() {
            "NOT" => self.nested(Self::key).map(not),
            "OR" => self.nested(|parser| {
                let first = parser.key()?;
                parser.cursor.space()?;
                Ok(Key::Or(first.into(), parser.key()?.into()))
            }),
            "UID" => Ok(Key::Uid(self.set()?)),
            "KEYWORD" => self.cursor.flag().map(Key::Flag),
            "UNKEYWORD" => self.cursor.flag().map(|flag| not(Key::Flag(flag))),
            "BEFORE" => self.day().map(Key::Before),
            "ON" => self.day().map(Key::On),
            "SINCE" => self.day().map(Key::Since),
            "SENTBEFORE" => self.day().map(Key::SentBefore),
            "SENTON" => self.day().map(Key::SentOn),
            "SENTSINCE" => self.day().map(Key::SentSince),
            "LARGER" => self.cursor.number().map(Key::Larger),
            "SMALLER" => self.cursor.number().map(Key::Smaller),
            "MODSEQ" => self.modseq(),
            "HEADER" => self.header(),
            "BODY" => self.text().map(Key::Body),
            "TEXT" => self.text().map(Key::Text),
            "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => {
                self.text().map(|text| Key::Header(word.to_ascii_lowercase(), text))
            }
            _ => Err(Bad("an unknown search key")),
        }
    }

    fn set(&mut self) -> Parsed<Set> {
        Set::parse(self.cursor)
    }

    fn day(&mut self) -> Parsed<Day> {
        Day::parse(self.cursor)
    }

    /// US-ASCII is UTF-8 as well, so both charsets are read as the latter.
    fn text(&mut self) -> Parsed<String> {
        let bytes = self.cursor.astring()?;
        String::from_utf8(bytes.into()).map_err(|_| Bad("a search text is not UTF-8"))
    }

    fn header(&mut self) -> Parsed<Key> {
        let name = self.text()?;
        self.cursor.space()?;
        Ok(Key::Header(name.to_ascii_lowercase(), self.text()?))
    }

    /// `"MODSEQ" [SP entry-name SP entry-type-req] SP number`; entries are not kept apart, which
    /// RFC 7162, section 3.1.5 allows.
    fn modseq(&mut self) -> Parsed<Key> {
        if self.cursor.peek() == Some(b'"') {
            self.cursor.string()?;
            self.cursor.space()?;
            let kind = self.cursor.word()?;
            if !matches!(kind.as_str(), "PRIV" | "SHARED" | "ALL") {
                return Err(Bad("an unknown entry type"));
            }
            self.cursor.space()?;
        }
        self.cursor.number64().map(Key::ModSeq)
    }
}

impl Key {
    /// Whether any key within satisfies `wanted`.
    pub(crate) fn any(&self, wanted: &dyn Fn(&Key) -> bool) -> bool {
        wanted(self)
            || match self {
                Key::And(keys) => keys.iter().any(|key| key.any(wanted)),
                Key::Or(one, other) => one.any(wanted) || other.any(wanted),
                Key::Not(key) => key.any(wanted),
                _ => false,
            }
    }
}

fn not(key: Key) -> Key {
    Key::Not(key.into())
}

fn flag_key(word: &str) -> Option<Key> {
    let flag = |name: &str| Key::Flag(format!("\\{name}"));
    Some(match word {
        "ALL" => Key::All,
        "ANSWERED" => flag("Answered"),
        "DELETED" => flag("Deleted"),
        "DRAFT" => flag("Draft"),
        "FLAGGED" => flag("Flagged"),
        "SEEN" => flag("Seen"),
        "UNANSWERED" => not(flag("Answered")),
        "UNDELETED" => not(flag("Deleted")),
        "UNDRAFT" => not(flag("Draft")),
        "UNFLAGGED" => not(flag("Flagged")),
        "UNSEEN" => not(flag("Seen")),
        "RECENT" | "NEW" => Key::Recent,
        "OLD" => not(Key::Recent),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn parse(text: &str) -> Parsed<Key> {
        let mut cursor = Cursor::new(Bytes::copy_from_slice(text.as_bytes()));
        let search = Search::parse(&mut cursor)?;
        cursor.end().map(|()| search.key)
    }

    #[test]
    fn keys_nest() {
        let key = parse("OR (SEEN FROM x) NOT 1:2").unwrap();
        let Key::Or(first, second) = key else { panic!("{key:?}") };
        assert!(matches!(*first, Key::And(keys) if keys.len() == 2));
        assert!(matches!(*second, Key::Not(key) if matches!(*key, Key::Sequence(_))));
    }

    #[test]
    fn texts_may_be_literals_in_utf8() {
        let key = parse("CHARSET UTF-8 SUBJECT {5}\r\nh\u{e9}ll").unwrap();
        assert_eq!(key, Key::Header("subject".into(), "h\u{e9}ll".into()));
        assert_eq!(
            parse("HEADER Message-ID \"\"").unwrap(),
            Key::Header("message-id".into(), "".into())
        );
    }

    #[test]
    fn modseq_may_name_an_entry() {
        let key = parse("MODSEQ \"/flags/\\\\draft\" all 620162338").unwrap();
        assert_eq!(key, Key::ModSeq(620_162_338));
        assert_eq!(parse("MODSEQ 5").unwrap(), Key::ModSeq(5));
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested = |depth: usize| format!("{}ALL{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(MAX_SEARCH_DEPTH)).is_ok());
        assert!(parse(&nested(MAX_SEARCH_DEPTH + 1)).is_err());
        assert!(parse(&vec!["ALL"; MAX_SEARCH_KEYS + 1].join(" ")).is_err());
        assert!(parse("(SEEN").is_err());
        assert!(parse("").is_err());
    }
}
