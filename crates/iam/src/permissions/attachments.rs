//! Which managed policies are attached to which users, groups and roles.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    AttachGroupPolicyRequest, AttachRolePolicyRequest, AttachUserPolicyRequest, AttachedPolicy,
    DetachGroupPolicyRequest, DetachRolePolicyRequest, DetachUserPolicyRequest,
    ListAttachedGroupPoliciesRequest, ListAttachedGroupPoliciesResponse,
    ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse,
    ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse,
    errors::{NO_SUCH_ENTITY, POLICY_NOT_ATTACHABLE},
};
use world::Timestamp;

use crate::{
    arns::PolicyArn,
    door::Call,
    entity::{self, Entity, EntityKind, Named},
    epoch, names,
    pages::{Cut, Page},
    policies::{self, Found},
    quotas,
};

/// The condition key that tells which policy a call attaches or detaches.
const CONDITION_KEY: &str = "iam:PolicyARN";

pub(crate) async fn attach_to_user(
    call: &mut Call,
    input: AttachUserPolicyRequest,
) -> Result<(), wire::Error> {
    attach(call, "iam:AttachUserPolicy", EntityKind::User, &input.user_name, &input.policy_arn)
        .await
}

pub(crate) async fn attach_to_group(
    call: &mut Call,
    input: AttachGroupPolicyRequest,
) -> Result<(), wire::Error> {
    attach(call, "iam:AttachGroupPolicy", EntityKind::Group, &input.group_name, &input.policy_arn)
        .await
}

pub(crate) async fn attach_to_role(
    call: &mut Call,
    input: AttachRolePolicyRequest,
) -> Result<(), wire::Error> {
    attach(call, "iam:AttachRolePolicy", EntityKind::Role, &input.role_name, &input.policy_arn)
        .await
}

pub(crate) async fn detach_from_user(
    call: &mut Call,
    input: DetachUserPolicyRequest,
) -> Result<(), wire::Error> {
    detach(call, "iam:DetachUserPolicy", EntityKind::User, &input.user_name, &input.policy_arn)
        .await
}

pub(crate) async fn detach_from_group(
    call: &mut Call,
    input: DetachGroupPolicyRequest,
) -> Result<(), wire::Error> {
    detach(call, "iam:DetachGroupPolicy", EntityKind::Group, &input.group_name, &input.policy_arn)
        .await
}

pub(crate) async fn detach_from_role(
    call: &mut Call,
    input: DetachRolePolicyRequest,
) -> Result<(), wire::Error> {
    detach(call, "iam:DetachRolePolicy", EntityKind::Role, &input.role_name, &input.policy_arn)
        .await
}

