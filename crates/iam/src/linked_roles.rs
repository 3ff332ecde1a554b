//! Service-linked roles: roles that belong to a service, which alone says what they may.
//!
//! A service that needs its role calls [`ensure`], and [`hold`]s it for every resource that makes use of it;
//! while one does, the role cannot be deleted.

use store::{Row, Snapshot, Transaction, params};
use wire::{
    errors::ACCESS_DENIED,
    iam::{
        CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse,
        DeleteServiceLinkedRoleRequest, DeleteServiceLinkedRoleResponse,
        DeletionTaskFailureReasonType, DeletionTaskStatusType,
        GetServiceLinkedRoleDeletionStatusRequest, GetServiceLinkedRoleDeletionStatusResponse,
        RoleUsageType,
        errors::{INVALID_INPUT, NO_SUCH_ENTITY},
    },
};
use world::{Timestamp, World};

use crate::{
    arns, attachments,
    door::{Call, Resource},
    entity::{self, Entity, EntityKind, Named, SERVICE_ROLE_PATH},
    epoch,
    linked_services::{self, LinkedService},
    roles::{self, NewRole},
    trust::{Bindings, Moved},
};

/// The condition key that tells for which service a call makes a role.
const CONDITION_KEY: &str = "iam:AWSServiceName";

/// Characters of a role's name, at most.
const NAME_CHARS_MAX: usize = 64;

/// Begins the ids of deletion tasks.
const TASK_PREFIX: &str = "task/aws-service-role/";

/// Deletion tasks that are remembered of an account at most; past it the oldest are forgotten.
const TASKS_MAX: usize = 100;

/// Resources that a deletion task names at most as users of the role.
const RESOURCES_NAMED_MAX: usize = 100;

pub(crate) async fn create(
    call: &mut Call,
    input: CreateServiceLinkedRoleRequest,
) -> Result<CreateServiceLinkedRoleResponse, wire::Error> {
    let service = known(&input.aws_service_name)?;
    let name = role_name(service, input.custom_suffix.as_deref())?;
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let target = Resource::arn(arns::role(&caller.account, &path(service), &name))
        .with(CONDITION_KEY, service.principal);
    let tx = call.write("iam:CreateServiceLinkedRole", target).await?;
    if entity::find(tx, EntityKind::Role, &caller.account, &name).await?.is_some() {
        return Err(INVALID_INPUT.with(format!(
            "Service role name {name} has been taken in this account, please try a different suffix."
        )));
    }
    let account = &caller.account;
    let role = insert(tx, &world, account, service, (&name, input.description), now).await?;
    Ok(CreateServiceLinkedRoleResponse { role: Some(role.shown(account, &Moved::default())) })
}

fn known(principal: &str) -> Result<&'static LinkedService, wire::Error> {
    let unknown =
        || ACCESS_DENIED.with(format!("Cannot find Service Linked Role template for {principal}"));
    linked_services::find(principal).ok_or_else(unknown)
}

fn role_name(service: &LinkedService, suffix: Option<&str>) -> Result<String, wire::Error> {
    let Some(suffix) = suffix else { return Ok(service.role_name.to_owned()) };
    if !service.may_have_suffix {
        let message = format!("Custom suffix is not allowed for {}", service.principal);
        return Err(INVALID_INPUT.with(message));
    }
    let name = format!("{}_{suffix}", service.role_name);
    if name.len() > NAME_CHARS_MAX {
        let message = format!("Service role name {name} exceeds {NAME_CHARS_MAX} characters.");
        return Err(INVALID_INPUT.with(message));
    }
    Ok(name)
}

fn path(service: &LinkedService) -> String {
    format!("{SERVICE_ROLE_PATH}{}/", service.principal)
}

async fn insert(
    tx: &mut Transaction,
    world: &World,
    account: &str,
    service: &LinkedService,
    (name, description): (&str, Option<String>),
    now: Timestamp,
) -> Result<roles::Stored, wire::Error> {
    let path = path(service);
    let trust_policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service.principal },
            "Action": "sts:AssumeRole",
        }],
    });
    let new = NewRole {
        name,
        path: &path,
        description,
        max_session_seconds: None,
        boundary: None,
        trust_policy: trust_policy.to_string(),
        bindings: Bindings::new(),
        linked_service: Some(service.principal),
    };
    let role = roles::insert(tx, world, account, new, now).await?;
    let entity = entity::get(tx, EntityKind::Role, account, name).await?;
    attachments::insert(tx, &entity, service.policy_arn, now).await?;
    epoch::bump(tx, account).await?;
    Ok(role)
}

