//! Permissions boundaries: a managed policy that says how far the own policies of a user or role may reach.

use store::{Snapshot, Transaction, params};
use wire::{
    errors::VALIDATION,
    iam::{
        AttachedPermissionsBoundary, DeleteRolePermissionsBoundaryRequest,
        DeleteUserPermissionsBoundaryRequest, PermissionsBoundaryAttachmentType,
        PutRolePermissionsBoundaryRequest, PutUserPermissionsBoundaryRequest,
        errors::{NO_SUCH_ENTITY, POLICY_NOT_ATTACHABLE},
    },
};

use crate::{
    arns::PolicyArn,
    door::Call,
    entity::{self, EntityKind, Named},
    epoch,
    policies::{self, Found},
};

/// The condition key that tells which boundary a call sets, or which one holds for who is changed.
pub(crate) const CONDITION_KEY: &str = "iam:PermissionsBoundary";

pub(crate) async fn put_user(
    call: &mut Call,
    input: PutUserPermissionsBoundaryRequest,
) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:PutUserPermissionsBoundary";
    put(call, ACTION, EntityKind::User, &input.user_name, &input.permissions_boundary).await
}

pub(crate) async fn put_role(
    call: &mut Call,
    input: PutRolePermissionsBoundaryRequest,
) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:PutRolePermissionsBoundary";
    put(call, ACTION, EntityKind::Role, &input.role_name, &input.permissions_boundary).await
}

pub(crate) async fn delete_user(
    call: &mut Call,
    input: DeleteUserPermissionsBoundaryRequest,
) -> Result<(), wire::Error> {
    delete(call, "iam:DeleteUserPermissionsBoundary", EntityKind::User, &input.user_name).await
}

pub(crate) async fn delete_role(
    call: &mut Call,
    input: DeleteRolePermissionsBoundaryRequest,
) -> Result<(), wire::Error> {
    delete(call, "iam:DeleteRolePermissionsBoundary", EntityKind::Role, &input.role_name).await
}

async fn put(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    name: &str,
    arn: &str,
) -> Result<(), wire::Error> {
    check_arn(arn)?;
    let caller = call.caller();
    let tx = call.write(action, Named::new(kind, name).with(CONDITION_KEY, arn)).await?;
    let entity = entity::modifiable(tx, kind, &caller.account, name).await?;
    check_exists(tx, kind, &caller.account, arn).await?;
    set(tx, kind, &entity.id, Some(arn)).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

/// Takes the boundary away; where there is none, nothing changes.
async fn delete(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    name: &str,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let tx = call.write(action, Named::new(kind, name).bounded()).await?;
    let entity = entity::modifiable(tx, kind, &caller.account, name).await?;
    set(tx, kind, &entity.id, None).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

/// Refuses what is no ARN of a policy.
pub(crate) fn check_arn(arn: &str) -> Result<(), wire::Error> {
    match PolicyArn::parse(arn) {
        Some(_) => Ok(()),
        None => Err(VALIDATION.with("Value not valid for parameter 'PermissionsBoundary'.")),
    }
}

/// Refuses a policy that is not there, or that fits only a service-linked role.
pub(crate) async fn check_exists(
    snapshot: &mut Snapshot,
    kind: EntityKind,
    account: &str,
    arn: &str,
) -> Result<(), wire::Error> {
    match policies::find(snapshot, account, arn).await? {
        Some(Found::Aws(policy)) if policy.is_for_service_role() => {
            let label = kind.label();
            let message = format!("Cannot attach a Service Role Policy to a Customer {label}.");
            Err(POLICY_NOT_ATTACHABLE.with(message))
        }
        Some(_) => Ok(()),
        None => {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            Err(NO_SUCH_ENTITY.with(message))
        }
    }
}

/// Sets the boundary of a user or role. Groups have none.
pub(crate) async fn set(
    tx: &mut Transaction,
    kind: EntityKind,
    id: &str,
    arn: Option<&str>,
) -> Result<(), store::Error> {
    let table = kind.table();
    let sql = format!("UPDATE {table} SET permissions_boundary = $2 WHERE id = $1");
    tx.execute(&sql, params![id, arn]).await.map(drop)
}

/// The boundary of a user or role. Groups have none.
pub(crate) async fn of(
    snapshot: &mut Snapshot,
    kind: EntityKind,
    id: &str,
) -> Result<Option<String>, store::Error> {
    if kind == EntityKind::Group {
        return Ok(None);
    }
    let sql = format!("SELECT permissions_boundary FROM {} WHERE id = $1", kind.table());
    Ok(snapshot.row(&sql, params![id], |row| row.get(0)).await?.flatten())
}

/// As answers carry it.
pub(crate) fn shown(arn: String) -> AttachedPermissionsBoundary {
    AttachedPermissionsBoundary {
        permissions_boundary_type: Some(
            PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy,
        ),
        permissions_boundary_arn: Some(arn),
    }
}
