//! Transcripts, and what must hold for any of them.

use proptest::prelude::*;

use super::*;
use crate::limits::{MAX_AUTH_FAILURES, MAX_LINE_OCTETS};

/// A session with somebody who answers its questions: `ann@ours.example` is a user who owns also
/// `sales@ours.example`, with the password `secret`; any other address of ours is unknown.
struct Talk {
    session: Session,
    input: BytesMut,
    now: Timestamp,
    mails: Vec<Mail>,
    handshakes: usize,
    closed: bool,
}

fn talk(role: Role) -> Talk {
    let limits = Limits { message_octets: 1000, recipients: 3, ..Limits::default() };
    let budget = Budget::new(64 << 10, 64 << 10);
    let postmaster = Address::parse("ann@ours.example");
    let config = Config { host: "mx.ours.example".into(), postmaster, limits, budget };
    let submission = role == Role::Submission;
    let peer = Peer {
        address: "192.0.2.7".parse().unwrap(),
        id: "c0ffee".into(),
        tls: submission,
        starttls: !submission,
    };
    let now = Timestamp::from_seconds(1_532_459_261);
    let session = Session::new(Arc::new(config), role, peer, now);
    let input = BytesMut::new();
    let mut talk = Talk { session, input, now, mails: vec![], handshakes: 0, closed: false };
    assert_eq!(talk.say(""), "220 mx.ours.example ESMTP ready\r\n");
    talk
}

impl Talk {
    fn say(&mut self, text: &str) -> String {
        String::from_utf8(self.send(text.as_bytes())).unwrap()
    }

    fn send(&mut self, octets: &[u8]) -> Vec<u8> {
        self.input.extend_from_slice(octets);
        let mut output = Vec::new();
        loop {
            let step = self.session.advance(&mut self.input, self.now);
            output.extend(self.session.take_output());
            match step {
                Step::Read => break,
                Step::Ask(question) => {
                    let verdict = self.judge(question);
                    self.session.answer(verdict);
                }
                Step::StartTls => {
                    self.handshakes += 1;
                    self.session.tls_started();
                }
                Step::Close => {
                    self.closed = true;
                    break;
                }
            }
        }
        output
    }

    fn judge(&mut self, question: Question) -> Verdict {
        let known = ["ann@ours.example", "sales@ours.example"];
        match question {
            Question::Password { login, .. } if login == "eve" => Verdict::NotAllowed,
            Question::Password { login, password } => {
                match login == "ann@ours.example" && password.expose() == b"secret" {
                    true => Verdict::Accept,
                    false => Verdict::WrongPassword,
                }
            }
            Question::Token { login, token } => {
                let meant = login.is_none_or(|login| login == "ann@ours.example");
                match meant && token.expose() == b"token" {
                    true => Verdict::Accept,
                    false => Verdict::WrongPassword,
                }
            }
            Question::Sender(address) if known.contains(&address.to_string().as_str()) => {
                Verdict::Accept
            }
            Question::Sender(_) => Verdict::NotYours,
            Question::Recipient(address) => match address.to_string().as_str() {
                text if known.contains(&text) => Verdict::Accept,
                "full@ours.example" => Verdict::MailboxFull,
                "jörg@ours.example" => Verdict::Accept,
                _ if address.domain() == "ours.example" => Verdict::Unknown,
                _ if self.session.role == Role::Submission => Verdict::Accept,
                _ => Verdict::NotOurs,
            },
            Question::Deliver(mail) => {
                self.mails.push(*mail);
                Verdict::Accept
            }
        }
    }

    /// The code of the reply to one line.
    fn code(&mut self, line: &str) -> u16 {
        let reply = self.say(&format!("{line}\r\n"));
        assert!(reply.ends_with("\r\n"), "{line}: {reply}");
        reply[..3].parse().unwrap()
    }

    fn codes(&mut self, lines: &[&str]) -> Vec<u16> {
        lines.iter().map(|line| self.code(line)).collect()
    }

    fn begin_data(&mut self) {
        let lines = ["EHLO c", "MAIL FROM:<bob@far.example>", "RCPT TO:<ann@ours.example>", "DATA"];
        assert_eq!(self.codes(&lines), [250, 250, 250, 354]);
    }
}

