//! The message that tells a sender what did not arrive (RFC 3464, RFC 6522).

use std::fmt::Write;

use world::{Timestamp, World};

use crate::author::header;

/// Octets of the original's header that are shown.
const MAX_SHOWN_OCTETS: usize = 64 * 1024;

/// Octets of foreign text on one line, well below what a line may hold (RFC 5322 section 2.1.1).
const MAX_TEXT_OCTETS: usize = 900;

/// Before what is said of a recipient.
const INDENT: &str = "    ";

/// A recipient that was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The address, as the sender gave it.
    pub recipient: String,
    /// Enhanced status code (RFC 3463): `5.1.1`.
    pub status: String,
    /// What happened, for people.
    pub reason: String,
    /// What the other server said, if there was one.
    pub said: Option<String>,
}

/// What a notice is made of.
#[derive(Debug)]
pub(crate) struct Notice<'a> {
    /// Our own name.
    pub(crate) host: &'a str,
    /// The sender of the original.
    pub(crate) to: &'a str,
    pub(crate) failures: &'a [Failure],
    pub(crate) original: &'a [u8],
    pub(crate) arrived_at: Timestamp,
}

/// The message, beginning with its `Return-Path` line, whose length is told too.
pub(crate) fn compose(notice: &Notice<'_>, world: &World) -> (Vec<u8>, usize) {
    let (host, to, now) = (notice.host, notice.to, world.now());
    let boundary = format!("notice-{}", world.random_hex::<12>());
    let return_path = "Return-Path: <>\r\n";
    let mut text = return_path.to_owned();
    let _ = write!(
        text,
        "Date: {}\r\nFrom: Mail Delivery System <mailer-daemon@{host}>\r\nTo: <{to}>\r\n\
         Subject: Undelivered mail\r\nMessage-ID: <{}@{host}>\r\nAuto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\t\
         boundary=\"{boundary}\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        date(now),
        world.random_uuid(),
    );
    for part in [explanation(notice), status(notice), original(notice)] {
        let _ = write!(text, "--{boundary}\r\n{part}\r\n");
    }
    let _ = write!(text, "--{boundary}--\r\n");
    (text.into_bytes(), return_path.len())
}

fn explanation(notice: &Notice<'_>) -> String {
    let mut text = format!(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         This is the mail system at {}.\r\n\r\nYour message could not be delivered to:\r\n\r\n",
        notice.host
    );
    for failure in notice.failures {
        let _ =
            write!(text, "<{}>\r\n    {}\r\n", failure.recipient, lines(&failure.reason, INDENT));
        if let Some(said) = &failure.said {
            let _ = write!(text, "    The other server said: {}\r\n", lines(said, INDENT));
        }
    }
    text + "\r\nIt will not be tried again.\r\n"
}

/// RFC 3464 section 2; with addresses beyond ASCII, RFC 6533 section 4.
fn status(notice: &Notice<'_>) -> String {
    let wide = notice.failures.iter().any(|failure| !failure.recipient.is_ascii());
    let (kind, addresses) = match wide {
        true => ("message/global-delivery-status", "utf-8"),
        false => ("message/delivery-status", "rfc822"),
    };
    let mut text = format!(
        "Content-Type: {kind}\r\n\r\nReporting-MTA: dns; {}\r\nArrival-Date: {}\r\n",
        notice.host,
        date(notice.arrived_at)
    );
    for failure in notice.failures {
        let _ = write!(
            text,
            "\r\nFinal-Recipient: {addresses}; {}\r\nAction: failed\r\nStatus: {}\r\n",
            failure.recipient, failure.status
        );
        if let Some(said) = &failure.said {
            let _ = write!(text, "Diagnostic-Code: smtp; {}\r\n", lines(said, " "));
        }
    }
    text
}

/// The header of the original, without what only the final delivery put there.
fn original(notice: &Notice<'_>) -> String {
    let header = header(notice.original);
    let shown = String::from_utf8_lossy(&header[..header.len().min(MAX_SHOWN_OCTETS)]);
    format!("Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{shown}")
}

pub(crate) fn date(at: Timestamp) -> String {
    at.civil("%a, %d %b %Y %H:%M:%S +0000")
}

/// Foreign text is kept on its line.
pub(crate) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Foreign text on as few lines as it needs, all but the first with `indent` before them.
fn lines(text: &str, indent: &str) -> String {
    let (mut lines, mut octets) = (String::with_capacity(text.len()), 0);
    for c in line(text).chars() {
        octets += c.len_utf8();
        if octets > MAX_TEXT_OCTETS {
            octets = c.len_utf8();
            lines = lines + "\r\n" + indent;
        }
        lines.push(c);
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mail_parser::{MessageParser, MimeHeaders};
    use world::{ManualClock, SeededRandom};

    use super::*;

    fn notice(failures: &[Failure]) -> String {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_532_459_261)));
        let world = World::new(clock, Arc::new(SeededRandom::new(1)));
        let notice = Notice {
            host: "mx.example",
            to: "ann@x.org",
            failures,
            original: b"From: ann@x.org\r\nSubject: \xc3\xa9\r\n\r\nbody\r\n",
            arrived_at: Timestamp::from_seconds(1_532_459_000),
        };
        let (text, skip) = compose(&notice, &world);
        assert_eq!(&text[..skip], b"Return-Path: <>\r\n");
        String::from_utf8(text).unwrap()
    }

    fn failure(recipient: &str) -> Failure {
        Failure {
            recipient: recipient.into(),
            status: "5.1.1".into(),
            reason: "no such recipient".into(),
            said: Some("550 5.1.1 no\r\nX-Injected: 1".into()),
        }
    }

    #[test]
    fn it_has_three_parts_that_machines_can_read() {
        let text = notice(&[failure("bob@y.org"), failure("eve@y.org")]);
        let parsed = MessageParser::default().parse(text.as_bytes()).unwrap();
        let kinds: Vec<_> = parsed
            .parts
            .iter()
            .map(|part| part.content_type().and_then(|kind| kind.subtype()).unwrap_or_default())
            .collect();
        assert_eq!(kinds, ["report", "plain", "delivery-status", "rfc822-headers"]);
        assert!(text.contains("\r\n\r\nFinal-Recipient: rfc822; bob@y.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no  X-Injected: 1\r\n\r\nFinal-Recipient: rfc822; eve@y.org\r\n"));
        assert!(!text.contains("\r\nX-Injected") && !text.contains("body"));
        assert!(text.lines().all(|line| line.len() < 998));
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    }

    #[test]
    fn no_line_is_too_long() {
        let long = "\u{10348}".repeat(500);
        let failure =
            Failure { reason: long.clone(), said: Some(long.clone()), ..failure("b@y.org") };
        let text = notice(&[failure]);
        assert!(text.lines().all(|line| line.len() < 998));
        assert!(text.replace("\r\n    ", "").contains(&long));
        let parsed = MessageParser::default().parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.parts.len(), 4);
    }

    #[test]
    fn wide_addresses_are_told_as_such() {
        assert!(notice(&[failure("jörg@y.org")]).contains("Final-Recipient: utf-8; jörg@y.org"));
    }
}
