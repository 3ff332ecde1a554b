//! Where a folder is: in the user's own mailbox, or below the name of somebody else (RFC 2342).

use mailbox::{Error, FolderName, SEPARATOR};

/// What the names of folders of other users begin with, besides the separator.
pub(crate) const OTHER_USERS: &str = "Other Users";

/// A folder as a client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address of the owner of the mailbox; nothing for the user's own.
    pub owner: Option<String>,
    /// The folder in that mailbox.
    pub folder: FolderName,
}

impl Place {
    /// `Other Users/<address>/<folder>`, or a folder of the user's own.
    ///
    /// # Errors
    /// [`Error::InvalidName`] with the reason.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let Some(rest) = text.strip_prefix(OTHER_USERS) else { return Self::own(text) };
        let foreign = match rest.strip_prefix(SEPARATOR) {
            Some(rest) => rest.split_once(SEPARATOR),
            None if rest.is_empty() => None,
            None => return Self::own(text),
        };
        match foreign {
            Some((owner, folder)) if !owner.is_empty() => {
                Ok(Self { owner: Some(owner.to_owned()), folder: FolderName::parse(folder)? })
            }
            _ => Err(Error::InvalidName("names of other users' folders are longer")),
        }
    }

    fn own(text: &str) -> Result<Self, Error> {
        Ok(Self { owner: None, folder: FolderName::parse(text)? })
    }
}

/// The name of a folder of another user.
pub(crate) fn foreign_name(owner: &str, folder: &FolderName) -> String {
    format!("{OTHER_USERS}{SEPARATOR}{owner}{SEPARATOR}{folder}")
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.owner {
            Some(owner) => f.write_str(&foreign_name(owner, &self.folder)),
            None => self.folder.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_others_are_told_from_one_s_own() {
        let place = Place::parse("Other Users/ann@x.org/inbox/a/").unwrap();
        assert_eq!(place.owner.as_deref(), Some("ann@x.org"));
        assert_eq!(place.folder.as_str(), "INBOX/a");
        assert_eq!(place.to_string(), "Other Users/ann@x.org/INBOX/a");
        for own in ["INBOX", "Other Users 2", "Other Users2/a", "other users/a/b", "a/Other Users"]
        {
            assert_eq!(Place::parse(own).unwrap().owner, None, "{own}");
        }
        for bad in
            ["Other Users", "Other Users/", "Other Users/a", "Other Users/a/", "Other Users//b"]
        {
            assert!(Place::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(text in "(Other Users/)?[a@/ ]{0,12}") {
            if let Ok(place) = Place::parse(&text) {
                prop_assert_eq!(Place::parse(&place.to_string()).unwrap(), place);
            }
        }
    }
}
