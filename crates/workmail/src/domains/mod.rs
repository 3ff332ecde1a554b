//! Mail domains: whose they are, how that is proved, and the keys that sign their mail.

mod checks;
mod claim;
mod details;
mod keys;
mod look;
mod proofs;
mod show;

use iam::door::Call;
use store::{Snapshot, params};
use wire::workmail::{
    DeregisterMailDomainRequest, DeregisterMailDomainResponse,
    DnsRecordVerificationStatus as Status, ListMailDomainsRequest, ListMailDomainsResponse,
    MailDomainSummary, Operation, RegisterMailDomainRequest, RegisterMailDomainResponse,
    UpdateDefaultMailDomainRequest, UpdateDefaultMailDomainResponse,
    errors::{MAIL_DOMAIN_IN_USE, MAIL_DOMAIN_STATE},
};

use crate::{Settings, client_tokens::Idempotent, domain_name, organizations, page::Page, refusal};

pub(crate) use claim::{add, claim};
pub(crate) use details::get_mail_domain_details;
pub(crate) use show::get_mail_domain;
pub use {
    checks::{check_domains, work_on_domains},
    keys::{SigningKey, signing_key},
    look::{Look, Seen, look},
};

/// How it is decided whether a domain is its organization's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// Who may register it says so.
    #[default]
    Trust,
    /// The DNS says so.
    Dns,
}

pub(crate) async fn register_mail_domain(
    call: &mut Call,
    settings: &Settings,
    input: RegisterMailDomainRequest,
) -> Result<RegisterMailDomainResponse, wire::Error> {
    let (caller, world) = (call.caller(), call.world());
    let id = &input.organization_id;
    let operation = Operation::RegisterMailDomain;
    let (tx, organization) = organizations::write(call, operation, id).await?;
    let name = domain_name::parse(&input.domain_name)?;
    let token = input.client_token.as_deref();
    let once = Idempotent::new(&caller, operation, token, &[id, &name])?;
    if once.earlier(tx).await?.is_none() {
        claim(tx, &world, &organization.id, &name, settings.verification).await?;
        once.remember(tx, "").await?;
    }
    Ok(RegisterMailDomainResponse {})
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

/// A domain of an organization.
struct Domain {
    name: String,
    organization: String,
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
    let found = find_any(snapshot, &name.to_ascii_lowercase()).await?;
    Ok(found.filter(|domain| domain.organization == organization))
}

/// The domain of that very name, whose ever it is.
async fn find_any(snapshot: &mut Snapshot, name: &str) -> Result<Option<Domain>, store::Error> {
    const SQL: &str = "SELECT name, organization_id, is_test, ownership, dkim \
        FROM mail_domains WHERE name = $1";
    let status = |text: String| {
        Status::parse(&text).ok_or_else(|| store::Error::corrupt("a domain's status"))
    };
    snapshot
        .row(SQL, params![name], |row| {
            Ok(Domain {
                name: row.get(0)?,
                organization: row.get(1)?,
                is_test: row.get(2)?,
                ownership: status(row.get(3)?)?,
                dkim: status(row.get(4)?)?,
            })
        })
        .await
}
