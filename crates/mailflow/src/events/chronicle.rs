//! What is told of one message, from when it comes until it is handed out.

use std::collections::BTreeMap;

use store::{Snapshot, Transaction};
use workmail::monitoring::{self, EventLog};
use world::Timestamp;

use super::{BouncedRecipient, Events, Facts, MailEvent};
use crate::{
    Error, Failure, Incoming, Mailflow, Origin, Verdict, parcel::HandedOut, treatment::Placement,
};

/// What is told of a message to the organizations that want to know. Nothing is kept of a message that none of
/// them has to do with.
#[derive(Debug)]
pub(crate) struct Chronicle {
    facts: Facts,
    /// Under which all is found that concerns the message as one that goes out.
    outgoing: String,
    /// The same as one that comes in: of a user's message another, as if it had come from a server elsewhere.
    incoming: String,
    /// The organization of the user who wrote it, if that wants to know.
    author: Option<String>,
    /// The recipients in each organization that wants to know.
    inside: BTreeMap<String, Vec<String>>,
    /// What happened until now.
    begun: Events,
}

/// The records of a message, by organization.
#[derive(Debug, Default)]
pub(crate) struct Told {
    records: Vec<(String, Vec<String>)>,
}

impl Told {
    /// The records of one organization, all under one trace.
    pub(crate) fn about(organization: &str, trace_id: &str, events: &[MailEvent]) -> Self {
        let records: Vec<_> = events.iter().map(|event| event.record(trace_id)).collect();
        Self { records: vec![(organization.to_owned(), records)] }
    }

    /// Writes the records, as part of the transaction.
    pub(crate) async fn write(
        self,
        log: &EventLog,
        tx: &mut Transaction,
        now: Timestamp,
    ) -> Result<(), Error> {
        for (organization, records) in self.records {
            if !records.is_empty() {
                log.write(tx, &organization, records, now).await?;
            }
        }
        Ok(())
    }
}

impl Mailflow {
    /// Opens the chronicle of a message, if anybody wants to know; `judged` is what was decided about it.
    pub(crate) async fn open_chronicle(
        &self,
        snapshot: &mut Snapshot,
        incoming: &Incoming,
        judged: Events,
    ) -> Result<Option<Chronicle>, Error> {
        let author = match &incoming.origin {
            Origin::Submitted { organization, .. } => {
                let is_on = monitoring::is_on(snapshot, organization).await?;
                is_on.then(|| organization.clone())
            }
            Origin::Received => None,
        };
        let chronicle = self.chronicle_of(snapshot, incoming, author).await?;
        Ok(chronicle.map(|mut chronicle| {
            chronicle.begin(incoming, self.world.now());
            chronicle.note(&judged);
            chronicle
        }))
    }

    /// Goes on with the chronicle of a message that was held: that it came was told then.
    pub(crate) async fn resume_chronicle(
        &self,
        snapshot: &mut Snapshot,
        incoming: &Incoming,
        author: Option<&str>,
        judged: Events,
    ) -> Result<Option<Chronicle>, Error> {
        let mut watching = None;
        if let Some(author) = author {
            let is_on = monitoring::is_on(snapshot, author).await?;
            watching = is_on.then(|| author.to_owned());
        }
        let chronicle = self.chronicle_of(snapshot, incoming, watching).await?;
        Ok(chronicle.map(|mut chronicle| {
            chronicle.note(&judged);
            chronicle
        }))
    }

    async fn chronicle_of(
        &self,
        snapshot: &mut Snapshot,
        incoming: &Incoming,
        author: Option<String>,
    ) -> Result<Option<Chronicle>, Error> {
        let inside = watchers(snapshot, &incoming.recipients).await?;
        if author.is_none() && inside.is_empty() {
            return Ok(None);
        }
        let message = incoming.content.get(incoming.return_path_octets..).unwrap_or_default();
        let outgoing = incoming.id.clone();
        Ok(Some(Chronicle {
            facts: Facts::of(message),
            incoming: match incoming.origin {
                Origin::Received => outgoing.clone(),
                Origin::Submitted { .. } => self.world.random_hex::<16>(),
            },
            outgoing,
            author,
            inside,
            begun: Events::default(),
        }))
    }

    /// Writes down what happened to a message of which nothing else is kept. That it cannot be written does not
    /// change what its sender is told.
    pub(crate) async fn tell_of_refused(&self, told: Told) {
        let write = async {
            let mut tx = self.store.write().await?;
            told.write(&self.log, &mut tx, self.world.now()).await?;
            Ok::<_, Error>(tx.commit().await?)
        };
        if let Err(error) = write.await {
            tracing::warn!(%error, "the events of a refused message were not written");
        }
    }
}

/// The recipients of each organization that wants to know. Most messages are for one domain.
async fn watchers(
    snapshot: &mut Snapshot,
    recipients: &[String],
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut inside: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for recipient in recipients {
        let domain = domain(recipient);
        let watcher = match known.get(&domain) {
            Some(watcher) => watcher.clone(),
            None => {
                let watcher = monitoring::watcher_of(snapshot, recipient).await?;
                known.insert(domain, watcher.clone());
                watcher
            }
        };
        if let Some(organization) = watcher {
            inside.entry(organization).or_default().push(recipient.clone());
        }
    }
    Ok(inside)
}

