use proptest::prelude::*;

use super::*;

const TRACE: &str = "Received: from a\r\n\tby b; now\r\nAuthentication-Results: b; spf=pass\r\n";
const HEADER: &str = "From: Ann <ann@x.org>\r\nDate: Tue, 24 Jul 2018 19:07:41 +0000\r\n\
    Message-ID: <1@x.org>\r\nTo: bob@y.org\r\n";

fn original() -> String {
    format!("{TRACE}DKIM-Signature: a\r\nDKIM-Signature: b\r\n{HEADER}Subject: old\r\n\r\nold\r\n")
}

fn replaced(given: &str) -> Result<String, String> {
    let text = replace(original().as_bytes(), given.as_bytes());
    text.map(|text| String::from_utf8(text).unwrap()).map_err(|error| error.to_string())
}

#[test]
fn trace_fields_stay_on_top() {
    let given = format!("Subject: new\n{HEADER}Received: forged\nX: y\r\n\r\nnew\nlast");
    let text = replaced(&given).unwrap();
    assert_eq!(text, format!("{TRACE}Subject: new\r\n{HEADER}X: y\r\n\r\nnew\r\nlast\r\n"));
    assert_eq!(replaced(&original()).unwrap(), original(), "what is not changed stays");
    let unix = original().replace("\r\n", "\n");
    assert_eq!(replaced(&unix).unwrap(), original(), "whatever its lines end with");
}

#[test]
fn the_same_can_be_written_in_other_ways() {
    let given = "from: =?utf-8?q?Ann?=\r\n <ANN@x.org>\r\nDate: Tue, 24 Jul 2018 21:07:41 +0200\r\n\
                 message-id:\r\n <1@x.org>\r\nDKIM-Signature: a\r\nDKIM-Signature: b\r\n\r\n";
    assert!(replaced(given).is_ok());
}

#[test]
fn what_is_wrong_is_told() {
    let with = |more: &str| format!("{HEADER}{more}\r\n\r\ntext\r\n");
    for (given, words) in [
        (String::new(), "no header"),
        ("just text\r\n".to_owned(), "no field"),
        (with("no field here"), "no field: no field here"),
        (with("Subject: a").replace("From: Ann <ann@x.org>\r\n", ""), "From is missing"),
        (with("Subject: a").replace("ann@x.org", "eve@x.org"), "From must not be changed"),
        (with("Subject: a").replace("ann@x.org>", "ann@x.org>, e@x"), "From must not be changed"),
        (with("Sender: eve@x.org"), "Sender must not be changed"),
        (with("Subject: a").replace("<1@", "<2@"), "Message-ID must not be changed"),
        (with("Subject: a").replace("Message-ID: <1@x.org>\r\n", ""), "Message-ID is missing"),
        (with("Subject: a").replace("24 Jul", "25 Jul"), "Date must not be changed"),
        (with("Subject: a\r\nsubject: b"), "Subject must not be repeated"),
        (
            with("DKIM-Signature: 1\r\nDKIM-Signature: 2\r\nDKIM-Signature: 3"),
            "must not be repeated",
        ),
        (with(&format!("X: {}", "x".repeat(996))), "longer than 1000"),
        (with("Subject: é"), "not ASCII"),
        (with("X: a\rb"), "CR without LF"),
        (with("X: a\0b"), "NUL"),
        (with("Content-Type: multipart/mixed"), "no parts"),
        (with("Content-Type: multipart/mixed; boundary=b"), "no parts"),
    ] {
        let told = replaced(&given).unwrap_err();
        assert!(told.contains(words), "{told} is not about: {words}");
    }
    assert!(replaced(&with(&format!("X: {}", "x".repeat(995)))).is_ok(), "1000 bytes with CR LF");
}

fn multipart(parts: &str) -> String {
    format!("{HEADER}Content-Type: multipart/mixed; boundary=\"b b\"\r\n\r\n{parts}")
}

#[test]
fn parts_must_be_sound() {
    assert!(
        replaced(&multipart("--b b\r\n\r\na\r\n--b b\r\nX: y\r\n\r\nc\r\n--b b--\r\n")).is_ok()
    );
    let open = replaced(&multipart("--b b\r\n\r\na\r\n"));
    assert!(open.unwrap_err().contains("does not end"));
    let inner =
        "--b b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\na\r\n--b b--\r\n";
    assert!(replaced(&multipart(inner)).unwrap_err().contains("does not end"));
    let stray = "--b b\r\nX: y\r\nno field\r\n\r\na\r\n--b b--\r\n";
    assert!(replaced(&multipart(stray)).unwrap_err().contains("no field"));
}

#[test]
fn files_of_dangerous_types_are_not_sent() {
    let file = |field: &str| multipart(&format!("--b b\r\n{field}\r\n\r\na\r\n--b b--\r\n"));
    for bad in [
        "Content-Disposition: attachment; filename=a.exe",
        "Content-Disposition: attachment; filename=\"a.b.VBS\"",
        "Content-Disposition: attachment; filename*=utf-8''%61.js",
        "Content-Disposition: inline; filename=a.bat.",
        "Content-Type: application/octet-stream; name=\"a.com \"",
        "Content-Disposition: attachment; filename*0=a.e; filename*1=xe",
    ] {
        assert!(replaced(&file(bad)).unwrap_err().contains("Attachments"), "{bad}");
    }
    let nested =
        "Content-Type: message/rfc822\r\n\r\nFrom: a@x\r\nContent-Type: text/plain; name=a.pif\r\n";
    assert!(replaced(&file(nested)).unwrap_err().contains(".pif"));
    assert!(replaced(&file("Content-Disposition: attachment; filename=a.exe.txt")).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_judged(
        original in proptest::collection::vec(any::<u8>(), 0..200),
        given in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = replace(&original, &given);
        let _ = replace(&original, &[b"From: a@x\r\nContent-Type: multipart/mixed; boundary=b\r\n", &given[..]].concat());
    }

    /// What is taken is taken again, and comes out the same.
    #[test]
    fn a_replacement_replaces_itself(body in "[ab\\n-]{0,60}") {
        let once = replaced(&format!("{HEADER}Subject: x\n\n{body}")).unwrap();
        prop_assert_eq!(replaced(&once), Ok(once));
    }
}
