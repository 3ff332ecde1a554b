//! What is to happen to a message, for each of its recipients: the one place where it is decided.

use store::Snapshot;

use crate::{Authentication, DmarcPolicy, Error, Incoming, Verdict, events::Events};

/// What is to happen for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// It goes its way; in mailboxes of ours, to this place.
    Deliver(Placement),
    /// It is thrown away, and nobody is told.
    Drop,
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

/// Decides for every recipient of a message, in their order, and notes what decided.
pub(crate) async fn judge(
    _snapshot: &mut Snapshot,
    incoming: &Incoming,
    _events: &mut Events,
) -> Result<Vec<Treated>, Error> {
    let treatment = by_origin(&incoming.authentication);
    let treated =
        |recipient: &String| Treated { recipient: recipient.clone(), treatment: treatment.clone() };
    Ok(incoming.recipients.iter().map(treated).collect())
}

/// What the domain in `From` wants for mail that is not from it (RFC 7489 section 6.3).
fn by_origin(authentication: &Authentication) -> Treatment {
    match (authentication.dmarc, authentication.dmarc_policy) {
        (Verdict::Fail, Some(DmarcPolicy::Reject)) => Treatment::Drop,
        (Verdict::Fail, Some(DmarcPolicy::Quarantine)) => Treatment::Deliver(Placement::Junk),
        _ => Treatment::Deliver(Placement::Inbox),
    }
}
