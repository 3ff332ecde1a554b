//! Which folders of whose mailboxes a user reaches, and what the user may do with them (RFC 4314, section 4).
//!
//! A user may do everything in the own mailbox, and in those that were opened to the user by mailbox permissions
//! (`FULL_ACCESS`), whatever the rights to their folders. Elsewhere it is what was granted for the folder to the
//! user, to a group that the user is in, or to the whole organization. All is looked up in the snapshot or
//! transaction in which it is used: what is taken away is gone with the next task.

use mailbox::{
    Error, FlagAction, FlagChange, Flags, Folder, FolderId, FolderName, Keywords, Mailbox,
    MailboxId, Rights, folders, mailboxes, rights,
};
use store::Snapshot;
use workmail::permissions;

use crate::{job::Marks, place::Place};

/// The user who wants something.
pub(super) struct Actor {
    pub(super) mailbox: MailboxId,
    /// The entity.
    pub(super) id: String,
    pub(super) organization: String,
}

impl Actor {
    pub(super) async fn of(snapshot: &mut Snapshot, user: MailboxId) -> Result<Self, Error> {
        let Mailbox { id, owner, organization, .. } = mailboxes::get(snapshot, user).await?;
        Ok(Self { mailbox: id, id: owner, organization })
    }

    /// All the names under which rights to folders can be granted to the user. That of everybody is the
    /// organization's id, so that it reaches nobody elsewhere.
    pub(super) async fn names(&self, snapshot: &mut Snapshot) -> Result<Vec<String>, Error> {
        let mut names = permissions::grantees(snapshot, &self.id).await?;
        names.push(self.organization.clone());
        Ok(names)
    }

    /// What the user may do in all of a mailbox; nothing if that depends on the folder.
    async fn everywhere_in(
        &self,
        snapshot: &mut Snapshot,
        mailbox: &Mailbox,
    ) -> Result<bool, Error> {
        if mailbox.id == self.mailbox {
            return Ok(true);
        }
        Ok(permissions::of(snapshot, &mailbox.owner, &self.id).await?.full_access)
    }

    /// What the user may do with a folder of a mailbox.
    async fn rights(
        &self,
        snapshot: &mut Snapshot,
        mailbox: &Mailbox,
        folder: FolderId,
    ) -> Result<Rights, Error> {
        if self.everywhere_in(snapshot, mailbox).await? {
            return Ok(Rights::ALL);
        }
        if mailbox.organization != self.organization {
            return Ok(Rights::NONE);
        }
        let names = self.names(snapshot).await?;
        rights::of(snapshot, folder, &names).await
    }
}

/// A folder that is there, and what the user may do with it, which may be nothing.
pub(super) struct Reached {
    pub(super) folder: Folder,
    pub(super) rights: Rights,
}

impl Reached {
    /// The folder, if the user may do this.
    ///
    /// # Errors
    /// [`Error::NotPermitted`]; [`Error::NoSuchFolder`] if the user may not even know that it is there (RFC 4314,
    /// section 6).
    pub(super) fn need(self, needed: Rights) -> Result<Folder, Error> {
        if self.rights.contains(needed) {
            return Ok(self.folder);
        }
        Err(self.refusal())
    }

    pub(super) fn refusal(&self) -> Error {
        match self.rights.contains(Rights::LOOKUP) {
            true => Error::NotPermitted,
            false => Error::NoSuchFolder,
        }
    }
}

/// The folder that a user names.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub(super) async fn find(
    snapshot: &mut Snapshot,
    user: MailboxId,
    place: &Place,
) -> Result<Reached, Error> {
    let Some(owner) = &place.owner else {
        let folder = folders::find(snapshot, user, &place.folder).await?;
        return Ok(Reached { folder, rights: Rights::ALL });
    };
    let actor = Actor::of(snapshot, user).await?;
    let mailbox = mailbox_of(snapshot, &actor, owner).await?;
    let folder = folders::find(snapshot, mailbox.id, &place.folder).await?;
    let rights = actor.rights(snapshot, &mailbox, folder.id).await?;
    Ok(Reached { folder, rights })
}

/// A folder that a user has come to know.
///
/// # Errors
/// [`Error::NoSuchFolder`]; what the store says.
pub(super) async fn get(
    snapshot: &mut Snapshot,
    user: MailboxId,
    folder: FolderId,
) -> Result<Reached, Error> {
    let folder = folders::get(snapshot, folder).await?;
    if folder.mailbox == user {
        return Ok(Reached { folder, rights: Rights::ALL });
    }
    let actor = Actor::of(snapshot, user).await?;
    let mailbox = mailboxes::get(snapshot, folder.mailbox).await?;
    let rights = actor.rights(snapshot, &mailbox, folder.id).await?;
    Ok(Reached { folder, rights })
}

/// Where a new folder of this name would come, and whether the user may make it there: in an own mailbox and one
/// that is open to the user anywhere, else in a folder to which the user has the right.
///
/// # Errors
/// [`Error::NotPermitted`], [`Error::NoSuchFolder`]; what the store says.
pub(super) async fn for_new(
    snapshot: &mut Snapshot,
    user: MailboxId,
    place: &Place,
) -> Result<MailboxId, Error> {
    let Some(owner) = &place.owner else { return Ok(user) };
    let actor = Actor::of(snapshot, user).await?;
    let mailbox = mailbox_of(snapshot, &actor, owner).await?;
    if actor.everywhere_in(snapshot, &mailbox).await? {
        return Ok(mailbox.id);
    }
    let above: Vec<FolderName> = place.folder.ancestors().collect();
    for name in above.iter().rev() {
        let folder = match folders::find(snapshot, mailbox.id, name).await {
            Err(Error::NoSuchFolder) => continue,
            found => found?,
        };
        let rights = actor.rights(snapshot, &mailbox, folder.id).await?;
        Reached { folder, rights }.need(Rights::CREATE)?;
        return Ok(mailbox.id);
    }
    Err(Error::NoSuchFolder)
}

