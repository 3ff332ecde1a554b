//! LIST, LSUB and STATUS (RFC 3501, sections 6.3.8 to 6.3.10; RFC 5258; RFC 5819).

use super::{
    cursor::{Bad, Cursor, Parsed, ascii, is_pattern},
    utf7,
};
use crate::limits::MAX_LIST_PATTERNS;

/// What LIST asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) reference: String,
    pub(crate) patterns: Vec<String>,
    pub(crate) select: Selection,
    pub(crate) returns: Returns,
}

/// Which mailboxes to list (RFC 5258, section 3.1; RFC 6154, section 5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) subscribed: bool,
    pub(crate) special_use: bool,
    pub(crate) recursive: bool,
}

/// What to tell of each (RFC 5258, section 3.2; RFC 5819, section 2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Returns {
    pub(crate) subscribed: bool,
    pub(crate) status: Vec<StatusItem>,
}

/// A STATUS data item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    /// RFC 7162, section 3.1.7.
    HighestModSeq,
    /// RFC 8438.
    Size,
}

/// The most items in one parenthesis: every one of them could be named twice.
const MAX_OPTIONS: usize = 16;

impl List {
    /// `list = "LIST" [SP options] SP mailbox SP patterns [SP "RETURN" SP options]`.
    pub(crate) fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let mut list = Self::default();
        if cursor.peek() == Some(b'(') {
            list.select = Selection::parse(cursor)?;
            cursor.space()?;
        }
        list.reference = utf7::decode(&cursor.astring()?)?;
        cursor.space()?;
        list.patterns = match cursor.peek() {
            Some(b'(') => cursor.list(MAX_LIST_PATTERNS, false, pattern)?,
            _ => vec![pattern(cursor)?],
        };
        if cursor.skip_word(" RETURN ") {
            list.returns = Returns::parse(cursor)?;
        }
        Ok(list)
    }

    /// `lsub = "LSUB" SP mailbox SP list-mailbox`.
    pub(crate) fn parse_subscribed(cursor: &mut Cursor) -> Parsed<Self> {
        let reference = utf7::decode(&cursor.astring()?)?;
        cursor.space()?;
        Ok(Self { reference, patterns: vec![pattern(cursor)?], ..Self::default() })
    }
}

fn pattern(cursor: &mut Cursor) -> Parsed<String> {
    let wire = match cursor.peek() {
        Some(b'"' | b'{') => cursor.string()?,
        _ => cursor.run(is_pattern, "a mailbox pattern was expected")?,
    };
    utf7::decode(&wire)
}

impl Selection {
    fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let mut selection = Self::default();
        let options = cursor.list(MAX_OPTIONS, true, Cursor::word)?;
        for option in options {
            match option.as_str() {
                "SUBSCRIBED" => selection.subscribed = true,
                "SPECIAL-USE" => selection.special_use = true,
                "RECURSIVEMATCH" => selection.recursive = true,
                // There are no mailboxes elsewhere.
                "REMOTE" => {}
                _ => return Err(Bad("an unknown selection option")),
            }
        }
        if selection.recursive && !selection.subscribed {
            return Err(Bad("RECURSIVEMATCH needs SUBSCRIBED beside it"));
        }
        Ok(selection)
    }
}

impl Returns {
    fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let mut returns = Self::default();
        cursor.list(MAX_OPTIONS, true, |cursor| {
            match cursor.word()?.as_str() {
                "SUBSCRIBED" => returns.subscribed = true,
                // Both are always told.
                "CHILDREN" | "SPECIAL-USE" => {}
                "STATUS" => {
                    cursor.space()?;
                    returns.status = status_items(cursor)?;
                }
                _ => return Err(Bad("an unknown return option")),
            }
            Ok(())
        })?;
        Ok(returns)
    }
}

/// `"(" status-att *(SP status-att) ")"`.
pub(crate) fn status_items(cursor: &mut Cursor) -> Parsed<Vec<StatusItem>> {
    cursor.list(MAX_OPTIONS, false, |cursor| match cursor.word()?.as_str() {
        "MESSAGES" => Ok(StatusItem::Messages),
        "RECENT" => Ok(StatusItem::Recent),
        "UIDNEXT" => Ok(StatusItem::UidNext),
        "UIDVALIDITY" => Ok(StatusItem::UidValidity),
        "UNSEEN" => Ok(StatusItem::Unseen),
        "HIGHESTMODSEQ" => Ok(StatusItem::HighestModSeq),
        "SIZE" => Ok(StatusItem::Size),
        _ => Err(Bad("an unknown status item")),
    })
}

/// `mailbox = "INBOX" / astring`: the name that it means.
pub(crate) fn mailbox(cursor: &mut Cursor) -> Parsed<String> {
    utf7::decode(&cursor.astring()?)
}

/// The names of special uses in CREATE (RFC 6154, section 3).
pub(crate) fn special_use(cursor: &mut Cursor) -> Parsed<Option<String>> {
    if !cursor.skip(b' ') {
        return Ok(None);
    }
    if !cursor.skip_word("(USE (") {
        return Err(Bad("an unknown parameter of CREATE"));
    }
    let attribute =
        cursor.run(|b| b == b'\\' || b.is_ascii_alphabetic(), "a special use was expected")?;
    cursor.expect(b')', "one special use was expected")?;
    cursor.expect(b')', "one parameter was expected")?;
    Ok(Some(ascii(&attribute)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn parse(text: &str) -> Parsed<List> {
        let mut cursor = Cursor::new(Bytes::copy_from_slice(text.as_bytes()));
        let list = List::parse(&mut cursor)?;
        cursor.end().map(|()| list)
    }

    #[test]
    fn plain_lists() {
        let list = parse("\"\" %/x*").unwrap();
        assert_eq!((list.reference.as_str(), list.patterns), ("", vec!["%/x*".to_owned()]));
        assert_eq!(parse("Entw&APw-rfe \"*\"").unwrap().reference, "Entw\u{fc}rfe");
    }

    #[test]
    fn extended_lists() {
        let text = "(SUBSCRIBED RECURSIVEMATCH) \"\" (\"INBOX\" \"a/%\") RETURN (SPECIAL-USE STATUS (MESSAGES SIZE))";
        let list = parse(text).unwrap();
        assert!(list.select.subscribed && list.select.recursive && !list.select.special_use);
        assert_eq!(list.patterns, ["INBOX", "a/%"]);
        assert_eq!(list.returns.status, [StatusItem::Messages, StatusItem::Size]);
        assert!(!parse("() \"\" % RETURN ()").unwrap().returns.subscribed);
    }

    #[test]
    fn unknown_options_are_refused() {
        for text in
            ["(X) \"\" %", "\"\" % RETURN (X)", "(RECURSIVEMATCH) \"\" %", "\"\"", "\"\" % X"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
