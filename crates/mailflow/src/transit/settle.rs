//! What follows from a call: it is made again, or the message goes on.

use std::collections::BTreeMap;

use bytes::Bytes;
use mailbox::BodyId;
use store::{Snapshot, Transaction};
use workmail::Recipient;
use world::Timestamp;

use super::{
    Direction,
    answer::{Answer, BadAnswer},
    calls::{self, Call},
    decide::{Decision, decide, is_address},
    message,
    order::{Hold, Order},
};
use crate::{
    Authentication, Error, Incoming, Mailflow, Origin, Refusal,
    events::{Events, MailEvent, RuleAction, RuleType},
    parcel::{Letter, Parcel},
    retry::{self, MAX_TRIES},
    route::{Reach, Telling},
    shipment::Shipment,
    treatment::{self, Placement, Treated, Treatment},
};

/// Replacements of the text during which the message is packed again.
const REPLACEMENTS_MAX: usize = 5;

/// The end of a call, in the transaction in which its message goes on.
#[derive(Debug)]
pub(crate) struct Ending {
    call: Call,
    /// The text that goes on.
    body: BodyId,
}

impl Ending {
    /// Ends the call.
    ///
    /// # Errors
    /// [`Error::Overtaken`] if the lease was lost or the text replaced meanwhile: the transaction must be dropped.
    pub(crate) async fn apply(&self, tx: &mut Transaction) -> Result<(), Error> {
        let message = message::by_id(tx, &self.call.message).await?;
        let same = message.is_some_and(|message| message.body == self.body);
        if same && calls::end(tx, &self.call).await? { Ok(()) } else { Err(Error::Overtaken) }
    }
}

/// A message that waits no longer.
struct Released<'a> {
    incoming: Incoming,
    hold: &'a Hold,
    ending: Ending,
    organization: &'a str,
}

impl Mailflow {
    /// Records what came of a call: what the function answered, or why it did not. The message goes on in the same
    /// transaction. If the lease was lost meanwhile, nothing happens.
    ///
    /// # Errors
    /// What the store says; then the lease ends by itself and the function is called again.
    pub async fn settle_call(&self, call: &Call, said: Result<Bytes, String>) -> Result<(), Error> {
        let answer = match self.read_answer(call, said).await? {
            Ok(answer) => Some(answer),
            Err(reason) => {
                let (function, message) = (call.function(), &call.message);
                tracing::warn!(function, message, reason, "a function was called in vain");
                None
            }
        };
        match decide(&call.order, call.attempts, answer.as_ref(), self.world.now()) {
            Decision::Again(at) => self.record(call, Some(at)).await,
            Decision::Settled(treated) => self.go_on(call, &treated).await,
        }
    }

