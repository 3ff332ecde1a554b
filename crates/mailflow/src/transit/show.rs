//! A message shown to functions, because rules want it.

use std::{collections::HashSet, time::Duration};

use store::Snapshot;

use super::{Direction, Hold, Order, calls::Shown, event::Told};
use crate::{Error, Incoming, Mailflow, treatment::Treatment};

/// What a rule wants a function to be asked about a message.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Whose rule it is.
    pub(crate) organization: String,
    pub(crate) direction: Direction,
    /// The name of the rule.
    pub(crate) rule: String,
    /// The ARN of the function.
    pub(crate) function: String,
    /// What happens without the rule.
    pub(crate) usual: Treatment,
    /// If the message waits for the answer.
    pub(crate) wait: Option<Wait>,
    /// For whom the rule applies.
    pub(crate) recipients: Vec<String>,
}

/// How a message waits.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    /// What happens to those of whom the function does not speak; none for what is usual.
    pub(crate) fallback: Option<Treatment>,
    /// How long a function that fails is asked again.
    pub(crate) timeout: Duration,
}

impl Mailflow {
    /// The questions about a message, ready to be put down with it. `told` is who hears of failures.
    pub(crate) async fn show(
        &self,
        snapshot: &mut Snapshot,
        incoming: &Incoming,
        told: &str,
        questions: Vec<Question>,
    ) -> Result<Vec<Shown>, Error> {
        let mut shown = Vec::with_capacity(questions.len());
        for question in questions {
            // An organization whose rules apply is there.
            let Some(home) = workmail::home_of(snapshot, &question.organization).await? else {
                continue;
            };
            shown.push(Shown {
                id: self.world.random_uuid(),
                organization: question.organization.clone(),
                home,
                return_path_octets: incoming.return_path_octets,
                order: self.order(incoming, told, question),
            });
        }
        Ok(shown)
    }

    fn order(&self, incoming: &Incoming, told: &str, question: Question) -> Order {
        let message = incoming.content.get(incoming.return_path_octets..).unwrap_or_default();
        let sender = incoming.sender.clone().unwrap_or_default();
        let now = self.world.now();
        let waiting: HashSet<&String> = question.recipients.iter().collect();
        let beside: Vec<_> =
            incoming.recipients.iter().filter(|one| !waiting.contains(one)).cloned().collect();
        Order {
            invocation_id: self.world.random_hex::<16>(),
            told: Told::of(message, &sender),
            function: question.function,
            rule: question.rule,
            direction: question.direction,
            recipients: question.recipients,
            hold: question.wait.map(|wait| Hold {
                sender,
                told: told.to_owned(),
                utf8: incoming.utf8,
                beside,
                trace: incoming.id.clone(),
                fallback: wait.fallback.unwrap_or_else(|| question.usual.clone()),
                usual: question.usual,
                until_us: now.saturating_add(wait.timeout).as_micros(),
                arrived_us: now.as_micros(),
            }),
        }
    }
}
