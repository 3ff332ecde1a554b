//! CreateOrganization.

use iam::door::{Call, Caller, Resource};
use store::{Snapshot, Transaction, params};
use wire::workmail::{
    CreateOrganizationRequest, CreateOrganizationResponse, Operation,
    errors::{DIRECTORY_UNAVAILABLE, LIMIT_EXCEEDED, NAME_AVAILABILITY},
};
use world::World;

use crate::{
    access,
    client_tokens::Idempotent,
    devices,
    domain_name::{self, TEST_DOMAIN_PARENT},
    domains, refusal,
};

/// Organizations of one account, all regions together (AWS's default quota).
const ORGANIZATIONS_MAX: i64 = 100;

pub(crate) async fn create_organization(
    call: &mut Call,
    input: CreateOrganizationRequest,
) -> Result<CreateOrganizationResponse, wire::Error> {
    let (caller, world) = (call.caller(), call.world());
    let operation = Operation::CreateOrganization;
    let tx = call.write(operation.action(), Resource::any()).await?;
    let wanted = Wanted::new(&input)?;
    let fields: Vec<&str> = std::iter::once(input.alias.as_str())
        .chain(wanted.domains.iter().map(String::as_str))
        .collect();
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    let id = match once.earlier(tx).await? {
        Some(id) => id,
        None => {
            let id = wanted.create(tx, &caller, &world).await?;
            once.remember(tx, &id).await?;
            id
        }
    };
    Ok(CreateOrganizationResponse { organization_id: Some(id) })
}

/// The part of the request that can be granted.
struct Wanted {
    alias: String,
    domains: Vec<String>,
}

impl Wanted {
    /// Refuses what is not to be had here: directories of others, keys of others, and DNS zones.
    fn new(input: &CreateOrganizationRequest) -> Result<Self, wire::Error> {
        if let Some(directory) = &input.directory_id {
            let text = format!("The directory {directory} is unavailable or in another region.");
            return Err(DIRECTORY_UNAVAILABLE.with(text));
        }
        if input.enable_interoperability == Some(true) {
            let text = "EnableInteroperability requires the DirectoryId of an AD Connector.";
            return Err(refusal::invalid(text));
        }
        if let Some(key) = &input.kms_key_arn {
            return Err(refusal::invalid(format!("The KMS key {key} cannot be used.")));
        }
        let mut domains = Vec::new();
        for domain in input.domains.iter().flatten() {
            if let Some(zone) = &domain.hosted_zone_id {
                return Err(refusal::invalid(format!("The hosted zone {zone} cannot be used.")));
            }
            domains.push(domain_name::parse(&domain.domain_name)?);
        }
        Ok(Self { alias: input.alias.clone(), domains })
    }

    async fn create(
        &self,
        tx: &mut Transaction,
        caller: &Caller,
        world: &World,
    ) -> Result<String, wire::Error> {
        let alias_key = self.alias.to_lowercase();
        check_alias(tx, &self.alias, &alias_key).await?;
        check_quota(tx, caller).await?;
        let id = format!("m-{}", world.random_hex::<16>());
        let test_domain = format!("{alias_key}.{TEST_DOMAIN_PARENT}");
        let now = caller.request.now;
        const SQL: &str = "INSERT INTO organizations \
            (id, account_id, region, alias, alias_key, directory_id, default_domain, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let row = params![
            &id,
            &caller.account,
            caller.region(),
            &self.alias,
            &alias_key,
            format!("d-{}", world.random_hex::<5>()),
            &test_domain,
            now,
        ];
        tx.execute(SQL, row).await?;
        access::create_default(tx, &id).await?;
        devices::create_default(tx, world, &id, now).await?;
        domains::add(tx, &id, &test_domain, true, now).await?;
        for domain in &self.domains {
            domains::claim(tx, &id, domain, now).await?;
        }
        Ok(id)
    }
}

async fn check_alias(
    snapshot: &mut Snapshot,
    alias: &str,
    alias_key: &str,
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT 1 FROM organizations WHERE alias_key = $1 AND deleted_at IS NULL";
    match snapshot.row(SQL, params![alias_key], |_| Ok(())).await? {
        Some(()) => {
            Err(NAME_AVAILABILITY
                .with(format!("The organization alias {alias} is already in use.")))
        }
        None => Ok(()),
    }
}

async fn check_quota(snapshot: &mut Snapshot, caller: &Caller) -> Result<(), wire::Error> {
    const SQL: &str =
        "SELECT COUNT(*) FROM organizations WHERE account_id = $1 AND deleted_at IS NULL";
    let held: Option<i64> = snapshot.row(SQL, params![&caller.account], |row| row.get(0)).await?;
    if held.unwrap_or_default() >= ORGANIZATIONS_MAX {
        let text =
            format!("The account has {ORGANIZATIONS_MAX} organizations, which is the limit.");
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(())
}
