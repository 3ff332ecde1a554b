//! What a function is told of a message (WorkMail Administrator Guide, "Lambda event data").

use mail_parser::{Address, MessageParser};
use serde::{Deserialize, Serialize};

use super::{Direction, Order};
use crate::author::header;

/// The version of the form.
const SUMMARY_VERSION: &str = "2018-10-10";

/// Octets of an address at most.
const ADDRESS_OCTETS_MAX: usize = 320;

/// Characters of a subject that are told.
const SUBJECT_CHARS_MAX: usize = 256;

/// Bytes of an event at most.
const EVENT_BYTES_MAX: usize = 128 * 1024;

/// What is told of a message itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Its author, or the one on whose behalf it was sent.
    pub(crate) mail_from: String,
    /// Who sent it on somebody's behalf, if anybody did.
    pub(crate) sender: Option<String>,
    pub(crate) subject: String,
}

impl Told {
    /// Reads a message. Who has no author is told by the sender of the envelope.
    pub(crate) fn of(message: &[u8], envelope_sender: &str) -> Self {
        // Of a header that has no field there is nothing to ask.
        let parsed = MessageParser::default().parse_headers(header(message));
        let parsed = parsed.as_ref();
        let author = parsed.and_then(|message| message.from()).and_then(first);
        let author = author.unwrap_or_else(|| envelope_sender.to_owned());
        let sender = parsed.and_then(|message| message.sender()).and_then(first);
        let subject = parsed.and_then(|message| message.subject()).unwrap_or_default();
        Self {
            sender: sender.filter(|sender| !sender.eq_ignore_ascii_case(&author)),
            mail_from: author,
            subject: subject.chars().take(SUBJECT_CHARS_MAX).collect(),
        }
    }
}

/// The first address; none if it is longer than any (RFC 5321 section 4.5.3.1).
fn first(address: &Address<'_>) -> Option<String> {
    let text = address.first()?.address()?;
    (text.len() <= ADDRESS_OCTETS_MAX).then(|| text.to_owned())
}

/// The event for a call, in JSON. Recipients that would make it too large are left off.
pub(crate) fn compose(order: &Order, message_id: &str) -> Vec<u8> {
    let mut event = Event {
        summary_version: SUMMARY_VERSION,
        envelope: Envelope {
            mail_from: Named { address: &order.told.mail_from },
            recipients: Vec::new(),
        },
        sender: order.told.sender.as_deref().map(|address| Named { address }),
        subject: &order.told.subject,
        message_id,
        invocation_id: &order.invocation_id,
        flow_direction: match order.direction {
            Direction::Incoming => "INBOUND",
            Direction::Outgoing => "OUTBOUND",
        },
        truncated: false,
    };
    let mut bytes = json(&event).len();
    for address in &order.recipients {
        let named = Named { address };
        bytes += json(&named).len() + 1; // the comma
        if bytes > EVENT_BYTES_MAX {
            event.truncated = true;
            break;
        }
        event.envelope.recipients.push(named);
    }
    json(&event)
}

/// Plain structures of text always become JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    summary_version: &'a str,
    envelope: Envelope<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<Named<'a>>,
    subject: &'a str,
    message_id: &'a str,
    invocation_id: &'a str,
    flow_direction: &'a str,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    mail_from: Named<'a>,
    recipients: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    address: &'a str,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn order(recipients: Vec<String>, told: Told) -> Order {
        Order { recipients, told, ..Order::for_test() }
    }

    fn event(order: &Order) -> Value {
        serde_json::from_slice(&compose(order, "id")).unwrap()
    }

    #[test]
    fn it_has_the_documented_members() {
        let message = b"From: Ann <ann@x.org>\r\nSender: bob@x.org\r\n\
            Subject: =?utf-8?q?H=C3=A9llo?=\r\n\r\nSubject: no\r\n";
        let order = order(vec!["c@y.org".into()], Told::of(message, "env@x.org"));
        assert_eq!(
            event(&order),
            json!({
                "summaryVersion": "2018-10-10",
                "envelope": {
                    "mailFrom": {"address": "ann@x.org"},
                    "recipients": [{"address": "c@y.org"}],
                },
                "sender": {"address": "bob@x.org"},
                "subject": "Héllo",
                "messageId": "id",
                "invocationId": order.invocation_id,
                "flowDirection": "INBOUND",
                "truncated": false,
            })
        );
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let told = Told::of(b"Sender: a@x\r\nFrom: A@x\r\n\r\n", "env@x.org");
        assert_eq!(told, Told { mail_from: "A@x".into(), ..Told::default() });
        assert_eq!(Told::of(b"\r\nbody", "env@x.org").mail_from, "env@x.org");
        assert_eq!(event(&order(Vec::new(), told)).get("sender"), None);
    }

    #[test]
    fn it_is_cut_where_it_grows_too_large() {
        let recipients: Vec<_> =
            (0..5000).map(|n| format!("somebody.{n:05}@example.org")).collect();
        let subject = "é".repeat(400);
        let message = format!("From: a@x\r\nSubject: {subject}\r\n\r\n");
        let order = order(recipients, Told::of(message.as_bytes(), ""));
        assert_eq!(order.told.subject.chars().count(), SUBJECT_CHARS_MAX);
        let bytes = compose(&order, "id").len();
        assert!((EVENT_BYTES_MAX - 100..=EVENT_BYTES_MAX).contains(&bytes), "{bytes}");
        assert_eq!(event(&order)["truncated"], true);
    }

    proptest! {
        #[test]
        fn any_message_can_be_told(message in proptest::collection::vec(any::<u8>(), 0..200)) {
            let order = order(vec!["a@x".into()], Told::of(&message, "env@x"));
            prop_assert_eq!(&event(&order)["envelope"]["recipients"][0]["address"], "a@x");
        }
    }
}
