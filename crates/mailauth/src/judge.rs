//! The three questions about one message, within bounds.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use dns::Dns;
use tokio::{task, time};
use world::Timestamp;

use crate::{
    Dmarc, Refused, Signed, Spf, dkim,
    dmarc::{self, Known},
    domain,
    message::Message,
    spf::check_host,
};

/// Time for everything that is asked of the DNS about one message.
pub const JUDGE_TIMEOUT: Duration = Duration::from_secs(10);

/// Of that, for the senders; the rest is for the policy of the author's domain.
const SENDER_TIMEOUT: Duration = Duration::from_secs(7);

/// A message above this size is hashed beside the other work, not in its way.
const LARGE_OCTETS: usize = 64 << 10;

/// A message, with how it came.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Who brought it.
    pub peer: IpAddr,
    /// As whom the peer greeted.
    pub helo: String,
    /// The envelope's sender; none for a notice.
    pub sender: Option<String>,
    /// As it was sent, without trace fields of ours.
    pub message: Bytes,
    /// When it came.
    pub now: Timestamp,
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// Whether the peer may send for the envelope's sender.
    pub spf: Spf,
    /// Whom that was asked of; none if the sender has no domain.
    pub spf_domain: Option<String>,
    /// Every signature that was looked at, from the top.
    pub signed: Vec<Signed>,
    /// Whether the message is from whom it says.
    pub dmarc: Dmarc,
}

/// Asks all three.
pub async fn judge(dns: &Dns, subject: Subject) -> Findings {
    let sender = match &subject.sender {
        Some(sender) => sender.clone(),
        // RFC 7208, section 2.4: of a notice, the server answers for itself.
        None => format!("postmaster@{}", subject.helo),
    };
    let begun = time::Instant::now();
    let spf = async {
        let check = check_host(dns, subject.peer, &sender, &subject.helo);
        time::timeout(SENDER_TIMEOUT, check).await.unwrap_or(Spf::TempError)
    };
    let (spf, (signed, authors)) =
        futures_util::future::join(spf, signatures(dns, subject.message.clone(), subject.now))
            .await;
    let spf_domain = domain::of_address(&sender);
    let known = Known { spf, spf_domain: spf_domain.as_deref(), signed: &signed };
    let dmarc = dmarc::judge(dns, &authors, known, begun + JUDGE_TIMEOUT).await;
    Findings { spf, spf_domain, signed, dmarc }
}

/// What the signatures came to, and the domains of the authors.
async fn signatures(dns: &Dns, octets: Bytes, now: Timestamp) -> (Vec<Signed>, Vec<String>) {
    if octets.len() <= LARGE_OCTETS {
        return verified(dns, &octets, now).await;
    }
    // Only the hashing takes long, but it borrows from the message: both go where they are in nobody's way.
    let (dns, runtime) = (dns.clone(), tokio::runtime::Handle::current());
    let work = task::spawn_blocking(move || runtime.block_on(verified(&dns, &octets, now)));
    work.await.unwrap_or_default()
}

async fn verified(dns: &Dns, octets: &[u8], now: Timestamp) -> (Vec<Signed>, Vec<String>) {
    let message = Message::parse(octets);
    let authors = message.author_domains();
    let prepared = dkim::prepare(&message, now);
    let claims: Vec<_> = prepared.iter().map(|(field, _)| dkim::claimed(field)).collect();
    let signed = match time::timeout(SENDER_TIMEOUT, dkim::verify(dns, prepared)).await {
        Ok(signed) => signed,
        Err(_) => claims.into_iter().map(late).collect(),
    };
    (signed, authors)
}