#[test]
fn a_message_from_a_stranger() {
    let mut talk = talk(Role::Receiving);
    assert_text(
        &talk.say("EHLO client.example\r\n"),
        "250-mx.ours.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
         250-CHUNKING\r\n250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n",
    );
    let all = "MAIL FROM:<bob@far.example> SIZE=20\r\nRCPT TO:<ann@ours.example>\r\n\
               RCPT TO:<nobody@ours.example>\r\nRCPT TO:<x@far.example>\r\n\
               RCPT TO:<full@ours.example>\r\nDATA\r\n";
    assert_text(
        &talk.say(all),
        "250 2.1.0 sender ok\r\n250 2.1.5 recipient ok\r\n550 5.1.1 no such recipient\r\n\
         550 5.7.1 relaying denied\r\n452 4.2.2 mailbox is full\r\n\
         354 end with a dot on a line by itself\r\n",
    );
    let end = talk.say("Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
    assert_text(&end, "250 2.0.0 taken as c0ffee.1\r\n221 2.0.0 goodbye\r\n");
    let mail = &talk.mails[0];
    assert_text(
        std::str::from_utf8(&mail.content).unwrap(),
        "Return-Path: <bob@far.example>\r\nReceived: from client.example ([192.0.2.7])\r\n\tby \
         mx.ours.example with ESMTP id c0ffee.1;\r\n\tTue, 24 Jul 2018 19:07:41 +0000\r\n\
         Subject: x\r\n\r\n.dot\r\n",
    );
    assert_eq!(mail.content[mail.return_path_octets..][..9], *b"Received:");
    assert_eq!(mail.recipients, [Address::parse("ann@ours.example").unwrap()]);
    assert!(talk.closed);
}

fn assert_text(actual: &str, expected: &str) {
    assert_eq!(actual, expected);
}

#[test]
fn commands_out_of_order() {
    let mut talk = talk(Role::Receiving);
    let lines = ["MAIL FROM:<a@b>", "RCPT TO:<ann@ours.example>", "DATA", "BDAT 0 LAST"];
    assert_eq!(talk.codes(&lines), [503, 503, 503, 503]);
    let lines = ["HELO c", "MAIL FROM:<a@b>", "MAIL FROM:<a@b>", "DATA", "RSET", "DATA"];
    assert_eq!(talk.codes(&lines), [250, 250, 503, 503, 250, 503]);
    let lines = ["NOOP", "VRFY ann", "EXPN all", "HELP", "AUTH PLAIN", "XYZZY", "MAIL FROM:a@b"];
    assert_eq!(talk.codes(&lines), [250, 252, 502, 214, 502, 500, 501]);
    assert_eq!(talk.codes(&["MAIL FROM:<a@b> SIZE=1001", "MAIL FROM:<a@b> X=1"]), [552, 555]);
    let lines = ["MAIL FROM:<>", "RCPT TO:<Postmaster>", "EHLO again", "DATA"];
    assert_eq!(talk.codes(&lines), [250, 250, 250, 503]);
}

#[test]
fn recipients_are_bounded() {
    let mut talk = talk(Role::Receiving);
    talk.codes(&["EHLO c", "MAIL FROM:<>"]);
    let lines = ["RCPT TO:<ann@ours.example>"; 4];
    assert_eq!(talk.codes(&lines), [250, 250, 250, 452]);
    assert_eq!(talk.code("DATA"), 354);
    assert_eq!(talk.code("\r\n."), 250);
    assert_eq!(talk.mails[0].recipients.len(), 3);
}

#[test]
fn wide_addresses_need_the_extension() {
    let mut talk = talk(Role::Receiving);
    let lines = ["EHLO c", "MAIL FROM:<ü@b>", "MAIL FROM:<a@b>", "RCPT TO:<jörg@ours.example>"];
    assert_eq!(talk.codes(&lines), [250, 553, 250, 553]);
    let lines = ["RSET", "MAIL FROM:<ü@b> SMTPUTF8", "RCPT TO:<jörg@ours.example>", "DATA"];
    assert_eq!(talk.codes(&lines), [250, 250, 250, 354]);
    assert_eq!(talk.code("."), 250);
    assert!(talk.mails[0].utf8);
}

#[test]
fn tls_forgets_what_was_said() {
    let mut talk = talk(Role::Receiving);
    talk.codes(&["EHLO c", "MAIL FROM:<a@b>"]);
    // What is injected behind the command in clear must not be answered under TLS.
    let reply = talk.say("STARTTLS\r\nNOOP\r\nEHLO evil\r\n");
    assert_eq!(reply, "220 2.0.0 go ahead\r\n");
    assert_eq!(talk.handshakes, 1);
    assert_eq!(talk.code("RCPT TO:<ann@ours.example>"), 503);
    assert_eq!(talk.code("MAIL FROM:<a@b>"), 503);
    assert!(!talk.say("EHLO c\r\n").contains("STARTTLS"));
    assert_eq!(talk.code("STARTTLS"), 503);
    talk.codes(&["MAIL FROM:<a@b>", "RCPT TO:<ann@ours.example>", "DATA", "."]);
    assert!(std::str::from_utf8(&talk.mails[0].content).unwrap().contains("with ESMTPS id"));
}

#[test]
fn submission_wants_a_password() {
    let mut talk = talk(Role::Submission);
    assert!(talk.say("EHLO c\r\n").contains("250-AUTH PLAIN LOGIN OAUTHBEARER XOAUTH2\r\n"));
    assert_eq!(talk.code("MAIL FROM:<ann@ours.example>"), 530);
    // NUL ann@ours.example NUL wrong / secret
    assert_eq!(talk.code("AUTH PLAIN AGFubkBvdXJzLmV4YW1wbGUAd3Jvbmc="), 535);
    assert_eq!(talk.code("AUTH PLAIN !"), 501);
    assert_eq!(talk.code("AUTH CRAM-MD5"), 504);
    assert_eq!(talk.code("AUTH PLAIN AGFubkBvdXJzLmV4YW1wbGUAc2VjcmV0"), 235);
    assert_eq!(talk.code("AUTH PLAIN AGFubkBvdXJzLmV4YW1wbGUAc2VjcmV0"), 503);
    assert!(!talk.say("EHLO c\r\n").contains("AUTH"));
    let lines = ["MAIL FROM:<eve@ours.example>", "MAIL FROM:<>", "MAIL FROM:<sales@ours.example>"];
    assert_eq!(talk.codes(&lines), [550, 550, 250]);
    let lines = ["RCPT TO:<x@far.example>", "RCPT TO:<nobody@ours.example>", "DATA", "."];
    assert_eq!(talk.codes(&lines), [250, 550, 354, 250]);
    assert!(std::str::from_utf8(&talk.mails[0].content).unwrap().contains("with ESMTPSA id"));
}

#[test]
fn login_in_two_steps() {
    let mut talk = talk(Role::Submission);
    talk.code("EHLO c");
    assert_eq!(talk.say("AUTH LOGIN\r\n"), "334 VXNlcm5hbWU6\r\n");
    assert_eq!(talk.say("YW5uQG91cnMuZXhhbXBsZQ==\r\n"), "334 UGFzc3dvcmQ6\r\n");
    assert_eq!(talk.code("c2VjcmV0"), 235);
}

#[test]
fn login_can_be_given_up_and_fails_for_good() {
    let mut talk = talk(Role::Submission);
    assert_eq!(talk.code("HELO c"), 250);
    assert_eq!(talk.code("AUTH LOGIN"), 503);
    talk.code("EHLO c");
    assert_eq!(talk.codes(&["AUTH PLAIN", "*", "AUTH PLAIN", "AGEAYg=="]), [334, 501, 334, 535]);
    for _ in 1..MAX_AUTH_FAILURES {
        assert_eq!(talk.codes(&["AUTH LOGIN YQ==", "Yg=="]), [334, 535]);
    }
    assert!(talk.closed);
}

/// Base64 of `n,a=ann@ours.example,^Aauth=Bearer token^A^A` and its like.
#[test]
fn tokens_are_shown_in_two_mechanisms() {
    for lines in [
        &["AUTH OAUTHBEARER bixhPWFubkBvdXJzLmV4YW1wbGUsAWF1dGg9QmVhcmVyIHRva2VuAQE="][..],
        &["AUTH xoauth2 dXNlcj1hbm5Ab3Vycy5leGFtcGxlAWF1dGg9QmVhcmVyIHRva2VuAQE="],
        &["AUTH OAUTHBEARER", "biwsAWF1dGg9QmVhcmVyIHRva2VuAQE="],
    ] {
        let mut talk = talk(Role::Submission);
        talk.code("EHLO c");
        assert_eq!(talk.codes(lines).last(), Some(&235), "{lines:?}");
        assert_eq!(talk.code("MAIL FROM:<ann@ours.example>"), 250);
    }
}

#[test]
fn a_refused_token_is_told_why_before_the_command_fails() {
    let mut talk = talk(Role::Submission);
    talk.code("EHLO c");
    let challenge = talk.say("AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIG90aGVyAQE=\r\n");
    assert_eq!(challenge, "334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NoZW1lcyI6ImJlYXJlciJ9\r\n");
    assert_eq!(talk.code("AQ=="), 535);
    let challenge = talk.say("AUTH XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgdG9rZW4BAQ==\r\n");
    assert_eq!(challenge, "334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=\r\n");
    assert_eq!(talk.code(""), 535);
    assert_eq!(talk.codes(&["AUTH XOAUTH2 AGEAYg==", "AUTH OAUTHBEARER", "*"]), [501, 334, 501]);
    assert_eq!(talk.code("MAIL FROM:<ann@ours.example>"), 530);
    assert_eq!(talk.codes(&["AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIG90aGVyAQE=", "*"]), [334, 535]);
    assert!(talk.closed);
}

#[test]
fn chunks() {
    let mut talk = talk(Role::Receiving);
    talk.codes(&["EHLO c", "MAIL FROM:<>", "RCPT TO:<ann@ours.example>"]);
    assert_eq!(talk.say("BDAT 9\r\nA: b\r\n\r\n."), "250 2.0.0 9 octets received\r\n");
    assert_eq!(talk.codes(&["RCPT TO:<ann@ours.example>", "DATA"]), [503, 503]);
    assert!(talk.say("BDAT 2\r\n\r\nBDAT 0 LAST\r\n").ends_with("250 2.0.0 taken as c0ffee.1\r\n"));
    assert!(talk.mails[0].content.ends_with(b"+0000\r\nA: b\r\n\r\n.\r\n"));
}

#[test]
fn refused_chunks_are_read_past() {
    let mut talk = talk(Role::Receiving);
    assert_eq!(talk.say("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n").matches("503").count(), 1);
    talk.codes(&["EHLO c", "MAIL FROM:<>", "RCPT TO:<ann@ours.example>"]);
    let replies = talk.say("BDAT 2\r\na\nBDAT 5 LAST\r\nQUIT\nNOOP\r\n");
    let codes: Vec<_> = replies.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["554", "503", "250"]);
    talk.codes(&["MAIL FROM:<>", "RCPT TO:<ann@ours.example>"]);
    let big = format!("BDAT 1001 LAST\r\n{}NOOP\r\n", "x".repeat(1001));
    assert!(talk.say(&big).starts_with("552"));
    assert!(!talk.closed && talk.mails.is_empty());
    assert_eq!(talk.code("BDAT 99999999999 LAST"), 552);
    assert!(talk.closed);
}

