//! A message with its way, ready to be handed out within a transaction.

use std::collections::BTreeSet;

use bytes::Bytes;
use mailbox::{
    Flags, Keywords, Role, bodies,
    intake::{self, Body, Delivery, Destination, Prepared},
};
use store::{Store, Transaction};
use world::Timestamp;

use crate::{
    Error, Failure,
    queue::{self, Entry},
    route::{Route, Stop},
    transit::Shown,
    treatment::Placement,
};

/// Holds a body for a moment that no mailbox took, so that it is collected.
const NOBODY: &str = "mailflow";

/// A message, whatever its way.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// A name that no other message has.
    pub(crate) id: String,
    /// Empty for a notice.
    pub(crate) sender: String,
    /// `Return-Path`, other trace fields, message.
    pub(crate) content: Bytes,
    pub(crate) return_path_octets: usize,
    pub(crate) utf8: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) letter: Letter,
    pub(crate) route: Route,
    /// The organization that what goes to other servers is kept under.
    remote_organization: Option<String>,
    /// The message under the key of each organization.
    prepared: Vec<(String, Prepared)>,
    /// The functions that it is to be shown to.
    shown: Vec<Shown>,
}

/// What became of a parcel.
#[derive(Debug, Default)]
pub(crate) struct HandedOut<'a> {
    /// Mailboxes, queue rows and functions that have it now, and recipients for whom it was thrown away.
    pub(crate) placed: usize,
    pub(crate) failures: Vec<Failure>,
    /// The mailboxes that have it now, with their organization.
    pub(crate) delivered: Vec<(&'a str, &'a Stop)>,
}

impl HandedOut<'_> {
    /// Several mailboxes may fail behind one recipient, a group.
    fn fail(&mut self, failure: Failure) {
        if !self.failures.contains(&failure) {
            self.failures.push(failure);
        }
    }
}

impl Parcel {
    /// Reads, compresses and encrypts the message, once for each organization. Takes time: hold no
    /// transaction meanwhile.
    pub(crate) async fn pack(
        store: &Store,
        letter: Letter,
        route: Route,
        organization: Option<&str>,
    ) -> Result<Self, Error> {
        Self::pack_shown(store, letter, route, organization, Vec::new()).await
    }

    /// The same for a message that is also shown to functions.
    pub(crate) async fn pack_shown(
        store: &Store,
        letter: Letter,
        route: Route,
        organization: Option<&str>,
        shown: Vec<Shown>,
    ) -> Result<Self, Error> {
        let remote_organization = match route.remote.is_empty() {
            true => None,
            false => organization.map(str::to_owned),
        };
        let mut organizations: BTreeSet<&String> = route.local.keys().collect();
        organizations.extend(&remote_organization);
        organizations.extend(shown.iter().map(|shown| &shown.organization));
        let mut prepared = Vec::with_capacity(organizations.len());
        for organization in organizations {
            let ready = intake::prepare(store, organization, letter.content.clone()).await?;
            prepared.push((organization.clone(), ready));
        }
        Ok(Self { letter, route, remote_organization, prepared, shown })
    }

    /// Files the message in its mailboxes and in the queue. A mailbox that refuses it does not hinder
    /// the others. May be called again in another transaction.
    pub(crate) async fn hand_out(
        &self,
        tx: &mut Transaction,
        now: Timestamp,
    ) -> Result<HandedOut<'_>, Error> {
        let mut out = HandedOut {
            placed: self.route.taken,
            failures: self.route.failures.clone(),
            delivered: Vec::new(),
        };
        for (organization, prepared) in &self.prepared {
            let body = intake::insert_body(tx, prepared).await?;
            let before = out.placed;
            if let Some(stops) = self.route.local.get(organization) {
                deliver(tx, &body, (organization, stops), now, &mut out).await?;
            }
            if self.remote_organization.as_ref() == Some(organization) {
                self.enqueue(tx, &body, now).await?;
                out.placed += self.route.remote.len();
            }
            for shown in self.shown.iter().filter(|shown| shown.organization == *organization) {
                shown.put_down(tx, &body, now).await?;
                out.placed += 1;
            }
            if out.placed == before {
                bodies::hold(tx, body.id, NOBODY).await?;
                bodies::release(tx, body.id, NOBODY).await?;
            }
        }
        Ok(out)
    }

    /// An organization that has to do with the message.
    pub(crate) fn organization(&self) -> Option<&str> {
        self.remote_organization.as_ref().or(self.route.local.keys().next()).map(String::as_str)
    }

    async fn enqueue(
        &self,
        tx: &mut Transaction,
        body: &Body,
        now: Timestamp,
    ) -> Result<(), Error> {
        let entry = Entry {
            id: &self.letter.id,
            organization: &body.organization,
            body: body.id,
            skip_octets: self.letter.return_path_octets,
            sender: &self.letter.sender,
            utf8: self.letter.utf8,
        };
        queue::insert(tx, &entry, &self.route.remote, now).await
    }
}

async fn deliver<'a>(
    tx: &mut Transaction,
    body: &Body,
    (organization, stops): (&'a str, &'a [Stop]),
    now: Timestamp,
    out: &mut HandedOut<'a>,
) -> Result<(), Error> {
    let keywords = Keywords::default();
    let delivery = |stop: &Stop| Delivery {
        mailbox: stop.mailbox,
        destination: match stop.placement {
            Placement::Inbox => Destination::Inbox,
            Placement::Junk => Destination::Role(Role::Junk),
        },
        flags: Flags::default(),
        keywords: &keywords,
        received_at: now,
        now,
    };
    let deliveries: Vec<_> = stops.iter().map(delivery).collect();
    let outcomes = intake::deliver_all(tx, body, &deliveries).await?;
    for (stop, outcome) in stops.iter().zip(outcomes) {
        match outcome {
            Ok(_) => {
                out.placed += 1;
                out.delivered.push((organization, stop));
            }
            Err(error) => out.fail(explain(stop, &error)),
        }
    }
    Ok(())
}

fn explain(stop: &Stop, error: &mailbox::Error) -> Failure {
    let (status, reason) = match error {
        mailbox::Error::QuotaExceeded { .. } => ("5.2.2", "the mailbox is full"),
        mailbox::Error::NoSuchMailbox => ("5.2.1", "the mailbox is not in service"),
        _ => ("5.2.0", "the mailbox cannot take the message"),
    };
    Failure {
        recipient: stop.recipient.clone(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        said: None,
    }
}
