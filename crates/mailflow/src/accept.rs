//! Taking charge of a message.

use bytes::Bytes;
use store::Snapshot;
use workmail::permissions::{self, Standing};
use world::Timestamp;

use crate::{
    Authentication, Error, Failure, Mailflow, Verdict, author,
    events::Events,
    notice::{self, Notice},
    parcel::{Letter, Parcel},
    route::{Addressee, Reach, Telling},
    shipment::Shipment,
    treatment,
};

/// A message that somebody hands to us.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Names it; no other message may ever have the same name.
    pub id: String,
    /// Where failures are told; none for a notice.
    pub sender: Option<String>,
    /// Addresses, as they were given.
    pub recipients: Vec<String>,
    /// How it came.
    pub origin: Origin,
    /// What is known of where it really comes from.
    pub authentication: Authentication,
    /// `Return-Path` line, other trace fields, then the message as it was sent.
    pub content: Bytes,
    /// Octets of the `Return-Path` line.
    pub return_path_octets: usize,
    /// Whether addresses or header fields need SMTPUTF8.
    pub utf8: bool,
}

/// How a message came to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From another server, for our own domains.
    Received,
    /// From a user, for anybody.
    Submitted {
        /// The user.
        entity: String,
        /// The user's organization.
        organization: String,
    },
}

/// Why a message was not taken. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `From` or `Sender` names nobody, or somebody under whose name the user may not send.
    #[error("the message is not from an address that the user may use")]
    ForeignAuthor,
    /// All mailboxes are full.
    #[error("the mailbox is full")]
    MailboxFull,
    /// An e-mail flow rule turns it away, with this text.
    #[error("{0}")]
    Blocked(String),
    /// None of the recipients is there any more.
    #[error("there is no such recipient")]
    NoRecipient,
    /// It could not be kept.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Refusal {
    /// Nothing could be placed, so that the sender can be told at once.
    pub(crate) fn of(failures: &[Failure], blocked: Option<&str>) -> Self {
        if failures.iter().any(|failure| failure.status == "5.2.2") {
            return Self::MailboxFull;
        }
        blocked.map_or(Self::NoRecipient, |reason| Self::Blocked(reason.to_owned()))
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Mailflow {
    /// Takes charge of a message: when this returns, it is in the mailboxes and in the queue, and durable.
    ///
    /// # Errors
    /// A [`Refusal`], which the sender should be told: nothing was kept.
    pub async fn accept(&self, incoming: Incoming) -> Result<(), Refusal> {
        let arrived_at = self.world.now();
        let shipment = self.pack(incoming).await?;
        self.hand_over(&shipment, arrived_at).await
    }

    async fn pack(&self, incoming: Incoming) -> Result<Shipment, Refusal> {
        let (reach, own) = match &incoming.origin {
            Origin::Received => (Reach::Inside, None),
            Origin::Submitted { organization, .. } => (Reach::Everywhere, Some(organization)),
        };
        let mut snapshot = self.store.read().await?;
        check_author(&mut snapshot, &incoming).await?;
        let mut events = Events::default();
        let judged = treatment::judge(&mut snapshot, &self.rules, &incoming, &mut events).await?;
        let telling = telling(&incoming);
        let told = incoming.sender.clone().unwrap_or_default();
        // What a function decides later, no refusal can tell.
        let told_later = if telling == Telling::Refusal { "" } else { told.as_str() };
        let shown = self.show(&mut snapshot, &incoming, told_later, judged.questions).await?;
        let route = self.find_treated_route(&mut snapshot, judged.treated, reach, telling).await?;
        let own = own.map(String::as_str);
        let message = incoming.content.get(incoming.return_path_octets..).unwrap_or_default();
        let journals = self.find_journals(&mut snapshot, &route, own, message, &mut events).await?;
        let chronicle = self.open_chronicle(&mut snapshot, &incoming, events).await?;
        drop(snapshot);
        let letter = Letter {
            id: incoming.id,
            sender: incoming.sender.unwrap_or_default(),
            content: incoming.content,
            return_path_octets: incoming.return_path_octets,
            utf8: incoming.utf8,
        };
        let message = Parcel::pack_shown(&self.store, letter, route, own, shown).await?;
        let records = self.write_records(&message, journals).await?;
        Ok(Shipment { message, told, records, chronicle, ending: None })
    }

    /// A message to `to` about failures, kept under `organization` if it goes to another server.
    pub(crate) async fn notice(
        &self,
        organization: &str,
        to: &str,
        failures: &[Failure],
        original: &[u8],
        arrived_at: Timestamp,
    ) -> Result<Parcel, Error> {
        let notice = Notice { host: &self.host, to, failures, original, arrived_at };
        let (content, return_path_octets) = notice::compose(&notice, &self.world);
        let letter = Letter {
            id: self.world.random_hex::<16>(),
            sender: String::new(),
            content: content.into(),
            return_path_octets,
            utf8: !to.is_ascii(),
        };
        let recipients = [Addressee::of_inbox(to)];
        let mut snapshot = self.store.read().await?;
        let route = self.find_route(&mut snapshot, &recipients, Reach::Everywhere).await?;
        drop(snapshot);
        Parcel::pack(&self.store, letter, route, Some(organization)).await
    }
}

/// How the sender of a message learns that a rule turns it away.
fn telling(incoming: &Incoming) -> Telling {
    match &incoming.origin {
        _ if incoming.sender.is_none() => Telling::Refusal,
        Origin::Submitted { .. } => Telling::Notice,
        Origin::Received if incoming.authentication.spf == Verdict::Fail => Telling::Refusal,
        Origin::Received => Telling::Either,
    }
}

/// A user writes under own addresses, in the envelope (checked at `MAIL` too) and in the header, or under those of
/// somebody who permits it: in that one's place, or for that one, with the user as `Sender` (RFC 5322 section 3.6.2).
async fn check_author(snapshot: &mut Snapshot, incoming: &Incoming) -> Result<(), Refusal> {
    let Origin::Submitted { entity, .. } = &incoming.origin else { return Ok(()) };
    let message = incoming.content.get(incoming.return_path_octets..).unwrap_or_default();
    let authors = author::authors(message).ok_or(Refusal::ForeignAuthor)?;
    let mut only_for = false;
    for address in incoming.sender.iter().chain(&authors.from) {
        match permissions::standing(snapshot, entity, address).await? {
            Standing::Own | Standing::As => {}
            Standing::OnBehalf => only_for = true,
            Standing::Foreign => return Err(Refusal::ForeignAuthor),
        }
    }
    if only_for && authors.sender.is_empty() {
        return Err(Refusal::ForeignAuthor);
    }
    for address in &authors.sender {
        match permissions::standing(snapshot, entity, address).await? {
            Standing::Own => {}
            Standing::As if !only_for => {}
            _ => return Err(Refusal::ForeignAuthor),
        }
    }
    Ok(())
}