#[test]
fn a_chunk_of_unknown_length_ends_the_connection() {
    let mut talk = talk(Role::Receiving);
    talk.say("EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ann@ours.example>\r\n");
    let replies = talk.say("BDAT 4x LAST\r\nRSET\r\nNOOP\r\n");
    assert!(replies.starts_with("501 5.5.4") && replies.lines().count() == 1, "{replies}");
    assert!(talk.closed && talk.mails.is_empty());
}

#[test]
fn too_large_and_unfit_messages_are_refused_at_their_end() {
    let mut talk = talk(Role::Receiving);
    for body in ["x".repeat(1001), "nul \0".to_owned()] {
        talk.begin_data();
        let reply = talk.say(&format!("{body}\r\n.\r\nNOOP\r\n"));
        let expected = if body.len() > 1000 { "552 5.3.4 " } else { "554 5.6.0 " };
        assert!(reply.starts_with(expected) && reply.ends_with("250 2.0.0 ok\r\n"), "{reply}");
    }
    talk.begin_data();
    assert_eq!(talk.say(&"x".repeat(3002))[..3], *"552");
    assert!(talk.closed && talk.mails.is_empty());
    assert_eq!(talk.session.config.budget.held_octets(), 0);
}

/// Every pairing of line ends around a dot, followed by a whole second message: never two messages,
/// and one only for CRLF "." CRLF.
#[test]
fn nothing_is_smuggled() {
    let ends = ["\r\n", "\n", "\r", "\r\r\n", "\n\r", "\r\n\r", "\n\n", "\r\0\n", "\0\r\n"];
    let second = "MAIL FROM:<evil@x>\r\nRCPT TO:<ann@ours.example>\r\nDATA\r\nevil\r\n.\r\n";
    for before in ends {
        for after in ends {
            let mut talk = talk(Role::Receiving);
            talk.begin_data();
            let reply = talk.say(&format!("good{before}.{after}{second}"));
            // A NUL before a sound end: the first is refused, and the second was sent openly.
            let expected = match (before, after) {
                ("\r\n", "\r\n") => 2,
                // The second begins with a CR, which is no command.
                ("\r\n", "\r\n\r") => 1,
                ("\0\r\n", "\r\n") => 1,
                _ => 0,
            };
            assert_eq!(talk.mails.len(), expected, "{before:?} {after:?} {reply}");
            let sound = before == "\r\n" && after.starts_with("\r\n");
            assert!(sound || reply.starts_with("554 5.6.0"), "{before:?} {after:?} {reply}");
        }
    }
}

