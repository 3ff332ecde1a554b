//! The folders that a user sees in lists: the own ones, and those that others share.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use mailbox::{Error, Folder, FolderId, Mailbox, MailboxId, Rights, folders, mailboxes, rights};
use store::{Snapshot, Transaction};
use workmail::permissions;

use super::access::{self, Actor};
use crate::{
    job::Listed,
    place::{Place, foreign_name},
};

/// The most folders of others in one list.
const MAX_SHARED: usize = 5_000;

/// The folders of the user's own mailbox, and if `shared` those of others that may be known of.
pub(super) async fn list(
    snapshot: &mut Snapshot,
    user: MailboxId,
    shared: bool,
) -> Result<Vec<Listed>, Error> {
    let own = folders::list(snapshot, user).await?.into_iter();
    let mut listed: Vec<_> = own
        .map(|folder| Listed { name: folder.name.to_string(), folder, readable: true })
        .collect();
    if shared {
        let actor = Actor::of(snapshot, user).await?;
        let subscriptions = rights::subscriptions(snapshot, user).await?.into_iter().collect();
        let mut others = Others { subscriptions, listed: &mut listed, left: MAX_SHARED };
        let opened = opened(snapshot, &actor, &mut others).await?;
        granted(snapshot, &actor, &opened, &mut others).await?;
    }
    Ok(listed)
}

/// A list that the folders of others are added to.
struct Others<'a> {
    subscriptions: HashSet<FolderId>,
    listed: &'a mut Vec<Listed>,
    /// How many more may come.
    left: usize,
}

impl Others<'_> {
    /// What a folder is set apart for is its owner's matter: clients look for one folder of each use.
    fn add(&mut self, owner: &str, folder: Folder, rights: Rights) {
        if self.left == 0 || !rights.contains(Rights::LOOKUP) {
            return;
        }
        self.left -= 1;
        let name = foreign_name(owner, &folder.name);
        let subscribed = self.subscriptions.contains(&folder.id);
        let folder = Folder { subscribed, role: None, ..folder };
        let readable = rights.contains(Rights::READ);
        self.listed.push(Listed { name, folder, readable });
    }
}

/// Adds all folders of the mailboxes that are open to the user; says which mailboxes these are.
async fn opened(
    snapshot: &mut Snapshot,
    actor: &Actor,
    others: &mut Others<'_>,
) -> Result<HashSet<MailboxId>, Error> {
    let mut opened = HashSet::from([actor.mailbox]);
    for owner in permissions::opened_to(snapshot, &actor.id).await? {
        let mailbox = mailboxes::find(snapshot, &owner.id).await?.filter(Mailbox::is_active);
        let Some(mailbox) = mailbox else { continue };
        for folder in folders::list(snapshot, mailbox.id).await? {
            others.add(&owner.address, folder, Rights::ALL);
        }
        opened.insert(mailbox.id);
        if others.left == 0 {
            break;
        }
    }
    Ok(opened)
}

/// Adds the folders of other mailboxes to which the user was granted something.
async fn granted(
    snapshot: &mut Snapshot,
    actor: &Actor,
    opened: &HashSet<MailboxId>,
    others: &mut Others<'_>,
) -> Result<(), Error> {
    let names = actor.names(snapshot).await?;
    let mut owners: HashMap<MailboxId, Option<String>> = HashMap::new();
    for (folder, rights) in rights::granted(snapshot, &names).await? {
        if opened.contains(&folder.mailbox) {
            continue;
        }
        if let Entry::Vacant(vacant) = owners.entry(folder.mailbox) {
            let owner = mailboxes::get(snapshot, folder.mailbox).await?.owner;
            let owner = permissions::owner(snapshot, &owner).await?;
            vacant.insert(owner.map(|owner| owner.address));
        }
        if let Some(Some(owner)) = owners.get(&folder.mailbox) {
            others.add(owner, folder, rights);
        }
    }
    Ok(())
}

/// Sets whether the user wants a folder shown. One that cannot be seen any more can still be given up.
pub(super) async fn subscribe(
    tx: &mut Transaction,
    user: MailboxId,
    place: &Place,
    subscribed: bool,
) -> Result<(), Error> {
    let reached = access::find(tx, user, place).await?;
    if reached.folder.mailbox == user {
        return folders::subscribe(tx, user, &reached.folder.name, subscribed).await;
    }
    let id = reached.folder.id;
    let gives_up = !subscribed && rights::subscriptions(tx, user).await?.contains(&id);
    if !gives_up {
        reached.need(Rights::LOOKUP)?;
    }
    rights::subscribe(tx, user, id, subscribed).await
}
