//! What e-mail flow rules do with a message.
//!
//! Mail that comes in meets the inbound rules of each recipient's organization. Mail of a user meets the outbound
//! rules of the user's own, and then, where these let it go its way, the inbound rules of recipients in the house.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use store::Snapshot;
use workmail::flow_rules::{Action, Authors, Direction, KnownRules, Party, Rule, Rules};

use crate::{
    Error, Incoming, Origin, author,
    events::{Events, MailEvent, RuleAction, RuleType},
    transit::{self, Question, Wait},
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
    questions: BTreeMap<(Arc<str>, String), Question>,
}

/// What rules say for a recipient.
pub(crate) enum Ruling {
    /// Nothing, or that all goes as usual.
    None,
    /// What is to happen.
    Is(Treatment),
    /// That a function decides.
    Awaited,
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
        Ok(Self {
            known,
            incoming,
            outbound,
            inbound: HashMap::new(),
            authors: None,
            applied: BTreeMap::new(),
            questions: BTreeMap::new(),
        })
    }

    /// What is to happen for a recipient, for whom without rules there is what is `usual`.
    pub(crate) async fn ruling(
        &mut self,
        snapshot: &mut Snapshot,
        recipient: &str,
        usual: &Treatment,
    ) -> Result<Ruling, Error> {
        if let Some(rules) = self.outbound.clone() {
            match self.apply(&rules, recipient, usual) {
                Ruling::None => {}
                ruling => return Ok(ruling),
            }
        }
        let Some((_, domain)) = recipient.rsplit_once('@') else { return Ok(Ruling::None) };
        let rules = match self.inbound.get(domain) {
            Some(rules) => rules.clone(),
            None => {
                let rules = self.known.inbound(snapshot, domain).await?;
                self.inbound.insert(domain.to_owned(), rules.clone());
                rules
            }
        };
        Ok(rules.map_or(Ruling::None, |rules| self.apply(&rules, recipient, usual)))
    }

    /// Notes the rules that applied, and gives the questions that they have.
    pub(crate) fn end(self, events: &mut Events) -> Vec<Question> {
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
        self.questions.into_values().collect()
    }

    fn apply(&mut self, rules: &Rules, recipient: &str, usual: &Treatment) -> Ruling {
        let incoming = self.incoming;
        let authors = self.authors.get_or_insert_with(|| authors(incoming));
        let Some(rule) = rules.judge(authors, &Party::new(recipient)) else { return Ruling::None };
        let key: (Arc<str>, String) = (rules.organization().into(), rule.id.clone());
        let applied = self.applied.entry(key.clone()).or_insert_with(|| Applied {
            name: rule.name.clone(),
            direction: rules.direction(),
            action: rule.action.name(),
            recipients: Vec::new(),
        });
        applied.recipients.push(recipient.to_owned());
        if let Some(question) = question(rules, rule, usual) {
            let is_awaited = question.wait.is_some();
            let question = self.questions.entry(key).or_insert(question);
            question.recipients.push(recipient.to_owned());
            return if is_awaited { Ruling::Awaited } else { Ruling::None };
        }
        by_action(&rule.action, rules.direction()).map_or(Ruling::None, Ruling::Is)
    }
}

fn authors(incoming: &Incoming) -> Authors {
    let message = incoming.content.get(incoming.return_path_octets..).unwrap_or_default();
    let named = author::named(message);
    Authors::new(named.sender.iter().map(String::as_str), named.from.iter().map(String::as_str))
}

/// What a rule wants a function to be asked, without recipients yet.
fn question(rules: &Rules, rule: &Rule, usual: &Treatment) -> Option<Question> {
    let Action::Lambda { function_arn, synchronous, fallback, timeout_minutes } = &rule.action
    else {
        return None;
    };
    let wait = synchronous.then(|| Wait {
        fallback: by_action(fallback, rules.direction()),
        timeout: Duration::from_secs(60 * u64::from(*timeout_minutes)),
    });
    Some(Question {
        organization: rules.organization().to_owned(),
        direction: match rules.direction() {
            Direction::Inbound => transit::Direction::Incoming,
            Direction::Outbound => transit::Direction::Outgoing,
        },
        rule: rule.name.clone(),
        function: function_arn.clone(),
        usual: usual.clone(),
        wait,
        recipients: Vec::new(),
    })
}

/// What an action does by itself; none for what goes as usual.
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
        Action::Default | Action::Lambda { .. } => None,
    }
}