/// Sees to it that the account has the role of the service with that principal, which must be one of
/// this server's, and gives its ARN.
///
/// # Errors
/// `AccessDenied` for a service without such a role, `InvalidInput` where the account has another role of
/// that name; the store's.
pub async fn ensure(
    tx: &mut Transaction,
    world: &World,
    account: &str,
    principal: &str,
    now: Timestamp,
) -> Result<String, wire::Error> {
    let service = known(principal)?;
    let name = service.role_name;
    match entity::find(tx, EntityKind::Role, account, name).await? {
        Some(role) if role.is_protected() => return Ok(role.arn()),
        Some(_) => {
            let message = format!("Service role name {name} has been taken in this account.");
            return Err(INVALID_INPUT.with(message));
        }
        None => {}
    }
    insert(tx, world, account, service, (name, None), now).await?;
    Ok(arns::role(account, &path(service), name))
}

/// Notes that a resource makes use of a service-linked role, which so cannot be deleted.
///
/// # Errors
/// The store's.
pub async fn hold(
    tx: &mut Transaction,
    role_arn: &str,
    region: &str,
    resource_arn: &str,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO role_uses (role_arn, region, resource_arn) \
        VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.execute(SQL, params![role_arn, region, resource_arn]).await.map(drop)
}

/// Notes that a resource makes no use of a service-linked role any more.
///
/// # Errors
/// The store's.
pub async fn release(
    tx: &mut Transaction,
    role_arn: &str,
    region: &str,
    resource_arn: &str,
) -> Result<(), store::Error> {
    const SQL: &str =
        "DELETE FROM role_uses WHERE role_arn = $1 AND region = $2 AND resource_arn = $3";
    tx.execute(SQL, params![role_arn, region, resource_arn]).await.map(drop)
}

/// Deletes the role, or finds out who still uses it. The task that tells of it ends with the call.
pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteServiceLinkedRoleRequest,
) -> Result<DeleteServiceLinkedRoleResponse, wire::Error> {
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let target = Named::role(&input.role_name);
    let tx = call.write("iam:DeleteServiceLinkedRole", target).await?;
    let role = entity::role(tx, &caller, &input.role_name).await?;
    if !role.is_protected() {
        return Err(entity::unknown(EntityKind::Role, &input.role_name));
    }
    let users = users_of(tx, &role.arn()).await?;
    if users.is_empty() {
        remove(tx, &role).await?;
    }
    let own_path = role.path.strip_prefix(SERVICE_ROLE_PATH).unwrap_or(&role.path);
    let id = format!("{TASK_PREFIX}{own_path}{}/{}", role.name, world.random_uuid());
    remember(tx, &caller.account, &id, &users, now).await?;
    Ok(DeleteServiceLinkedRoleResponse { deletion_task_id: id })
}

async fn remove(tx: &mut Transaction, role: &Entity) -> Result<(), wire::Error> {
    const DETACH: &str = "DELETE FROM attachments WHERE entity_id = $1";
    tx.execute(DETACH, params![&role.id]).await?;
    roles::remove(tx, &role.account, &role.id).await
}

/// A resource that makes use of a role.
struct User {
    region: String,
    resource_arn: String,
}

impl User {
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self { region: row.get(0)?, resource_arn: row.get(1)? })
    }
}

async fn users_of(snapshot: &mut Snapshot, role_arn: &str) -> Result<Vec<User>, store::Error> {
    const SQL: &str = "SELECT region, resource_arn FROM role_uses WHERE role_arn = $1 \
        ORDER BY region, resource_arn LIMIT $2";
    snapshot.rows(SQL, params![role_arn, RESOURCES_NAMED_MAX], User::read).await
}