fn domain(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase()
}

impl Chronicle {
    fn begin(&mut self, incoming: &Incoming, now: Timestamp) {
        if let Some(author) = &self.author {
            let Facts { from, sender, subject, .. } = self.facts.clone();
            let recipients = incoming.recipients.clone();
            let event = MailEvent::OutgoingEmailSubmitted { recipients, sender, from, subject };
            self.begun.note(author, event);
        }
        for (organization, recipients) in &self.inside {
            let event = received(&self.facts, recipients, incoming, now);
            self.begun.note(organization, event);
        }
    }

    /// What was decided, as far as it concerns those who want to know.
    fn note(&mut self, judged: &Events) {
        let watching = self.inside.keys().chain(&self.author);
        let watching: std::collections::BTreeSet<&String> = watching.collect();
        for organization in watching {
            for event in judged.of(organization) {
                self.begun.note(organization, event.clone());
            }
        }
    }

    /// Whether the message came from another server.
    pub(crate) fn is_of_stranger(&self) -> bool {
        self.outgoing == self.incoming
    }

    /// What is told once the message was handed out.
    pub(crate) fn told(&self, out: &HandedOut<'_>) -> Told {
        let mut events = self.begun.clone();
        for (organization, stop) in &out.delivered {
            if self.inside.contains_key(*organization) {
                let recipient = stop.owner.clone();
                let folder = folder(stop.placement).to_owned();
                let event = MailEvent::MailboxEmailDelivered { recipient, folder };
                events.note(organization, event);
            }
        }
        for failure in &out.failures {
            self.note_bounced(&mut events, failure);
        }
        if let Some(author) = &self.author {
            self.note_sent(&mut events, author, out);
        }
        self.records(&events)
    }

    /// What is told of a message from elsewhere that was turned away.
    pub(crate) fn told_of_refused(&self, failures: &[Failure]) -> Told {
        let mut events = self.begun.clone();
        for failure in failures {
            self.note_bounced(&mut events, failure);
        }
        self.records(&events)
    }

    /// A recipient whom a user's message did not reach is told of on both sides.
    fn note_bounced(&self, events: &mut Events, failure: &Failure) {
        let bounced_recipient = BouncedRecipient::from(failure);
        let is_inside = |recipients: &Vec<String>| recipients.contains(&failure.recipient);
        if let Some((organization, _)) = self.inside.iter().find(|(_, to)| is_inside(to)) {
            let bounced_recipient = bounced_recipient.clone();
            events.note(organization, MailEvent::IncomingEmailBounced { bounced_recipient });
        }
        if let Some(author) = &self.author {
            events.note(author, MailEvent::OutgoingEmailBounced { bounced_recipient });
        }
    }

    /// Recipients on this server have the message at once, each told of once, however many are behind it.
    fn note_sent(&self, events: &mut Events, author: &str, out: &HandedOut<'_>) {
        let mut recipients: Vec<&str> =
            out.delivered.iter().map(|(_, stop)| stop.recipient.as_str()).collect();
        recipients.dedup();
        let has_failed = |recipient: &str| out.failures.iter().any(|f| f.recipient == recipient);
        for recipient in recipients.into_iter().filter(|recipient| !has_failed(recipient)) {
            events.note(author, sent(&self.facts, recipient));
        }
    }

    fn records(&self, events: &Events) -> Told {
        let mut told = Told::default();
        for (organization, events) in &events.by_organization {
            let record = |event: &MailEvent| event.record(self.trace_of(organization, event));
            told.records.push((organization.clone(), events.iter().map(record).collect()));
        }
        told
    }

    fn trace_of(&self, organization: &String, event: &MailEvent) -> &str {
        let goes_out = !event.is_inbound() && self.author.as_ref() == Some(organization);
        if goes_out { &self.outgoing } else { &self.incoming }
    }
}

/// That a message of a user reached a recipient.
pub(crate) fn sent(facts: &Facts, recipient: &str) -> MailEvent {
    let Facts { from, sender, message_id, .. } = facts.clone();
    MailEvent::OutgoingEmailSent { recipient: recipient.to_owned(), sender, from, message_id }
}

fn received(
    facts: &Facts,
    recipients: &[String],
    incoming: &Incoming,
    now: Timestamp,
) -> MailEvent {
    let Facts { from, sender, subject, message_id } = facts.clone();
    let checks = &incoming.authentication;
    MailEvent::OrganizationEmailReceived {
        recipients: recipients.to_vec(),
        sender,
        from,
        subject,
        message_id,
        // Nothing here looks for spam.
        spam_verdict: Verdict::Disabled,
        dkim_verdict: checks.dkim,
        spf_verdict: checks.spf,
        dmarc_verdict: checks.dmarc,
        dmarc_policy: checks.dmarc_policy.filter(|_| checks.dmarc == Verdict::Fail),
        message_timestamp: now.iso8601(),
    }
}

/// As WorkMail's operations name it.
fn folder(placement: Placement) -> &'static str {
    match placement {
        Placement::Inbox => "INBOX",
        Placement::Junk => "JUNK_EMAIL",
    }
}
