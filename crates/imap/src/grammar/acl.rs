//! The commands of access control lists (RFC 4314, section 3).

use mailbox::Rights;

use super::{
    cursor::{Bad, Cursor, Parsed},
    list::mailbox,
};

/// The letters of the rights (RFC 4314, section 2.1).
pub(crate) const LETTERS: [(u8, Rights); 11] = [
    (b'l', Rights::LOOKUP),
    (b'r', Rights::READ),
    (b's', Rights::SEEN),
    (b'w', Rights::WRITE),
    (b'i', Rights::INSERT),
    (b'p', Rights::POST),
    (b'k', Rights::CREATE),
    (b'x', Rights::DELETE),
    (b't', Rights::MARK_DELETED),
    (b'e', Rights::EXPUNGE),
    (b'a', Rights::ADMINISTER),
];

/// The letters of RFC 2086, each of which stands for two of today (RFC 4314, section 2.1.1).
pub(crate) fn obsolete() -> [(u8, Rights); 2] {
    [(b'c', Rights::CREATE | Rights::DELETE), (b'd', Rights::MARK_DELETED | Rights::EXPUNGE)]
}

/// How SETACL changes the rights of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Exactly these.
    Replace(Rights),
    /// These as well.
    Add(Rights),
    /// None of these.
    Remove(Rights),
}

/// A command of RFC 4314.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Acl {
    /// SETACL and DELETEACL.
    Set {
        mailbox: String,
        identifier: String,
        grant: Grant,
        deletes: bool,
    },
    Get(String),
    List {
        mailbox: String,
        identifier: String,
    },
    My(String),
}

impl Acl {
    /// The arguments of the command `word`; nothing for a word of other commands.
    pub(crate) fn parse(word: &str, cursor: &mut Cursor) -> Option<Parsed<Self>> {
        Some(match word {
            "SETACL" => set(cursor),
            "DELETEACL" => delete(cursor),
            "GETACL" => mailbox(cursor).map(Self::Get),
            "LISTRIGHTS" => {
                whose(cursor).map(|(mailbox, identifier)| Self::List { mailbox, identifier })
            }
            "MYRIGHTS" => mailbox(cursor).map(Self::My),
            _ => return None,
        })
    }
}

/// `setacl = "SETACL" SP mailbox SP identifier SP mod-rights`.
fn set(cursor: &mut Cursor) -> Parsed<Acl> {
    let (mailbox, identifier) = whose(cursor)?;
    cursor.space()?;
    let text = cursor.astring()?;
    let grant = match text.split_first() {
        Some((b'+', letters)) => Grant::Add(rights(letters)?),
        Some((b'-', letters)) => Grant::Remove(rights(letters)?),
        _ => Grant::Replace(rights(&text)?),
    };
    Ok(Acl::Set { mailbox, identifier, grant, deletes: false })
}

fn delete(cursor: &mut Cursor) -> Parsed<Acl> {
    let (mailbox, identifier) = whose(cursor)?;
    Ok(Acl::Set { mailbox, identifier, grant: Grant::Replace(Rights::NONE), deletes: true })
}

fn whose(cursor: &mut Cursor) -> Parsed<(String, String)> {
    let mailbox = mailbox(cursor)?;
    cursor.space()?;
    let identifier = String::from_utf8(cursor.astring()?.to_vec());
    Ok((mailbox, identifier.map_err(|_| Bad("an identifier is UTF-8"))?))
}

/// A right that is not known makes the command a bad one (RFC 4314, section 3.1).
fn rights(letters: &[u8]) -> Parsed<Rights> {
    let mut rights = Rights::NONE;
    for letter in letters {
        let mut known = LETTERS.into_iter().chain(obsolete());
        let found = known.find(|(known, _)| known == letter);
        rights |= found.ok_or(Bad("an unknown right"))?.1;
    }
    Ok(rights)
}

/// The letters of a set of rights; one of RFC 2086 with any of those that it stands for.
pub(crate) fn letters(rights: Rights) -> String {
    let now = LETTERS.into_iter().filter(|(_, right)| rights.contains(*right));
    let then = obsolete().into_iter().filter(|(_, either)| rights.intersects(*either));
    now.chain(then).map(|(letter, _)| char::from(letter)).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn parse(word: &str, text: &[u8]) -> Parsed<Acl> {
        let mut cursor = Cursor::new(Bytes::copy_from_slice(text));
        let acl = Acl::parse(word, &mut cursor).unwrap()?;
        cursor.end().map(|()| acl)
    }

    fn grant(text: &str) -> Parsed<Grant> {
        match parse("SETACL", format!("INBOX ann@x.org {text}").as_bytes())? {
            Acl::Set { grant, deletes: false, .. } => Ok(grant),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rights_are_replaced_added_and_removed() {
        let read = Rights::LOOKUP | Rights::READ;
        assert_eq!(grant("lr"), Ok(Grant::Replace(read)));
        assert_eq!(grant("+rlr"), Ok(Grant::Add(read)));
        assert_eq!(grant("\"-d\""), Ok(Grant::Remove(Rights::MARK_DELETED | Rights::EXPUNGE)));
        assert_eq!(grant("\"\""), Ok(Grant::Replace(Rights::NONE)));
        assert_eq!(grant("lrswipkxteacd"), Ok(Grant::Replace(Rights::ALL)));
        for bad in ["L", "lrq", "l r", "+-l", "0", ""] {
            assert!(grant(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn obsolete_letters_are_shown_too() {
        assert_eq!(letters(Rights::ALL), "lrswipkxteacd");
        assert_eq!(letters(Rights::DELETE | Rights::READ), "rxc");
        assert_eq!(letters(Rights::EXPUNGE), "ed");
        assert_eq!(letters(Rights::NONE), "");
    }

    #[test]
    fn the_other_commands() {
        let (mailbox, identifier) = ("Entw\u{fc}rfe".to_owned(), "anyone".to_owned());
        let expected = Acl::List { mailbox: mailbox.clone(), identifier };
        assert_eq!(parse("LISTRIGHTS", b"Entw&APw-rfe {6}\r\nanyone"), Ok(expected));
        assert_eq!(parse("MYRIGHTS", b"Entw&APw-rfe"), Ok(Acl::My(mailbox)));
        for (word, text) in
            [("GETACL", ""), ("GETACL", "a b"), ("DELETEACL", "a"), ("SETACL", "a b")]
        {
            assert!(parse(word, text.as_bytes()).is_err(), "{word} {text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(
            word in "SETACL|DELETEACL|GETACL|LISTRIGHTS|MYRIGHTS",
            text in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let _ = parse(&word, &text);
        }

        #[test]
        fn letters_mean_what_they_show(picked in proptest::collection::vec(0..11usize, 0..12)) {
            let rights = picked.iter().fold(Rights::NONE, |all, at| all | LETTERS[*at].1);
            let shown: String = LETTERS
                .into_iter()
                .filter(|(_, right)| rights.contains(*right))
                .map(|(letter, _)| char::from(letter))
                .collect();
            prop_assert_eq!(grant(&format!("+{shown}")), Ok(Grant::Add(rights)));
            prop_assert!(letters(rights).starts_with(&shown));
        }
    }
}
