//! Mail domains.

use iam::door::Call;
use store::{Snapshot, Transaction, params};
use wire::workmail::{
    DeregisterMailDomainRequest, DeregisterMailDomainResponse, DnsRecord,
    DnsRecordVerificationStatus as Status, GetMailDomainRequest, GetMailDomainResponse,
    ListMailDomainsRequest, ListMailDomainsResponse, MailDomainSummary, Operation,
    RegisterMailDomainRequest, RegisterMailDomainResponse, UpdateDefaultMailDomainRequest,
    UpdateDefaultMailDomainResponse,
    errors::{LIMIT_EXCEEDED, MAIL_DOMAIN_IN_USE, MAIL_DOMAIN_STATE},
};
use world::Timestamp;

use crate::{Settings, client_tokens::Idempotent, domain_name, organizations, page::Page, refusal};

/// Domains of one organization, the test domain among them (AWS's quota).
const DOMAINS_MAX: i64 = 1000;

pub(crate) async fn register_mail_domain(
    call: &mut Call,
    input: RegisterMailDomainRequest,
) -> Result<RegisterMailDomainResponse, wire::Error> {
    let caller = call.caller();
    let id = &input.organization_id;
    let operation = Operation::RegisterMailDomain;
    let (tx, organization) = organizations::write(call, operation, id).await?;
    let name = domain_name::parse(&input.domain_name)?;
    let token = input.client_token.as_deref();
    let once = Idempotent::new(&caller, operation, token, &[id, &name])?;
    if once.earlier(tx).await?.is_none() {
        claim(tx, &organization.id, &name, caller.request.now).await?;
        once.remember(tx, "").await?;
    }
    Ok(RegisterMailDomainResponse {})
}

pub(crate) async fn get_mail_domain(
    call: &mut Call,
    settings: &Settings,
    input: GetMailDomainRequest,
) -> Result<GetMailDomainResponse, wire::Error> {
    let operation = Operation::GetMailDomain;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let domain = require(snapshot, &organization.id, &input.domain_name).await?;
    Ok(GetMailDomainResponse {
        records: Some(if domain.is_test { Vec::new() } else { records(&domain.name, settings) }),
        is_test_domain: Some(domain.is_test),
        is_default: Some(organization.default_domain.as_ref() == Some(&domain.name)),
        ownership_verification_status: Some(domain.ownership),
        dkim_verification_status: Some(domain.dkim),
    })
}

