//! Giving a domain to an organization.

use store::{Transaction, params};
use wire::workmail::{
    DnsRecordVerificationStatus as Status,
    errors::{LIMIT_EXCEEDED, MAIL_DOMAIN_IN_USE},
};
use world::{Timestamp, World};

use super::{Verification, checks::PATIENCE, proofs};

/// Domains of one organization, the test domain among them (AWS's quota).
const DOMAINS_MAX: i64 = 1000;

/// Gives a domain to an organization, whose it may be already: then what was not proved may be proved anew.
///
/// The first organization that registers a domain has it, and has three days to prove that where proof is wanted.
/// After them a domain that is not proved is free for others, however often it was registered anew.
pub(crate) async fn claim(
    tx: &mut Transaction,
    world: &World,
    organization: &str,
    name: &str,
    verification: Verification,
) -> Result<(), wire::Error> {
    const OWNER: &str =
        "SELECT organization_id, ownership, registered_at FROM mail_domains WHERE name = $1";
    let owner: Option<(String, String, Timestamp)> =
        tx.row(OWNER, params![name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await?;
    let now = world.now();
    match owner {
        Some((owner, ..)) if owner == organization => {
            return Ok(repair(tx, world, name, verification).await?);
        }
        Some((_, state, since)) if is_free(&state, since, now) => {
            tx.execute("DELETE FROM mail_domains WHERE name = $1", params![name]).await?;
        }
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
    insert(tx, organization, name, false, verification, now).await?;
    Ok(proofs::begin(tx, world, name, verification).await?)
}

/// Whether another may have the domain.
fn is_free(ownership: &str, since: Timestamp, now: Timestamp) -> bool {
    ownership == Status::Failed.as_str()
        || (ownership == Status::Pending.as_str() && now.since(since) >= PATIENCE)
}

/// Adds a test domain, which needs no proof.
pub(crate) async fn add(
    tx: &mut Transaction,
    organization: &str,
    name: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    insert(tx, organization, name, true, Verification::Trust, now).await
}

async fn insert(
    tx: &mut Transaction,
    organization: &str,
    name: &str,
    is_test: bool,
    verification: Verification,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO mail_domains \
        (name, organization_id, is_test, ownership, dkim, registered_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    let ownership = match verification {
        Verification::Trust => Status::Verified,
        Verification::Dns => Status::Pending,
    };
    // no key signs mail yet
    let (ownership, dkim) = (ownership.as_str(), Status::Pending.as_str());
    tx.execute(SQL, params![name, organization, is_test, ownership, dkim, now]).await?;
    Ok(())
}

async fn repair(
    tx: &mut Transaction,
    world: &World,
    name: &str,
    verification: Verification,
) -> Result<(), store::Error> {
    const OWNERSHIP: &str = "UPDATE mail_domains SET ownership = $2 \
        WHERE name = $1 AND ownership <> 'VERIFIED'";
    const DKIM: &str =
        "UPDATE mail_domains SET dkim = 'PENDING' WHERE name = $1 AND dkim = 'FAILED'";
    let state = match verification {
        Verification::Trust => Status::Verified,
        Verification::Dns => Status::Pending,
    };
    tx.execute(OWNERSHIP, params![name, state.as_str()]).await?;
    tx.execute(DKIM, params![name]).await?;
    proofs::begin(tx, world, name, verification).await
}
