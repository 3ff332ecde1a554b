//! What is to happen to a message, for each of its recipients: the one place where it is decided.

use serde::{Deserialize, Serialize};
use store::Snapshot;
use workmail::flow_rules::KnownRules;

use crate::{
    Error, Incoming,
    dmarc::Enforcement,
    events::Events,
    flow_rules::{Judge, Ruling},
    transit::Question,
};

/// What is to happen for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Treatment {
    /// It goes its way; in mailboxes of ours, to this place.
    Deliver(Placement),
    /// It is thrown away, and nobody is told.
    Drop,
    /// It is not taken, and its sender is told why.
    Bounce(String),
    /// It is handed to this gateway of the sender's organization.
    Relay(String),
}

/// The place of a message in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Placement {
    /// The inbox.
    Inbox,
    /// The folder of what is suspicious.
    Junk,
}

/// A recipient, as the sender gave it, with what is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Treated {
    pub(crate) recipient: String,
    pub(crate) treatment: Treatment,
}

/// What was decided about a message.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The recipients for whom it is clear what is to happen.
    pub(crate) treated: Vec<Treated>,
    /// What functions are asked. For the recipients of those whose answer is awaited, nothing else is decided.
    pub(crate) questions: Vec<Question>,
}

/// Decides for every recipient of a message, in their order, and notes what decided. What its author's domain wants
/// turned away, no rule brings back.
pub(crate) async fn judge(
    snapshot: &mut Snapshot,
    known: &KnownRules,
    incoming: &Incoming,
    events: &mut Events,
) -> Result<Judged, Error> {
    let mut enforcement = Enforcement::of(incoming);
    let mut judge = Judge::open(snapshot, known, incoming).await?;
    let mut treated = Vec::with_capacity(incoming.recipients.len());
    for recipient in &incoming.recipients {
        let by_origin = enforcement.treatment(snapshot, recipient).await?;
        let ruling = match by_origin {
            Treatment::Drop => Ruling::None,
            _ => judge.ruling(snapshot, recipient, &by_origin).await?,
        };
        let treatment = match ruling {
            Ruling::None => by_origin,
            Ruling::Is(treatment) => treatment,
            Ruling::Awaited => continue,
        };
        treated.push(Treated { recipient: recipient.clone(), treatment });
    }
    enforcement.note(events);
    let questions = judge.end(events);
    Ok(Judged { treated, questions })
}
