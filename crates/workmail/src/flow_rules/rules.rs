//! Rules made ready to judge by.

use std::collections::{HashMap, HashSet};

use super::{
    Action, Authors, Direction, Party,
    pattern::{self, Rank},
};

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Names it for the API.
    pub id: String,
    /// Names it for people.
    pub name: String,
    /// What it does.
    pub action: Action,
    /// Patterns, as they are kept.
    pub(crate) senders: Vec<String>,
    pub(crate) recipients: Vec<String>,
}

/// All rules of an organization in one direction.
#[derive(Debug)]
pub struct Rules {
    organization: String,
    direction: Direction,
    rules: Vec<Ready>,
    /// By the key of a sender pattern, the places of its rules, those first that win where all else is equal.
    by_sender: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Ready {
    rule: Rule,
    recipients: HashSet<String>,
}

/// How good a match is; the least wins.
type Match = (Rank, Rank, usize);

impl Rules {
    /// Makes rules ready.
    pub(super) fn new(organization: &str, direction: Direction, mut rules: Vec<Rule>) -> Self {
        rules.sort_by_cached_key(order);
        let mut by_sender: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, rule) in rules.iter().enumerate() {
            for sender in &rule.senders {
                by_sender.entry(pattern::key(sender)).or_default().push(place);
            }
        }
        let ready = |rule: Rule| {
            let recipients = rule.recipients.iter().map(|text| pattern::key(text)).collect();
            Ready { rule, recipients }
        };
        let rules = rules.into_iter().map(ready).collect();
        Self { organization: organization.to_owned(), direction, rules, by_sender }
    }

    /// The id of the organization whose rules they are.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// Which mail they are about.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The rule that applies to a message by `authors` for one recipient: that with the most specific sender
    /// pattern, of these that with the most specific recipient pattern, of these the one whose action comes first
    /// in the order of the guide, and then by name.
    pub fn judge(&self, authors: &Authors, recipient: &Party) -> Option<&Rule> {
        let best =
            |group: &[Party]| group.iter().filter_map(|author| self.best(author, recipient)).min();
        let (_, _, place) = authors.in_turn().into_iter().find_map(best)?;
        self.rules.get(place).map(|ready| &ready.rule)
    }

    fn best(&self, author: &Party, recipient: &Party) -> Option<Match> {
        author.patterns().find_map(|(sender_rank, sender)| {
            let places = self.by_sender.get(sender)?;
            recipient.patterns().find_map(|(recipient_rank, recipient)| {
                let place = places.iter().find(|place| self.is_for(**place, recipient))?;
                Some((sender_rank, recipient_rank, *place))
            })
        })
    }

    fn is_for(&self, place: usize, recipient: &str) -> bool {
        self.rules.get(place).is_some_and(|ready| ready.recipients.contains(recipient))
    }
}

/// Which of two equally specific rules wins: the lesser.
pub(super) fn order(rule: &Rule) -> (u8, String, String) {
    (rule.action.precedence(), rule.name.to_lowercase(), rule.id.clone())
}
