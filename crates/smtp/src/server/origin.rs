//! Where the messages of strangers really come from: asked, written into the message, and told to the flow of mail.

use std::ops::Range;

use bytes::Bytes;
use dns::Dns;
use mailauth::{DmarcOutcome, Findings, Policy, Refused, Spf, Subject};
use mailflow::{Authentication, DmarcPolicy, Verdict};
use world::World;

use crate::{grammar::Address, session::Mail};

/// Whose messages are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Nobody's.
    Nobody,
    /// Those of other machines. What comes from this one comes through a relay of the operator's, of which SPF
    /// knows nothing.
    Elsewhere,
    /// Everybody's.
    Everybody,
}

/// Judges messages in the name of `host`.
#[derive(Clone, Debug)]
pub struct OriginJudge {
    dns: Dns,
    world: World,
    host: String,
    judged: Judged,
}

impl OriginJudge {
    /// A judge of the messages of those who are `judged`, who asks `dns`.
    pub fn new(dns: Dns, world: World, host: impl Into<String>, judged: Judged) -> Self {
        Self { dns, world, host: host.into(), judged }
    }

    /// The message with what was found written on top, and the verdicts.
    pub(super) async fn judge(&self, mail: &mut Mail) -> Authentication {
        if !self.is_judged(mail) {
            self.stamp(mail, "");
            return Authentication::DISABLED;
        }
        let trace_octets = mail.trace_octets.min(mail.content.len());
        let findings = self.findings(mail, mail.content.slice(trace_octets..)).await;
        self.stamp(mail, &findings.field(&self.host));
        verdicts(&findings)
    }

    /// The message with `field` on top. What others have written there in our name is gone, also where nothing is
    /// judged.
    pub(super) fn stamp(&self, mail: &mut Mail, field: &str) {
        let trace_octets = mail.trace_octets.min(mail.content.len());
        let forged = mailauth::forged_results(&mail.content[trace_octets..], &self.host);
        let content = std::mem::take(&mut mail.content);
        let forged =
            forged.into_iter().map(|range| range.start + trace_octets..range.end + trace_octets);
        mail.content = stamped(content, mail.return_path_octets, field, forged);
    }

    fn is_judged(&self, mail: &Mail) -> bool {
        match self.judged {
            Judged::Nobody => false,
            Judged::Elsewhere => !mail.peer.to_canonical().is_loopback(),
            Judged::Everybody => true,
        }
    }

    async fn findings(&self, mail: &Mail, message: Bytes) -> Findings {
        let subject = Subject {
            peer: mail.peer,
            helo: mail.hello.clone(),
            sender: mail.sender.as_ref().map(Address::to_string),
            message,
            now: self.world.now(),
        };
        let findings = mailauth::judge(&self.dns, subject).await;
        let dmarc = findings.dmarc.outcome.as_str();
        metrics::counter!("chancery_smtp_judged_total", "dmarc" => dmarc).increment(1);
        tracing::info!(
            id = %mail.id, peer = %mail.peer, spf = findings.spf.as_str(), dmarc,
            signatures = findings.signed.len(), "judged"
        );
        findings
    }
}

/// The field goes on top of the other trace fields (RFC 8601 section 4.1), behind the `Return-Path`.
fn stamped(
    content: Bytes,
    place: usize,
    field: &str,
    gone: impl Iterator<Item = Range<usize>>,
) -> Bytes {
    let mut octets = Vec::new();
    let mut kept = place;
    for range in gone {
        if octets.is_empty() {
            octets.reserve_exact(content.len() + field.len());
            octets.extend_from_slice(&content[..place]);
            octets.extend_from_slice(field.as_bytes());
        }
        octets.extend_from_slice(&content[kept..range.start]);
        kept = range.end;
    }
    if octets.is_empty() {
        // Nobody else holds the octets, so that they are moved and not copied.
        let mut whole = Vec::from(content);
        whole.splice(place..place, field.bytes());
        return whole.into();
    }
    octets.extend_from_slice(&content[kept..]);
    octets.into()
}

fn verdicts(findings: &Findings) -> Authentication {
    Authentication {
        spf: match findings.spf {
            Spf::Pass => Verdict::Pass,
            Spf::Fail | Spf::SoftFail => Verdict::Fail,
            Spf::None | Spf::Neutral => Verdict::Gray,
            Spf::TempError | Spf::PermError => Verdict::ProcessingFailed,
        },
        dkim: signature(findings),
        dmarc: match findings.dmarc.outcome {
            DmarcOutcome::Pass => Verdict::Pass,
            DmarcOutcome::Fail => Verdict::Fail,
            DmarcOutcome::None => Verdict::Gray,
            DmarcOutcome::TempError | DmarcOutcome::PermError => Verdict::ProcessingFailed,
        },
        dmarc_policy: findings.dmarc.policy.map(|policy| match policy {
            Policy::None => DmarcPolicy::None,
            Policy::Quarantine => DmarcPolicy::Quarantine,
            Policy::Reject => DmarcPolicy::Reject,
        }),
    }
}

/// One that holds is enough.
fn signature(findings: &Findings) -> Verdict {
    let mut outcomes = findings.signed.iter().map(|signed| signed.outcome);
    if outcomes.len() == 0 {
        return Verdict::Gray;
    }
    if outcomes.clone().any(|outcome| outcome.is_ok()) {
        return Verdict::Pass;
    }
    match outcomes.any(|outcome| outcome == Err(Refused::Lookup)) {
        true => Verdict::ProcessingFailed,
        false => Verdict::Fail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_stands_behind_the_return_path() {
        let content = Bytes::from_static(b"PATH|TRACE|A|forged|B|forged|C");
        let none = std::iter::empty();
        assert_eq!(stamped(content.clone(), 5, "NEW|", none), "PATH|NEW|TRACE|A|forged|B|forged|C");
        let gone = [13..20, 22..29];
        assert_eq!(stamped(content.clone(), 5, "NEW|", gone.into_iter()), "PATH|NEW|TRACE|A|B|C");
        assert_eq!(stamped(content.clone(), 5, "", std::iter::empty()), content);
    }
}
