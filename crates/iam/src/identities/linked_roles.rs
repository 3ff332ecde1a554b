//! Service-linked roles: roles that belong to a service, which alone says what they may.
//!
//! A service that needs its role calls [`ensure`], and [`hold`]s it for every resource that makes use of it;
//! while one does, the role cannot be deleted.

use store::{Transaction, params};
use wire::{
    errors::ACCESS_DENIED,
    iam::{CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse, errors::INVALID_INPUT},
};
use world::{Timestamp, World};

use crate::{
    arns, attachments,
    door::{Call, Resource},
    entity::{self, EntityKind, SERVICE_ROLE_PATH},
    epoch,
    linked_services::{self, LinkedService},
    roles::{self, NewRole},
    trust::{Bindings, Moved},
};

/// The condition key that tells for which service a call makes a role.
const CONDITION_KEY: &str = "iam:AWSServiceName";

/// Characters of a role's name, at most.
const NAME_CHARS_MAX: usize = 64;

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

/// Sees to it, in a call, that the caller's account has the role of the service with that principal, and gives its
/// ARN. Who wants the role to be made must be allowed to make it. What comes after is read or written as before.
///
/// # Errors
/// As [`ensure`]; `AccessDenied`.
pub async fn ensure_by(call: &mut Call, principal: &str) -> Result<String, wire::Error> {
    let service = known(principal)?;
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let (account, name) = (&caller.account, service.role_name);
    let found = entity::find(call.preliminary().await?, EntityKind::Role, account, name).await?;
    if let Some(role) = found.filter(entity::Entity::is_protected) {
        return Ok(role.arn());
    }
    let target = Resource::arn(arns::role(account, &path(service), name))
        .with(CONDITION_KEY, service.principal);
    let tx = call.write("iam:CreateServiceLinkedRole", target).await?;
    ensure(tx, &world, account, principal, now).await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_suffix_is_refused() {
        let service = known("autoscaling.amazonaws.com").unwrap();
        assert_eq!(role_name(service, Some("a")).unwrap(), "AWSServiceRoleForAutoScaling_a");
        assert!(role_name(service, Some(&"a".repeat(64))).unwrap_err().is(&INVALID_INPUT));
    }
}
