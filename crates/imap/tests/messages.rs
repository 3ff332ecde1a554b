//! Messages: bringing, reading, marking, finding, moving, removing.

mod support;

use support::House;

const NOTE: &str = "From: Bob <bob@example.org>\r\nTo: ann@example.com\r\nSubject: lunch\r\n\
    Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nMessage-ID: <1@example.org>\r\n\r\nat noon?\r\n";
const OTHER: &str =
    "From: eve@example.net\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\nhello\r\n";

#[tokio::test]
async fn a_folder_is_selected_and_left() {
    let house = House::new().await;
    let mut client = house.ann().await;
    client.append("INBOX (\\Seen $Work)", NOTE).await;
    client.append("INBOX", OTHER).await;
    client
        .follow(
            r#"
            C: a SELECT inbox
            S: * 2 EXISTS
            S: * 0 RECENT
            S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work)
            S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work \*)] …
            S: * OK [UNSEEN 2] …
            S: * OK [UIDVALIDITY …] …
            S: * OK [UIDNEXT 3] …
            S: * OK [HIGHESTMODSEQ …] …
            S: a OK [READ-WRITE] SELECT completed
            C: b UNSELECT
            S: b OK UNSELECT completed
            C: c FETCH 1 FLAGS
            S: c BAD select a mailbox first
            C: d EXAMINE INBOX
            S: * 2 EXISTS
            S: …
            S: …
            S: * OK [PERMANENTFLAGS ()] …
            S: …
            S: …
            S: …
            S: …
            S: d OK [READ-ONLY] EXAMINE completed
            C: e STORE 1 +FLAGS (\Deleted)
            S: e NO [READ-ONLY] …
            C: f EXPUNGE
            S: f NO [READ-ONLY] …
            C: g FETCH 2 BODY[TEXT]
            S: * 2 FETCH (BODY[TEXT] {7}
            S: hello
            S: )
            S: g OK FETCH completed
            C: h SELECT nowhere
            S: h NO [NONEXISTENT] …
            C: i CHECK
            S: i BAD select a mailbox first"#,
        )
        .await;
}

#[tokio::test]
async fn messages_are_fetched() {
    let house = House::new().await;
    let mut client = house.ann_with(&[NOTE, OTHER]).await;
    let size = NOTE.len();
    let script = r#"
        C: a FETCH 1 (FLAGS UID ENVELOPE RFC822.SIZE)
        S: * 1 FETCH (FLAGS () UID 1 ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "lunch" (("Bob" NIL "bob" "example.org")) (("Bob" NIL "bob" "example.org")) (("Bob" NIL "bob" "example.org")) ((NIL NIL "ann" "example.com")) NIL NIL NIL "<1@example.org>") RFC822.SIZE SIZE)
        S: a OK FETCH completed
        C: b FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Subject)])
        S: * 1 FETCH (BODY[HEADER.FIELDS (Subject)] {18}
        S: Subject: lunch
        S:
        S: )
        S: * 2 FETCH (BODY[HEADER.FIELDS (Subject)] {40}
        S: Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=
        S:
        S: )
        S: b OK FETCH completed
        C: c UID FETCH 2 BODY[]<0.4>
        S: * 2 FETCH (UID 2 BODY[]<0> {4}
        S: From FLAGS (\Seen))
        S: c OK UID FETCH completed
        C: d FETCH 3 FLAGS
        S: d BAD …
        C: e UID FETCH 7:9 FLAGS
        S: e OK UID FETCH completed
        C: f FETCH 2 (FLAGS BODYSTRUCTURE)
        S: * 2 FETCH (FLAGS (\Seen) BODYSTRUCTURE ("text" "plain" … 7 1 NIL NIL NIL NIL))
        S: f OK FETCH completed"#;
    client.follow(&script.replace("SIZE SIZE", &format!("SIZE {size}"))).await;
}

#[tokio::test]
async fn a_body_comes_back_byte_for_byte() {
    let house = House::new().await;
    let message = "Subject: odd\r\n\r\nbare\nlines\rand \u{e4}\r\n\r\n.\r\n";
    let mut client = house.ann_with(&[message]).await;
    let length = message.len();
    client.send("a FETCH 1 (BODY.PEEK[])\r\n").await;
    client.follow(&format!("S: * 1 FETCH (BODY[] {{{length}}}")).await;
    assert_eq!(client.exact(length).await, message);
    client.follow("S: )\nS: a OK FETCH completed").await;
}

