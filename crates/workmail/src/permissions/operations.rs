//! PutMailboxPermissions, DeleteMailboxPermissions and ListMailboxPermissions.

use iam::door::Call;
use store::params;
use wire::workmail::{
    DeleteMailboxPermissionsRequest, DeleteMailboxPermissionsResponse, EntityType,
    ListMailboxPermissionsRequest, ListMailboxPermissionsResponse, MemberType, Operation,
    Permission, PermissionType, PutMailboxPermissionsRequest, PutMailboxPermissionsResponse,
};

use super::Rights;
use crate::{
    entities::{self, Forms},
    organizations,
    page::Page,
    refusal,
};

/// Whose name others can send under, or whose mailbox they can open.
const OWNERS: [EntityType; 3] = [EntityType::User, EntityType::Resource, EntityType::Group];
/// Who can be granted permissions (`MemberType` of the model).
const GRANTEES: [EntityType; 2] = [EntityType::User, EntityType::Group];

pub(crate) async fn put_mailbox_permissions(
    call: &mut Call,
    input: PutMailboxPermissionsRequest,
) -> Result<PutMailboxPermissionsResponse, wire::Error> {
    let operation = Operation::PutMailboxPermissions;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let given = &input.entity_id;
    let owner = entities::require(tx, &organization.id, given, Forms::Any, &OWNERS).await?;
    let owner = owner.enabled()?;
    let given = &input.grantee_id;
    let grantee = entities::require(tx, &organization.id, given, Forms::Any, &GRANTEES).await?;
    let grantee = grantee.living()?;
    if owner.id == grantee.id {
        let text = format!("The entity {} cannot be granted permissions to itself.", owner.name);
        return Err(refusal::invalid(text));
    }
    let rights = wanted(&input.permission_values)?;
    if owner.kind == EntityType::Group && rights.full_access {
        let text = format!("The group {} has no mailbox to which to give FULL_ACCESS.", owner.name);
        return Err(refusal::invalid(text));
    }
    const SQL: &str = "INSERT INTO mailbox_permissions \
        (owner_id, grantee_key, grantee_id, full_access, send_as, send_on_behalf) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (owner_id, grantee_key, grantee_id) \
        DO UPDATE SET full_access = $4, send_as = $5, send_on_behalf = $6";
    let (key, Rights { full_access, send_as, send_on_behalf }) =
        (grantee.name.to_lowercase(), rights);
    let row = params![&owner.id, key, &grantee.id, full_access, send_as, send_on_behalf];
    tx.execute(SQL, row).await?;
    Ok(PutMailboxPermissionsResponse {})
}

/// Who has none is as bare as wanted.
pub(crate) async fn delete_mailbox_permissions(
    call: &mut Call,
    input: DeleteMailboxPermissionsRequest,
) -> Result<DeleteMailboxPermissionsResponse, wire::Error> {
    let operation = Operation::DeleteMailboxPermissions;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let given = &input.entity_id;
    let owner = entities::require(tx, &organization.id, given, Forms::Any, &OWNERS).await?;
    let owner = owner.living()?;
    let given = &input.grantee_id;
    let grantee = entities::require(tx, &organization.id, given, Forms::Any, &GRANTEES).await?;
    let grantee = grantee.living()?;
    const SQL: &str = "DELETE FROM mailbox_permissions \
        WHERE owner_id = $1 AND grantee_key = $2 AND grantee_id = $3";
    let key = grantee.name.to_lowercase();
    tx.execute(SQL, params![&owner.id, key, &grantee.id]).await?;
    Ok(DeleteMailboxPermissionsResponse {})
}

pub(crate) async fn list_mailbox_permissions(
    call: &mut Call,
    input: ListMailboxPermissionsRequest,
) -> Result<ListMailboxPermissionsResponse, wire::Error> {
    let operation = Operation::ListMailboxPermissions;
    let id = &input.organization_id;
    let scope = [id.as_str(), &input.entity_id];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let given = &input.entity_id;
    let owner = entities::require(snapshot, &organization.id, given, Forms::Any, &OWNERS).await?;
    let range = page.range("");
    const SQL: &str = "SELECT p.full_access, p.send_as, p.send_on_behalf, p.grantee_key, e.id, \
        e.kind FROM mailbox_permissions p CROSS JOIN entities e \
        WHERE e.id = p.grantee_id AND p.owner_id = $1 \
        AND (p.grantee_key, p.grantee_id) > ($2, $3) \
        ORDER BY p.grantee_key, p.grantee_id LIMIT $4";
    let bounds = params![&owner.id, &range.key, &range.id, range.fetch];
    let mut found: Vec<(String, Permission)> = snapshot
        .rows(SQL, bounds, |row| {
            let corrupt = || store::Error::corrupt("the kind of a grantee");
            let permission = Permission {
                grantee_id: row.get(4)?,
                grantee_type: MemberType::parse(row.get(5)?).ok_or_else(corrupt)?,
                permission_values: shown(Rights::of(row)?),
            };
            Ok((row.get(3)?, permission))
        })
        .await?;
    let next_token = page.cut(&mut found, |(key, permission)| (key, &permission.grantee_id))?;
    let permissions = found.into_iter().map(|(_, permission)| permission).collect();
    Ok(ListMailboxPermissionsResponse { permissions: Some(permissions), next_token })
}

fn wanted(values: &[PermissionType]) -> Result<Rights, wire::Error> {
    if values.is_empty() {
        return Err(refusal::invalid("At least one permission value must be given."));
    }
    Ok(Rights {
        full_access: values.contains(&PermissionType::FullAccess),
        send_as: values.contains(&PermissionType::SendAs),
        send_on_behalf: values.contains(&PermissionType::SendOnBehalf),
    })
}

fn shown(rights: Rights) -> Vec<PermissionType> {
    let all = [
        (rights.full_access, PermissionType::FullAccess),
        (rights.send_as, PermissionType::SendAs),
        (rights.send_on_behalf, PermissionType::SendOnBehalf),
    ];
    all.into_iter().filter_map(|(granted, value)| granted.then_some(value)).collect()
}
