//! BODY and BODYSTRUCTURE (RFC 3501, section 7.4.2).

use mailbox::summary::{Content, Disposition, Part};

use super::{envelope, out::Out};

/// Writes the structure of `part`, with the extension data for BODYSTRUCTURE.
pub(crate) fn write(out: &mut Out, part: &Part, extended: bool) {
    out.byte(b'(');
    match &part.content {
        Content::Multipart(parts) if !parts.is_empty() => multipart(out, part, parts, extended),
        _ => single(out, part, extended),
    }
    out.byte(b')');
}

fn multipart(out: &mut Out, part: &Part, parts: &[Part], extended: bool) {
    parts.iter().for_each(|part| write(out, part, extended));
    out.byte(b' ').string(&part.subtype);
    if extended {
        out.byte(b' ');
        parameters(out, &part.parameters);
        trailer(out, part);
    }
}

fn single(out: &mut Out, part: &Part, extended: bool) {
    let (media_type, subtype) = shown_type(part);
    out.string(media_type).byte(b' ').string(subtype).byte(b' ');
    parameters(out, &part.parameters);
    out.byte(b' ').string_or_nil(part.id.as_deref());
    out.byte(b' ').string_or_nil(part.description.as_deref());
    out.byte(b' ').string(&part.encoding).byte(b' ').show(part.body.length);
    if (media_type, subtype) == ("message", "rfc822")
        && let Some(message) = part.message()
    {
        out.byte(b' ');
        envelope::write(out, &message.envelope);
        out.byte(b' ');
        write(out, &message.root, extended);
        out.byte(b' ').show(part.lines);
    } else if media_type == "text" {
        out.byte(b' ').show(part.lines);
    }
    if extended {
        out.byte(b' ').string_or_nil(part.md5.as_deref());
        trailer(out, part);
    }
}

/// A part that was not looked into must not bear a type that promises what is inside.
fn shown_type(part: &Part) -> (&str, &str) {
    let opaque = matches!(part.content, Content::Data)
        && (part.media_type == "multipart"
            || (part.media_type == "message" && part.subtype == "rfc822"));
    if opaque || part.media_type == "multipart" {
        return ("application", "octet-stream");
    }
    (&part.media_type, &part.subtype)
}

/// `body-fld-dsp`, `body-fld-lang` and `body-fld-loc`.
fn trailer(out: &mut Out, part: &Part) {
    out.byte(b' ');
    disposition(out, part.disposition.as_ref());
    out.byte(b' ');
    if part.language.is_empty() {
        out.text("NIL");
    } else {
        out.list(&part.language, |out, language| {
            out.string(language);
        });
    }
    out.byte(b' ').string_or_nil(part.location.as_deref());
}

fn disposition(out: &mut Out, disposition: Option<&Disposition>) {
    let Some(disposition) = disposition else {
        out.text("NIL");
        return;
    };
    out.byte(b'(').string(&disposition.kind).byte(b' ');
    parameters(out, &disposition.parameters);
    out.byte(b')');
}

fn parameters(out: &mut Out, parameters: &[(String, String)]) {
    if parameters.is_empty() {
        out.text("NIL");
        return;
    }
    out.list(parameters, |out, (name, value)| {
        out.string(name).byte(b' ').string(value);
    });
}

#[cfg(test)]
mod tests {
    use mailbox::Summary;

    use super::*;

    fn structure(message: &str, extended: bool) -> String {
        let mut out = Out::default();
        write(&mut out, &Summary::of(message.as_bytes()).root, extended);
        String::from_utf8(out.take().concat()).unwrap()
    }

    #[test]
    fn a_plain_message() {
        let message = "Subject: x\r\n\r\none\r\ntwo\r\n";
        let wanted = r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 2)"#;
        let got = structure(message, false);
        assert_eq!(got.replace("NIL NIL NIL", "(\"charset\" \"us-ascii\") NIL NIL"), wanted);
    }

    #[test]
    fn a_multipart_with_an_attachment() {
        let message = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhi\r\n--x\r\n\
            Content-Type: image/png; name=\"a b.png\"\r\nContent-Transfer-Encoding: base64\r\n\
            Content-Disposition: attachment; filename=\"a b.png\"\r\n\r\nAAAA\r\n--x--\r\n";
        let got = structure(message, true);
        let image = r#"("image" "png" ("name" "a b.png") NIL NIL "base64" 4 NIL ("attachment" ("filename" "a b.png")) NIL NIL)"#;
        assert!(got.contains(image), "{got}");
        assert!(got.ends_with(r#" "mixed" ("boundary" "x") NIL NIL NIL)"#), "{got}");
    }

    #[test]
    fn a_message_within() {
        let message = "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhi\r\n";
        let got = structure(message, false);
        assert!(
            got.starts_with(r#"("message" "rfc822" NIL NIL NIL "7bit" 22 (NIL "inner" "#),
            "{got}"
        );
        assert!(got.ends_with(" 3)"), "{got}");
    }
}
