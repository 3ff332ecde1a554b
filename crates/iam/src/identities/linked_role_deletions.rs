//! The end of service-linked roles: tasks that tell whether a role could be deleted.
//!
//! AWS works them off by and by. Here a task has ended when the call returns that began it: who uses a role
//! is known in the very transaction that deletes it.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    DeleteServiceLinkedRoleRequest, DeleteServiceLinkedRoleResponse, DeletionTaskFailureReasonType,
    DeletionTaskStatusType, GetServiceLinkedRoleDeletionStatusRequest,
    GetServiceLinkedRoleDeletionStatusResponse, RoleUsageType,
    errors::{INVALID_INPUT, NO_SUCH_ENTITY},
};
use world::Timestamp;

use crate::{
    arns,
    door::{Call, Resource},
    entity::{self, Entity, EntityKind, Named, SERVICE_ROLE_PATH},
    roles,
};

/// Begins the ids of deletion tasks.
const TASK_PREFIX: &str = "task/aws-service-role/";

/// Deletion tasks that are remembered of an account at most; past it the oldest are forgotten.
const TASKS_MAX: usize = 100;

/// Resources that a deletion task names at most as users of the role.
const RESOURCES_NAMED_MAX: usize = 100;

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
    let usages = usages(tx, &role.arn()).await?;
    if usages.is_empty() {
        remove(tx, &role).await?;
    }
    let own_path = role.path.strip_prefix(SERVICE_ROLE_PATH).unwrap_or(&role.path);
    let id = format!("{TASK_PREFIX}{own_path}{}/{}", role.name, world.random_uuid());
    remember(tx, &caller.account, &id, &usages, now).await?;
    Ok(DeleteServiceLinkedRoleResponse { deletion_task_id: id })
}

pub(crate) async fn status(
    call: &mut Call,
    input: GetServiceLinkedRoleDeletionStatusRequest,
) -> Result<GetServiceLinkedRoleDeletionStatusResponse, wire::Error> {
    const TASK: &str = "SELECT 1 FROM role_deletions WHERE id = $1 AND account_id = $2";
    const USAGES: &str = "SELECT region, resource_arn FROM role_deletion_obstacles \
        WHERE task_id = $1 ORDER BY region, resource_arn";
    let caller = call.caller();
    let id = input.deletion_task_id;
    let (path, name) = role_of(&id).ok_or_else(|| INVALID_INPUT.with("Invalid task id"))?;
    let target = Resource::arn(arns::role(&caller.account, &path, name));
    let snapshot = call.read("iam:GetServiceLinkedRoleDeletionStatus", target).await?;
    if snapshot.row(TASK, params![&id, &caller.account], |_| Ok(())).await?.is_none() {
        return Err(NO_SUCH_ENTITY.with(format!("Deletion task {id} cannot be found.")));
    }
    let usages = snapshot.rows(USAGES, params![&id], Usage::read).await?;
    if usages.is_empty() {
        let status = DeletionTaskStatusType::Succeeded;
        return Ok(GetServiceLinkedRoleDeletionStatusResponse { status, reason: None });
    }
    Ok(GetServiceLinkedRoleDeletionStatusResponse {
        status: DeletionTaskStatusType::Failed,
        reason: Some(reason(usages)),
    })
}

async fn remove(tx: &mut Transaction, role: &Entity) -> Result<(), wire::Error> {
    const DETACH: &str = "DELETE FROM attachments WHERE entity_id = $1";
    tx.execute(DETACH, params![&role.id]).await?;
    roles::remove(tx, &role.account, &role.id).await
}

/// What makes use of a role.
struct Usage {
    region: String,
    resource_arn: String,
}

impl Usage {
    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self { region: row.get(0)?, resource_arn: row.get(1)? })
    }
}

async fn usages(snapshot: &mut Snapshot, role_arn: &str) -> Result<Vec<Usage>, store::Error> {
    const SQL: &str = "SELECT region, resource_arn FROM role_uses WHERE role_arn = $1 \
        ORDER BY region, resource_arn LIMIT $2";
    snapshot.rows(SQL, params![role_arn, RESOURCES_NAMED_MAX], Usage::read).await
}

/// Keeps how a deletion ended, and forgets the oldest of the account.
async fn remember(
    tx: &mut Transaction,
    account: &str,
    id: &str,
    usages: &[Usage],
    now: Timestamp,
) -> Result<(), store::Error> {
    const TASK: &str = "INSERT INTO role_deletions (id, account_id, ended_at) VALUES ($1, $2, $3)";
    const USAGE: &str = "INSERT INTO role_deletion_obstacles (task_id, region, resource_arn) \
        VALUES ($1, $2, $3)";
    const OLD: &str = "SELECT id FROM role_deletions WHERE account_id = $1 \
        ORDER BY ended_at DESC, id LIMIT $2 OFFSET $3";
    tx.execute(TASK, params![id, account, now]).await?;
    for usage in usages {
        tx.execute(USAGE, params![id, &usage.region, &usage.resource_arn]).await?;
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

/// Path and name of the role that a task deletes, by the task's id.
fn role_of(task_id: &str) -> Option<(String, &str)> {
    let mut parts = task_id.strip_prefix(TASK_PREFIX)?.split('/');
    let (principal, name, _uuid) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then(|| (format!("{SERVICE_ROLE_PATH}{principal}/"), name))
}

/// Why a role could not be deleted: the resources that use it, by region. They come sorted.
fn reason(usages: Vec<Usage>) -> DeletionTaskFailureReasonType {
    let mut regions: Vec<RoleUsageType> = Vec::new();
    for usage in usages {
        match regions.last_mut() {
            Some(last) if last.region.as_ref() == Some(&usage.region) => {
                last.resources.get_or_insert_default().push(usage.resource_arn);
            }
            _ => regions.push(RoleUsageType {
                region: Some(usage.region),
                resources: Some(vec![usage.resource_arn]),
            }),
        }
    }
    DeletionTaskFailureReasonType {
        reason: Some("The role is still used by resources of its service.".to_owned()),
        role_usage_list: Some(regions),
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

    proptest! {
        #[test]
        fn any_task_id_is_survived(id in "(task/aws-service-role/)?\\PC{0,64}") {
            let _ = role_of(&id);
        }
    }
}
