//! DeleteOrganization.

use iam::door::{Call, Caller};
use store::{Keyring, Snapshot, Transaction, params};
use wire::workmail::{
    DeleteOrganizationRequest, DeleteOrganizationResponse, Operation, errors::ORGANIZATION_STATE,
};

use super::{Named, Organization, require};
use crate::{
    access,
    client_tokens::Idempotent,
    identity_center,
    identity_provider::{self, Configuration},
    mailboxes,
};

/// What the call answers; the next Describe shows the organization as deleted.
const DELETING: &str = "Deleting";

pub(crate) async fn delete_organization(
    call: &mut Call,
    input: DeleteOrganizationRequest,
) -> Result<DeleteOrganizationResponse, wire::Error> {
    let (caller, keyring) = (call.caller(), call.keyring());
    let id = &input.organization_id;
    let operation = Operation::DeleteOrganization;
    let force = input.force_delete.unwrap_or(false);
    let with_application = input.delete_identity_center_application.unwrap_or(false);
    let options = format!("{} {force} {with_application}", input.delete_directory);
    let fields = [id.as_str(), &options];
    let tx = call.write(operation.action(), Named(id)).await?;
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    if once.earlier(tx).await?.is_none() {
        let organization = require(tx, &caller, id).await?.active()?;
        if !force {
            refuse_enabled_users(tx, &organization).await?;
        }
        leave_identity_provider(tx, &caller, &organization, with_application).await?;
        delete(tx, &keyring, &organization, caller.request.now).await?;
        if input.delete_directory {
            delete_directory(tx, &organization).await?;
        }
        once.remember(tx, id).await?;
    }
    Ok(DeleteOrganizationResponse {
        organization_id: Some(input.organization_id),
        state: Some(DELETING.to_owned()),
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

/// Takes the organization out of service: its addresses, domains, tags and mailboxes are gone at once.
async fn delete(
    tx: &mut Transaction,
    keyring: &Keyring,
    organization: &Organization,
    now: world::Timestamp,
) -> Result<(), wire::Error> {
    let id = params![&organization.id];
    for sql in [
        "DELETE FROM addresses WHERE domain IN \
            (SELECT name FROM mail_domains WHERE organization_id = $1)",
        "DELETE FROM mail_domains WHERE organization_id = $1",
        "DELETE FROM organization_tags WHERE organization_id = $1",
        "DELETE FROM availability_configurations WHERE organization_id = $1",
        "DELETE FROM retention_rules WHERE organization_id = $1",
        "DELETE FROM retention_policies WHERE organization_id = $1",
        "DELETE FROM access_control_rules WHERE organization_id = $1",
        "DELETE FROM mobile_device_rules WHERE organization_id = $1",
        "DELETE FROM mobile_device_overrides WHERE organization_id = $1",
        "DELETE FROM impersonation_roles WHERE organization_id = $1",
    ] {
        tx.execute(sql, id).await?;
    }
    access::judge_again(tx, &organization.id);
    mailboxes::destroy_all(tx, keyring, &organization.id, now).await?;
    const SQL: &str =
        "UPDATE organizations SET deleted_at = $2, default_domain = NULL WHERE id = $1";
    tx.execute(SQL, params![&organization.id, now]).await?;
    Ok(())
}

/// Deletes users, groups and resources too. A directory that is kept can be reached by no operation; only its rows stay.
async fn delete_directory(
    tx: &mut Transaction,
    organization: &Organization,
) -> Result<(), wire::Error> {
    const OF: &str = "(SELECT id FROM entities WHERE organization_id = $1)";
    for sql in [
        &format!("DELETE FROM memberships WHERE group_id IN {OF}"),
        &format!("DELETE FROM mailbox_permissions WHERE owner_id IN {OF}"),
        &format!("DELETE FROM resource_delegates WHERE resource_id IN {OF}"),
        "DELETE FROM resource_details WHERE organization_id = $1",
        &format!("DELETE FROM user_passwords WHERE entity_id IN {OF}"),
        "DELETE FROM personal_access_tokens WHERE organization_id = $1",
        "DELETE FROM user_details WHERE organization_id = $1",
        "DELETE FROM entities WHERE organization_id = $1",
    ] {
        tx.execute(sql, params![&organization.id]).await?;
    }
    Ok(())
}
