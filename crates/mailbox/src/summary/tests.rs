use proptest::prelude::*;

use super::*;

const MIXED: &str = "\
Date: Mon, 2 Mar 2026 23:30:00 -0800\r
From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r
To: a@x.y,\r
 \"B, C\" <b@x.y>\r
Subject: Hello\r
 World\r
Message-ID: <1@example.com>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=\"outer\"\r
\r
preamble --outer\r
--outer\r
Content-Type: multipart/alternative; boundary=outer-in\r
\r
--outer-in\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: Quoted-Printable\r
\r
one\r
two\r
--outer-in  \r
Content-Type: text/html\r
Content-Language: de, en\r
\r
<p>\r
--outer-in--\r
--outer\r
Content-Type: message/rfc822\r
Content-Disposition: attachment; filename=\"a;b.eml\"\r
\r
Subject: inner\r
\r
inner body\r
\r
--outer--\r
epilogue\r
";

fn bytes(part: &Part) -> &str {
    std::str::from_utf8(part.body.of(MIXED.as_bytes())).unwrap()
}

#[test]
fn finds_every_part_and_its_bytes() {
    let summary = Summary::of(MIXED.as_bytes());
    let part = |path: &[u32]| summary.part(path).unwrap();
    assert_eq!(bytes(part(&[1, 1])), "one\r\ntwo");
    assert_eq!(part(&[1, 1]).lines, 1);
    assert_eq!(part(&[1, 1]).encoding, "quoted-printable");
    assert_eq!(bytes(part(&[1, 2])), "<p>");
    assert_eq!(part(&[1, 2]).language, ["de", "en"]);
    let header = part(&[1, 2]).header.of(MIXED.as_bytes());
    assert_eq!(header, b"Content-Type: text/html\r\nContent-Language: de, en\r\n\r\n");
    assert_eq!(bytes(part(&[2])), "Subject: inner\r\n\r\ninner body\r\n");
    let disposition = part(&[2]).disposition.as_ref().unwrap();
    assert_eq!(disposition.parameters, [("filename".to_owned(), "a;b.eml".to_owned())]);
    let inner = part(&[2]).message().unwrap();
    assert_eq!(inner.envelope.subject.as_deref(), Some("inner"));
    assert_eq!(bytes(part(&[2, 1])), "inner body\r\n");
    assert_eq!(summary.part(&[2, 2]), None);
    assert_eq!(summary.part(&[3]), None);
    assert_eq!(summary.part(&[0]), None);
    assert_eq!(summary.leaves().len(), 3);
}

#[test]
fn keeps_the_envelope_as_it_was_sent() {
    let envelope = Summary::of(MIXED.as_bytes()).envelope;
    assert_eq!(envelope.subject.as_deref(), Some("Hello World"));
    let sent = envelope.sent.unwrap();
    assert_eq!(sent.seconds, 1_772_523_000);
    assert_eq!(i64::from(sent.local_day), 1_772_523_000 / 86_400 - 1);
    assert_eq!(envelope.to.len(), 2);
    let Address::Mailbox { name, .. } = &envelope.from[0] else { panic!("no mailbox") };
    assert_eq!(name.as_deref(), Some("=?utf-8?q?J=C3=B6rg?="));
}

#[test]
fn falls_back_as_the_standards_say() {
    let summary = Summary::of(b"Subject: x\r\nContent-Type: nonsense\r\n\r\nbody");
    assert_eq!(
        (summary.root.media_type.as_str(), summary.root.subtype.as_str()),
        ("text", "plain")
    );
    assert_eq!(summary.root.parameter("charset"), Some("us-ascii"));
    assert_eq!(summary.part(&[1]), Some(&summary.root));
    let digest = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: s\n\nx\n--b--\n";
    let summary = Summary::of(digest);
    let inner = summary.part(&[1]).unwrap().message().unwrap();
    assert_eq!(inner.envelope.subject.as_deref(), Some("s"));
    let unclosed = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nlast\n";
    assert_eq!(Summary::of(unclosed).part(&[1]).unwrap().body.of(unclosed), b"last\n");
    let empty = Summary::of(b"Content-Type: multipart/mixed; boundary=b\n\nno delimiter\n");
    assert_eq!(empty.root.content, Content::Data);
}

