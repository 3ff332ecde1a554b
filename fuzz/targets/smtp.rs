//! A whole SMTP conversation: whatever comes is answered, within bounds, and no memory is held at its end.
#![no_main]

use std::sync::Arc;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use smtp::{Config, Limits, Peer, Question, Role, Session, Step, Verdict};
use world::Timestamp;

fuzz_target!(|input: (bool, &[u8])| {
    let (submission, octets) = input;
    let limits = Limits { message_octets: 2000, recipients: 3, ..Limits::default() };
    let config = Arc::new(Config::new("mx.ours.example", limits));
    let peer = Peer {
        address: [192, 0, 2, 7].into(),
        id: "c0ffee".into(),
        tls: submission,
        starttls: !submission,
    };
    let role = if submission { Role::Submission } else { Role::Receiving };
    let now = Timestamp::from_seconds(1_532_459_261);
    let mut session = Session::new(config, role, peer, now);
    let mut waiting = BytesMut::from(octets);
    loop {
        let step = session.advance(&mut waiting, now);
        let said = session.take_output();
        assert!(said.is_empty() || said.ends_with(b"\r\n"));
        match step {
            Step::Ask(question) => session.answer(judge(&question)),
            Step::StartTls => session.tls_started(),
            Step::Read | Step::Close => break,
        }
    }
});

fn judge(question: &Question) -> Verdict {
    match question {
        Question::Password { login, .. } if login != "ann" => Verdict::WrongPassword,
        Question::Deliver(mail) => {
            assert!(mail.content.starts_with(b"Return-Path: <"));
            assert!(!mail.recipients.is_empty());
            Verdict::Accept
        }
        _ => Verdict::Accept,
    }
}
