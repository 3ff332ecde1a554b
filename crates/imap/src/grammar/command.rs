//! One command: its tag, its word and its arguments.

use bytes::Bytes;
use world::Secret;

use super::{
    acl::Acl,
    cursor::{Bad, Cursor, Parsed, ascii, is_tag},
    fetch::Fetch,
    list::{List, StatusItem, mailbox, special_use, status_items},
    search::Search,
    set::Set,
    store::{Append, Store},
};
use crate::limits::{MAX_ENABLE_NAMES, MAX_ID_PAIRS};

/// A command that is not one, with the tag to answer under (`*` if there is none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) tag: String,
    pub(crate) why: Bad,
}

/// A command with its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tagged {
    pub(crate) tag: String,
    pub(crate) command: Command,
}

/// What the client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Capability,
    Noop,
    Logout,
    Id,
    Authenticate {
        mechanism: String,
        initial: Option<Bytes>,
    },
    Login {
        login: Bytes,
        password: Secret,
    },
    Enable(Vec<String>),
    Namespace,
    Select {
        mailbox: String,
        read_only: bool,
        condstore: bool,
    },
    Create {
        mailbox: String,
        special_use: Option<String>,
    },
    Delete(String),
    Rename {
        from: String,
        to: String,
    },
    Subscribe {
        mailbox: String,
        subscribed: bool,
    },
    List(List),
    Lsub(List),
    Status {
        mailbox: String,
        items: Vec<StatusItem>,
    },
    Append(Append),
    GetQuota(String),
    GetQuotaRoot(String),
    Acl(Acl),
    Idle,
    Check,
    Close,
    Unselect,
    /// All that are \Deleted, or only those of a UID set (RFC 4315, section 2.1).
    Expunge(Option<Set>),
    Search {
        search: Search,
        by_uid: bool,
    },
    Fetch {
        fetch: Fetch,
        by_uid: bool,
    },
    Store {
        store: Store,
        by_uid: bool,
    },
    Copy {
        set: Set,
        mailbox: String,
        by_uid: bool,
        moves: bool,
    },
}

impl Tagged {
    /// `command = tag SP (..) CRLF`, the CRLF already gone.
    pub(crate) fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes);
        let tag = match tag(&mut cursor) {
            Ok(tag) => tag,
            Err(why) => return Err(Malformed { tag: "*".to_owned(), why }),
        };
        let command = cursor.space().and_then(|()| Command::parse(&mut cursor));
        match command.and_then(|command| cursor.end().map(|()| command)) {
            Ok(command) => Ok(Self { tag, command }),
            Err(why) => Err(Malformed { tag, why }),
        }
    }

    /// The tag that a broken command begins with, or `*`.
    pub(crate) fn tag_of(start: Bytes) -> String {
        let mut cursor = Cursor::new(start);
        tag(&mut cursor).ok().filter(|_| cursor.skip(b' ')).unwrap_or_else(|| "*".to_owned())
    }
}

fn tag(cursor: &mut Cursor) -> Parsed<String> {
    cursor.run(is_tag, "a tag was expected").map(|tag| ascii(&tag))
}

impl Command {
    fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let word = cursor.word()?;
        if let Some(command) = Self::without_arguments(&word) {
            return Ok(command);
        }
        cursor.space()?;
        if let Some(acl) = Acl::parse(&word, cursor) {
            return acl.map(Self::Acl);
        }
        match word.as_str() {
            "ID" => id(cursor),
            "AUTHENTICATE" => authenticate(cursor),
            "LOGIN" => login(cursor),
            "ENABLE" => enable(cursor),
            "SELECT" => select(cursor, false),
            "EXAMINE" => select(cursor, true),
            "CREATE" => {
                Ok(Self::Create { mailbox: mailbox(cursor)?, special_use: special_use(cursor)? })
            }
            "DELETE" => mailbox(cursor).map(Self::Delete),
            "RENAME" => rename(cursor),
            "SUBSCRIBE" => Ok(Self::Subscribe { mailbox: mailbox(cursor)?, subscribed: true }),
            "UNSUBSCRIBE" => Ok(Self::Subscribe { mailbox: mailbox(cursor)?, subscribed: false }),
            "LIST" => List::parse(cursor).map(Self::List),
            "LSUB" => List::parse_subscribed(cursor).map(Self::Lsub),
            "STATUS" => status(cursor),
            "APPEND" => Append::parse(cursor).map(Self::Append),
            "GETQUOTA" => mailbox(cursor).map(Self::GetQuota),
            "GETQUOTAROOT" => mailbox(cursor).map(Self::GetQuotaRoot),
            "UID" => Self::by_uid(cursor),
            other => Self::on_messages(other, cursor, false),
        }
    }

    fn without_arguments(word: &str) -> Option<Self> {
        Some(match word {
            "CAPABILITY" => Self::Capability,
            "NOOP" => Self::Noop,
            "LOGOUT" => Self::Logout,
            "NAMESPACE" => Self::Namespace,
            "IDLE" => Self::Idle,
            "CHECK" => Self::Check,
            "CLOSE" => Self::Close,
            "UNSELECT" => Self::Unselect,
            "EXPUNGE" => Self::Expunge(None),
            _ => return None,
        })
    }

    fn by_uid(cursor: &mut Cursor) -> Parsed<Self> {
        let word = cursor.word()?;
        cursor.space()?;
        if word == "EXPUNGE" {
            return Set::parse(cursor).map(|set| Self::Expunge(Some(set)));
        }
        Self::on_messages(&word, cursor, true)
    }

    fn on_messages(word: &str, cursor: &mut Cursor, by_uid: bool) -> Parsed<Self> {
        match word {
            "FETCH" => Ok(Self::Fetch { fetch: Fetch::parse(cursor)?, by_uid }),
            "SEARCH" => Ok(Self::Search { search: Search::parse(cursor)?, by_uid }),
            "STORE" => Ok(Self::Store { store: Store::parse(cursor)?, by_uid }),
            "COPY" => copy(cursor, by_uid, false),
            "MOVE" => copy(cursor, by_uid, true),
            _ => Err(Bad("an unknown command")),
        }
    }
}