#[tokio::test]
async fn flags_are_stored() {
    let house = House::new().await;
    let mut client = house.ann_with(&[NOTE, OTHER]).await;
    client
        .follow(
            r#"
            C: a STORE 1:2 +FLAGS (\Flagged $Work)
            S: * 1 FETCH (UID 1 FLAGS (\Flagged $Work))
            S: * 2 FETCH (UID 2 FLAGS (\Flagged $Work))
            S: a OK STORE completed
            C: b UID STORE 2 -FLAGS.SILENT ($Work)
            S: b OK UID STORE completed
            C: c STORE 2 FLAGS (\Seen)
            S: * 2 FETCH (UID 2 FLAGS (\Seen))
            S: c OK STORE completed
            C: d NOOP
            S: d OK NOOP completed
            C: e STORE 1 +FLAGS (\Strange)
            S: e BAD an unknown system flag
            C: f UID STORE 99 +FLAGS (\Seen)
            S: f OK UID STORE completed"#,
        )
        .await;
}

#[tokio::test]
async fn condstore_tells_of_changes() {
    let house = House::new().await;
    let mut client = house.ann_with(&[NOTE, OTHER]).await;
    client
        .follow("C: a ENABLE CONDSTORE X-OTHER\nS: * ENABLED CONDSTORE\nS: a OK ENABLE completed")
        .await;
    client.send("b STORE 2 +FLAGS.SILENT (\\Flagged)\r\n").await;
    let line = client.line().await;
    let modseq: u64 = line
        .strip_prefix("* 2 FETCH (UID 2 MODSEQ (")
        .and_then(|rest| rest.strip_suffix("))"))
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{line}"));
    client.follow("S: b OK STORE completed").await;
    let script = r#"
        C: c FETCH 1:* (UID) (CHANGEDSINCE BEFORE)
        S: * 2 FETCH (UID 2 MODSEQ (NOW))
        S: c OK FETCH completed
        C: d STORE 1:2 (UNCHANGEDSINCE BEFORE) +FLAGS (\Answered)
        S: * 1 FETCH (UID 1 FLAGS (\Answered) MODSEQ (…))
        S: d OK [MODIFIED 2] STORE completed in part
        C: e SEARCH MODSEQ NOW
        S: * SEARCH 1 2 (MODSEQ …)
        S: e OK SEARCH completed
        C: f STATUS INBOX (HIGHESTMODSEQ)
        S: * STATUS "INBOX" (HIGHESTMODSEQ …)
        S: f OK STATUS completed"#;
    let script = script.replace("BEFORE", &(modseq - 1).to_string());
    client.follow(&script.replace("NOW", &modseq.to_string())).await;
}

#[tokio::test]
async fn messages_are_found() {
    let house = House::new().await;
    let mut client = house.ann().await;
    client.append("INBOX (\\Seen $Work) \"07-Feb-1994 21:52:25 -0800\"", NOTE).await;
    client.append("INBOX", OTHER).await;
    client.follow("C: s EXAMINE INBOX").await;
    while !client.line().await.starts_with("s OK") {}
    let (year, large) = (1995, NOTE.len() - 1);
    for (key, found) in [
        ("ALL", " 1 2"),
        ("SEEN", " 1"),
        ("UNSEEN", " 2"),
        ("KEYWORD $work", " 1"),
        ("NOT KEYWORD $work", " 2"),
        ("FROM bob", " 1"),
        ("SUBJECT gr\u{fc}\u{df}", " 2"),
        ("TEXT noon", " 1"),
        ("BODY hello", " 2"),
        ("HEADER Message-ID \"\"", " 1"),
        ("OR FROM bob FROM eve", " 1 2"),
        ("2 UID 1:*", " 2"),
        (&format!("BEFORE 1-Jan-{year}"), " 1"),
        ("ON 8-Feb-1994", " 1"),
        ("SENTON 7-Feb-1994", " 1"),
        ("SENTBEFORE 7-Feb-1994", ""),
        (&format!("LARGER {large}"), " 1"),
        ("NEW", ""),
        ("OLD", " 1 2"),
        ("(SEEN UNDELETED) NOT UNKEYWORD $Work", " 1"),
    ] {
        let key = if key.is_ascii() { key.to_owned() } else { literal(key) };
        client.send(&format!("a UID SEARCH CHARSET UTF-8 {key}\r\n")).await;
        client.follow(&format!("S: * SEARCH{found}\nS: a OK …")).await;
    }
    client.follow("C: b SEARCH CHARSET KOI8-R ALL\nS: b NO [BADCHARSET (US-ASCII UTF-8)] …").await;
    client.follow("C: c SEARCH 3\nS: c BAD …").await;
}

/// The last word of a search as a literal that does not wait.
fn literal(key: &str) -> String {
    let (word, text) = key.split_once(' ').unwrap_or((key, ""));
    format!("{word} {{{}+}}\r\n{text}", text.len())
}

