//! GetMailDomain: the records to set, and what has become of them.

use std::time::Duration;

use iam::door::Call;
use wire::workmail::{
    DnsRecord, DnsRecordVerificationStatus as Status, DomainRecordPurpose as Purpose,
    GetMailDomainRequest, GetMailDomainResponse, Operation,
};

use super::{
    Domain, Verification,
    checks::{self, Open},
    keys, proofs,
};
use crate::{
    Settings,
    organizations::{self, Organization},
};

/// How long an answer may wait for the DNS; the worker looks again anyway.
pub(super) const LOOK_TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) async fn get_mail_domain(
    call: &mut Call,
    settings: &Settings,
    input: GetMailDomainRequest,
) -> Result<GetMailDomainResponse, wire::Error> {
    let asked = Asked {
        operation: Operation::GetMailDomain,
        organization: &input.organization_id,
        domain: &input.domain_name,
    };
    let (organization, found) = asked.find(call, settings).await?;
    Ok(match found {
        // Its DNS is not ours.
        Found::Test(domain) => response(&organization, &domain, Vec::new()),
        Found::Own(open) => {
            let records = records(&open, settings).into_iter().map(|(_, record)| record);
            response(&organization, &open.domain, records.collect())
        }
    })
}

/// What a call wants to know about.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) operation: Operation,
    pub(super) organization: &'a str,
    pub(super) domain: &'a str,
}

/// What there is to know of a domain.
pub(super) enum Found {
    /// It is a test domain.
    Test(Domain),
    /// It is one of the organization's own, and its states are those of now.
    Own(Open),
}

impl Asked<'_> {
    /// The domain, after a look at the DNS where that decides.
    pub(super) async fn find(
        self,
        call: &mut Call,
        settings: &Settings,
    ) -> Result<(Organization, Found), wire::Error> {
        let (organization, domain) = self.known(call).await?;
        if domain.is_test {
            return Ok((organization, Found::Test(domain)));
        }
        let open = match existing(call, &organization.id, self).await? {
            Some(open) => looked_up(call, settings, self, open).await?,
            // Nobody has seen the records yet, so that none can be there.
            None => made(call, settings, self).await?,
        };
        Ok((organization, Found::Own(open)))
    }

    /// The domain as it is kept.
    pub(super) async fn known(
        self,
        call: &mut Call,
    ) -> Result<(Organization, Domain), wire::Error> {
        let (snapshot, organization) =
            organizations::read(call, self.operation, self.organization).await?;
        let domain = super::require(snapshot, &organization.id, self.domain).await?;
        Ok((organization, domain))
    }
}

fn response(
    organization: &Organization,
    domain: &Domain,
    records: Vec<DnsRecord>,
) -> GetMailDomainResponse {
    GetMailDomainResponse {
        records: Some(records),
        is_test_domain: Some(domain.is_test),
        is_default: Some(organization.default_domain.as_ref() == Some(&domain.name)),
        ownership_verification_status: Some(domain.ownership),
        dkim_verification_status: Some(domain.dkim),
    }
}

/// The domain with all that its records speak of, if that was made before.
async fn existing(
    call: &mut Call,
    organization: &str,
    asked: Asked<'_>,
) -> Result<Option<Open>, wire::Error> {
    let keyring = call.keyring();
    let snapshot = call.opened()?;
    let domain = super::require(snapshot, organization, asked.domain).await?;
    let open = checks::open(snapshot, &keyring, domain).await?;
    Ok(open.filter(|open| open.key.is_some()))
}

/// Makes what is missing, and gives the domain three days from now.
async fn made(call: &mut Call, settings: &Settings, asked: Asked<'_>) -> Result<Open, wire::Error> {
    let (keyring, world) = (call.keyring(), call.world());
    call.release(); // a key takes time
    let key = keys::generate().await?;
    let (tx, organization) =
        organizations::write(call, asked.operation, asked.organization).await?;
    let domain = super::require(tx, &organization.id, asked.domain).await?;
    let is_open = domain.ownership == Status::Pending || domain.dkim == Status::Pending;
    if is_open || proofs::find(tx, &domain.name).await?.is_none() {
        proofs::begin(tx, &world, &domain.name, settings.verification).await?;
    }
    keys::put(tx, &keyring, &world, &domain.name, &key, settings.verification).await?;
    let domain = super::require(tx, &organization.id, asked.domain).await?;
    let open = checks::open(tx, &keyring, domain).await?;
    open.ok_or_else(|| wire::Error::internal("a domain has no proof"))
}

/// The same after a look at the DNS, where that decides and something is not decided yet.
async fn looked_up(
    call: &mut Call,
    settings: &Settings,
    asked: Asked<'_>,
    open: Open,
) -> Result<Open, wire::Error> {
    let dns = settings.dns.as_ref().filter(|_| settings.verification == Verification::Dns);
    let Some(dns) = dns.filter(|_| open.is_pending()) else {
        return Ok(open);
    };
    call.release(); // nothing waits for the DNS
    let Ok(seen) = tokio::time::timeout(LOOK_TIMEOUT, open.look(dns)).await else {
        return Ok(open);
    };
    let (keyring, now) = (call.keyring(), call.now());
    let mut judged = open;
    let before = (judged.domain.ownership, judged.domain.dkim);
    judged.judge(seen, now);
    if before == (judged.domain.ownership, judged.domain.dkim) {
        return Ok(judged);
    }
    let (tx, organization) =
        organizations::write(call, asked.operation, asked.organization).await?;
    let domain = super::require(tx, &organization.id, asked.domain).await?;
    let current = checks::open(tx, &keyring, domain).await?;
    let Some(mut current) = current.filter(|open| open.proof.token == judged.proof.token) else {
        return Ok(judged);
    };
    current.judge(seen, now);
    current.keep(tx, now).await?;
    Ok(current)
}

/// What to put into the DNS: the proof of ownership, what brings mail to this server, and what lets the world
/// believe what it sends.
pub(super) fn records(open: &Open, settings: &Settings) -> Vec<(Purpose, DnsRecord)> {
    let (domain, host) = (&open.domain.name, &settings.mail_host);
    let record = |purpose, kind: &str, name: String, value: String| {
        let (r#type, hostname, value) = (Some(kind.to_owned()), Some(name), Some(value));
        (purpose, DnsRecord { r#type, hostname, value })
    };
    let key = open.key.as_ref().map(|key| {
        let name = format!("{}._domainkey.{domain}", key.selector);
        record(Purpose::Dkim, "TXT", name, key.key.record())
    });
    let proof = format!("_amazonses.{domain}");
    let policy = "v=DMARC1;p=quarantine;pct=100;fo=1".to_owned();
    let before = [
        record(Purpose::Ownership, "TXT", proof, open.proof.token.clone()),
        record(Purpose::Mx, "MX", domain.clone(), format!("10 {host}")),
        record(Purpose::Autodiscover, "CNAME", format!("autodiscover.{domain}"), host.clone()),
    ];
    let after = [
        record(Purpose::Spf, "TXT", domain.clone(), "v=spf1 mx ~all".to_owned()),
        record(Purpose::Dmarc, "TXT", format!("_dmarc.{domain}"), policy),
    ];
    before.into_iter().chain(key).chain(after).collect()
}
