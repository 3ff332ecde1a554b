//! From addresses to mailboxes and to other servers.

use std::collections::{BTreeMap, HashSet};

use mailbox::{MailboxId, mailboxes};
use store::Snapshot;
use workmail::{MailUser, Recipient};

use crate::{
    Error, Failure, Mailflow, postmaster,
    treatment::{Placement, Treated, Treatment},
};

/// Where a message goes.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// Mailboxes by organization. Each mailbox once, however many addresses lead to it.
    pub(crate) local: BTreeMap<String, Vec<Stop>>,
    /// Recipients on other servers, without doubles.
    pub(crate) remote: Vec<Remote>,
    /// Recipients that lead nowhere.
    pub(crate) failures: Vec<Failure>,
    /// Recipients for whom the message is taken though it goes nowhere: it is thrown away, or the sender is told by
    /// a notice.
    pub(crate) taken: usize,
    /// What a rule has the sender told, if nothing of the message is taken.
    pub(crate) blocked: Option<String>,
}

/// A mailbox on the way.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) mailbox: MailboxId,
    /// The recipient that led here, as the sender knows it.
    pub(crate) recipient: String,
    /// The primary address of the mailbox's owner.
    pub(crate) owner: String,
    pub(crate) named: Named,
    pub(crate) placement: Placement,
}

/// A recipient on another server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Remote {
    pub(crate) recipient: String,
    pub(crate) domain: String,
    /// The gateway of the sender's organization that takes it there.
    pub(crate) gateway: Option<String>,
}

/// A recipient to be found.
#[derive(Clone, Debug)]
pub(crate) struct Addressee {
    /// As the sender gave it.
    pub(crate) address: String,
    pub(crate) way: Way,
}

/// How a recipient is reached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Way {
    /// By the address; in mailboxes of ours the message goes to this place.
    Address(Placement),
    /// Through this gateway, whoever the recipient is.
    Gateway(String),
}

impl Addressee {
    /// Whoever is behind an address gets it into the inbox.
    pub(crate) fn of_inbox(address: &str) -> Self {
        Self { address: address.to_owned(), way: Way::Address(Placement::Inbox) }
    }
}

/// Who may send to whom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    /// Only to our own domains.
    Inside,
    /// Anywhere.
    Everywhere,
}

/// How a sender learns that a rule turns a message away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Telling {
    /// By a notice, which reaches who sent it.
    Notice,
    /// By a refusal if nothing of the message is taken, else by a notice.
    Either,
    /// By a refusal, or not at all: the address is none, or not the sender's.
    Refusal,
}

impl Mailflow {
    /// Finds the way of a message to the recipients whom it is to reach.
    pub(crate) async fn find_treated_route(
        &self,
        snapshot: &mut Snapshot,
        treated: Vec<Treated>,
        reach: Reach,
        telling: Telling,
    ) -> Result<Route, Error> {
        let (mut taken, mut bounces) = (0, Vec::new());
        let mut recipients = Vec::with_capacity(treated.len());
        for Treated { recipient, treatment } in treated {
            match treatment {
                Treatment::Deliver(placement) => {
                    recipients.push(Addressee { address: recipient, way: Way::Address(placement) });
                }
                Treatment::Relay(gateway) => {
                    recipients.push(Addressee { address: recipient, way: Way::Gateway(gateway) });
                }
                Treatment::Drop => taken += 1,
                Treatment::Bounce(reason) => {
                    taken += usize::from(telling == Telling::Notice);
                    bounces.push(bounce(recipient, reason));
                }
            }
        }
        let mut route = self.find_route(snapshot, &recipients, reach).await?;
        route.taken = taken;
        route.blocked = bounces.first().map(|bounce| bounce.reason.clone());
        if telling != Telling::Refusal {
            route.failures.extend(bounces);
        }
        Ok(route)
    }

