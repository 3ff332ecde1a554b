//! What is to happen to a message, for each of its recipients: the one place where it is decided.

use store::Snapshot;
use workmail::flow_rules::KnownRules;

use crate::{Error, Incoming, dmarc::Enforcement, events::Events, flow_rules::Judge};

/// What is to happen for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// The inbox.
    Inbox,
    /// The folder of what is suspicious.
    Junk,
}

/// A recipient, as the sender gave it, with what is to happen.
#[derive(Clone, Debug)]
pub(crate) struct Treated {
    pub(crate) recipient: String,
    pub(crate) treatment: Treatment,
}

/// Decides for every recipient of a message, in their order, and notes what decided. What its author's domain wants
/// turned away, no rule brings back.
pub(crate) async fn judge(
    snapshot: &mut Snapshot,
    known: &KnownRules,
    incoming: &Incoming,
    events: &mut Events,
) -> Result<Vec<Treated>, Error> {
    let mut enforcement = Enforcement::of(incoming);
    let mut judge = Judge::open(snapshot, known, incoming).await?;
    let mut treated = Vec::with_capacity(incoming.recipients.len());
    for recipient in &incoming.recipients {
        let by_origin = enforcement.treatment(snapshot, recipient).await?;
        let by_rule = match by_origin {
            Treatment::Drop => None,
            _ => judge.treatment(snapshot, recipient).await?,
        };
        let treatment = by_rule.unwrap_or(by_origin);
        treated.push(Treated { recipient: recipient.clone(), treatment });
    }
    enforcement.note(events);
    judge.note(events);
    Ok(treated)
}
