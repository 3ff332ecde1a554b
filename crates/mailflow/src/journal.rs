//! Journal records: what an organization keeps of each of its messages, at an address of its choice.
//!
//! A record has the form of Exchange's envelope reports, which archives read: a text that says who sent what to
//! whom, and the message as it is handed on. It is handed out in the transaction of its message. An organization
//! learns of its own side only: what a server of its own would see of the message.
//!
//! A record is itself never recorded. Those that stay on this server do not come by here; those of ours that come
//! back from other servers are known by a mark in their header, which nobody else can make.

mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use store::{Keyring, Snapshot};
use workmail::journaling::{self, Journaling};

use crate::{
    Error, Failure, Mailflow,
    author::header,
    events::{Events, MailEvent},
    parcel::{Letter, Parcel},
    route::{Addressee, Reach, Route},
};

use report::{Facts, Report};

/// Local part of the address that records are from.
const SENDER_PREFIX: &str = "amazonjournaling@";
/// What the mark in the header is sealed for.
const MARK_PURPOSE: &str = "journal-mark";

/// The journal of an organization that a message touches, and the way there.
#[derive(Debug)]
pub(crate) struct Journal {
    organization: String,
    /// Whether one of its users wrote the message.
    authored: bool,
    settings: Journaling,
    route: Route,
}

/// A record, ready to be handed out.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) parcel: Parcel,
    pub(crate) organization: String,
    /// Who is told if it cannot be delivered.
    pub(crate) report: String,
}

/// Whether what is from that sender is a record.
pub(crate) fn is_record(sender: &str) -> bool {
    sender.starts_with(SENDER_PREFIX)
}

impl Mailflow {
    /// The journals of all organizations that a message touches: of its author's, if that is one of ours, and of
    /// those that have a mailbox on its way.
    pub(crate) async fn find_journals(
        &self,
        snapshot: &mut Snapshot,
        route: &Route,
        author: Option<&str>,
        message: &[u8],
        events: &mut Events,
    ) -> Result<Vec<Journal>, Error> {
        let author = author.filter(|_| !route.local.is_empty() || !route.remote.is_empty());
        let touched: BTreeSet<&str> =
            author.into_iter().chain(route.local.keys().map(String::as_str)).collect();
        let mut journals = Vec::new();
        for organization in touched {
            let Some(settings) = journaling::of(snapshot, organization).await? else { continue };
            if is_marked(self.store.keyring(), organization, message) {
                continue;
            }
            let route = self.find_way_to(snapshot, &settings.journal).await?;
            let journaling_address = settings.journal.clone();
            events.note(organization, MailEvent::JournalingInitiated { journaling_address });
            let (organization, authored) = (organization.to_owned(), author == Some(organization));
            journals.push(Journal { organization, authored, settings, route });
        }
        Ok(journals)
    }

    /// Writes the records of a message. Takes time: hold no transaction meanwhile.
    pub(crate) async fn write_records(
        &self,
        message: &Parcel,
        journals: Vec<Journal>,
    ) -> Result<Vec<Record>, Error> {
        let mut records = Vec::with_capacity(journals.len());
        if journals.is_empty() {
            return Ok(records);
        }
        let facts = Facts::of(&message.letter);
        for journal in journals {
            records.push(self.write_record(message, &facts, journal).await?);
        }
        Ok(records)
    }

    /// Who is told that a message of an organization could not be delivered: its sender, or for a record who is
    /// named for that.
    pub(crate) async fn told_of(&self, organization: &str, sender: &str) -> Result<String, Error> {
        if sender.starts_with(SENDER_PREFIX) {
            let mut snapshot = self.store.read().await?;
            let settings = journaling::of(&mut snapshot, organization).await?;
            if let Some(settings) = settings.filter(|settings| settings.sender == sender) {
                return Ok(settings.report);
            }
        }
        Ok(sender.to_owned())
    }

    async fn write_record(
        &self,
        message: &Parcel,
        facts: &Facts,
        journal: Journal,
    ) -> Result<Record, Error> {
        let Journal { organization, authored, settings, route } = journal;
        let report = Report {
            host: &self.host,
            organization: &organization,
            authored,
            settings: &settings,
            mark: mark(self.store.keyring(), &organization)?,
        };
        let (content, return_path_octets) = report.compose(message, facts, &self.world);
        let letter = Letter {
            id: self.world.random_hex::<16>(),
            sender: settings.sender,
            content: content.into(),
            return_path_octets,
            utf8: false,
        };
        let parcel = Parcel::pack(&self.store, letter, route, Some(&organization)).await?;
        Ok(Record { parcel, organization, report: settings.report })
    }

    async fn find_way_to(&self, snapshot: &mut Snapshot, journal: &str) -> Result<Route, Error> {
        let journal = [Addressee::of_inbox(journal)];
        let mut route = self.find_route(snapshot, &journal, Reach::Everywhere).await?;
        if route.local.is_empty() && route.remote.is_empty() && route.failures.is_empty() {
            let [Addressee { address, .. }] = journal;
            route.failures.push(nobody(address));
        }
        Ok(route)
    }
}

/// A group without members would take records in silence.
fn nobody(journal: String) -> Failure {
    Failure {
        recipient: journal,
        status: "5.1.1".to_owned(),
        reason: "there is nobody behind the address".to_owned(),
        said: None,
    }
}

fn mark(keyring: &Keyring, organization: &str) -> Result<String, Error> {
    Ok(STANDARD.encode(keyring.seal(MARK_PURPOSE, organization.as_bytes())?))
}

/// Whether a message bears the mark of this organization.
fn is_marked(keyring: &Keyring, organization: &str, message: &[u8]) -> bool {
    report::marks(header(message)).iter().any(|mark| {
        let sealed = STANDARD.decode(mark).unwrap_or_default();
        let opened = keyring.open(MARK_PURPOSE, &sealed);
        opened.is_ok_and(|opened| opened.expose() == organization.as_bytes())
    })
}
