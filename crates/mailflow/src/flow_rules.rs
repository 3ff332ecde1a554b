//! What e-mail flow rules do with a message.
//!
//! Mail that comes in meets the inbound rules of each recipient's organization. Mail of a user meets the outbound
//! rules of the user's own, and then, where these let it go its way, the inbound rules of recipients in the house.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use store::Snapshot;
use workmail::flow_rules::{Action, Authors, Direction, KnownRules, Party, Rules};

use crate::{
    Error, Incoming, Origin, author,
    events::{Events, MailEvent, RuleAction, RuleType},
    treatment::{Placement, Treatment},
};

/// The rules that a message meets, and what they have done so far.
pub(crate) struct Judge<'a> {
    known: &'a KnownRules,
    incoming: &'a Incoming,
    outbound: Option<Arc<Rules>>,
    /// By the recipient's domain.
    inbound: HashMap<String, Option<Arc<Rules>>>,
    /// Read when the first rule asks for them.
    authors: Option<Authors>,
    applied: BTreeMap<(Arc<str>, String), Applied>,
}

/// A rule that applied, and for whom.
struct Applied {
    name: String,
    direction: Direction,
    action: &'static str,
    recipients: Vec<String>,
}

impl<'a> Judge<'a> {
    pub(crate) async fn open(
        snapshot: &mut Snapshot,
        known: &'a KnownRules,
        incoming: &'a Incoming,
    ) -> Result<Self, Error> {
        let outbound = match &incoming.origin {
            Origin::Received => None,
            Origin::Submitted { organization, .. } => {
                known.outbound(snapshot, organization).await?
            }
        };
        let (inbound, applied) = (HashMap::new(), BTreeMap::new());
        Ok(Self { known, incoming, outbound, inbound, authors: None, applied })
    }

    /// What is to happen for a recipient, if a rule says so.
    pub(crate) async fn treatment(
        &mut self,
        snapshot: &mut Snapshot,
        recipient: &str,
    ) -> Result<Option<Treatment>, Error> {
        if let Some(rules) = self.outbound.clone() {
            let treatment = self.apply(&rules, recipient);
            if treatment.is_some() {
                return Ok(treatment);
            }
        }
        let Some((_, domain)) = recipient.rsplit_once('@') else { return Ok(None) };
        let rules = match self.inbound.get(domain) {
            Some(rules) => rules.clone(),
            None => {
                let rules = self.known.inbound(snapshot, domain).await?;
                self.inbound.insert(domain.to_owned(), rules.clone());
                rules
            }
        };
        Ok(rules.and_then(|rules| self.apply(&rules, recipient)))
    }

    /// Notes the rules that applied.
    pub(crate) fn note(self, events: &mut Events) {
        for ((organization, _), applied) in self.applied {
            let action =
                RuleAction { action: applied.action.to_owned(), recipients: applied.recipients };
            let rule_type = match applied.direction {
                Direction::Inbound => RuleType::InboundRule,
                Direction::Outbound => RuleType::OutboundRule,
            };
            let rule_name = applied.name;
            let rule_actions = vec![action];
            events
                .note(&organization, MailEvent::RuleApplied { rule_name, rule_type, rule_actions });
        }
    }

    fn apply(&mut self, rules: &Rules, recipient: &str) -> Option<Treatment> {
        let incoming = self.incoming;
        let authors = self.authors.get_or_insert_with(|| authors(incoming));
        let rule = rules.judge(authors, &Party::new(recipient))?;
        let applied = self
            .applied
            .entry((rules.organization().into(), rule.id.clone()))
            .or_insert_with(|| Applied {
                name: rule.name.clone(),
                direction: rules.direction(),
                action: rule.action.name(),
                recipients: Vec::new(),
            });
        applied.recipients.push(recipient.to_owned());
        by_action(&rule.action, rules.direction())
    }
}

fn authors(incoming: &Incoming) -> Authors {
    let message = incoming.content.get(incoming.return_path_octets..).unwrap_or_default();
    let named = author::named(message);
    Authors::new(named.sender.iter().map(String::as_str), named.from.iter().map(String::as_str))
}

fn by_action(action: &Action, direction: Direction) -> Option<Treatment> {
    match action {
        Action::Drop => Some(Treatment::Drop),
        Action::Bounce { message } => {
            let usual = match direction {
                Direction::Inbound => "the recipient's organization does not take this message",
                Direction::Outbound => "your administrator has blocked this message",
            };
            Some(Treatment::Bounce(message.clone().unwrap_or_else(|| usual.to_owned())))
        }
        Action::MoveToJunk => Some(Treatment::Deliver(Placement::Junk)),
        Action::BypassSpamCheck => Some(Treatment::Deliver(Placement::Inbox)),
        Action::SmtpGateway { gateway_id } => Some(Treatment::Relay(gateway_id.clone())),
        Action::Default => None,
        // without somebody who asks functions, none answers in time
        Action::Lambda { synchronous: true, fallback, .. } => by_action(fallback, direction),
        Action::Lambda { .. } => None,
    }
}