#[test]
fn broken_lines_end_the_connection() {
    for line in ["NOOP\nNOOP\r\n", "NOOP\rNOOP\r\n", &"x".repeat(MAX_LINE_OCTETS + 1)] {
        let mut talk = talk(Role::Receiving);
        assert_eq!(talk.say(line)[..9], *"500 5.5.2");
        assert!(talk.closed);
    }
    let mut talk = talk(Role::Receiving);
    assert_eq!(talk.code("NOOP \0"), 500);
    assert_eq!(talk.send(b"NOOP \xff\r\n")[..3], *b"500");
    assert_eq!(talk.code(&"x".repeat(2000)), 500);
    assert!(!talk.closed);
}

#[test]
fn errors_and_idle_commands_are_counted() {
    let mut talk = talk(Role::Receiving);
    let replies = talk.say(&"XYZZY\r\n".repeat(MAX_ERRORS + 5));
    assert!(replies.ends_with("421 4.7.0 too many errors, closing\r\n"));
    assert_eq!(replies.lines().count(), MAX_ERRORS + 2);
    let mut talk = super::tests::talk(Role::Receiving);
    let replies = talk.say(&"NOOP\r\n".repeat(MAX_IDLE_COMMANDS + 5));
    assert!(replies.ends_with("too many commands without mail, closing\r\n"));
    assert_eq!(replies.lines().count(), MAX_IDLE_COMMANDS + 1);
}

