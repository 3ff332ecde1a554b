//! What a function answers (WorkMail Administrator Guide, "Configuring AWS Lambda for Amazon WorkMail", response).

use std::collections::HashSet;

use serde::Deserialize;

use super::Direction;

/// Bytes of an answer at most.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Different actions that count; who is named by a further one gets what the rule falls back to.
const ACTIONS_MAX: usize = 10;

/// Recipients that a message may have in the end.
const RECIPIENTS_MAX: usize = 500;

/// Bytes of a text for the sender that are kept, so that it fits into a line of a notice.
const BOUNCE_BYTES_MAX: usize = 800;

/// What a function wants to happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) actions: Vec<Action>,
    /// Whom it named beyond what counts.
    pub(crate) beyond: Vec<String>,
}

/// One action, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) what: What,
    pub(crate) recipients: Vec<String>,
    /// Whether it is also for those of the message whom no other action names.
    pub(crate) all_recipients: bool,
}

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Bounce(Option<String>),
    Drop,
    Default,
    BypassSpamCheck,
    MoveToJunk,
}

/// Why an answer is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAnswer {
    #[error("it is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it is not of the form: {0}")]
    Form(String),
    #[error("the action `{0}` is not one of this direction")]
    Action(String),
    #[error("a bounceMessage goes with BOUNCE only")]
    BounceMessage,
    #[error("it names more than {RECIPIENTS_MAX} recipients")]
    TooManyRecipients,
    #[error("it names `{0}`, which is not an address that the message may go to")]
    Recipient(String),
}

impl Answer {
    /// Reads an answer.
    pub(crate) fn parse(text: &[u8], direction: Direction) -> Result<Self, BadAnswer> {
        if text.len() > ANSWER_BYTES_MAX {
            return Err(BadAnswer::TooLarge);
        }
        let given: Given =
            serde_json::from_slice(text).map_err(|error| BadAnswer::Form(error.to_string()))?;
        let mut answer = Self::default();
        let (mut different, mut named) = (HashSet::new(), 0);
        for part in given.actions {
            let what = part.action.read(direction)?;
            let recipients = part.recipients.unwrap_or_default();
            named += recipients.len();
            if named > RECIPIENTS_MAX {
                return Err(BadAnswer::TooManyRecipients);
            }
            if different.len() == ACTIONS_MAX && !different.contains(&what) {
                answer.beyond.extend(recipients);
                continue;
            }
            different.insert(what.clone());
            let all_recipients = part.all_recipients.unwrap_or(false);
            answer.actions.push(Action { what, recipients, all_recipients });
        }
        Ok(answer)
    }
}

#[derive(Deserialize)]
struct Given {
    actions: Vec<GivenPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenPart {
    action: GivenAction,
    recipients: Option<Vec<String>>,
    all_recipients: Option<bool>,
}

#[derive(Deserialize)]
struct GivenAction {
    #[serde(rename = "type")]
    kind: String,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    bounce_message: Option<String>,
}

impl GivenAction {
    fn read(self, direction: Direction) -> Result<What, BadAnswer> {
        let text = self.parameters.and_then(|parameters| parameters.bounce_message);
        let what = match (self.kind.as_str(), direction) {
            ("BOUNCE", _) => return Ok(What::Bounce(text.map(shortened))),
            ("DROP", _) => What::Drop,
            ("DEFAULT", _) => What::Default,
            ("BYPASS_SPAM_CHECK", Direction::Incoming) => What::BypassSpamCheck,
            ("MOVE_TO_JUNK", Direction::Incoming) => What::MoveToJunk,
            _ => return Err(BadAnswer::Action(self.kind)),
        };
        if text.is_some() { Err(BadAnswer::BounceMessage) } else { Ok(what) }
    }
}

fn shortened(mut text: String) -> String {
    let end = text.floor_char_boundary(BOUNCE_BYTES_MAX);
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(answer: &serde_json::Value, direction: Direction) -> Result<Answer, BadAnswer> {
        Answer::parse(answer.to_string().as_bytes(), direction)
    }

    #[test]
    fn an_answer_is_read() {
        let answer = json!({"actions": [
            {"action": {"type": "BOUNCE", "parameters": {"bounceMessage": "no"}}, "recipients": ["a@x"]},
            {"action": {"type": "DEFAULT", "parameters": {}}, "allRecipients": true, "more": 1},
        ]});
        let read = read(&answer, Direction::Outgoing).unwrap();
        let bounce = Action {
            what: What::Bounce(Some("no".into())),
            recipients: vec!["a@x".into()],
            all_recipients: false,
        };
        let all = Action { what: What::Default, recipients: Vec::new(), all_recipients: true };
        assert_eq!(read.actions, [bounce, all]);
    }

    #[test]
    fn what_has_another_form_is_none() {
        let of =
            |kind: &str| json!({"actions": [{"action": {"type": kind}, "allRecipients": true}]});
        for direction in [Direction::Incoming, Direction::Outgoing] {
            for bad in [
                json!(null),
                json!([]),
                json!({}),
                json!({"actions": [{}]}),
                json!({"actions": [{"action": {"type": "DROP"}, "recipients": "a@x"}]}),
                json!({"actions": [{"action": {"type": "DROP", "parameters": {"bounceMessage": "x"}}}]}),
                of("drop"),
                of("DELIVER"),
            ] {
                assert!(read(&bad, direction).is_err(), "{bad}");
            }
        }
        assert!(read(&of("MOVE_TO_JUNK"), Direction::Incoming).is_ok());
        let wrong_way = read(&of("MOVE_TO_JUNK"), Direction::Outgoing);
        assert_eq!(wrong_way, Err(BadAnswer::Action("MOVE_TO_JUNK".into())));
    }

    #[test]
    fn it_is_bounded() {
        let bounce = |text: String, recipients: Vec<String>| {
            json!({"action": {"type": "BOUNCE", "parameters": {"bounceMessage": text}},
                   "recipients": recipients})
        };
        let parts: Vec<_> =
            (0..12).map(|n| bounce(n.to_string(), vec![format!("{n}@x")])).collect();
        let answer = read(&json!({"actions": parts}), Direction::Incoming).unwrap();
        assert_eq!((answer.actions.len(), answer.beyond), (10, vec!["10@x".into(), "11@x".into()]));
        let same: Vec<_> = (0..12).map(|n| bounce(String::new(), vec![format!("{n}@x")])).collect();
        let answer = read(&json!({"actions": same}), Direction::Incoming).unwrap();
        assert_eq!(answer.actions.len(), 12, "they are all one action");
        let many = (0..=RECIPIENTS_MAX).map(|n| n.to_string()).collect();
        let many = read(&json!({"actions": [bounce(String::new(), many)]}), Direction::Outgoing);
        assert_eq!(many, Err(BadAnswer::TooManyRecipients));
        let long =
            read(&json!({"actions": [bounce("é".repeat(1000), Vec::new())]}), Direction::Outgoing);
        assert_eq!(long.unwrap().actions[0].what, What::Bounce(Some("é".repeat(400))));
        let large = vec![b' '; ANSWER_BYTES_MAX + 1];
        assert_eq!(Answer::parse(&large, Direction::Incoming), Err(BadAnswer::TooLarge));
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Answer::parse(&text, Direction::Incoming);
        }
    }
}
