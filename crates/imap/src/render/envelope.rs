//! ENVELOPE (RFC 3501, section 7.4.2).

use mailbox::summary::{Address, Envelope};

use super::out::Out;

/// Writes the envelope; sender and reply-to that are absent are those of From.
pub(crate) fn write(out: &mut Out, envelope: &Envelope) {
    let sender = or(&envelope.sender, &envelope.from);
    let reply_to = or(&envelope.reply_to, &envelope.from);
    out.byte(b'(').string_or_nil(envelope.date.as_deref());
    out.byte(b' ').string_or_nil(envelope.subject.as_deref());
    for list in [&envelope.from[..], sender, reply_to, &envelope.to, &envelope.cc, &envelope.bcc] {
        out.byte(b' ');
        addresses(out, list);
    }
    out.byte(b' ').string_or_nil(envelope.in_reply_to.as_deref());
    out.byte(b' ').string_or_nil(envelope.message_id.as_deref()).byte(b')');
}

fn or<'a>(list: &'a [Address], other: &'a [Address]) -> &'a [Address] {
    if list.is_empty() { other } else { list }
}

fn addresses(out: &mut Out, list: &[Address]) {
    if list.is_empty() {
        out.text("NIL");
        return;
    }
    out.byte(b'(');
    list.iter().for_each(|entry| address(out, entry));
    out.byte(b')');
}

/// `address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"`; source routes are not kept.
fn address(out: &mut Out, entry: &Address) {
    match entry {
        Address::Mailbox { name, local, domain } => {
            out.byte(b'(').string_or_nil(name.as_deref()).text(" NIL ");
            out.string(local).byte(b' ').string(domain).byte(b')');
        }
        Address::GroupStart(name) => drop(out.text("(NIL NIL ").string(name).text(" NIL)")),
        Address::GroupEnd => drop(out.text("(NIL NIL NIL NIL)")),
    }
}

#[cfg(test)]
mod tests {
    use mailbox::Summary;

    use super::*;

    fn envelope(message: &str) -> String {
        let mut out = Out::default();
        write(&mut out, &Summary::of(message.as_bytes()).envelope);
        String::from_utf8(out.take().concat()).unwrap()
    }

    #[test]
    fn an_empty_header_has_an_envelope() {
        assert_eq!(envelope("\r\nx"), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    }

    #[test]
    fn names_groups_and_quotes() {
        let message = "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nSubject: a \"b\"\r\n\
            From: Terry Gray <gray@cac.example>\r\nTo: team: a@b.example, c@d.example;\r\n\
            Message-ID: <1@x>\r\n\r\n";
        let from = r#"(("Terry Gray" NIL "gray" "cac.example"))"#;
        let to = r#"((NIL NIL "team" NIL)(NIL NIL "a" "b.example")(NIL NIL "c" "d.example")(NIL NIL NIL NIL))"#;
        let wanted = format!(
            r#"("Mon, 7 Feb 1994 21:52:25 -0800" "a \"b\"" {from} {from} {from} {to} NIL NIL NIL "<1@x>")"#
        );
        assert_eq!(envelope(message), wanted);
    }
}
