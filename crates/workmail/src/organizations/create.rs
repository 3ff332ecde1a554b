//! CreateOrganization: what can be refused is refused at once, the rest is left to the worker.

use iam::door::{Call, Caller, Resource};
use store::{Snapshot, Transaction, params};
use wire::workmail::{
    CreateOrganizationRequest, CreateOrganizationResponse, Operation, errors::LIMIT_EXCEEDED,
};
use world::World;

use super::{State, directories::Directory, making::Wish, patience};
use crate::{client_tokens::Idempotent, domain_name, refusal};

/// Organizations of one account, all regions together (AWS's default quota).
const ORGANIZATIONS_MAX: i64 = 100;

pub(crate) async fn create_organization(
    call: &mut Call,
    input: CreateOrganizationRequest,
) -> Result<CreateOrganizationResponse, wire::Error> {
    let (caller, world) = (call.caller(), call.world());
    let operation = Operation::CreateOrganization;
    patience::for_alias(call, operation, &input.alias.to_lowercase()).await?;
    let tx = call.write(operation.action(), Resource::any()).await?;
    let wanted = Wanted::new(&input)?;
    let fields = wanted.fields();
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    let id = match once.earlier(tx).await? {
        Some(id) => id,
        None => {
            let id = wanted.request(tx, &caller, &world).await?;
            once.remember(tx, &id).await?;
            id
        }
    };
    Ok(CreateOrganizationResponse { organization_id: Some(id) })
}

/// The part of the request that can be granted.
struct Wanted {
    alias: String,
    directory: Option<String>,
    domains: Vec<String>,
}

impl Wanted {
    /// Refuses what is not to be had here: keys of others, DNS zones, and directories that are elsewhere.
    fn new(input: &CreateOrganizationRequest) -> Result<Self, wire::Error> {
        if input.enable_interoperability == Some(true) {
            let text = "EnableInteroperability requires the DirectoryId of an AD Connector.";
            return Err(refusal::invalid(text));
        }
        if let Some(key) = &input.kms_key_arn {
            return Err(refusal::invalid(format!(
                "The key {key} cannot be used: there is no AWS KMS here. Without KmsKeyArn the organization gets a \
                 key of its own."
            )));
        }
        let mut domains = Vec::new();
        for domain in input.domains.iter().flatten() {
            if let Some(zone) = &domain.hosted_zone_id {
                return Err(refusal::invalid(format!(
                    "The hosted zone {zone} cannot be used: there is no Amazon Route 53 here. Without HostedZoneId, \
                     GetMailDomain tells the records to set."
                )));
            }
            domains.push(domain_name::parse(&domain.domain_name)?);
        }
        let (alias, directory) = (input.alias.clone(), input.directory_id.clone());
        Ok(Self { alias, directory, domains })
    }

    /// What two requests with one token must have in common.
    fn fields(&self) -> Vec<&str> {
        let alias = [self.alias.as_str(), self.directory.as_deref().unwrap_or_default()];
        alias.into_iter().chain(self.domains.iter().map(String::as_str)).collect()
    }

    /// Puts the organization down as one to be made.
    async fn request(
        &self,
        tx: &mut Transaction,
        caller: &Caller,
        world: &World,
    ) -> Result<String, wire::Error> {
        check_quota(tx, caller).await?;
        let directory = match &self.directory {
            Some(id) => Directory::kept(tx, caller, id, &self.alias).await?,
            None => Directory::new(tx, world, &self.alias).await?,
        };
        let id = format!("m-{}", world.random_hex::<16>());
        let alias_key = self.alias.to_lowercase();
        const SQL: &str = "INSERT INTO organizations \
            (id, account_id, region, alias, alias_key, directory_id, state, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let row = params![
            &id,
            &caller.account,
            caller.region(),
            &self.alias,
            &alias_key,
            &directory.id,
            State::Requested.as_str(),
            caller.request.now,
        ];
        tx.execute(SQL, row).await?;
        directory.bind(tx, caller, &id, &alias_key).await?;
        let former = directory.former.as_deref();
        Wish { domains: &self.domains, former }.put(tx, &id).await?;
        Ok(id)
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
