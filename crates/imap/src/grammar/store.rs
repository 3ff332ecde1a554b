//! STORE and APPEND: what is put into a mailbox (RFC 3501, sections 6.4.6 and 6.3.11; RFC 7162, section 3.1.3).

use bytes::Bytes;
use world::Timestamp;

use super::{
    cursor::{Bad, Cursor, Parsed},
    date::date_time,
    list::mailbox,
    set::Set,
};
use crate::limits::MAX_FLAGS;

/// What STORE asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) set: Set,
    pub(crate) how: How,
    pub(crate) silent: bool,
    pub(crate) flags: Vec<String>,
    pub(crate) unchanged_since: Option<u64>,
}

/// How STORE changes the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Replace,
    Add,
    Remove,
}

/// What APPEND brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Append {
    pub(crate) mailbox: String,
    pub(crate) flags: Vec<String>,
    pub(crate) at: Option<Timestamp>,
    pub(crate) message: Bytes,
}

impl Store {
    /// `store = "STORE" SP sequence-set [SP modifiers] SP store-att-flags`.
    pub(crate) fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let set = Set::parse(cursor)?;
        cursor.space()?;
        let unchanged_since = unchanged_since(cursor)?;
        let how = match (cursor.skip(b'+'), cursor.skip(b'-')) {
            (false, false) => How::Replace,
            (true, false) => How::Add,
            (false, true) => How::Remove,
            (true, true) => return Err(Bad("FLAGS was expected")),
        };
        let silent = match cursor.word()?.as_str() {
            "FLAGS" => false,
            "FLAGS.SILENT" => true,
            _ => return Err(Bad("FLAGS was expected")),
        };
        cursor.space()?;
        let flags = flags(cursor)?;
        Ok(Self { set, how, silent, flags, unchanged_since })
    }
}

fn unchanged_since(cursor: &mut Cursor) -> Parsed<Option<u64>> {
    if !cursor.skip(b'(') {
        return Ok(None);
    }
    if !cursor.skip_word("UNCHANGEDSINCE ") {
        return Err(Bad("an unknown store modifier"));
    }
    let since = cursor.number64()?;
    cursor.expect(b')', "only one store modifier is known")?;
    cursor.space()?;
    Ok(Some(since))
}

/// `flag-list / (flag *(SP flag))`.
fn flags(cursor: &mut Cursor) -> Parsed<Vec<String>> {
    if cursor.peek() == Some(b'(') {
        return cursor.list(MAX_FLAGS, true, Cursor::flag);
    }
    let mut flags = vec![cursor.flag()?];
    while cursor.skip(b' ') {
        if flags.len() == MAX_FLAGS {
            return Err(Bad("too many flags"));
        }
        flags.push(cursor.flag()?);
    }
    Ok(flags)
}

impl Append {
    /// `append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal`.
    pub(crate) fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let mailbox = mailbox(cursor)?;
        cursor.space()?;
        let mut flags = Vec::new();
        if cursor.peek() == Some(b'(') {
            flags = cursor.list(MAX_FLAGS, true, Cursor::flag)?;
            cursor.space()?;
        }
        let mut at = None;
        if cursor.peek() == Some(b'"') {
            at = Some(date_time(cursor)?);
            cursor.space()?;
        }
        Ok(Self { mailbox, flags, at, message: cursor.literal()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        Cursor::new(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn stores_of_every_form() {
        let store =
            Store::parse(&mut cursor("1:2 (UNCHANGEDSINCE 7) +FLAGS.SILENT (\\Seen $x)")).unwrap();
        assert_eq!((store.how, store.silent, store.unchanged_since), (How::Add, true, Some(7)));
        assert_eq!(store.flags, ["\\Seen", "$x"]);
        let store = Store::parse(&mut cursor("1 FLAGS \\Seen \\Deleted")).unwrap();
        assert_eq!((store.how, store.flags.len()), (How::Replace, 2));
        assert!(Store::parse(&mut cursor("1 -FLAGS ()")).unwrap().flags.is_empty());
        for text in ["1 +-FLAGS ()", "1 FLAGS", "1 (X 1) FLAGS ()", "1 LABELS (x)"] {
            assert!(Store::parse(&mut cursor(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn appends_of_every_form() {
        let text = "Sent (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {3+}\r\nabc";
        let append = Append::parse(&mut cursor(text)).unwrap();
        assert_eq!((append.mailbox.as_str(), append.message.as_ref()), ("Sent", b"abc".as_ref()));
        assert!(append.at.is_some());
        assert_eq!(Append::parse(&mut cursor("Sent {0}\r\n")).unwrap().message, "");
        assert!(Append::parse(&mut cursor("Sent \"abc\"")).is_err());
    }
}
