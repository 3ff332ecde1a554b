//! GetMailDomain: the records to set, and what has become of them.

use std::time::Duration;

use iam::door::Call;
use wire::workmail::{
    DnsRecord, DnsRecordVerificationStatus as Status, GetMailDomainRequest, GetMailDomainResponse,
    Operation,
};

use super::{
    Verification,
    checks::{self, Open},
    keys, proofs,
};
use crate::{
    Settings,
    organizations::{self, Organization},
};

/// How long an answer may wait for the DNS; the worker looks again anyway.
const LOOK_TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) async fn get_mail_domain(
    call: &mut Call,
    settings: &Settings,
    input: GetMailDomainRequest,
) -> Result<GetMailDomainResponse, wire::Error> {
    let operation = Operation::GetMailDomain;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let domain = super::require(snapshot, &organization.id, &input.domain_name).await?;
    if domain.is_test {
        // Its DNS is not ours.
        return Ok(response(&organization, &domain, Vec::new()));
    }
    let open = match existing(call, &organization.id, &input).await? {
        Some(open) => looked_up(call, settings, &input, open).await?,
        // Nobody has seen the records yet, so that none can be there.
        None => made(call, settings, &input).await?,
    };
    let records = records(&open, settings);
    Ok(response(&organization, &open.domain, records))
}

fn response(
    organization: &Organization,
    domain: &super::Domain,
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
    input: &GetMailDomainRequest,
) -> Result<Option<Open>, wire::Error> {
    let keyring = call.keyring();
    let snapshot = call.opened()?;
    let domain = super::require(snapshot, organization, &input.domain_name).await?;
    let open = checks::open(snapshot, &keyring, domain).await?;
    Ok(open.filter(|open| open.key.is_some()))
}

/// Makes what is missing, and gives the domain three days from now.
async fn made(
    call: &mut Call,
    settings: &Settings,
    input: &GetMailDomainRequest,
) -> Result<Open, wire::Error> {
    let (keyring, world) = (call.keyring(), call.world());
    call.release(); // a key takes time
    let key = keys::generate().await?;
    let id = &input.organization_id;
    let (tx, organization) = organizations::write(call, Operation::GetMailDomain, id).await?;
    let domain = super::require(tx, &organization.id, &input.domain_name).await?;
    let is_open = domain.ownership == Status::Pending || domain.dkim == Status::Pending;
    if is_open || proofs::find(tx, &domain.name).await?.is_none() {
        proofs::begin(tx, &world, &domain.name, settings.verification).await?;
    }
    keys::put(tx, &keyring, &world, &domain.name, &key, settings.verification).await?;
    let domain = super::require(tx, &organization.id, &input.domain_name).await?;
    let open = checks::open(tx, &keyring, domain).await?;
    open.ok_or_else(|| wire::Error::internal("a domain has no proof"))
}

/// The same after a look at the DNS, where that decides and something is not decided yet.
async fn looked_up(
    call: &mut Call,
    settings: &Settings,
    input: &GetMailDomainRequest,
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
    let id = &input.organization_id;
    let (tx, organization) = organizations::write(call, Operation::GetMailDomain, id).await?;
    let domain = super::require(tx, &organization.id, &input.domain_name).await?;
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
fn records(open: &Open, settings: &Settings) -> Vec<DnsRecord> {
    let (domain, host) = (&open.domain.name, &settings.mail_host);
    let record = |kind: &str, name: String, value: String| DnsRecord {
        r#type: Some(kind.to_owned()),
        hostname: Some(name),
        value: Some(value),
    };
    let key = open.key.as_ref().map(|key| {
        let name = format!("{}._domainkey.{domain}", key.selector);
        record("TXT", name, key.key.record())
    });
    let before = [
        record("TXT", format!("_amazonses.{domain}"), open.proof.token.clone()),
        record("MX", domain.clone(), format!("10 {host}")),
        record("CNAME", format!("autodiscover.{domain}"), host.clone()),
    ];
    let after = [
        record("TXT", domain.clone(), "v=spf1 mx ~all".to_owned()),
        record("TXT", format!("_dmarc.{domain}"), "v=DMARC1;p=quarantine;pct=100;fo=1".to_owned()),
    ];
    before.into_iter().chain(key).chain(after).collect()
}
