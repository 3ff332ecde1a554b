//! What the domain in `From` wants to happen to mail that is not from it (RFC 9989).

mod record;
mod walk;

use dns::Dns;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use self::{record::Record, walk::Walk};
use crate::{Refused, Signed, Spf, domain, message::AUTHOR_DOMAINS_MAX};

/// What a domain asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// Nothing.
    None,
    /// To be treated as suspicious.
    Quarantine,
    /// To be turned away.
    Reject,
}

impl Policy {
    fn by_name(name: &str) -> Option<Self> {
        let all = [Self::None, Self::Quarantine, Self::Reject];
        all.into_iter().find(|policy| policy.as_str().eq_ignore_ascii_case(name))
    }

    /// Its word in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// Whether a message is from the domain that its `From` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DmarcOutcome {
    /// The domain says nothing.
    None,
    /// It is.
    Pass,
    /// Nothing shows that it is.
    Fail,
    /// The DNS did not answer.
    TempError,
    /// The message names no author.
    PermError,
}

impl DmarcOutcome {
    /// The word of RFC 8601, section 2.7.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }

    /// How much it speaks against a message of several authors: the worst counts.
    fn weight(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::None => 1,
            Self::PermError => 2,
            Self::TempError => 3,
            Self::Fail => 4,
        }
    }
}

/// See [`DmarcOutcome`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dmarc {
    /// What it came to.
    pub outcome: DmarcOutcome,
    /// What the domain asks for; none if it says nothing.
    pub policy: Option<Policy>,
    /// The domain in `From`; of several, the one that decided.
    pub domain: Option<String>,
}

impl Dmarc {
    pub(crate) fn without_policy(outcome: DmarcOutcome, domain: Option<String>) -> Self {
        Self { outcome, policy: None, domain }
    }
}

/// What is known of the message's origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) spf: Spf,
    /// The domain that was asked for `spf`.
    pub(crate) spf_domain: Option<&'a str>,
    pub(crate) signed: &'a [Signed],
}

/// Judges a message by the domains in its `From`; with several, none may be a lie. With more than are asked about,
/// one that is not could hide behind the others: so the message is suspicious, whoever they are.
///
/// They are asked about side by side until `deadline`: one whose names are answered slowly excuses no other.
pub(crate) async fn judge(
    dns: &Dns,
    authors: &[String],
    known: Known<'_>,
    deadline: Instant,
) -> Dmarc {
    let is_crowd = authors.len() > AUTHOR_DOMAINS_MAX;
    let mut worst: Option<Dmarc> = is_crowd.then(|| Dmarc {
        outcome: DmarcOutcome::Fail,
        policy: Some(Policy::Quarantine),
        domain: authors.first().cloned(),
    });
    let found_of = async |author: &String| {
        let late = |_| Dmarc::without_policy(DmarcOutcome::TempError, Some(author.clone()));
        timeout_at(deadline, of_author(dns, author, known)).await.unwrap_or_else(late)
    };
    for found in join_all(authors.iter().take(AUTHOR_DOMAINS_MAX).map(found_of)).await {
        let is_worse = worst.as_ref().is_none_or(|worst| {
            (found.outcome.weight(), found.policy) > (worst.outcome.weight(), worst.policy)
        });
        if is_worse {
            worst = Some(found);
        }
    }
    worst.unwrap_or_else(|| Dmarc::without_policy(DmarcOutcome::PermError, None))
}