/// Keeps how a deletion ended, and forgets the oldest of the account.
async fn remember(
    tx: &mut Transaction,
    account: &str,
    id: &str,
    users: &[User],
    now: Timestamp,
) -> Result<(), store::Error> {
    const TASK: &str = "INSERT INTO role_deletions (id, account_id, ended_at) VALUES ($1, $2, $3)";
    const USER: &str = "INSERT INTO role_deletion_obstacles (task_id, region, resource_arn) \
        VALUES ($1, $2, $3)";
    const OLD: &str = "SELECT id FROM role_deletions WHERE account_id = $1 \
        ORDER BY ended_at DESC, id LIMIT $2 OFFSET $3";
    tx.execute(TASK, params![id, account, now]).await?;
    for user in users {
        tx.execute(USER, params![id, &user.region, &user.resource_arn]).await?;
    }
    let params = params![account, TASKS_MAX, TASKS_MAX];
    let old: Vec<String> = tx.rows(OLD, params, |row| row.get(0)).await?;
    for id in old {
        for sql in [
            "DELETE FROM role_deletion_obstacles WHERE task_id = $1",
            "DELETE FROM role_deletions WHERE id = $1",
        ] {
            tx.execute(sql, params![&id]).await?;
        }
    }
    Ok(())
}

pub(crate) async fn deletion_status(
    call: &mut Call,
    input: GetServiceLinkedRoleDeletionStatusRequest,
) -> Result<GetServiceLinkedRoleDeletionStatusResponse, wire::Error> {
    const TASK: &str = "SELECT 1 FROM role_deletions WHERE id = $1 AND account_id = $2";
    const USERS: &str = "SELECT region, resource_arn FROM role_deletion_obstacles \
        WHERE task_id = $1 ORDER BY region, resource_arn";
    let caller = call.caller();
    let id = input.deletion_task_id;
    let (path, name) = role_of(&id).ok_or_else(|| INVALID_INPUT.with("Invalid task id"))?;
    let target = Resource::arn(arns::role(&caller.account, &path, name));
    let snapshot = call.read("iam:GetServiceLinkedRoleDeletionStatus", target).await?;
    if snapshot.row(TASK, params![&id, &caller.account], |_| Ok(())).await?.is_none() {
        return Err(NO_SUCH_ENTITY.with(format!("Deletion task {id} cannot be found.")));
    }
    let users = snapshot.rows(USERS, params![&id], User::read).await?;
    if users.is_empty() {
        let status = DeletionTaskStatusType::Succeeded;
        return Ok(GetServiceLinkedRoleDeletionStatusResponse { status, reason: None });
    }
    Ok(GetServiceLinkedRoleDeletionStatusResponse {
        status: DeletionTaskStatusType::Failed,
        reason: Some(reason(users)),
    })
}

/// Path and name of the role that a task deletes, by the task's id.
fn role_of(task_id: &str) -> Option<(String, &str)> {
    let mut parts = task_id.strip_prefix(TASK_PREFIX)?.split('/');
    let (principal, name, _uuid) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then(|| (format!("{SERVICE_ROLE_PATH}{principal}/"), name))
}

/// Why a role could not be deleted: the resources that use it, by region. They come sorted.
fn reason(users: Vec<User>) -> DeletionTaskFailureReasonType {
    let mut usage: Vec<RoleUsageType> = Vec::new();
    for user in users {
        match usage.last_mut() {
            Some(last) if last.region.as_ref() == Some(&user.region) => {
                last.resources.get_or_insert_default().push(user.resource_arn);
            }
            _ => usage.push(RoleUsageType {
                region: Some(user.region),
                resources: Some(vec![user.resource_arn]),
            }),
        }
    }
    DeletionTaskFailureReasonType {
        reason: Some("The role is still used by resources of its service.".to_owned()),
        role_usage_list: Some(usage),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_task_names_its_role() {
        let id = "task/aws-service-role/ses.amazonaws.com/AWSServiceRoleForAmazonSES/1-2";
        let path = "/aws-service-role/ses.amazonaws.com/".to_owned();
        assert_eq!(role_of(id), Some((path, "AWSServiceRoleForAmazonSES")));
        for id in ["", "task/aws-service-role/a/b", "task/aws-service-role/a/b/c/d", "task/a/b/c"] {
            assert_eq!(role_of(id), None, "{id}");
        }
    }

    #[test]
    fn a_long_suffix_is_refused() {
        let service = known("autoscaling.amazonaws.com").unwrap();
        assert_eq!(role_name(service, Some("a")).unwrap(), "AWSServiceRoleForAutoScaling_a");
        assert!(role_name(service, Some(&"a".repeat(64))).unwrap_err().is(&INVALID_INPUT));
    }

    proptest! {
        #[test]
        fn any_task_id_is_survived(id in "(task/aws-service-role/)?\\PC{0,64}") {
            let _ = role_of(&id);
        }
    }
}
