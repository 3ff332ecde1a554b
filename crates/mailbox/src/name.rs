//! Folder names and the special folders.

use crate::Error;

/// What stands between the parts of a folder's path.
pub const SEPARATOR: char = '/';
/// The longest path of a folder, in bytes.
pub const MAX_NAME_BYTES: usize = 512;
/// The most parts a folder's path may have.
pub const MAX_NAME_DEPTH: usize = 16;
/// The name of the folder that new mail goes to; equal to itself in any case.
pub const INBOX: &str = "INBOX";

/// The full path of a folder, its parts divided by [`SEPARATOR`].
///
/// No part is empty, `.` or `..`, or begins or ends with white space; there are no control characters.
/// A first part that is `INBOX` in any case is stored as `INBOX`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderName(String);

impl FolderName {
    /// Checks a path and brings it to its stored form. A separator at the end is dropped: some clients
    /// write one for a folder that shall have children.
    ///
    /// # Errors
    /// [`Error::InvalidName`] with the reason.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.strip_suffix(SEPARATOR).unwrap_or(text);
        if text.len() > MAX_NAME_BYTES {
            return Err(Error::InvalidName("the name is too long"));
        }
        if text.split(SEPARATOR).count() > MAX_NAME_DEPTH {
            return Err(Error::InvalidName("the name has too many parts"));
        }
        text.split(SEPARATOR).try_for_each(check_part)?;
        Ok(Self(with_plain_inbox(text)))
    }

    /// The folder that new mail goes to.
    pub fn inbox() -> Self {
        Self(INBOX.to_owned())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the folder that new mail goes to.
    pub fn is_inbox(&self) -> bool {
        self.0 == INBOX
    }

    /// The paths of the folders above, the outermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = FolderName> {
        self.0.match_indices(SEPARATOR).map(|(end, _)| Self(self.0[..end].to_owned()))
    }

    /// Whether this folder lies below `other`.
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with(SEPARATOR))
    }

    /// This name with its leading `from` put in place of by `to`, if it is `from` or lies below it.
    pub(crate) fn moved(&self, from: &Self, to: &Self) -> Option<Result<Self, Error>> {
        let rest = self.0.strip_prefix(&from.0)?;
        let inside = rest.is_empty() || rest.starts_with(SEPARATOR);
        inside.then(|| Self::parse(&format!("{}{rest}", to.0)))
    }

    /// The name as it was stored.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Display for FolderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_part(part: &str) -> Result<(), Error> {
    if part.is_empty() {
        return Err(Error::InvalidName("a part of the name is empty"));
    }
    if part == "." || part == ".." {
        return Err(Error::InvalidName("a part of the name is `.` or `..`"));
    }
    if part.trim() != part {
        return Err(Error::InvalidName("a part of the name begins or ends with white space"));
    }
    if part.chars().any(char::is_control) {
        return Err(Error::InvalidName("the name holds a control character"));
    }
    Ok(())
}

fn with_plain_inbox(text: &str) -> String {
    let (first, rest) = text.split_at(text.find(SEPARATOR).unwrap_or(text.len()));
    if first.eq_ignore_ascii_case(INBOX) { format!("{INBOX}{rest}") } else { text.to_owned() }
}

/// The use that a folder is set apart for. A mailbox has at most one folder of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// New mail.
    Inbox,
    /// Copies of what was sent.
    Sent,
    /// Messages not yet sent.
    Drafts,
    /// Deleted items that can still be taken back.
    Trash,
    /// Suspicious mail.
    Junk,
    /// Mail put away.
    Archive,
}

impl Role {
    /// The folders that each new mailbox has, under the names WorkMail gives them.
    pub const DEFAULTS: [(Self, &'static str); 5] = [
        (Self::Inbox, INBOX),
        (Self::Drafts, "Drafts"),
        (Self::Sent, "Sent Items"),
        (Self::Trash, "Deleted Items"),
        (Self::Junk, "Junk E-mail"),
    ];

    /// The role as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Drafts => "drafts",
            Self::Trash => "trash",
            Self::Junk => "junk",
            Self::Archive => "archive",
        }
    }

    /// The role that is stored as `text`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Inbox, Self::Sent, Self::Drafts, Self::Trash, Self::Junk, Self::Archive]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> FolderName {
        FolderName::parse(text).unwrap()
    }

    #[test]
    fn inbox_has_one_spelling() {
        assert!(name("inBox").is_inbox());
        assert_eq!(name("inbox/Sub").as_str(), "INBOX/Sub");
        assert_eq!(name("Inboxes").as_str(), "Inboxes");
        assert_eq!(name("a/inbox").as_str(), "a/inbox");
    }

    #[test]
    fn refuses_names_that_cannot_be() {
        let deep = vec!["a"; MAX_NAME_DEPTH + 1].join("/");
        let long = "a".repeat(MAX_NAME_BYTES + 1);
        for bad in ["", "/", "a//b", "/a", "a/../b", ".", "a\u{7}", "a ", " a/b", &deep, &long] {
            assert!(matches!(FolderName::parse(bad), Err(Error::InvalidName(_))), "{bad:?}");
        }
        assert_eq!(name("a/b/").as_str(), "a/b");
    }

    #[test]
    fn knows_its_family() {
        let ancestors: Vec<_> = name("a/b/c").ancestors().map(|name| name.0).collect();
        assert_eq!(ancestors, ["a", "a/b"]);
        assert!(name("a/b").is_below(&name("a")) && !name("ab").is_below(&name("a")));
        let moved =
            |text: &str| name(text).moved(&name("a"), &name("x/y")).map(|name| name.unwrap().0);
        assert_eq!(moved("a/b").as_deref(), Some("x/y/b"));
        assert_eq!(moved("a").as_deref(), Some("x/y"));
        assert_eq!(moved("ab"), None);
    }

    proptest! {
        #[test]
        fn parsing_is_stable(text in ".{0,40}") {
            if let Ok(name) = FolderName::parse(&text) {
                prop_assert_eq!(FolderName::parse(name.as_str()).unwrap(), name);
            }
        }
    }
}
