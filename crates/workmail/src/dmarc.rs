//! Whether an organization wants the DMARC policies of others obeyed for its mail.

use iam::door::Call;
use store::{Snapshot, params};
use wire::workmail::{
    DescribeInboundDmarcSettingsRequest, DescribeInboundDmarcSettingsResponse, Operation,
    PutInboundDmarcSettingsRequest, PutInboundDmarcSettingsResponse,
};

use crate::{domain_name, organizations};

/// Whether the organization obeys them. It does until it says otherwise.
///
/// # Errors
/// The store's.
pub async fn is_enforced(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT enforced FROM inbound_dmarc WHERE organization_id = $1";
    let chosen = snapshot.row(SQL, params![organization], |row| row.get(0)).await?;
    Ok(chosen.unwrap_or(true))
}

/// The organization that mail for a domain is for, if it obeys them.
///
/// # Errors
/// The store's.
pub async fn enforcing(
    snapshot: &mut Snapshot,
    domain: &str,
) -> Result<Option<String>, store::Error> {
    const SQL: &str = "SELECT organization_id FROM mail_domains WHERE name = $1";
    let Some(name) = domain_name::lookup(domain) else { return Ok(None) };
    let owner: Option<String> = snapshot.row(SQL, params![name], |row| row.get(0)).await?;
    match owner {
        Some(owner) if is_enforced(snapshot, &owner).await? => Ok(Some(owner)),
        _ => Ok(None),
    }
}

pub(crate) async fn describe_inbound_dmarc_settings(
    call: &mut Call,
    input: DescribeInboundDmarcSettingsRequest,
) -> Result<DescribeInboundDmarcSettingsResponse, wire::Error> {
    let operation = Operation::DescribeInboundDmarcSettings;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let enforced = is_enforced(snapshot, &organization.id).await?;
    Ok(DescribeInboundDmarcSettingsResponse { enforced: Some(enforced) })
}

pub(crate) async fn put_inbound_dmarc_settings(
    call: &mut Call,
    input: PutInboundDmarcSettingsRequest,
) -> Result<PutInboundDmarcSettingsResponse, wire::Error> {
    let operation = Operation::PutInboundDmarcSettings;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    const SQL: &str = "INSERT INTO inbound_dmarc (organization_id, enforced) VALUES ($1, $2) \
        ON CONFLICT (organization_id) DO UPDATE SET enforced = excluded.enforced";
    tx.execute(SQL, params![&organization.id, input.enforced]).await?;
    Ok(PutInboundDmarcSettingsResponse {})
}