async fn mailbox_of(
    snapshot: &mut Snapshot,
    actor: &Actor,
    address: &str,
) -> Result<Mailbox, Error> {
    let holder = permissions::holder(snapshot, &actor.organization, address).await?;
    let holder = holder.ok_or(Error::NoSuchFolder)?;
    let mailbox = mailboxes::find(snapshot, &holder.id).await?;
    mailbox.filter(Mailbox::is_active).ok_or(Error::NoSuchFolder)
}

/// The flags that the rights allow to change, and whether keywords too (RFC 4314, section 2.1).
fn changeable(rights: Rights) -> (Flags, bool) {
    let writes = rights.contains(Rights::WRITE);
    let flags = [
        (rights.contains(Rights::SEEN), Flags::SEEN),
        (rights.contains(Rights::MARK_DELETED), Flags::DELETED),
        (writes, Flags::ANSWERED | Flags::FLAGGED | Flags::DRAFT),
    ];
    let flags = flags.into_iter().filter(|(may, _)| *may).map(|(_, flag)| flag);
    (flags.fold(Flags::NONE, Flags::with), writes)
}

/// What of a change the rights allow: "STORE should not fail if the user has rights to modify at least one flag"
/// (RFC 4314, section 4). Nothing if none.
pub(super) fn allowed_change(rights: Rights, marks: &Marks) -> Option<FlagChange> {
    let (among, words) = changeable(rights);
    let (action, flags, keywords) = match marks {
        Marks::Replace(flags, keywords) => {
            let action = match rights == Rights::ALL {
                true => FlagAction::Replace,
                false => FlagAction::ReplaceAmong { flags: among, keywords: words },
            };
            let may = !among.is_empty();
            return may.then(|| FlagChange { action, flags: *flags, keywords: keywords.clone() });
        }
        Marks::Add(flags, keywords) => (FlagAction::Add, flags, keywords),
        Marks::Remove(flags, keywords) => (FlagAction::Remove, flags, keywords),
    };
    let asked = !flags.is_empty() || *keywords != Keywords::none();
    let (flags, keywords) = allowed_flags(rights, *flags, keywords);
    let left = !flags.is_empty() || keywords != Keywords::none();
    (left || !asked).then_some(FlagChange { action, flags, keywords })
}

/// Those of the flags that somebody with these rights can give to a new message.
pub(super) fn allowed_flags(
    rights: Rights,
    flags: Flags,
    keywords: &Keywords,
) -> (Flags, Keywords) {
    let (among, words) = changeable(rights);
    let keywords = if words { keywords.clone() } else { Keywords::none() };
    (flags.without(flags.without(among)), keywords)
}

/// What is to be taken from copies that somebody with these rights has made; nothing if they may bear anything.
pub(super) fn to_strip(rights: Rights) -> Option<FlagChange> {
    const ALL: Flags = Flags::from_bits(i64::MAX);
    let (among, words) = changeable(rights);
    let flags = ALL.without(among);
    let action = FlagAction::ReplaceAmong { flags, keywords: !words };
    let change = FlagChange { action, flags: Flags::NONE, keywords: Keywords::none() };
    (!flags.is_empty()).then_some(change)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Keywords {
        Keywords::new(words.iter().copied()).unwrap()
    }

    #[test]
    fn a_change_is_cut_down_to_what_is_allowed() {
        let marks = Marks::Add(Flags::SEEN | Flags::DELETED, words(&["x"]));
        let change = allowed_change(Rights::SEEN | Rights::READ, &marks).unwrap();
        assert_eq!((change.flags, change.keywords), (Flags::SEEN, Keywords::none()));
        let change = allowed_change(Rights::WRITE, &marks).unwrap();
        assert_eq!((change.flags, change.keywords), (Flags::NONE, words(&["x"])));
        assert_eq!(allowed_change(Rights::READ | Rights::INSERT, &marks), None);
        let replace = Marks::Replace(Flags::SEEN, Keywords::none());
        let among = FlagAction::ReplaceAmong { flags: Flags::DELETED, keywords: false };
        assert_eq!(allowed_change(Rights::MARK_DELETED, &replace).unwrap().action, among);
        assert_eq!(allowed_change(Rights::ALL, &replace).unwrap().action, FlagAction::Replace);
        assert_eq!(allowed_change(Rights::EXPUNGE, &replace), None);
    }

    #[test]
    fn copies_bear_only_what_could_be_set() {
        assert_eq!(to_strip(Rights::ALL), None);
        let change = to_strip(Rights::INSERT | Rights::SEEN).unwrap();
        let stripped = Flags::ANSWERED | Flags::FLAGGED | Flags::DELETED | Flags::DRAFT;
        let action = FlagAction::ReplaceAmong { flags: stripped, keywords: true };
        assert_eq!((change.action, change.flags), (action, Flags::NONE));
    }
}
