//! Status responses and their codes (RFC 3501, section 7.1; RFC 5530).

use std::fmt;

use mailbox::Error;

use super::{Flow, Session};
use crate::limits::MAX_BAD_COMMANDS;

/// A refusal: NO with a response code and the reason in words.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: &'static str,
    text: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The answer does not fit the question: a fault of the server.
    pub(crate) fn bug() -> Self {
        Self::new("SERVERBUG", "the server has lost track")
    }

    /// Something that the server needs does not work.
    pub(crate) fn unavailable() -> Self {
        Self::new("UNAVAILABLE", "the server cannot do this now")
    }

    /// The folder was selected with EXAMINE.
    pub(crate) fn read_only() -> Self {
        Self::new("READ-ONLY", "the mailbox is open for reading only")
    }

    /// A folder that is needed as a target is not there (RFC 3501, section 7.1: TRYCREATE).
    pub(crate) fn of_target(error: &Error) -> Self {
        match error {
            Error::NoSuchFolder => Self::new("TRYCREATE", error.to_string()),
            _ => Self::from(error),
        }
    }
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        let code = match error {
            Error::NoSuchFolder | Error::NoSuchMessage | Error::NoSuchMailbox => "NONEXISTENT",
            Error::NotPermitted => "NOPERM",
            Error::NoSuchGrantee => "CANNOT",
            Error::FolderExists(_) | Error::MailboxExists(_) => "ALREADYEXISTS",
            Error::QuotaExceeded { .. } => "OVERQUOTA",
            Error::TooManyFolders
            | Error::TooManyGrantees
            | Error::FolderFull
            | Error::TooManyKeywords => "LIMIT",
            Error::SearchTooComplex => "LIMIT",
            Error::MessageTooLarge(_) => "TOOBIG",
            Error::InvalidName(_) | Error::InvalidKeyword(_) => "CANNOT",
            Error::DefaultFolder(_) | Error::InsideItself(_) => "CANNOT",
            Error::Damaged(_) => "CORRUPTION",
            // What the store says is for the operator; the driver has logged it.
            _ => return Self::unavailable(),
        };
        Self::new(code, error.to_string())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] ", self.code)?;
        // Names come from the client: only what a line can carry is shown again.
        self.text
            .chars()
            .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
            .try_for_each(|c| write!(f, "{c}"))
    }
}

impl Session {
    /// The command is done.
    pub(super) fn ok(&mut self, tag: &str, text: &str) -> Flow {
        self.out.line(format_args!("{tag} OK {text}"));
        Flow::Next
    }

    /// The command is understood and not done.
    pub(super) fn no(&mut self, tag: &str, refusal: impl Into<Refusal>) -> Flow {
        self.out.line(format_args!("{tag} NO {}", refusal.into()));
        Flow::Next
    }

    /// The command is not understood, or not now.
    pub(super) fn bad(&mut self, tag: &str, why: &str) -> Flow {
        self.bad_commands += 1;
        self.out.line(format_args!("{tag} BAD {why}"));
        if self.bad_commands >= MAX_BAD_COMMANDS {
            return self.bye("too many bad commands");
        }
        Flow::Next
    }

    /// The connection ends here.
    pub(super) fn bye(&mut self, why: &str) -> Flow {
        self.out.line(format_args!("* BYE {why}"));
        Flow::Close
    }
}
