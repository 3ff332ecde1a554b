//! The bytes of BODY[..] (RFC 3501, section 6.4.5).

use bytes::Bytes;
use mailbox::summary::{Part, Summary};

use super::out::Out;
use crate::grammar::fetch::{Section, SectionText};

/// Writes the section as `label {n}..`, or NIL if the message has no such part.
pub(crate) fn write(out: &mut Out, section: &Section, summary: &Summary, message: &Bytes) {
    out.text(&section.label).byte(b' ');
    match content(section, summary, message) {
        Some(bytes) => out.shared_literal(cut(&bytes, section.partial)),
        None => out.text("NIL"),
    };
}

fn content(section: &Section, summary: &Summary, message: &Bytes) -> Option<Bytes> {
    if section.part.is_empty() && section.text == SectionText::Whole {
        return Some(message.clone());
    }
    let part = summary.part(&section.part)?;
    match &section.text {
        SectionText::Whole => Some(message.slice_ref(part.body.of(message))),
        SectionText::Mime => Some(message.slice_ref(part.header.of(message))),
        SectionText::Header => {
            Some(message.slice_ref(message_at(section, part)?.header.of(message)))
        }
        SectionText::Text => Some(message.slice_ref(message_at(section, part)?.body.of(message))),
        SectionText::HeaderFields { names, others } => {
            let header = message_at(section, part)?.header.of(message);
            Some(select_fields(header, names, *others).into())
        }
    }
}

/// HEADER and TEXT below a part number are those of the message that the part holds.
fn message_at<'a>(section: &Section, part: &'a Part) -> Option<&'a Part> {
    if section.part.is_empty() {
        return Some(part);
    }
    part.message().map(|message| &message.root)
}

/// A partial range past the end is empty, not an error.
fn cut(bytes: &Bytes, partial: Option<(u32, u32)>) -> Bytes {
    let Some((first, length)) = partial else { return bytes.clone() };
    let start = (first as usize).min(bytes.len());
    let end = start.saturating_add(length as usize).min(bytes.len());
    bytes.slice(start..end)
}

/// The fields whose names are, or are not, among `names`, as they stand, with the empty line behind them.
fn select_fields(header: &[u8], names: &[String], others: bool) -> Vec<u8> {
    let mut selected = Vec::new();
    let mut wanted = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\r\n" | b"\n") {
            break;
        }
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            wanted = names.iter().any(|name| is_field(line, name)) != others;
        }
        if wanted {
            selected.extend_from_slice(line);
        }
    }
    selected.extend_from_slice(b"\r\n");
    selected
}

fn is_field(line: &[u8], name: &str) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
    line[..colon].trim_ascii_end().eq_ignore_ascii_case(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::grammar::{cursor::Cursor, fetch::Fetch, fetch::Item};

    const MESSAGE: &str = "From: a@b\r\nSubject: one\r\n two\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        pre\r\n--x\r\n\r\nplain\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--x--\r\n";

    fn fetched(item: &str) -> String {
        let mut cursor = Cursor::new(Bytes::from(format!("1 {item}")));
        let Item::Section(section) = Fetch::parse(&mut cursor).unwrap().items.swap_remove(0) else {
            panic!("{item} is no section");
        };
        let mut out = Out::default();
        write(&mut out, &section, &Summary::of(MESSAGE.as_bytes()), &MESSAGE.into());
        String::from_utf8(out.take().concat()).unwrap()
    }

    #[test]
    fn the_whole_message_and_its_halves() {
        let (header, body) = MESSAGE.split_at(MESSAGE.find("pre").unwrap());
        assert_eq!(fetched("BODY[]"), format!("BODY[] {{{}}}\r\n{MESSAGE}", MESSAGE.len()));
        assert_eq!(
            fetched("BODY[HEADER]"),
            format!("BODY[HEADER] {{{}}}\r\n{header}", header.len())
        );
        assert_eq!(fetched("RFC822.TEXT"), format!("RFC822.TEXT {{{}}}\r\n{body}", body.len()));
    }

    #[test]
    fn parts_and_messages_within() {
        assert_eq!(fetched("BODY[1]"), "BODY[1] {5}\r\nplain");
        assert_eq!(fetched("BODY[2.HEADER]"), "BODY[2.HEADER] {18}\r\nSubject: inner\r\n\r\n");
        assert_eq!(fetched("BODY[2.TEXT]"), "BODY[2.TEXT] {6}\r\ninside");
        assert_eq!(fetched("BODY[2.1]"), "BODY[2.1] {6}\r\ninside");
        assert_eq!(
            fetched("BODY[2.MIME]"),
            "BODY[2.MIME] {32}\r\nContent-Type: message/rfc822\r\n\r\n"
        );
        assert_eq!(fetched("BODY[1.TEXT]"), "BODY[1.TEXT] NIL");
        assert_eq!(fetched("BODY[3]"), "BODY[3] NIL");
    }

    #[test]
    fn fields_are_selected_with_their_folded_lines() {
        let fields = fetched("BODY[HEADER.FIELDS (SUBJECT X)]");
        assert_eq!(fields, "BODY[HEADER.FIELDS (SUBJECT X)] {22}\r\nSubject: one\r\n two\r\n\r\n");
        let others = fetched("BODY[HEADER.FIELDS.NOT (Subject Content-Type)]");
        assert!(others.ends_with("{13}\r\nFrom: a@b\r\n\r\n"), "{others}");
    }

    #[test]
    fn partial_ranges_are_cut_to_what_there_is() {
        assert_eq!(fetched("BODY[1]<1.2>"), "BODY[1]<1> {2}\r\nla");
        assert_eq!(fetched("BODY[1]<3.100>"), "BODY[1]<3> {2}\r\nin");
        assert_eq!(fetched("BODY[1]<100.1>"), "BODY[1]<100> {0}\r\n");
    }
}