pub(crate) async fn list_of_user(
    call: &mut Call,
    input: ListAttachedUserPoliciesRequest,
) -> Result<ListAttachedUserPoliciesResponse, wire::Error> {
    const LIST: &str = "ListAttachedUserPolicies";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:ListAttachedUserPolicies", Named::user(&input.user_name)).await?;
    let user = entity::user(snapshot, &caller, &input.user_name).await?;
    let cut = list(snapshot, &user.id, input.path_prefix, page).await?;
    Ok(ListAttachedUserPoliciesResponse {
        attached_policies: Some(cut.items),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn list_of_group(
    call: &mut Call,
    input: ListAttachedGroupPoliciesRequest,
) -> Result<ListAttachedGroupPoliciesResponse, wire::Error> {
    const LIST: &str = "ListAttachedGroupPolicies";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let target = Named::group(&input.group_name);
    let snapshot = call.read("iam:ListAttachedGroupPolicies", target).await?;
    let group = entity::group(snapshot, &caller, &input.group_name).await?;
    let cut = list(snapshot, &group.id, input.path_prefix, page).await?;
    Ok(ListAttachedGroupPoliciesResponse {
        attached_policies: Some(cut.items),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn list_of_role(
    call: &mut Call,
    input: ListAttachedRolePoliciesRequest,
) -> Result<ListAttachedRolePoliciesResponse, wire::Error> {
    const LIST: &str = "ListAttachedRolePolicies";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let target = Named::role(&input.role_name);
    let snapshot = call.read("iam:ListAttachedRolePolicies", target).await?;
    let role = entity::role(snapshot, &caller, &input.role_name).await?;
    let cut = list(snapshot, &role.id, input.path_prefix, page).await?;
    Ok(ListAttachedRolePoliciesResponse {
        attached_policies: Some(cut.items),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

async fn attach(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    name: &str,
    arn: &str,
) -> Result<(), wire::Error> {
    policies::check_arn(arn)?;
    let (caller, now) = (call.caller(), call.now());
    let tx = call.write(action, Named::new(kind, name).bounded().with(CONDITION_KEY, arn)).await?;
    let entity = entity::modifiable(tx, kind, &caller.account, name).await?;
    match policies::find(tx, &caller.account, arn).await? {
        Some(Found::Aws(policy)) if policy.is_for_service_role() => {
            let label = kind.label();
            let message = format!("Cannot attach a Service Role Policy to a Customer {label}.");
            Err(POLICY_NOT_ATTACHABLE.with(message))
        }
        Some(_) => insert(tx, &entity, arn, now).await,
        None => {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            Err(NO_SUCH_ENTITY.with(message))
        }
    }
}

/// Attaches a policy; one that is attached already stays.
pub(crate) async fn insert(
    tx: &mut Transaction,
    entity: &Entity,
    arn: &str,
    now: Timestamp,
) -> Result<(), wire::Error> {
    const SQL: &str = "INSERT INTO attachments (entity_id, policy_arn, account_id, entity_kind, \
        attached_at) VALUES ($1, $2, $3, $4, $5)";
    let attached = arns_of(tx, &entity.id).await?;
    if attached.iter().any(|known| known == arn) {
        return Ok(());
    }
    let quota = format!("PoliciesPer{}", entity.kind.label());
    quotas::check(&quota, quotas::POLICIES_PER_ENTITY, attached.len() as i64)?;
    let params = params![&entity.id, arn, &entity.account, entity.kind.word(), now];
    tx.execute(SQL, params).await?;
    Ok(epoch::bump(tx, &entity.account).await?)
}

async fn detach(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    name: &str,
    arn: &str,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM attachments WHERE entity_id = $1 AND policy_arn = $2";
    policies::check_arn(arn)?;
    let caller = call.caller();
    let tx = call.write(action, Named::new(kind, name).bounded().with(CONDITION_KEY, arn)).await?;
    let entity = entity::modifiable(tx, kind, &caller.account, name).await?;
    if tx.execute(SQL, params![&entity.id, arn]).await? == 0 {
        return Err(policies::unknown(arn));
    }
    Ok(epoch::bump(tx, &caller.account).await?)
}

async fn list(
    snapshot: &mut Snapshot,
    entity_id: &str,
    path_prefix: Option<String>,
    page: Page,
) -> Result<Cut<AttachedPolicy>, store::Error> {
    let prefix = path_prefix.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let mut found = Vec::new();
    for arn in arns_of(snapshot, entity_id).await? {
        let parts = PolicyArn::parse(&arn)
            .ok_or_else(|| store::Error::corrupt("an attachment names no policy"))?;
        if parts.path.starts_with(&prefix) {
            // The ARN itself may be longer than a marker. Names are unique in an account and at AWS.
            let key = format!("{}/{}", names::fold(parts.name), parts.account.is_some());
            let policy_name = Some(parts.name.to_owned());
            found.push((key, AttachedPolicy { policy_name, policy_arn: Some(arn) }));
        }
    }
    let cut = page.slice(found, |(key, _)| key.clone())?;
    let items = cut.items.into_iter().map(|(_, policy)| policy).collect();
    Ok(Cut { items, is_truncated: cut.is_truncated, marker: cut.marker })
}

/// The ARNs of the policies attached to an entity. The quota keeps them few.
async fn arns_of(snapshot: &mut Snapshot, entity_id: &str) -> Result<Vec<String>, store::Error> {
    const SQL: &str = "SELECT policy_arn FROM attachments WHERE entity_id = $1";
    snapshot.rows(SQL, params![entity_id], |row: &Row<'_>| row.get(0)).await
}