#[test]
fn nesting_parts_and_text_are_bounded() {
    let deep = "Content-Type: message/rfc822\r\n\r\n".repeat(5000);
    let mut depth = 0;
    let summary = Summary::of(deep.as_bytes());
    let mut part = &summary.root;
    while let Some(message) = part.message() {
        depth += 1;
        part = &message.root;
    }
    assert_eq!(depth, MAX_PART_DEPTH);

    let wide = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
        "--b\r\n\r\n".repeat(50_000)
    );
    assert_eq!(Summary::of(wide.as_bytes()).leaves().len(), MAX_PARTS);

    let long = format!("To: {}\r\nSubject: {}\r\n\r\n", "a@b, ".repeat(9000), "x".repeat(1 << 20));
    let envelope = Summary::of(long.as_bytes()).envelope;
    assert_eq!(envelope.to.len(), MAX_ADDRESSES);
    assert_eq!(envelope.subject.unwrap().len(), MAX_VALUE_BYTES);
    assert!(envelope.cut && !Summary::of(MIXED.as_bytes()).envelope.cut);
}

#[test]
fn refuses_what_it_did_not_write() {
    let summary = Summary::of(MIXED.as_bytes());
    let mut encoded = summary.encode();
    assert_eq!(Summary::decode(&encoded).unwrap(), summary);
    assert!(Summary::decode(&encoded[..encoded.len() - 1]).is_err());
    encoded[0] = VERSION + 1;
    assert!(matches!(Summary::decode(&encoded), Err(Error::Damaged(_))));
    assert!(Summary::decode(&[]).is_err());
}

/// Every part lies within the one that holds it, its body right behind its header.
fn assert_nested(part: &Part, within: Range<usize>) {
    let (header, body) = (part.header.range(), part.body.range());
    assert!(within.start <= header.start && header.end == body.start && body.end <= within.end);
    match &part.content {
        Content::Data => {}
        Content::Multipart(parts) => {
            let mut start = body.start;
            for part in parts {
                assert_nested(part, start..body.end);
                start = part.body.range().end;
            }
        }
        Content::Message(message) => assert_nested(&message.root, body),
    }
}

fn check(message: &[u8]) {
    let summary = Summary::of(message);
    assert_nested(&summary.root, 0..message.len());
    assert_eq!(summary.root.header.range().start, 0);
    assert_eq!(summary.root.body.range().end, message.len());
    assert_eq!(Summary::decode(&summary.encode()).unwrap(), summary);
}

/// Pieces that messages are made of, so that chance builds something like messages.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        prop::sample::select(vec![
            "Content-Type: multipart/mixed; boundary=b\r\n",
            "Content-Type: multipart/digest;\r\n boundary=\"bb\"\n",
            "Content-Type: message/rfc822\r\n",
            "Content-Disposition: attachment; filename*=utf-8''x\r\n",
            "Date: Mon, 2 Mar 2026 23:30:00 -0800\r\n",
            "Date: 99 xxx 9999999999 99:99:99 +9999 ((\r\n",
            "From: \"x\\\" <a@b>, g: c@d;\r\n",
            "Subject: =?utf-8?q?x?=\r\n",
            "\r\n",
            "\n",
            "\r",
            " ",
            "--b\r\n",
            "--b",
            "--b--\r\n",
            "--bb\n",
            "--bb--",
            "text",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

proptest! {
    #[test]
    fn reads_any_bytes(message in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&message);
    }

    #[test]
    fn reads_anything_like_a_message(pieces in prop::collection::vec(piece(), 0..40)) {
        check(&pieces.concat());
    }

    #[test]
    fn decodes_no_other_bytes_into_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let stored = [&[VERSION], &bytes[..]].concat();
        drop(Summary::decode(&stored));
    }
}