    /// The answer, if there is a good one; what nothing waits for needs none.
    async fn read_answer(
        &self,
        call: &Call,
        said: Result<Bytes, String>,
    ) -> Result<Result<Answer, String>, Error> {
        let text = match said {
            Ok(text) if call.is_awaited() => text,
            Ok(_) => return Ok(Ok(Answer::default())),
            Err(reason) => return Ok(Err(reason)),
        };
        let bad = |error: BadAnswer| format!("the answer is bad: {error}");
        let answer = match Answer::parse(&text, call.order.direction) {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(bad(error))),
        };
        let mut snapshot = self.store.read().await?;
        let organization = match message::by_id(&mut snapshot, &call.message).await? {
            Some(message) => message.organization,
            None => return Ok(Ok(answer)),
        };
        for newcomer in answer.newcomers(&call.order) {
            if !may_join(&mut snapshot, &call.order, &organization, newcomer).await? {
                return Ok(Err(bad(BadAnswer::Recipient(newcomer.to_owned()))));
            }
        }
        Ok(Ok(answer))
    }

    /// Ends the call; what waited for it goes on.
    async fn go_on(&self, call: &Call, treated: &[Treated]) -> Result<(), Error> {
        let Some(hold) = &call.order.hold else { return self.record(call, None).await };
        let arrived_at = Timestamp::from_micros(hold.arrived_us);
        for _ in 0..REPLACEMENTS_MAX {
            let Some(shipment) = self.pack_held(call, hold, treated).await? else {
                tracing::warn!(message = call.message, "a lease was lost before its call was done");
                return Ok(());
            };
            match self.hand_over(&shipment, arrived_at).await {
                Err(Refusal::Failed(Error::Overtaken)) => {}
                Err(Refusal::Failed(error)) => return Err(error),
                Ok(()) | Err(_) => return Ok(()),
            }
        }
        Err(Error::Overtaken)
    }

    /// The message as it goes on now. None if somebody else has the call.
    async fn pack_held(
        &self,
        call: &Call,
        hold: &Hold,
        treated: &[Treated],
    ) -> Result<Option<Shipment>, Error> {
        let mut snapshot = self.store.read().await?;
        let Some(message) = message::by_id(&mut snapshot, &call.message).await? else {
            return Ok(None);
        };
        if !calls::holds_lease(&mut snapshot, call).await? {
            return Ok(None);
        }
        let located = message.locate(&mut snapshot, self.store.keyring()).await?;
        drop(snapshot);
        let incoming = Incoming {
            id: hold.trace.clone(),
            sender: Some(hold.sender.clone()).filter(|sender| !sender.is_empty()),
            recipients: treated.iter().map(|one| one.recipient.clone()).collect(),
            // The rules of its author's organization were obeyed.
            origin: Origin::Received,
            authentication: Authentication::DISABLED,
            content: located.read(&self.store).await?,
            return_path_octets: message.return_path_octets,
            utf8: hold.utf8,
        };
        let ending = Ending { call: call.clone(), body: message.body };
        let released = Released { incoming, hold, ending, organization: &message.organization };
        self.send_on(released, treated).await.map(Some)
    }

    /// Finds the way on. Of what goes out, recipients in the house are met by the rules of their own organizations,
    /// which may ask functions in turn.
    async fn send_on(
        &self,
        released: Released<'_>,
        treated: &[Treated],
    ) -> Result<Shipment, Error> {
        let Released { incoming, hold, ending, organization } = released;
        let order = &ending.call.order;
        let (mut snapshot, mut events) = (self.store.read().await?, Events::default());
        events.note(organization, applied(order, treated));
        let (mut treated, mut shown) = (treated.to_vec(), Vec::new());
        let (mut reach, mut author) = (Reach::Inside, None);
        if order.direction == Direction::Outgoing {
            (reach, author) = (Reach::Everywhere, Some(organization));
            let is_free = |one: &Treated| matches!(one.treatment, Treatment::Deliver(_));
            let (free, bound): (Vec<_>, Vec<_>) = treated.into_iter().partition(is_free);
            let recipients = free.into_iter().map(|one| one.recipient).collect();
            let inner = Incoming { recipients, ..incoming.clone() };
            let judged = treatment::judge(&mut snapshot, &self.rules, &inner, &mut events).await?;
            shown = self.show(&mut snapshot, &inner, &hold.told, judged.questions).await?;
            treated = [judged.treated, bound].concat();
        }
        let route = self.find_treated_route(&mut snapshot, treated, reach, Telling::Notice).await?;
        let text = incoming.content.get(incoming.return_path_octets..).unwrap_or_default();
        let journals = self.find_journals(&mut snapshot, &route, author, text, &mut events).await?;
        let chronicle = self.resume_chronicle(&mut snapshot, &incoming, author, events).await?;
        drop(snapshot);
        let letter = Letter {
            id: ending.call.message.clone(),
            sender: hold.sender.clone(),
            content: incoming.content,
            return_path_octets: incoming.return_path_octets,
            utf8: incoming.utf8,
        };
        let message = Parcel::pack_shown(&self.store, letter, route, author, shown).await?;
        let records = self.write_records(&message, journals).await?;
        Ok(Shipment { message, told: hold.told.clone(), records, chronicle, ending: Some(ending) })
    }

    /// Puts a call off, or ends one that nothing waited for.
    async fn record(&self, call: &Call, again: Option<Timestamp>) -> Result<(), Error> {
        for tries in 1..=MAX_TRIES {
            match self.try_record(call, again).await {
                Err(error) if error.is_conflict() => retry::rest(&self.world, tries).await,
                recorded => return recorded,
            }
        }
        Err(Error::Contended(MAX_TRIES))
    }

    async fn try_record(&self, call: &Call, again: Option<Timestamp>) -> Result<(), Error> {
        let mut tx = self.store.write().await?;
        match again {
            Some(at) => calls::put_off(&mut tx, call, at).await?,
            None => calls::end(&mut tx, call).await.map(drop)?,
        }
        Ok(tx.commit().await?)
    }
}

/// What is told of the rule, now that it is clear what becomes of the message.
fn applied(order: &Order, treated: &[Treated]) -> MailEvent {
    let mut by_action: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Treated { recipient, treatment } in treated {
        let action = match treatment {
            Treatment::Deliver(Placement::Inbox) => "DEFAULT",
            Treatment::Deliver(Placement::Junk) => "MOVE_TO_JUNK",
            Treatment::Drop => "DROP",
            Treatment::Bounce(_) => "BOUNCE",
            Treatment::Relay(_) => "SMTP_GATEWAY",
        };
        by_action.entry(action).or_default().push(recipient.clone());
    }
    let rule_action = |(action, recipients): (&str, Vec<String>)| RuleAction {
        action: action.to_owned(),
        recipients,
    };
    MailEvent::RuleApplied {
        rule_name: order.rule.clone(),
        rule_type: match order.direction {
            Direction::Incoming => RuleType::InboundRule,
            Direction::Outgoing => RuleType::OutboundRule,
        },
        rule_actions: by_action.into_iter().map(rule_action).collect(),
    }
}

/// Whether a function may send a message on to somebody for whom it was not: outwards to anybody, inwards within the
/// organization.
async fn may_join(
    snapshot: &mut Snapshot,
    order: &Order,
    organization: &str,
    newcomer: &str,
) -> Result<bool, Error> {
    // What is behind a `+` would be found whatever it holds, and end up in notices.
    if !is_address(newcomer) {
        return Ok(false);
    }
    if order.direction == Direction::Outgoing {
        return Ok(true);
    }
    Ok(match workmail::resolve(snapshot, newcomer).await? {
        Recipient::User(user) | Recipient::Resource(user) => user.organization_id == organization,
        Recipient::Group(group) => group.organization_id == organization,
        Recipient::Unknown | Recipient::NotLocalDomain => false,
    })
}
