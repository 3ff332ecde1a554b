//! DeleteOrganization: the organization is out of service at once, and the worker clears it away.

use iam::door::{Call, Caller};
use store::{Snapshot, Transaction, params};
use wire::workmail::{
    DeleteOrganizationRequest, DeleteOrganizationResponse, Operation, errors::ORGANIZATION_STATE,
};

use super::{Named, Organization, State, made, removal, require, worker};
use crate::{
    access,
    client_tokens::Idempotent,
    identity_center,
    identity_provider::{self, Configuration},
};

pub(crate) async fn delete_organization(
    call: &mut Call,
    input: DeleteOrganizationRequest,
) -> Result<DeleteOrganizationResponse, wire::Error> {
    let caller = call.caller();
    let id = &input.organization_id;
    let operation = Operation::DeleteOrganization;
    let force = input.force_delete.unwrap_or(false);
    let with_application = input.delete_identity_center_application.unwrap_or(false);
    let options = format!("{} {force} {with_application}", input.delete_directory);
    let fields = [id.as_str(), &options];
    made(call, operation, Named(id), id).await?;
    let tx = call.write(operation.action(), Named(id)).await?;
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    if once.earlier(tx).await?.is_none() {
        let organization = require(tx, &caller, id).await?.deletable()?;
        if !force {
            refuse_enabled_users(tx, &organization).await?;
        }
        leave_identity_provider(tx, &caller, &organization, with_application).await?;
        take_out_of_service(tx, id, !input.delete_directory).await?;
        once.remember(tx, id).await?;
    }
    Ok(DeleteOrganizationResponse {
        organization_id: Some(input.organization_id),
        state: Some(State::Deleting.as_str().to_owned()),
    })
}

async fn refuse_enabled_users(
    snapshot: &mut Snapshot,
    organization: &Organization,
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT 1 FROM entities \
        WHERE organization_id = $1 AND kind = 'USER' AND state = 'ENABLED' LIMIT 1";
    match snapshot.row(SQL, params![&organization.id], |_| Ok(())).await? {
        Some(()) => Err(ORGANIZATION_STATE.with(format!(
            "The organization {} has enabled users; use ForceDelete to delete it.",
            organization.id
        ))),
        None => Ok(()),
    }
}

/// Forgets who vouched for the users, and the application with it if that is wanted.
async fn leave_identity_provider(
    tx: &mut Transaction,
    caller: &Caller,
    organization: &Organization,
    with_application: bool,
) -> Result<(), wire::Error> {
    let found = Configuration::find(tx, &organization.id).await?;
    identity_provider::forget(tx, &organization.id).await?;
    match found {
        Some(found) if with_application => {
            identity_center::delete(tx, caller, &found.application_arn).await
        }
        _ => Ok(()),
    }
}

/// Ends all that is signed in, lets nobody in any more, and has the worker clear away what is left.
async fn take_out_of_service(
    tx: &mut Transaction,
    id: &str,
    keeps_directory: bool,
) -> Result<(), wire::Error> {
    // Without a rule nobody is let in.
    let rules = "DELETE FROM access_control_rules WHERE organization_id = $1";
    tx.execute(rules, params![id]).await?;
    access::judge_again(tx, id);
    const STATE: &str = "UPDATE organizations \
        SET state = $2, default_domain = NULL, error_message = NULL WHERE id = $1";
    tx.execute(STATE, params![id, State::Deleting.as_str()]).await?;
    let total = removal::left(tx, id, keeps_directory).await?;
    const REMOVAL: &str = "INSERT INTO organization_removals \
        (organization_id, keeps_directory, total) VALUES ($1, $2, $3)";
    tx.execute(REMOVAL, params![id, keeps_directory, total]).await?;
    worker::wake(tx, id);
    Ok(())
}
