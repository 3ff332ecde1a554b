//! Texts in the form in which they are compared: decoded, and in lower case.

use std::{borrow::Cow, cell::OnceCell};

use mail_parser::{
    HeaderValue,
    decoders::{
        base64::base64_decode, charsets::map::charset_decoder, html::html_to_text,
        quoted_printable::quoted_printable_decode,
    },
    parsers::MessageStream,
};

use crate::summary::{Address, Envelope, Part, Summary, fields};

/// The bytes of one message's text parts that are searched, still encoded; what lies behind is not looked at.
const MAX_SEARCHED_BYTES: usize = 16 * 1024 * 1024;

/// Lower case, as far as Unicode knows one.
pub(super) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Whether a folded text holds a folded text.
pub(super) fn holds(text: &str, wanted: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), wanted.as_bytes()).is_some()
}

/// The folded text of a field that the envelope keeps, empty if the message has none; `None` for other fields.
pub(super) fn envelope_field(envelope: &Envelope, name: &str) -> Option<String> {
    let text = |text: &Option<String>| fold(&decode_words(text.as_deref().unwrap_or_default()));
    Some(match name.to_ascii_lowercase().as_str() {
        "date" => text(&envelope.date),
        "subject" => text(&envelope.subject),
        "in-reply-to" => text(&envelope.in_reply_to),
        "message-id" => text(&envelope.message_id),
        "references" => text(&envelope.references),
        "from" => addresses(&envelope.from),
        "sender" => addresses(&envelope.sender),
        "reply-to" => addresses(&envelope.reply_to),
        "to" => addresses(&envelope.to),
        "cc" => addresses(&envelope.cc),
        "bcc" => addresses(&envelope.bcc),
        _ => return None,
    })
}

/// `name <local@domain>, ...`, folded.
fn addresses(list: &[Address]) -> String {
    let texts: Vec<String> = list
        .iter()
        .filter_map(|address| match address {
            Address::Mailbox { name: Some(name), local, domain } => {
                Some(format!("{} <{local}@{domain}>", decode_words(name)))
            }
            Address::Mailbox { name: None, local, domain } => Some(format!("<{local}@{domain}>")),
            Address::GroupStart(name) => Some(format!("{}:", decode_words(name))),
            Address::GroupEnd => None,
        })
        .collect();
    fold(&texts.join(", "))
}

/// Decodes the encoded words (RFC 2047) in an unfolded text.
fn decode_words(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    decode_field(format!("{text}\n").as_bytes())
}

fn decode_field(value: &[u8]) -> String {
    match MessageStream::new(value).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        _ => String::new(),
    }
}

/// The decoded texts of a whole message, made when they are first asked for.
pub(super) struct Decoded<'a> {
    message: &'a [u8],
    summary: &'a Summary,
    header: OnceCell<Vec<(String, String)>>,
    bodies: OnceCell<Vec<String>>,
}

impl<'a> Decoded<'a> {
    pub(super) fn new(message: &'a [u8], summary: &'a Summary) -> Self {
        Self { message, summary, header: OnceCell::new(), bodies: OnceCell::new() }
    }

    pub(super) fn header_holds(&self, name: &str, wanted: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.header().iter().any(|(held, value)| *held == name && holds(value, wanted))
    }

    pub(super) fn body_holds(&self, wanted: &str) -> bool {
        self.bodies().iter().any(|body| holds(body, wanted))
    }

    pub(super) fn text_holds(&self, wanted: &str) -> bool {
        let in_field =
            |(name, value): &(String, String)| holds(&format!("{name}: {value}"), wanted);
        self.header().iter().any(in_field) || self.body_holds(wanted)
    }

    /// The fields of the message's header, names and values folded.
    fn header(&self) -> &[(String, String)] {
        self.header.get_or_init(|| {
            let header = self.summary.root.header.of(self.message);
            let fold_field = |field: fields::Field<'_>| {
                (fold(&String::from_utf8_lossy(field.name)), fold(&decode_field(field.value)))
            };
            fields::fields(header).map(fold_field).collect()
        })
    }

    /// The text parts, those of attached messages too.
    fn bodies(&self) -> &[String] {
        self.bodies.get_or_init(|| {
            let mut left = MAX_SEARCHED_BYTES;
            let mut bodies = Vec::new();
            for part in self.summary.leaves().into_iter().filter(|part| part.is_text()) {
                let encoded = part.body.of(self.message);
                let encoded = &encoded[..encoded.len().min(left)];
                left -= encoded.len();
                bodies.push(fold(&decode_part(part, encoded)));
            }
            bodies
        })
    }
}

/// The text of a part; what cannot be decoded is taken as it stands.
fn decode_part(part: &Part, encoded: &[u8]) -> String {
    let decoded = match part.encoding.as_str() {
        "base64" => base64_decode(encoded),
        "quoted-printable" => quoted_printable_decode(encoded),
        _ => None,
    };
    let bytes = decoded.map_or(Cow::Borrowed(encoded), Cow::Owned);
    let decoder = part.parameter("charset").and_then(|charset| charset_decoder(charset.as_bytes()));
    let text = match decoder {
        Some(decode) => decode(&bytes),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    };
    if part.subtype == "html" { html_to_text(&text) } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &str = "\
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus\r
 =?iso-8859-1?b?S/ZsbiE=?=\r
From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r
X-Other: =?utf-8?q?=C3=84hnlich?=\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
Stra=DFe und =\r
Weg\r
--b\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
PHA+RiZ1dW1sO3IgPGI+QmFyPC9iPjwvcD4=\r
--b--\r
";

    #[test]
    fn finds_what_a_reader_sees() {
        let summary = Summary::of(MESSAGE.as_bytes());
        let decoded = Decoded::new(MESSAGE.as_bytes(), &summary);
        assert!(decoded.body_holds(&fold("STRAßE UND WEG")));
        assert!(decoded.body_holds(&fold("FÜR BAR")), "{:?}", decoded.bodies());
        assert!(!decoded.body_holds("<b>"));
        assert!(decoded.header_holds("X-OTHER", &fold("ÄHNLICH")));
        assert!(decoded.text_holds("subject: grüße"));
        assert!(!decoded.text_holds("nowhere"));
        let subject = envelope_field(&summary.envelope, "Subject").unwrap();
        assert!(holds(&subject, "grüße aus köln!"), "{subject}");
        let from = envelope_field(&summary.envelope, "from").unwrap();
        assert_eq!(from, "jörg <joerg@example.com>");
        assert_eq!(envelope_field(&summary.envelope, "cc").as_deref(), Some(""));
        assert_eq!(envelope_field(&summary.envelope, "x-other"), None);
    }

    proptest! {
        #[test]
        fn decodes_any_bytes(
            body in prop::collection::vec(any::<u8>(), 0..200),
            encoding in prop::sample::select(vec!["base64", "quoted-printable", "8bit"]),
            charset in prop::sample::select(vec!["utf-8", "utf-7", "utf-16", "iso-2022-jp", "gb2312", "x"]),
            kind in prop::sample::select(vec!["plain", "html"]),
        ) {
            let header = format!(
                "Subject: =?{charset}?q?=FF=?=\r\nContent-Type: text/{kind}; charset={charset}\r\n\
                 Content-Transfer-Encoding: {encoding}\r\n"
            );
            let message = [header.as_bytes(), b"X: ", &body, b"\r\n\r\n", &body].concat();
            let summary = Summary::of(&message);
            let decoded = Decoded::new(&message, &summary);
            prop_assert!(decoded.text_holds(""));
        }
    }
}