#[tokio::test]
async fn messages_are_copied_and_moved() {
    let house = House::new().await;
    let mut client = house.ann_with(&[NOTE, OTHER, NOTE]).await;
    client
        .follow(
            r#"
            C: a COPY 1:2 Drafts
            S: a OK [COPYUID … 1:2 1:2] COPY completed
            C: b UID MOVE 2 "Deleted Items"
            S: * OK [COPYUID … 2 1] moved
            S: * 2 EXPUNGE
            S: b OK MOVE completed
            C: c COPY 1 Nowhere
            S: c NO [TRYCREATE] there is no such folder
            C: d UID COPY 99 Drafts
            S: d OK COPY completed: there was nothing
            C: e FETCH 1:* UID
            S: * 1 FETCH (UID 1)
            S: * 2 FETCH (UID 3)
            S: e OK FETCH completed
            C: f COPY 1 INBOX
            S: * 3 EXISTS
            S: * 0 RECENT
            S: f OK [COPYUID … 1 4] COPY completed"#,
        )
        .await;
}

#[tokio::test]
async fn deleted_messages_are_expunged() {
    let house = House::new().await;
    let mut client = house.ann_with(&[NOTE, NOTE, NOTE, NOTE]).await;
    client
        .follow(
            r#"
            C: a STORE 1,3,4 +FLAGS.SILENT (\Deleted)
            S: a OK STORE completed
            C: b UID EXPUNGE 1:2
            S: * 1 EXPUNGE
            S: b OK EXPUNGE completed
            C: c EXPUNGE
            S: * 3 EXPUNGE
            S: * 2 EXPUNGE
            S: c OK EXPUNGE completed
            C: d STORE 1 +FLAGS.SILENT (\Deleted)
            S: d OK STORE completed
            C: e CLOSE
            S: e OK CLOSE completed
            C: f STATUS INBOX (MESSAGES)
            S: * STATUS "INBOX" (MESSAGES 0)
            S: f OK STATUS completed"#,
        )
        .await;
}

#[tokio::test]
async fn appends_are_checked() {
    let house = House::new().await;
    house
        .ann_with(&[])
        .await
        .follow(
            r#"
            C: a APPEND Nowhere {3+}
            C: abc
            S: a NO [TRYCREATE] …
            C: b APPEND INBOX {0+}
            C:
            S: b NO [CANNOT] …
            C: c APPEND INBOX {41943041}
            S: c NO [TOOBIG] …
            C: d APPEND INBOX (\Recent \Draft) {3}
            S: + …
            C: abc
            S: * 1 EXISTS
            S: * 0 RECENT
            S: d OK [APPENDUID … 1] APPEND completed"#,
        )
        .await;
}

#[tokio::test]
async fn a_long_fetch_comes_in_order() {
    let house = House::new().await;
    let notes = vec![OTHER; 300];
    let mut client = house.ann_with(&notes).await;
    client.send("a FETCH 1:* (UID ENVELOPE)\r\n").await;
    for number in 1..=300 {
        client.follow(&format!("S: * {number} FETCH (UID {number} ENVELOPE (NIL …))")).await;
    }
    client.follow("S: a OK FETCH completed").await;
    client.send("b STORE 1:* +FLAGS.SILENT (\\Deleted)\r\nc FETCH 1:* (BODY.PEEK[TEXT])\r\n").await;
    client.follow("S: b OK STORE completed").await;
    for number in 1..=300 {
        client.follow(&format!("S: * {number} FETCH (BODY[TEXT] {{7}}\nS: hello\nS: )")).await;
    }
    client.follow("S: c OK FETCH completed").await;
}

#[tokio::test]
async fn a_large_message_is_taken_piece_by_piece() {
    let house = House::new().await;
    let line = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n";
    let message = format!("Subject: large\r\n\r\n{}", line.repeat(4_000));
    let mut client = house.ann_with(&[&message, OTHER]).await;
    let mut taken = String::new();
    while taken.len() < message.len() {
        let (from, left) = (taken.len(), message.len() - taken.len());
        client.send(&format!("a FETCH 1 (BODY.PEEK[]<{from}.60000>)\r\n")).await;
        let length = left.min(60_000);
        client.follow(&format!("S: * 1 FETCH (BODY[]<{from}> {{{length}}}")).await;
        taken.push_str(&client.exact(length).await);
        client.follow("S: )\nS: a OK FETCH completed").await;
        client.follow("C: b FETCH 2 BODY.PEEK[TEXT]\nS: …\nS: hello\nS: )\nS: b OK …").await;
    }
    assert_eq!(taken, message);
}

#[tokio::test]
async fn a_large_message_comes_in() {
    let house = House::with_quota(100_000_000).await;
    let mut client = house.ann_with(&[]).await;
    let message = format!("Subject: large\r\n\r\n{}", "0123456789abcde\n".repeat(500_000));
    client.append("INBOX", &message).await;
    client.send("a FETCH 1 (RFC822.SIZE BODY[])\r\n").await;
    let length = message.len();
    client.follow(&format!("S: * 1 FETCH (RFC822.SIZE {length} BODY[] {{{length}}}")).await;
    assert!(client.exact(length).await == message);
    client.follow("S:  FLAGS (\\Seen))\nS: a OK FETCH completed").await;
}