#[test]
fn messages_that_go_in_circles_are_refused() {
    let mut talk = talk(Role::Receiving);
    let config = Config {
        limits: Limits { message_octets: 1 << 20, ..Limits::default() },
        ..(*talk.session.config).clone()
    };
    talk.session.config = Arc::new(config);
    talk.begin_data();
    let hops = "Received: x\r\n".repeat(crate::limits::MAX_RECEIVED_FIELDS + 1);
    assert_eq!(talk.code(&format!("{hops}\r\n.")), 554);
}

#[test]
fn time_runs_out() {
    let mut talk = talk(Role::Receiving);
    assert_eq!(talk.session.deadline(), talk.now.saturating_add(COMMAND_TIMEOUT));
    let connected = talk.now;
    for octet in [&b"N"[..], b"O", b"O"] {
        talk.now = talk.now.saturating_add(COMMAND_TIMEOUT / 4);
        talk.send(octet);
    }
    assert_eq!(talk.session.deadline(), connected.saturating_add(COMMAND_TIMEOUT));
    talk.send(b"P\r\n");
    assert_eq!(talk.session.deadline(), talk.now.saturating_add(COMMAND_TIMEOUT));
    talk.begin_data();
    assert_eq!(talk.session.deadline(), talk.now.saturating_add(DATA_BLOCK_TIMEOUT));
    let start = talk.now;
    for _ in 0..20 {
        talk.now = talk.now.saturating_add(DATA_BLOCK_TIMEOUT / 2);
        talk.say("x");
    }
    assert_eq!(talk.session.deadline(), start.saturating_add(MESSAGE_TIMEOUT));
    assert!(!talk.session.stop());
    talk.session.expire();
    assert!(talk.say("").starts_with("421 4.4.2"));
    assert!(talk.closed);
}

