//! Inline policies: documents that belong to one user, group or role and go with it.

use policy::Kind;
use store::{Row, Snapshot, params};
use wire::iam::{
    DeleteGroupPolicyRequest, DeleteRolePolicyRequest, DeleteUserPolicyRequest,
    GetGroupPolicyRequest, GetGroupPolicyResponse, GetRolePolicyRequest, GetRolePolicyResponse,
    GetUserPolicyRequest, GetUserPolicyResponse, ListGroupPoliciesRequest,
    ListGroupPoliciesResponse, ListRolePoliciesRequest, ListRolePoliciesResponse,
    ListUserPoliciesRequest, ListUserPoliciesResponse, PutGroupPolicyRequest, PutRolePolicyRequest,
    PutUserPolicyRequest,
    errors::{LIMIT_EXCEEDED, NO_SUCH_ENTITY},
};

use crate::{
    documents,
    door::Call,
    entity::{self, Entity, EntityKind, Named},
    epoch,
    pages::{Cut, Page},
};

/// One inline policy.
struct Inline {
    name: String,
    document: String,
}

pub(crate) async fn put_user(
    call: &mut Call,
    input: PutUserPolicyRequest,
) -> Result<(), wire::Error> {
    let policy = Inline { name: input.policy_name, document: input.policy_document };
    put(call, "iam:PutUserPolicy", EntityKind::User, &input.user_name, policy).await
}

pub(crate) async fn put_group(
    call: &mut Call,
    input: PutGroupPolicyRequest,
) -> Result<(), wire::Error> {
    let policy = Inline { name: input.policy_name, document: input.policy_document };
    put(call, "iam:PutGroupPolicy", EntityKind::Group, &input.group_name, policy).await
}

pub(crate) async fn put_role(
    call: &mut Call,
    input: PutRolePolicyRequest,
) -> Result<(), wire::Error> {
    let policy = Inline { name: input.policy_name, document: input.policy_document };
    put(call, "iam:PutRolePolicy", EntityKind::Role, &input.role_name, policy).await
}

pub(crate) async fn get_user(
    call: &mut Call,
    input: GetUserPolicyRequest,
) -> Result<GetUserPolicyResponse, wire::Error> {
    const ACTION: &str = "iam:GetUserPolicy";
    let (user, name) = (&input.user_name, &input.policy_name);
    let (user, policy) = get(call, ACTION, EntityKind::User, user, name).await?;
    Ok(GetUserPolicyResponse {
        user_name: user.name,
        policy_name: policy.name,
        policy_document: documents::encoded(&policy.document),
    })
}

pub(crate) async fn get_group(
    call: &mut Call,
    input: GetGroupPolicyRequest,
) -> Result<GetGroupPolicyResponse, wire::Error> {
    const ACTION: &str = "iam:GetGroupPolicy";
    let (group, name) = (&input.group_name, &input.policy_name);
    let (group, policy) = get(call, ACTION, EntityKind::Group, group, name).await?;
    Ok(GetGroupPolicyResponse {
        group_name: group.name,
        policy_name: policy.name,
        policy_document: documents::encoded(&policy.document),
    })
}

pub(crate) async fn get_role(
    call: &mut Call,
    input: GetRolePolicyRequest,
) -> Result<GetRolePolicyResponse, wire::Error> {
    const ACTION: &str = "iam:GetRolePolicy";
    let (role, name) = (&input.role_name, &input.policy_name);
    let (role, policy) = get(call, ACTION, EntityKind::Role, role, name).await?;
    Ok(GetRolePolicyResponse {
        role_name: role.name,
        policy_name: policy.name,
        policy_document: documents::encoded(&policy.document),
    })
}

pub(crate) async fn delete_user(
    call: &mut Call,
    input: DeleteUserPolicyRequest,
) -> Result<(), wire::Error> {
    let (user, name) = (&input.user_name, &input.policy_name);
    delete(call, "iam:DeleteUserPolicy", EntityKind::User, user, name).await
}

pub(crate) async fn delete_group(
    call: &mut Call,
    input: DeleteGroupPolicyRequest,
) -> Result<(), wire::Error> {
    let (group, name) = (&input.group_name, &input.policy_name);
    delete(call, "iam:DeleteGroupPolicy", EntityKind::Group, group, name).await
}

pub(crate) async fn delete_role(
    call: &mut Call,
    input: DeleteRolePolicyRequest,
) -> Result<(), wire::Error> {
    let (role, name) = (&input.role_name, &input.policy_name);
    delete(call, "iam:DeleteRolePolicy", EntityKind::Role, role, name).await
}