/// RFC 2971, section 3.1. What the client says of itself is read and forgotten.
fn id(cursor: &mut Cursor) -> Parsed<Command> {
    if !cursor.skip_word("NIL") {
        cursor.list(MAX_ID_PAIRS, true, |cursor| {
            cursor.string()?;
            cursor.space()?;
            cursor.nstring()
        })?;
    }
    Ok(Command::Id)
}

/// RFC 3501, section 6.2.2, with the initial response of RFC 4959.
fn authenticate(cursor: &mut Cursor) -> Parsed<Command> {
    let mechanism = cursor.atom()?.to_ascii_uppercase();
    if !cursor.skip(b' ') {
        return Ok(Command::Authenticate { mechanism, initial: None });
    }
    let initial = cursor.run(|byte| byte.is_ascii_graphic(), "an initial response was expected")?;
    Ok(Command::Authenticate { mechanism, initial: Some(initial) })
}

/// RFC 3501, section 6.2.3.
fn login(cursor: &mut Cursor) -> Parsed<Command> {
    let login = cursor.astring()?;
    cursor.space()?;
    Ok(Command::Login { login, password: Secret::new(cursor.astring()?) })
}

/// RFC 5161, section 3.1.
fn enable(cursor: &mut Cursor) -> Parsed<Command> {
    let mut names = vec![cursor.word()?];
    while cursor.skip(b' ') {
        if names.len() == MAX_ENABLE_NAMES {
            return Err(Bad("too many names to enable"));
        }
        names.push(cursor.word()?);
    }
    Ok(Command::Enable(names))
}

/// RFC 3501, section 6.3.1, with the parameter of RFC 7162, section 3.1.8.
fn select(cursor: &mut Cursor, read_only: bool) -> Parsed<Command> {
    let mailbox = mailbox(cursor)?;
    let condstore = cursor.skip(b' ');
    if condstore && !cursor.skip_word("(CONDSTORE)") {
        return Err(Bad("an unknown parameter of SELECT"));
    }
    Ok(Command::Select { mailbox, read_only, condstore })
}

/// RFC 3501, section 6.3.5.
fn rename(cursor: &mut Cursor) -> Parsed<Command> {
    let from = mailbox(cursor)?;
    cursor.space()?;
    Ok(Command::Rename { from, to: mailbox(cursor)? })
}

/// RFC 3501, section 6.3.10.
fn status(cursor: &mut Cursor) -> Parsed<Command> {
    let mailbox = mailbox(cursor)?;
    cursor.space()?;
    Ok(Command::Status { mailbox, items: status_items(cursor)? })
}

/// RFC 3501, section 6.4.7; RFC 6851, section 3.
fn copy(cursor: &mut Cursor, by_uid: bool, moves: bool) -> Parsed<Command> {
    let set = Set::parse(cursor)?;
    cursor.space()?;
    Ok(Command::Copy { set, mailbox: mailbox(cursor)?, by_uid, moves })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Command, Malformed> {
        Tagged::parse(Bytes::copy_from_slice(text.as_bytes())).map(|tagged| tagged.command)
    }

    #[test]
    fn words_of_any_case() {
        assert_eq!(parse("a noop"), Ok(Command::Noop));
        assert_eq!(parse("a UnSelect"), Ok(Command::Unselect));
        let select = Command::Select { mailbox: "INBOX".into(), read_only: true, condstore: true };
        assert_eq!(parse("a EXAMINE INBOX (CONDSTORE)"), Ok(select));
    }

    #[test]
    fn arguments_of_the_small_commands() {
        assert_eq!(parse("a ID NIL"), Ok(Command::Id));
        assert_eq!(parse("a ID (\"name\" \"x\" \"os\" NIL)"), Ok(Command::Id));
        let initial = Some(Bytes::from_static(b"AGE="));
        assert_eq!(
            parse("a AUTHENTICATE plain AGE="),
            Ok(Command::Authenticate { mechanism: "PLAIN".into(), initial })
        );
        assert_eq!(
            parse("a ENABLE CONDSTORE X"),
            Ok(Command::Enable(vec!["CONDSTORE".into(), "X".into()]))
        );
    }

    #[test]
    fn a_wrong_command_keeps_its_tag() {
        for text in ["t1 X", "t1 NOOP x", "t1 SELECT", "t1 UID NOOP 1", "t1 ", "t1"] {
            assert_eq!(parse(text).unwrap_err().tag, "t1", "{text:?}");
        }
        for text in ["", " NOOP", "+ NOOP", "\u{e9} NOOP"] {
            assert_eq!(parse(text).unwrap_err().tag, "*", "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Tagged::parse(bytes.into());
        }

        #[test]
        fn near_misses_do_no_harm(
            word in "FETCH|UID FETCH|SEARCH|STORE|LIST|APPEND|STATUS|LOGIN|ID|CREATE|COPY|SETACL|LISTRIGHTS",
            rest in "[ ()\\[\\]{}<>\"\\\\%*&:,.0-9A-Za-z+\\r\\n-]{0,60}",
        ) {
            let _ = Tagged::parse(format!("a {word} {rest}").into());
        }
    }
}
