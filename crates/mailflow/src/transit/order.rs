//! What a function is asked, and what hangs on its answer.

use serde::{Deserialize, Serialize};
use world::Timestamp;

use super::{Direction, event::Told};
use crate::treatment::Treatment;

/// A question to a function about a message, as it is kept until it is settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The ARN of the function.
    pub(crate) function: String,
    /// The rule that wants it called.
    pub(crate) rule: String,
    /// 32 hexadecimal digits, the same for every attempt.
    pub(crate) invocation_id: String,
    pub(crate) direction: Direction,
    pub(crate) told: Told,
    /// For whom the rule matched.
    pub(crate) recipients: Vec<String>,
    /// If the message waits for the answer. Otherwise it went its way, and nothing hangs on it.
    pub(crate) hold: Option<Hold>,
}

/// How a message that waits goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hold {
    /// The sender of the envelope; empty for a notice.
    pub(crate) sender: String,
    /// Who is told if it cannot be delivered: nobody, if that is empty.
    pub(crate) told: String,
    pub(crate) utf8: bool,
    /// Recipients of the message for whom it does not wait: it was decided about them already.
    #[serde(default)]
    pub(crate) beside: Vec<String>,
    /// The name of the message as it came, under which events are told.
    pub(crate) trace: String,
    /// What would have become of it without the rule.
    pub(crate) usual: Treatment,
    /// What becomes of it for those of whom the function does not speak.
    pub(crate) fallback: Treatment,
    /// Microseconds since 1970 until which the function is asked again.
    pub(crate) until_us: i64,
    /// Microseconds since 1970 at which it came.
    pub(crate) arrived_us: i64,
}

impl Hold {
    pub(crate) fn until(&self) -> Timestamp {
        Timestamp::from_micros(self.until_us)
    }
}

#[cfg(test)]
impl Order {
    pub(crate) fn for_test() -> Self {
        Self {
            function: "arn:aws:lambda:us-east-1:123456789012:function:f".into(),
            rule: "rule".into(),
            invocation_id: "0".repeat(32),
            direction: Direction::Incoming,
            told: Told::default(),
            recipients: Vec::new(),
            hold: None,
        }
    }
}