pub(crate) async fn list_user(
    call: &mut Call,
    input: ListUserPoliciesRequest,
) -> Result<ListUserPoliciesResponse, wire::Error> {
    let page = Page::of(call, "ListUserPolicies", input.marker.as_deref(), input.max_items)?;
    let cut = list(call, "iam:ListUserPolicies", EntityKind::User, &input.user_name, page).await?;
    Ok(ListUserPoliciesResponse {
        policy_names: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn list_group(
    call: &mut Call,
    input: ListGroupPoliciesRequest,
) -> Result<ListGroupPoliciesResponse, wire::Error> {
    let page = Page::of(call, "ListGroupPolicies", input.marker.as_deref(), input.max_items)?;
    let group = &input.group_name;
    let cut = list(call, "iam:ListGroupPolicies", EntityKind::Group, group, page).await?;
    Ok(ListGroupPoliciesResponse {
        policy_names: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn list_role(
    call: &mut Call,
    input: ListRolePoliciesRequest,
) -> Result<ListRolePoliciesResponse, wire::Error> {
    let page = Page::of(call, "ListRolePolicies", input.marker.as_deref(), input.max_items)?;
    let role = &input.role_name;
    let cut = list(call, "iam:ListRolePolicies", EntityKind::Role, role, page).await?;
    Ok(ListRolePoliciesResponse {
        policy_names: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// Adds a policy, or replaces the one of that name.
async fn put(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    name: &str,
    policy: Inline,
) -> Result<(), wire::Error> {
    const SQL: &str = "INSERT INTO inline_policies (entity_id, name, account_id, entity_kind, \
        document) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (entity_id, name) DO UPDATE SET document = excluded.document";
    let caller = call.caller();
    let tx = call.write(action, Named::new(kind, name).bounded()).await?;
    let entity = entity::modifiable(tx, kind, &caller.account, name).await?;
    documents::check(&policy.document, Kind::Inline)?;
    refuse_excess(&entity, &all(tx, &entity).await?, &policy)?;
    let account = &caller.account;
    let params = params![&entity.id, &policy.name, account, kind.word(), &policy.document];
    tx.execute(SQL, params).await?;
    Ok(epoch::bump(tx, account).await?)
}

/// The quota is for all inline policies of an entity together, white space not counted.
fn refuse_excess(entity: &Entity, held: &[Inline], new: &Inline) -> Result<(), wire::Error> {
    let others = held.iter().filter(|policy| policy.name != new.name);
    let sizes = others.map(|policy| documents::size(&policy.document));
    let quota = entity.kind.inline_chars();
    if sizes.sum::<usize>() + documents::size(&new.document) <= quota {
        return Ok(());
    }
    let (word, name) = (entity.kind.word(), &entity.name);
    let message = format!("Maximum policy size of {quota} bytes exceeded for {word} {name}");
    Err(LIMIT_EXCEEDED.with(message))
}

async fn get(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    entity_name: &str,
    name: &str,
) -> Result<(Entity, Inline), wire::Error> {
    let caller = call.caller();
    let snapshot = call.read(action, Named::new(kind, entity_name)).await?;
    let entity = entity::get(snapshot, kind, &caller.account, entity_name).await?;
    let policies = all(snapshot, &entity).await?.into_iter();
    let policy = policies.into_iter().find(|policy| policy.name == name);
    policy.map(|policy| (entity, policy)).ok_or_else(|| unknown(kind, name))
}

async fn delete(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    entity_name: &str,
    name: &str,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM inline_policies WHERE entity_id = $1 AND name = $2";
    let caller = call.caller();
    let tx = call.write(action, Named::new(kind, entity_name).bounded()).await?;
    let entity = entity::modifiable(tx, kind, &caller.account, entity_name).await?;
    if tx.execute(SQL, params![&entity.id, name]).await? == 0 {
        return Err(unknown(kind, name));
    }
    Ok(epoch::bump(tx, &caller.account).await?)
}

async fn list(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    entity_name: &str,
    page: Page,
) -> Result<Cut<String>, wire::Error> {
    let caller = call.caller();
    let snapshot = call.read(action, Named::new(kind, entity_name)).await?;
    let entity = entity::get(snapshot, kind, &caller.account, entity_name).await?;
    let names = all(snapshot, &entity).await?.into_iter().map(|policy| policy.name).collect();
    Ok(page.slice(names, String::clone)?)
}

/// All inline policies of an entity. The quota of their characters keeps them few.
async fn all(snapshot: &mut Snapshot, entity: &Entity) -> Result<Vec<Inline>, store::Error> {
    const SQL: &str = "SELECT name, document FROM inline_policies WHERE entity_id = $1";
    let policy = |row: &Row<'_>| Ok(Inline { name: row.get(0)?, document: row.get(1)? });
    snapshot.rows(SQL, params![&entity.id], policy).await
}

fn unknown(kind: EntityKind, name: &str) -> wire::Error {
    let message = format!("The {} policy with name {name} cannot be found.", kind.word());
    NO_SUCH_ENTITY.with(message)
}