#[test]
fn a_login_that_rules_refuse_is_a_failed_one() {
    let mut talk = talk(Role::Submission);
    talk.code("EHLO c");
    talk.code("AUTH LOGIN ZXZl");
    let refusal = "535 5.7.1 your organization does not allow this access\r\n";
    assert_eq!(talk.say("c2VjcmV0\r\n"), refusal);
    for _ in 1..MAX_AUTH_FAILURES {
        assert_eq!(talk.codes(&["AUTH LOGIN ZXZl", "c2VjcmV0"]), [334, 535]);
    }
    assert!(talk.closed);
}

#[test]
fn the_end_of_the_stay_waits_for_no_transaction() {
    let mut talk = talk(Role::Receiving);
    talk.begin_data();
    talk.session.end_stay();
    assert_eq!(talk.say(".\r\n"), "421 4.7.0 your organization no longer allows this access\r\n");
    assert!(talk.closed && talk.mails.is_empty());
}

#[test]
fn a_stop_waits_for_the_transaction() {
    let mut talk = talk(Role::Receiving);
    talk.begin_data();
    assert!(!talk.session.stop());
    assert_eq!(talk.code("."), 250);
    assert!(talk.session.stop());
    assert_eq!(talk.say(""), "421 4.3.2 server is stopping\r\n");
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let known = prop_oneof![
        Just("EHLO c\r\n"),
        Just("MAIL FROM:<a@b>\r\n"),
        Just("RCPT TO:<ann@ours.example>\r\n"),
        Just("DATA\r\n"),
        Just("a\r\n.\r\n"),
        Just("..\r\n"),
        Just("BDAT 4\r\n"),
        Just("BDAT 3 LAST\r\n"),
        Just("STARTTLS\r\n"),
        Just("AUTH LOGIN\r\n"),
        Just("AUTH XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgdG9rZW4BAQ==\r\n"),
        Just("AUTH PLAIN AGFubkBvdXJzLmV4YW1wbGUAc2VjcmV0\r\n"),
        Just("RSET\r\n"),
        Just("\r\n.\r\n"),
    ];
    let piece = prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn told(talk: &Talk) -> Vec<(Vec<Address>, Bytes)> {
    talk.mails.iter().map(|mail| (mail.recipients.clone(), mail.content.clone())).collect()
}

proptest! {
    #[test]
    fn any_octets_are_answered_within_bounds(input in lines(), submission: bool) {
        let mut talk = talk(if submission { Role::Submission } else { Role::Receiving });
        talk.send(&input);
        prop_assert!(talk.input.len() <= MAX_LINE_OCTETS || talk.closed);
        talk.mails.clear();
        drop(talk.session.envelope.take());
        talk.session.state = State::Closed;
        prop_assert_eq!(talk.session.config.budget.held_octets(), 0);
    }

    /// How the network cuts the stream changes nothing. (STARTTLS, which drops what came with it,
    /// is left out.)
    #[test]
    fn cuts_do_not_matter(input in lines(), cuts in proptest::collection::vec(1usize..9, 1..40)) {
        prop_assume!(memchr::memmem::find(&input, b"STARTTLS").is_none());
        let mut whole = talk(Role::Receiving);
        let expected = whole.send(&input);
        let (mut parts, mut output, mut rest) = (talk(Role::Receiving), Vec::new(), &input[..]);
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            output.extend(parts.send(piece));
            rest = after;
        }
        prop_assert_eq!(String::from_utf8_lossy(&output), String::from_utf8_lossy(&expected));
        prop_assert_eq!(told(&parts), told(&whole));
        prop_assert_eq!(parts.closed, whole.closed);
    }
}
