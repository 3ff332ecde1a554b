//! What records say of a message itself.

use mail_parser::MessageParser;
use mailbox::summary::{Address, Envelope, Summary};

use crate::{author::header, notice::line};

/// Characters of a text from a message that a record shows.
const SHOWN_CHARS_MAX: usize = 1_000;

/// What a message says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The address in `From`.
    pub(crate) from: String,
    /// The address in `Sender`, if that is somebody else.
    pub(crate) sender: Option<String>,
    /// The subject, decoded.
    pub(crate) subject: String,
    /// The `Message-ID`, in its angle brackets.
    pub(crate) message_id: String,
}

impl Facts {
    /// Those of a message. Only its header is read.
    pub(crate) fn of(message: &[u8]) -> Self {
        Self::of_envelope(&Summary::of(header(message)).envelope)
    }

    /// Those of a message that was read before.
    pub(crate) fn of_envelope(envelope: &Envelope) -> Self {
        let from = first(&envelope.from).unwrap_or_default();
        let sender = first(&envelope.sender).filter(|sender| !sender.eq_ignore_ascii_case(&from));
        Self {
            from,
            sender,
            subject: shown(&decoded(envelope.subject.as_deref().unwrap_or_default())),
            message_id: shown(envelope.message_id.as_deref().unwrap_or_default()),
        }
    }
}

fn first(addresses: &[Address]) -> Option<String> {
    addresses.iter().find_map(|address| match address {
        Address::Mailbox { local, domain, .. } => Some(shown(&format!("{local}@{domain}"))),
        Address::GroupStart(_) | Address::GroupEnd => None,
    })
}

/// A text of a header, its encoded words (RFC 2047) read.
fn decoded(text: &str) -> String {
    let field = format!("Subject: {}\r\n\r\n", line(text));
    let parsed = MessageParser::default().parse_headers(field.as_bytes());
    let subject = parsed.as_ref().and_then(|message| message.subject());
    subject.unwrap_or_default().to_owned()
}

/// Foreign text, kept on its line and to its length.
fn shown(text: &str) -> String {
    line(text).chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_is_read() {
        let facts = Facts::of(
            b"From: Ann <ann@x.org>, b@x.org\r\nSender: Bob <bob@x.org>\r\n\
              Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n from Ann\r\nMessage-ID: <1@x.org>\r\n\r\nSubject: no\r\n",
        );
        assert_eq!(
            (facts.from.as_str(), facts.sender.as_deref()),
            ("ann@x.org", Some("bob@x.org"))
        );
        assert_eq!(
            (facts.subject.as_str(), facts.message_id.as_str()),
            ("Grüße from Ann", "<1@x.org>")
        );
        let own = Facts::of(b"From: ann@x.org\r\nSender: ANN@x.org\r\n\r\n");
        assert_eq!((own.sender, own.subject), (None, String::new()));
    }

    proptest! {
        #[test]
        fn any_bytes_may_be_a_message(message in proptest::collection::vec(any::<u8>(), 0..200)) {
            let facts = Facts::of(&message);
            prop_assert!(!facts.subject.contains(char::is_control));
        }
    }
}
