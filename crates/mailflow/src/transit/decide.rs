//! What follows from a call of a function: pure, so that it can be tested against a plain reading of the guide.

use std::{collections::HashSet, time::Duration};

use world::Timestamp;

use super::{
    answer::{Action, Answer, What},
    order::{Hold, Order},
};
use crate::treatment::{Placement, Treated, Treatment};

/// Rest after the first failed call of a function that a message waits for; each further one is twice as long.
const REST: Duration = Duration::from_secs(5);

/// The longest rest between two calls.
const REST_MAX: Duration = Duration::from_secs(10 * 60);

/// Rests after the failed calls of a function that nothing waits for; after the last it is given up (AWS Lambda
/// Developer Guide, "How Lambda handles errors and retries with asynchronous invocation").
const RESTS_ASIDE: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// What the sender is told of a bounce for which the function has no words.
const BOUNCED: &str = "the message was refused by a rule of the organization";

/// What is to be done after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is called again.
    Again(Timestamp),
    /// There is nothing more to ask, and this becomes of the recipients.
    Settled(Vec<Treated>),
}

/// Decides after the call number `attempts`. No answer means that the call failed, or that the answer was bad.
pub(crate) fn decide(
    order: &Order,
    attempts: u32,
    answer: Option<&Answer>,
    now: Timestamp,
) -> Decision {
    let again = match (answer, &order.hold) {
        (None, Some(hold)) => next_call(hold, attempts, now),
        (None, None) => rest_aside(attempts).map(|rest| now.saturating_add(rest)),
        (Some(_), _) => None,
    };
    match (again, &order.hold) {
        (Some(at), _) => Decision::Again(at),
        (None, None) => Decision::Settled(Vec::new()),
        (None, Some(hold)) => Decision::Settled(treat(order, hold, answer)),
    }
}

/// The last call is made when the rule's time is over; then the rule falls back.
fn next_call(hold: &Hold, attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let doublings = attempts.saturating_sub(1).min(16);
    let rest = REST.saturating_mul(1 << doublings).min(REST_MAX);
    (now < hold.until()).then(|| now.saturating_add(rest).min(hold.until()))
}

fn rest_aside(attempts: u32) -> Option<Duration> {
    RESTS_ASIDE.get(usize::try_from(attempts).ok()?.checked_sub(1)?).copied()
}

/// What becomes of every recipient of the message, and of those whom the answer adds.
fn treat(order: &Order, hold: &Hold, answer: Option<&Answer>) -> Vec<Treated> {
    let treated =
        |recipient: &String, treatment| Treated { recipient: recipient.clone(), treatment };
    let fallback = |recipient: &String| treated(recipient, hold.fallback.clone());
    let Some(answer) = answer else { return order.recipients.iter().map(fallback).collect() };
    let for_the_rest = answer.actions.iter().find(|action| action.all_recipients);
    let of_one = |recipient: &String| {
        let naming = answer.actions.iter().find(|action| names(&action.recipients, recipient));
        match naming.or_else(|| for_the_rest.filter(|_| !names(&answer.beyond, recipient))) {
            Some(action) => treated(recipient, action.what.treatment(hold)),
            None => fallback(recipient),
        }
    };
    let mut all: Vec<_> = order.recipients.iter().map(of_one).collect();
    all.extend(added(order, hold, answer));
    all
}

/// Recipients whom the answer names though the message was not for them, also not beside those who wait. For the
/// first action that names one.
/// Nobody can be told that it was refused for somebody to whom it was not sent.
fn added(order: &Order, hold: &Hold, answer: &Answer) -> Vec<Treated> {
    let known = order.recipients.iter().chain(&hold.beside);
    let mut seen: HashSet<_> = known.map(|known| known.to_lowercase()).collect();
    let mut added = Vec::new();
    for Action { what, recipients, .. } in &answer.actions {
        for recipient in recipients {
            let is_new = seen.insert(recipient.to_lowercase());
            match what.treatment(hold) {
                treatment @ Treatment::Deliver(_) if is_new => {
                    added.push(Treated { recipient: recipient.clone(), treatment });
                }
                _ => {}
            }
        }
    }
    added
}

/// Letter case does not tell recipients apart.
fn names(recipients: &[String], recipient: &str) -> bool {
    let folded = recipient.to_lowercase();
    recipients.iter().any(|named| named.to_lowercase() == folded)
}

impl What {
    fn treatment(&self, hold: &Hold) -> Treatment {
        match self {
            Self::Bounce(text) => Treatment::Bounce(text.as_deref().unwrap_or(BOUNCED).to_owned()),
            Self::Drop => Treatment::Drop,
            Self::Default => hold.usual.clone(),
            Self::BypassSpamCheck => Treatment::Deliver(Placement::Inbox),
            Self::MoveToJunk => Treatment::Deliver(Placement::Junk),
        }
    }
}

impl Answer {
    /// The recipients that it adds to those of the message.
    pub(crate) fn newcomers<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = &'a str> {
        let named = self.actions.iter().flat_map(|action| &action.recipients);
        named.map(String::as_str).filter(|named| !names(&order.recipients, named))
    }
}

/// Whether a text is an address that mail can go to: nothing in it could end a command or a field (RFC 5321
/// section 4.1.2, without quoted local parts; RFC 6531 beyond ASCII).
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |atom: &str| {
        let is_atext = |c: char| {
            c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_beyond_ascii(c)
        };
        !atom.is_empty() && atom.chars().all(is_atext)
    };
    let label = |label: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_beyond_ascii(c);
        (1..=63).contains(&label.len())
            && label.chars().all(is_part)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=64).contains(&local.len())
        && local.split('.').all(atom)
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
}

fn is_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

#[cfg(test)]
mod tests;