fn late((domain, selector): (Option<String>, Option<String>)) -> Signed {
    Signed { domain, selector, outcome: Err(Refused::Lookup) }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use dns::testing::Zone;
    use proptest::prelude::*;

    use super::*;
    use crate::{DkimKey, DmarcOutcome, Policy, SIGNATURES_MAX, message::FIELDS_MAX};

    const LETTER: &str = "From: Ann <ann@a.example>\r\nTo: b@b.example\r\nSubject:  hello\r\n\tthere\r\n\
        \r\nOne  line.\r\n\r\n";
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    static KEY: LazyLock<DkimKey> =
        LazyLock::new(|| DkimKey::new(&DkimKey::generate().unwrap()).unwrap());

    fn subject(message: impl Into<Bytes>) -> Subject {
        Subject {
            peer: "192.0.2.1".parse().unwrap(),
            helo: "mail.a.example".to_owned(),
            sender: Some("ann@a.example".to_owned()),
            message: message.into(),
            now: NOW,
        }
    }

    fn zone() -> Zone {
        let zone = Zone::new();
        zone.add("a.example", "TXT v=spf1 ip4:192.0.2.0/24 -all");
        zone.add("_dmarc.a.example", "TXT v=DMARC1; p=reject");
        zone.add("k1._domainkey.a.example", &format!("TXT {}", KEY.record()));
        zone
    }

    async fn judged(zone: &Zone, subject: Subject) -> Findings {
        judge(&Dns::of(zone.clone()), subject).await
    }

    fn signed(letter: &str) -> String {
        KEY.sign("a.example", "k1", letter.as_bytes(), NOW).unwrap() + letter
    }

    #[tokio::test]
    async fn what_is_signed_and_sent_rightly_passes() {
        let found = judged(&zone(), subject(signed(LETTER))).await;
        assert_eq!(found.spf, Spf::Pass);
        assert_eq!(found.signed[0].outcome, Ok(()));
        assert_eq!(found.dmarc.outcome, DmarcOutcome::Pass);
        assert_eq!(found.dmarc.policy, Some(Policy::Reject));
    }

    #[tokio::test]
    async fn what_does_not_count_may_change() {
        let letter = signed(LETTER)
            .replace("Subject:  hello\r\n\tthere", "SUBJECT: hello there ")
            .replace("One  line.", "One line. \t")
            + "\r\n\r\n";
        let found = judged(&zone(), subject(format!("Received: by x\r\n{letter}"))).await;
        assert_eq!(found.signed[0].outcome, Ok(()));
    }

    #[tokio::test]
    async fn what_counts_may_not_change() {
        let letter = signed(LETTER);
        for (changed, why) in [
            (letter.replace("One", "Two"), Refused::Body),
            (letter.replace("Ann", "Eve"), Refused::Signature),
            (format!("From: eve@a.example\r\n{letter}"), Refused::Signature),
            (format!("Reply-To: eve@e.example\r\n{letter}"), Refused::Signature),
            (letter.replace("s=k1", "s=k2"), Refused::NoKey),
            (letter.replace("v=1", "v=1; l=3"), Refused::Partial),
            (letter.replace("t=1800000000", "t=1; x=2"), Refused::Expired),
        ] {
            let mut subject = subject(changed.clone());
            subject.peer = "203.0.113.1".parse().unwrap();
            let found = judged(&zone(), subject).await;
            assert_eq!(found.signed[0].outcome, Err(why), "{changed}");
            assert_eq!((found.spf, found.dmarc.outcome), (Spf::Fail, DmarcOutcome::Fail));
        }
    }

    #[tokio::test]
    async fn a_large_message_is_judged_the_same() {
        let letter = format!("{LETTER}{}", "a line of  text\r\n".repeat(10_000));
        let found = judged(&zone(), subject(signed(&letter))).await;
        assert_eq!(found.signed[0].outcome, Ok(()));
    }

    #[tokio::test]
    async fn keys_are_taken_back() {
        let zone = zone();
        zone.remove("k1._domainkey.a.example").add("k1._domainkey.a.example", "TXT v=DKIM1; p=");
        let found = judged(&zone, subject(signed(LETTER))).await;
        assert_eq!(found.signed[0].outcome, Err(Refused::Revoked));
    }

    #[tokio::test]
    async fn a_silent_dns_makes_no_verdict() {
        let zone = zone();
        zone.set_broken(true);
        let found = judged(&zone, subject(signed(LETTER))).await;
        assert_eq!(found.spf, Spf::TempError);
        assert_eq!(found.signed[0].outcome, Err(Refused::Lookup));
        assert_eq!(found.dmarc.outcome, DmarcOutcome::TempError);
    }

    #[tokio::test]
    async fn a_flood_of_signatures_is_not_followed() {
        let field = signed(LETTER).replace(LETTER, "").replace("v=1", "v=1; x=1");
        let zone = zone();
        let found = judged(&zone, subject(field.repeat(1_000) + LETTER)).await;
        assert_eq!(found.signed.len(), SIGNATURES_MAX);
        let flood = "X: y\r\n".repeat(FIELDS_MAX + 1);
        let found =
            judged(&zone, subject(signed(LETTER).replace("\r\n\r\n", "\r\n") + &flood)).await;
        assert_eq!(found.signed[0].outcome, Err(Refused::Flood));
        assert_eq!(found.dmarc.domain.as_deref(), Some("a.example"));
    }

    #[tokio::test]
    async fn a_notice_is_from_its_server() {
        let zone = zone();
        zone.add("mail.a.example", "TXT v=spf1 a -all").add("mail.a.example", "A 192.0.2.1");
        let found = judged(&zone, Subject { sender: None, ..subject(LETTER) }).await;
        assert_eq!((found.spf, found.spf_domain.as_deref()), (Spf::Pass, Some("mail.a.example")));
    }

    /// The example of RFC 8463, appendix A.
    #[tokio::test]
    async fn the_example_of_the_standard_passes() {
        let letter = include_str!("../tests/rfc8463.eml").replace('\n', "\r\n");
        let zone = Zone::new();
        let home = "_domainkey.football.example.com";
        zone.add(
            &format!("brisbane.{home}"),
            "TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        );
        zone.add(
            &format!("test.{home}"),
            "TXT v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id\
             Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6l\
             HvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
        );
        let found = judged(&zone, subject(letter)).await;
        let outcomes: Vec<_> = found.signed.iter().map(|signed| signed.outcome).collect();
        assert_eq!(outcomes, [Ok(()), Ok(())]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_letter_is_signed_as_it_is_verified(
            header in proptest::collection::vec("(From|to|X|Subject): [ -~]{0,20}(\r\n [!-~]{1,5})?", 0..6),
            body in proptest::collection::vec("[ -~\t]{0,20}", 0..6),
        ) {
            let letter = format!("From: a@a.example\r\n{}\r\n\r\n{}", header.join("\r\n"), body.join("\r\n"));
            let letter = if header.is_empty() { LETTER.to_owned() } else { letter };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let found = runtime.block_on(judged(&zone(), subject(signed(&letter))));
            prop_assert_eq!(found.signed[0].outcome, Ok(()));
        }
    }
}
