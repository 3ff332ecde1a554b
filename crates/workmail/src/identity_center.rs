//! Applications of IAM Identity Center: what an organization's identity provider configuration names.
//!
//! There is no Identity Center here. An application is what ties an account to an instance, whose OpenID Connect
//! provider the operator names (see [`crate::bearer`]).

use iam::door::{Call, Caller, Resource};
use store::{Snapshot, Transaction, params};
use wire::workmail::{
    CreateIdentityCenterApplicationRequest, CreateIdentityCenterApplicationResponse,
    DeleteIdentityCenterApplicationRequest, DeleteIdentityCenterApplicationResponse, Operation,
    errors::ORGANIZATION_STATE,
};
use world::World;

use crate::{client_tokens::Idempotent, refusal};

/// Applications of one account in one region.
const APPLICATIONS_MAX: i64 = 100;

pub(crate) async fn create_identity_center_application(
    call: &mut Call,
    input: CreateIdentityCenterApplicationRequest,
) -> Result<CreateIdentityCenterApplicationResponse, wire::Error> {
    let (caller, world) = (call.caller(), call.world());
    let operation = Operation::CreateIdentityCenterApplication;
    let tx = call.write(operation.action(), Resource::any()).await?;
    let fields = [input.name.as_str(), &input.instance_arn];
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    let arn = match once.earlier(tx).await? {
        Some(arn) => arn,
        None => {
            let arn = create(tx, &caller, &world, &input).await?;
            once.remember(tx, &arn).await?;
            arn
        }
    };
    Ok(CreateIdentityCenterApplicationResponse { application_arn: Some(arn) })
}

/// One that is unknown is as gone as it was to be: no error is declared for it.
pub(crate) async fn delete_identity_center_application(
    call: &mut Call,
    input: DeleteIdentityCenterApplicationRequest,
) -> Result<DeleteIdentityCenterApplicationResponse, wire::Error> {
    let caller = call.caller();
    let operation = Operation::DeleteIdentityCenterApplication;
    let tx = call.write(operation.action(), Resource::any()).await?;
    delete(tx, &caller, &input.application_arn).await?;
    Ok(DeleteIdentityCenterApplicationResponse {})
}

/// The instance of an application of the caller's account and region.
pub(crate) async fn instance_of(
    snapshot: &mut Snapshot,
    caller: &Caller,
    application: &str,
) -> Result<Option<String>, store::Error> {
    const SQL: &str = "SELECT instance_arn FROM identity_center_applications \
        WHERE arn = $1 AND account_id = $2 AND region = $3";
    let key = params![application, &caller.account, caller.region()];
    snapshot.row(SQL, key, |row| row.get(0)).await
}

/// Deletes an application of the caller's account and region that no organization is configured with.
///
/// # Errors
/// `OrganizationStateException` if one is.
pub(crate) async fn delete(
    tx: &mut Transaction,
    caller: &Caller,
    application: &str,
) -> Result<(), wire::Error> {
    if instance_of(tx, caller, application).await?.is_none() {
        return Ok(());
    }
    const USER: &str =
        "SELECT organization_id FROM identity_providers WHERE application_arn = $1 LIMIT 1";
    let user: Option<String> = tx.row(USER, params![application], |row| row.get(0)).await?;
    if let Some(organization) = user {
        return Err(ORGANIZATION_STATE.with(format!(
            "The application {application} is in use by the organization {organization}."
        )));
    }
    const SQL: &str = "DELETE FROM identity_center_applications WHERE arn = $1";
    tx.execute(SQL, params![application]).await?;
    Ok(())
}

async fn create(
    tx: &mut Transaction,
    caller: &Caller,
    world: &World,
    input: &CreateIdentityCenterApplicationRequest,
) -> Result<String, wire::Error> {
    const COUNT: &str = "SELECT COUNT(*) FROM identity_center_applications \
        WHERE account_id = $1 AND region = $2";
    let key = params![&caller.account, caller.region()];
    let count: Option<i64> = tx.row(COUNT, key, |row| row.get(0)).await?;
    if count.unwrap_or(0) >= APPLICATIONS_MAX {
        let text = format!("The account has {APPLICATIONS_MAX} applications, which is the limit.");
        return Err(refusal::invalid(text));
    }
    let arn = arn(&input.instance_arn, &caller.account, &world.random_hex::<8>());
    const SQL: &str = "INSERT INTO identity_center_applications \
        (arn, account_id, region, instance_arn, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let row = params![
        &arn,
        &caller.account,
        caller.region(),
        &input.instance_arn,
        &input.name,
        caller.request.now,
    ];
    tx.execute(SQL, row).await?;
    Ok(arn)
}

/// `arn:aws:sso::<account>:application/<instance>/apl-<16 characters>`, in the partition of the instance.
fn arn(instance_arn: &str, account: &str, id: &str) -> String {
    let partition = instance_arn.split(':').nth(1).unwrap_or("aws");
    let instance = instance_arn.rsplit('/').next().unwrap_or_default();
    format!("arn:{partition}:sso::{account}:application/{instance}/apl-{id}")
}
