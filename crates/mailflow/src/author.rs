//! Who a message says that it is from.

/// Authors of one message that are looked at; more than a user can own are too many.
const MAX_AUTHORS: usize = 200;

/// The addresses that a message bears as its authors, in lower case.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Authors {
    /// Of all `From` fields.
    pub(crate) from: Vec<String>,
    /// Of all `Sender` fields.
    pub(crate) sender: Vec<String>,
}

/// Who wrote and who sent a message. None if there is no `From`, or if one of the fields names nobody.
pub(crate) fn authors(message: &[u8]) -> Option<Authors> {
    let authors = Authors { from: field(message, "From")?, sender: field(message, "Sender")? };
    (!authors.from.is_empty()).then_some(authors)
}

/// All whom the fields of that name bear. None if one of them names nobody, or too many.
fn field(message: &[u8], name: &str) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for found in mailauth::addresses(message, name) {
        if found.is_empty() || all.len() + found.len() > MAX_AUTHORS {
            return None;
        }
        all.extend(found.iter().map(|address| address.to_lowercase()));
    }
    Some(all)
}

/// The same, as far as the message says it: a field that names nobody is passed over.
pub(crate) fn named(message: &[u8]) -> Authors {
    let all = |name| {
        let found = mailauth::addresses(message, name).flatten();
        found.take(MAX_AUTHORS).map(|address| address.to_lowercase()).collect()
    };
    Authors { from: all("From"), sender: all("Sender") }
}

/// The header, without the empty line that ends it.
pub(crate) fn header(message: &[u8]) -> &[u8] {
    let mut end = 0;
    while let Some(length) = memchr::memchr(b'\n', message.get(end..).unwrap_or_default()) {
        if matches!(message.get(end..end + length), Some(b"" | b"\r")) {
            break;
        }
        end += length + 1;
    }
    let is_whole = end > 0 || matches!(message.first(), Some(b'\r' | b'\n'));
    if is_whole { &message[..end] } else { message }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_author_is_seen() {
        let message = b"Received: x\r\nfrom: Ann <Ann@X.org>, Team: b@x.org, c@x.org;\r\n\
            Sender: d@x.org\r\nFROM:\r\n e@x.org\r\n\r\nFrom: no@x.org\r\n";
        let authors = authors(message).unwrap();
        assert_eq!(authors.from, ["ann@x.org", "b@x.org", "c@x.org", "e@x.org"]);
        assert_eq!(authors.sender, ["d@x.org"]);
    }

    #[test]
    fn no_author_is_no_answer() {
        for text in [
            "",
            "\r\n",
            "To: a@x\r\n\r\n",
            "From: \r\n\r\n",
            "From: Ann\r\n\r\n",
            "Sender: a@x\r\n",
        ] {
            assert_eq!(authors(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn nobody_is_hidden_by_how_an_address_is_written() {
        for message in [
            &b"From: a@x.org, ceo@\r\n y.org\r\n\r\n"[..],
            b"From: a@x.org, ceo@(x)y.org\r\n\r\n",
            b"From: a@x.org\r\nFrom : ceo @ y.org\r\n\r\n",
        ] {
            assert_eq!(authors(message).unwrap().from, ["a@x.org", "ceo@y.org"]);
            assert_eq!(named(message).from, ["a@x.org", "ceo@y.org"]);
        }
    }

    #[test]
    fn the_header_ends_at_the_first_empty_line() {
        assert_eq!(header(b"A: b\r\nC: d\r\n\r\nbody\r\n"), b"A: b\r\nC: d\r\n");
        assert_eq!(header(b"\r\nbody"), b"");
        assert_eq!(header(b"A: b\r\n"), b"A: b\r\n");
    }

    #[test]
    fn fields_that_name_nobody_are_passed_over() {
        let message = b"From: Ann <A@x.org>\r\nSender:\r\nFrom: who\r\nFrom: b@x.org\r\n\r\n";
        let named = named(message);
        assert_eq!(named.from, ["a@x.org", "b@x.org"]);
        assert!(named.sender.is_empty());
    }

    proptest! {
        #[test]
        fn any_message_is_borne(message in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (authors(&message), named(&message));
            let _ = authors(&[b"From: ", &message[..]].concat());
        }
    }
}