pub(crate) async fn list_mail_domains(
    call: &mut Call,
    input: ListMailDomainsRequest,
) -> Result<ListMailDomainsResponse, wire::Error> {
    let operation = Operation::ListMailDomains;
    let id = &input.organization_id;
    let page = Page::open(call, operation, &[id], input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let range = page.range("");
    const SQL: &str = "SELECT name FROM mail_domains \
        WHERE organization_id = $1 AND name > $2 ORDER BY name LIMIT $3";
    let bounds = params![&organization.id, &range.key, range.fetch];
    let mut names: Vec<String> = snapshot.rows(SQL, bounds, |row| row.get(0)).await?;
    let next_token = page.cut(&mut names, |name| (name, ""))?;
    let default = organization.default_domain.as_ref();
    let domains = names.into_iter().map(|name| MailDomainSummary {
        default_domain: Some(default == Some(&name)),
        domain_name: Some(name),
    });
    Ok(ListMailDomainsResponse { mail_domains: Some(domains.collect()), next_token })
}

pub(crate) async fn update_default_mail_domain(
    call: &mut Call,
    input: UpdateDefaultMailDomainRequest,
) -> Result<UpdateDefaultMailDomainResponse, wire::Error> {
    let operation = Operation::UpdateDefaultMailDomain;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let name = usable(tx, &organization.id, &input.domain_name).await?;
    const SQL: &str = "UPDATE organizations SET default_domain = $2 WHERE id = $1";
    tx.execute(SQL, params![&organization.id, name]).await?;
    Ok(UpdateDefaultMailDomainResponse {})
}

pub(crate) async fn deregister_mail_domain(
    call: &mut Call,
    input: DeregisterMailDomainRequest,
) -> Result<DeregisterMailDomainResponse, wire::Error> {
    let operation = Operation::DeregisterMailDomain;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let found = find(tx, &organization.id, &input.domain_name).await?;
    // The operation declares no error for an unknown domain: it is as gone as it was to be.
    let Some(domain) = found else { return Ok(DeregisterMailDomainResponse {}) };
    let in_use = |why: &str| {
        let text = format!("The mail domain {} cannot be removed: {why}.", domain.name);
        Err(MAIL_DOMAIN_IN_USE.with(text))
    };
    if domain.is_test {
        return in_use("it is the test domain of the organization");
    }
    if organization.default_domain.as_ref() == Some(&domain.name) {
        return in_use("it is the default domain of the organization");
    }
    const USED: &str = "SELECT address FROM addresses WHERE domain = $1 LIMIT 1";
    let used: Option<String> = tx.row(USED, params![&domain.name], |row| row.get(0)).await?;
    if let Some(address) = used {
        return in_use(&format!("the address {address} is in use"));
    }
    tx.execute("DELETE FROM mail_domains WHERE name = $1", params![&domain.name]).await?;
    Ok(DeregisterMailDomainResponse {})
}

/// Gives a domain to an organization, whose it may be already.
///
/// Nothing is asked of the DNS: this is the operator's own server, and who may call is theirs to say. The first
/// organization that registers a domain has it.
pub(crate) async fn claim(
    tx: &mut Transaction,
    organization: &str,
    name: &str,
    now: Timestamp,
) -> Result<(), wire::Error> {
    const OWNER: &str = "SELECT organization_id FROM mail_domains WHERE name = $1";
    let owner: Option<String> = tx.row(OWNER, params![name], |row| row.get(0)).await?;
    match owner {
        Some(owner) if owner == organization => return Ok(()),
        Some(_) => {
            let text = format!("The mail domain {name} is in use by another organization.");
            return Err(MAIL_DOMAIN_IN_USE.with(text));
        }
        None => {}
    }
    const COUNT: &str = "SELECT COUNT(*) FROM mail_domains WHERE organization_id = $1";
    let held: Option<i64> = tx.row(COUNT, params![organization], |row| row.get(0)).await?;
    if held.unwrap_or_default() >= DOMAINS_MAX {
        let text = format!("The organization has {DOMAINS_MAX} mail domains, which is the limit.");
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(add(tx, organization, name, false, now).await?)
}

/// Adds a domain that is nobody's.
pub(crate) async fn add(
    tx: &mut Transaction,
    organization: &str,
    name: &str,
    is_test: bool,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO mail_domains \
        (name, organization_id, is_test, ownership, dkim, registered_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    // no key signs mail yet
    let (ownership, dkim) = (Status::Verified.as_str(), Status::Pending.as_str());
    tx.execute(SQL, params![name, organization, is_test, ownership, dkim, now]).await?;
    Ok(())
}

/// The name of a domain of the organization in which addresses can be given out.
///
/// # Errors
/// `MailDomainNotFoundException`, `MailDomainStateException`.
pub(crate) async fn usable(
    snapshot: &mut Snapshot,
    organization: &str,
    name: &str,
) -> Result<String, wire::Error> {
    let domain = require(snapshot, organization, name).await?;
    if domain.ownership != Status::Verified {
        let text = format!("The mail domain {} is not verified.", domain.name);
        return Err(MAIL_DOMAIN_STATE.with(text));
    }
    Ok(domain.name)
}

struct Domain {
    name: String,
    is_test: bool,
    ownership: Status,
    dkim: Status,
}

async fn require(
    snapshot: &mut Snapshot,
    organization: &str,
    name: &str,
) -> Result<Domain, wire::Error> {
    let found = find(snapshot, organization, name).await?;
    found.ok_or_else(|| refusal::no_domain(name))
}

async fn find(
    snapshot: &mut Snapshot,
    organization: &str,
    name: &str,
) -> Result<Option<Domain>, store::Error> {
    const SQL: &str = "SELECT name, is_test, ownership, dkim FROM mail_domains \
        WHERE name = $1 AND organization_id = $2";
    let name = name.to_ascii_lowercase();
    let status = |text: String| {
        Status::parse(&text).ok_or_else(|| store::Error::corrupt("a domain's status"))
    };
    snapshot
        .row(SQL, params![name, organization], |row| {
            Ok(Domain {
                name: row.get(0)?,
                is_test: row.get(1)?,
                ownership: status(row.get(2)?)?,
                dkim: status(row.get(3)?)?,
            })
        })
        .await
}

/// What to put into the DNS for mail to reach this server, and for the world to believe what it sends.
fn records(domain: &str, settings: &Settings) -> Vec<DnsRecord> {
    let record = |kind: &str, host: String, value: String| DnsRecord {
        r#type: Some(kind.to_owned()),
        hostname: Some(host),
        value: Some(value),
    };
    vec![
        record("MX", domain.to_owned(), format!("10 {}", settings.mail_host)),
        record("TXT", domain.to_owned(), "v=spf1 mx ~all".to_owned()),
        record("TXT", format!("_dmarc.{domain}"), "v=DMARC1;p=quarantine;pct=100;fo=1".to_owned()),
    ]
}