async fn of_author(dns: &Dns, author: &str, known: Known<'_>) -> Dmarc {
    let name = Some(author.to_owned());
    let mut walk = Walk::new(dns);
    let found = match walk.find(author).await {
        Ok(Some(found)) => found,
        Ok(None) => return Dmarc::without_policy(DmarcOutcome::None, name),
        Err(_) => return Dmarc::without_policy(DmarcOutcome::TempError, name),
    };
    let policy = Some(found.record.effective(found.policy));
    let outcome =
        match alignment(&mut walk, author, &found.organization, &found.record, known).await {
            Alignment::Holds => DmarcOutcome::Pass,
            Alignment::Unknown => DmarcOutcome::TempError,
            Alignment::Not => DmarcOutcome::Fail,
        };
    Dmarc { outcome, policy, domain: name }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alignment {
    Not,
    /// What would have shown it could not be looked up.
    Unknown,
    Holds,
}

/// Section 4.4: an identifier that is proved, and of the author's domain or (relaxed) organization.
async fn alignment(
    walk: &mut Walk<'_>,
    author: &str,
    organization: &str,
    record: &Record,
    known: Known<'_>,
) -> Alignment {
    let mut identifiers: Vec<(&str, Alignment, bool)> = Vec::new();
    if let (Some(domain), Some(proof)) = (known.spf_domain, of_spf(known.spf)) {
        identifiers.push((domain, proof, record.strict_spf));
    }
    for signed in known.signed {
        if let (Some(domain), Some(proof)) = (&signed.domain, of_signature(signed.outcome)) {
            identifiers.push((domain, proof, record.strict_dkim));
        }
    }
    let mut best = Alignment::Not;
    for (domain, proof, is_strict) in identifiers {
        if proof <= best || !domain::is_within(domain, organization) {
            continue;
        }
        let is_aligned = domain == author
            || (!is_strict && walk.organization(domain).await.as_deref() == Ok(organization));
        if is_aligned {
            best = proof;
        }
    }
    best
}

fn of_spf(spf: Spf) -> Option<Alignment> {
    match spf {
        Spf::Pass => Some(Alignment::Holds),
        Spf::TempError => Some(Alignment::Unknown),
        _ => None,
    }
}

fn of_signature(outcome: Result<(), Refused>) -> Option<Alignment> {
    match outcome {
        Ok(()) => Some(Alignment::Holds),
        Err(Refused::Lookup) => Some(Alignment::Unknown),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use dns::testing::Zone;

    use super::*;

    fn signed(domain: &str, outcome: Result<(), Refused>) -> Signed {
        Signed { domain: Some(domain.to_owned()), selector: None, outcome }
    }

    fn deadline() -> Instant {
        Instant::now() + std::time::Duration::from_secs(10)
    }

    async fn judged(zone: &Zone, author: &str, spf: (Spf, &str), signed: &[Signed]) -> Dmarc {
        let known = Known { spf: spf.0, spf_domain: Some(spf.1), signed };
        judge(&Dns::of(zone.clone()), &[author.to_owned()], known, deadline()).await
    }

    fn zone() -> Zone {
        let zone = Zone::new();
        zone.add("_dmarc.a.example", "TXT v=DMARC1; p=reject; sp=quarantine; np=none");
        zone.add("sub.a.example", "A 192.0.2.1");
        zone.add("_dmarc.strict.example", "TXT v=DMARC1; p=reject; adkim=s; aspf=s");
        zone
    }

    #[tokio::test]
    async fn an_aligned_proof_is_a_pass() {
        let zone = zone();
        let none = (Spf::None, "x.example");
        let found = judged(&zone, "a.example", (Spf::Pass, "bounce.a.example"), &[]).await;
        assert_eq!((found.outcome, found.policy), (DmarcOutcome::Pass, Some(Policy::Reject)));
        let other = [signed("b.example", Ok(())), signed("sub.a.example", Ok(()))];
        let found = judged(&zone, "a.example", none, &other).await;
        assert_eq!(found.outcome, DmarcOutcome::Pass);
        let found = judged(&zone, "a.example", (Spf::Pass, "b.example"), &other[..1]).await;
        assert_eq!(found.outcome, DmarcOutcome::Fail);
        let refused = [signed("a.example", Err(Refused::Signature))];
        let found = judged(&zone, "a.example", none, &refused).await;
        assert_eq!(found.outcome, DmarcOutcome::Fail);
    }

    #[tokio::test]
    async fn strict_means_the_very_domain() {
        let zone = zone();
        let below = (Spf::Pass, "x.strict.example");
        let found = judged(&zone, "strict.example", below, &[]).await;
        assert_eq!(found.outcome, DmarcOutcome::Fail);
        let found = judged(&zone, "strict.example", (Spf::Pass, "strict.example"), &[]).await;
        assert_eq!(found.outcome, DmarcOutcome::Pass);
    }

    #[tokio::test]
    async fn subdomains_have_their_own_policy() {
        let zone = zone();
        let none = (Spf::None, "x.example");
        let found = judged(&zone, "sub.a.example", none, &[]).await;
        assert_eq!(found.policy, Some(Policy::Quarantine));
        let found = judged(&zone, "missing.a.example", none, &[]).await;
        assert_eq!(found.policy, Some(Policy::None));
        let found = judged(&zone, "silent.example", none, &[]).await;
        assert_eq!((found.outcome, found.policy), (DmarcOutcome::None, None));
    }

    #[tokio::test]
    async fn a_silent_dns_is_no_verdict() {
        let zone = zone();
        let found = judged(&zone, "a.example", (Spf::TempError, "a.example"), &[]).await;
        assert_eq!(found.outcome, DmarcOutcome::TempError);
        // what is silent about somebody else excuses nobody
        let elsewhere = [signed("slow.example", Err(Refused::Lookup))];
        let found = judged(&zone, "a.example", (Spf::TempError, "b.example"), &elsewhere).await;
        assert_eq!(found.outcome, DmarcOutcome::Fail);
        zone.set_broken(true);
        let found = judged(&zone, "a.example", (Spf::Pass, "a.example"), &[]).await;
        assert_eq!(found.outcome, DmarcOutcome::TempError);
    }

    #[tokio::test]
    async fn of_several_authors_the_worst_counts() {
        let dns = Dns::of(zone());
        let authors = ["silent.example", "a.example"].map(str::to_owned);
        let known = Known { spf: Spf::Pass, spf_domain: Some("silent.example"), signed: &[] };
        let found = judge(&dns, &authors, known, deadline()).await;
        assert_eq!(
            (found.outcome, found.domain.as_deref()),
            (DmarcOutcome::Fail, Some("a.example"))
        );
        assert_eq!(judge(&dns, &[], known, deadline()).await.outcome, DmarcOutcome::PermError);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_excuses_nobody() {
        let zone = zone();
        zone.add("_dmarc.slow.example", "SLOW ");
        let dns = Dns::of(zone);
        let authors = ["slow.example", "a.example"].map(str::to_owned);
        let known = Known { spf: Spf::Pass, spf_domain: Some("slow.example"), signed: &[] };
        let found = judge(&dns, &authors, known, deadline()).await;
        assert_eq!((found.outcome, found.policy), (DmarcOutcome::Fail, Some(Policy::Reject)));
        let found = judge(&dns, &authors[..1], known, deadline()).await;
        assert_eq!(found.outcome, DmarcOutcome::TempError);
    }

    #[tokio::test]
    async fn nobody_hides_in_a_crowd() {
        let dns = Dns::of(zone());
        let known = Known { spf: Spf::Pass, spf_domain: Some("e0.example"), signed: &[] };
        let mut authors: Vec<_> =
            (0..AUTHOR_DOMAINS_MAX).map(|n| format!("e{n}.example")).collect();
        assert_eq!(judge(&dns, &authors, known, deadline()).await.outcome, DmarcOutcome::None);
        authors.push("a.example".to_owned());
        let found = judge(&dns, &authors, known, deadline()).await;
        assert_eq!((found.outcome, found.policy), (DmarcOutcome::Fail, Some(Policy::Quarantine)));
        authors[0] = "a.example".to_owned();
        assert_eq!(judge(&dns, &authors, known, deadline()).await.policy, Some(Policy::Reject));
    }

    #[tokio::test]
    async fn others_below_a_public_suffix_are_strangers() {
        let zone = Zone::new();
        zone.add("_dmarc.co.example", "TXT v=DMARC1; p=reject; psd=y");
        zone.add("_dmarc.shop.co.example", "TXT v=DMARC1; p=quarantine");
        let pass = (Spf::Pass, "thief.co.example");
        let found = judged(&zone, "shop.co.example", pass, &[]).await;
        assert_eq!((found.outcome, found.policy), (DmarcOutcome::Fail, Some(Policy::Quarantine)));
        let found = judged(&zone, "shop.co.example", (Spf::Pass, "m.shop.co.example"), &[]).await;
        assert_eq!(found.outcome, DmarcOutcome::Pass);
    }
}
