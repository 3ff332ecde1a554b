//! Who may do what with a folder, as users say and ask it (RFC 4314, section 3).

use mailbox::{Error, MailboxId, Rights, mailboxes, rights};
use store::{Snapshot, Transaction};
use workmail::permissions;

use super::access::{self, Actor, Reached};
use crate::{grammar::acl::Grant, place::Place};

/// The identifier of everybody: all users of the organization.
const ANYONE: &str = "anyone";

/// Somebody who can be granted something.
enum Grantee {
    /// The owner of the folder's mailbox, who always may do everything.
    Owner,
    /// The name under which rights are kept.
    Name(String),
}

/// What the user may do with a folder. Who has no right to it does not learn that it is there.
pub(super) async fn mine(
    snapshot: &mut Snapshot,
    user: MailboxId,
    place: &Place,
) -> Result<Rights, Error> {
    let reached = access::find(snapshot, user, place).await?;
    // RFC 4314, section 4: one of these is needed
    let known = Rights::LOOKUP
        | Rights::READ
        | Rights::INSERT
        | Rights::CREATE
        | Rights::DELETE
        | Rights::ADMINISTER;
    if reached.rights.intersects(known) { Ok(reached.rights) } else { Err(Error::NoSuchFolder) }
}

/// The owner first, then who was granted anything, by identifier.
pub(super) async fn grants(
    snapshot: &mut Snapshot,
    user: MailboxId,
    place: &Place,
) -> Result<Vec<(String, Rights)>, Error> {
    let folder = access::find(snapshot, user, place).await?.need(Rights::ADMINISTER)?;
    let mailbox = mailboxes::get(snapshot, folder.mailbox).await?;
    let mut grants = Vec::new();
    for (name, rights) in rights::list(snapshot, folder.id).await? {
        grants.push((identifier(snapshot, &mailbox.organization, name).await?, rights));
    }
    grants.sort_by(|(one, _), (other, _)| one.cmp(other));
    let owner = identifier(snapshot, &mailbox.organization, mailbox.owner).await?;
    grants.insert(0, (owner, Rights::ALL));
    Ok(grants)
}

/// What somebody may do with a folder whatever is granted.
pub(super) async fn always(
    snapshot: &mut Snapshot,
    user: MailboxId,
    place: &Place,
    identifier: &str,
) -> Result<Rights, Error> {
    let reached = access::find(snapshot, user, place).await?;
    Ok(match grantee(snapshot, user, &reached, identifier).await? {
        Grantee::Owner => Rights::ALL,
        Grantee::Name(_) => Rights::NONE,
    })
}

/// Changes what somebody may do with a folder. That its owner may do everything cannot be changed.
pub(super) async fn grant(
    tx: &mut Transaction,
    user: MailboxId,
    place: &Place,
    identifier: &str,
    grant: Grant,
) -> Result<(), Error> {
    let reached = access::find(tx, user, place).await?;
    let Grantee::Name(name) = grantee(tx, user, &reached, identifier).await? else {
        return Err(Error::NotPermitted);
    };
    let folder = reached.folder;
    let held = rights::of(tx, folder.id, std::slice::from_ref(&name)).await?;
    let wanted = match grant {
        Grant::Replace(rights) => rights,
        Grant::Add(rights) => held | rights,
        Grant::Remove(rights) => held.without(rights),
    };
    if wanted == held {
        return Ok(());
    }
    rights::set(tx, folder.id, &name, wanted).await
}

/// Whom an identifier means: an address of a registered user or group of the organization, everybody in it, or the
/// name under which somebody who is not registered any more was granted something. Only who administers the
/// folder may ask.
async fn grantee(
    snapshot: &mut Snapshot,
    user: MailboxId,
    reached: &Reached,
    identifier: &str,
) -> Result<Grantee, Error> {
    if !reached.rights.contains(Rights::ADMINISTER) {
        return Err(reached.refusal());
    }
    let actor = Actor::of(snapshot, user).await?;
    if identifier == ANYONE {
        return Ok(Grantee::Name(actor.organization));
    }
    let holder = permissions::holder(snapshot, &actor.organization, identifier).await?;
    if let Some(holder) = holder {
        let owner = mailboxes::get(snapshot, reached.folder.mailbox).await?.owner;
        return Ok(if holder.id == owner { Grantee::Owner } else { Grantee::Name(holder.id) });
    }
    let held = rights::list(snapshot, reached.folder.id).await?;
    let held = held.into_iter().find(|(name, _)| name == identifier);
    held.map(|(name, _)| Grantee::Name(name)).ok_or(Error::NoSuchGrantee)
}

/// How a grantee is shown: by the primary address, or if there is none any more by the name that is kept.
async fn identifier(
    snapshot: &mut Snapshot,
    organization: &str,
    name: String,
) -> Result<String, Error> {
    if name == organization {
        return Ok(ANYONE.to_owned());
    }
    let registered = permissions::owner(snapshot, &name).await?;
    Ok(registered.map_or(name, |entity| entity.address))
}
