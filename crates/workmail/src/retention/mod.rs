//! Retention: how long the mail of an organization stays in its folders. An organization has one policy, which
//! holds for all of its mailboxes; a [`worker`] of housekeeping does what it says.

mod rules;
mod worker;

use iam::door::Call;
use store::{Snapshot, Transaction, params};
use wire::workmail::{
    DeleteRetentionPolicyRequest, DeleteRetentionPolicyResponse, GetDefaultRetentionPolicyRequest,
    GetDefaultRetentionPolicyResponse, Operation, PutRetentionPolicyRequest,
    PutRetentionPolicyResponse,
    errors::{ENTITY_NOT_FOUND, LIMIT_EXCEEDED},
};

use crate::{organizations, refusal};

pub use worker::{Expired, expire_messages};

pub(crate) async fn put_retention_policy(
    call: &mut Call,
    input: PutRetentionPolicyRequest,
) -> Result<PutRetentionPolicyResponse, wire::Error> {
    let world = call.world();
    let (tx, organization) =
        organizations::write(call, Operation::PutRetentionPolicy, &input.organization_id).await?;
    rules::check(&input.folder_configurations)?;
    let held = policy_id(tx, &organization.id).await?;
    let id = match (input.id, held) {
        (None, None) => world.random_uuid(),
        (Some(id), Some(held)) if id == held => id,
        (None, Some(held)) => {
            let text = format!("The organization has the retention policy {held} already.");
            return Err(LIMIT_EXCEEDED.with(text));
        }
        (Some(id), _) => {
            return Err(refusal::invalid(format!("The retention policy {id} cannot be found.")));
        }
    };
    remove(tx, &organization.id).await?;
    const SQL: &str = "INSERT INTO retention_policies (organization_id, id, name, description) \
        VALUES ($1, $2, $3, $4)";
    let description = input.description.as_ref().map(|text| text.expose());
    tx.execute(SQL, params![&organization.id, id, input.name, description]).await?;
    rules::insert(tx, &organization.id, &input.folder_configurations).await?;
    Ok(PutRetentionPolicyResponse {})
}

pub(crate) async fn get_default_retention_policy(
    call: &mut Call,
    input: GetDefaultRetentionPolicyRequest,
) -> Result<GetDefaultRetentionPolicyResponse, wire::Error> {
    let operation = Operation::GetDefaultRetentionPolicy;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    const SQL: &str =
        "SELECT id, name, description FROM retention_policies WHERE organization_id = $1";
    let found = snapshot
        .row(SQL, params![&organization.id], |row| {
            Ok(GetDefaultRetentionPolicyResponse {
                id: row.get(0)?,
                name: row.get(1)?,
                description: row.get(2)?,
                folder_configurations: None,
            })
        })
        .await?;
    let policy =
        found.ok_or_else(|| ENTITY_NOT_FOUND.with("The organization has no retention policy."))?;
    let rules = rules::of(snapshot, &organization.id).await?;
    Ok(GetDefaultRetentionPolicyResponse { folder_configurations: Some(rules), ..policy })
}

pub(crate) async fn delete_retention_policy(
    call: &mut Call,
    input: DeleteRetentionPolicyRequest,
) -> Result<DeleteRetentionPolicyResponse, wire::Error> {
    let operation = Operation::DeleteRetentionPolicy;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    // The operation declares no error for an unknown policy: it is as gone as it was to be.
    if policy_id(tx, &organization.id).await? == Some(input.id) {
        remove(tx, &organization.id).await?;
    }
    Ok(DeleteRetentionPolicyResponse {})
}

/// Takes the policy of an organization, if it has one, away.
async fn remove(tx: &mut Transaction, organization: &str) -> Result<(), store::Error> {
    for sql in [
        "DELETE FROM retention_rules WHERE organization_id = $1",
        "DELETE FROM retention_policies WHERE organization_id = $1",
    ] {
        tx.execute(sql, params![organization]).await?;
    }
    Ok(())
}

async fn policy_id(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<Option<String>, store::Error> {
    const SQL: &str = "SELECT id FROM retention_policies WHERE organization_id = $1";
    snapshot.row(SQL, params![organization], |row| row.get(0)).await
}