    /// Finds the way of a message to each recipient.
    pub(crate) async fn find_route(
        &self,
        snapshot: &mut Snapshot,
        recipients: &[Addressee],
        reach: Reach,
    ) -> Result<Route, Error> {
        let postmaster = self.postmaster.as_deref();
        let mut finder =
            Finder { snapshot, postmaster, route: Route::default(), seen: HashSet::new() };
        for recipient in recipients {
            finder.follow(recipient, reach).await?;
        }
        Ok(finder.route)
    }
}

/// RFC 3463 section 3.8: delivery not authorized.
fn bounce(recipient: String, reason: String) -> Failure {
    Failure { recipient, status: "5.7.1".to_owned(), reason, said: None }
}

struct Finder<'a> {
    snapshot: &'a mut Snapshot,
    postmaster: Option<&'a str>,
    route: Route,
    /// Entities and remote recipients that were already met.
    seen: HashSet<String>,
}

impl Finder<'_> {
    async fn follow(&mut self, addressee: &Addressee, reach: Reach) -> Result<(), Error> {
        let recipient = addressee.address.as_str();
        let placement = match &addressee.way {
            Way::Address(placement) => *placement,
            Way::Gateway(gateway) => {
                self.leave(recipient, Some(gateway.clone()));
                return Ok(());
            }
        };
        match postmaster::resolve(self.snapshot, recipient, self.postmaster).await? {
            Recipient::User(owner) | Recipient::Resource(owner) => {
                self.stop_at(owner, recipient, placement, Named::Directly).await?;
            }
            Recipient::Group(group) => self.follow_group(group.id, recipient, placement).await?,
            Recipient::Unknown => self.fail(recipient, "5.1.1", "there is no such recipient"),
            Recipient::NotLocalDomain if reach == Reach::Everywhere => self.leave(recipient, None),
            Recipient::NotLocalDomain => self.fail(recipient, "5.7.1", "the domain is not ours"),
        }
        Ok(())
    }

    async fn follow_group(
        &mut self,
        group: String,
        recipient: &str,
        placement: Placement,
    ) -> Result<(), Error> {
        let members = match workmail::expand_group(self.snapshot, &group).await {
            Ok(members) => members,
            Err(workmail::Error::Store(error)) => return Err(error.into()),
            Err(error) => {
                self.fail(recipient, "5.2.4", &error.to_string());
                return Ok(());
            }
        };
        if self.seen.insert(group) {
            for member in members {
                self.stop_at(member, recipient, placement, Named::AsMember).await?;
            }
        }
        Ok(())
    }

    async fn stop_at(
        &mut self,
        user: MailUser,
        recipient: &str,
        placement: Placement,
        named: Named,
    ) -> Result<(), Error> {
        if self.seen.contains(&user.id) {
            return Ok(());
        }
        let mailbox = mailboxes::find(self.snapshot, &user.id).await?;
        match mailbox.filter(mailboxes::Mailbox::is_active) {
            Some(mailbox) => {
                let stop = Stop {
                    mailbox: mailbox.id,
                    recipient: recipient.to_owned(),
                    owner: user.address,
                    named,
                    placement,
                };
                self.route.local.entry(mailbox.organization).or_default().push(stop);
            }
            None if named == Named::Directly => {
                self.fail(recipient, "5.2.1", "the mailbox is not in service");
            }
            None => {}
        }
        self.seen.insert(user.id);
        Ok(())
    }

    fn leave(&mut self, recipient: &str, gateway: Option<String>) {
        let Some((_, domain)) = recipient.rsplit_once('@') else {
            return self.fail(recipient, "5.1.3", "the address has no domain");
        };
        let domain = domain.to_lowercase();
        if self.seen.insert(recipient.to_owned()) {
            self.route.remote.push(Remote { recipient: recipient.to_owned(), domain, gateway });
        }
    }

    fn fail(&mut self, recipient: &str, status: &str, reason: &str) {
        self.route.failures.push(Failure {
            recipient: recipient.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            said: None,
        });
    }
}

/// How a user came to be a recipient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Named {
    /// By an address of his own.
    Directly,
    /// As a member of a group; without a mailbox he takes no part in it.
    AsMember,
}
