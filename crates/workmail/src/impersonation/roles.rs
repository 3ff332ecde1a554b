//! CreateImpersonationRole and its siblings.

use std::collections::BTreeSet;

use iam::door::Call;
use store::{Snapshot, params};
use wire::workmail::{
    CreateImpersonationRoleRequest, CreateImpersonationRoleResponse,
    DeleteImpersonationRoleRequest, DeleteImpersonationRoleResponse, EntityType,
    GetImpersonationRoleRequest, GetImpersonationRoleResponse, ImpersonationRole,
    ImpersonationRule, ListImpersonationRolesRequest, ListImpersonationRolesResponse, Operation,
    UpdateImpersonationRoleRequest, UpdateImpersonationRoleResponse, errors::LIMIT_EXCEEDED,
};

use super::{COLUMNS, Role, effect::Rule, require};
use crate::{
    client_tokens::Idempotent,
    entities::{self, Forms},
    organizations,
    page::Page,
    refusal,
    verdict::Condition,
};

/// Roles of one organization (AWS's quota).
const ROLES_MAX: i64 = 20;

pub(crate) async fn create_impersonation_role(
    call: &mut Call,
    input: CreateImpersonationRoleRequest,
) -> Result<CreateImpersonationRoleResponse, wire::Error> {
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let operation = Operation::CreateImpersonationRole;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let (role_type, description) = (input.r#type.as_str(), input.description.as_deref());
    let fields = [
        organization.id.as_str(),
        &input.name,
        role_type,
        description.unwrap_or_default(),
        &format!("{:?}", input.rules),
    ];
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    if let Some(id) = once.earlier(tx).await? {
        return Ok(CreateImpersonationRoleResponse { impersonation_role_id: Some(id) });
    }
    let id = world.random_uuid();
    check_name(tx, &organization.id, &input.name, &id).await?;
    check_quota(tx, &organization.id).await?;
    let rules = kept(tx, &organization.id, input.rules).await?;
    const SQL: &str = "INSERT INTO impersonation_roles \
        (organization_id, id, name, name_key, type, description, rules, created_at, modified_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let row = params![
        &organization.id,
        &id,
        &input.name,
        input.name.to_lowercase(),
        role_type,
        description,
        serde_json::to_string(&rules)?,
        now,
    ];
    tx.execute(SQL, row).await?;
    once.remember(tx, &id).await?;
    Ok(CreateImpersonationRoleResponse { impersonation_role_id: Some(id) })
}

pub(crate) async fn update_impersonation_role(
    call: &mut Call,
    input: UpdateImpersonationRoleRequest,
) -> Result<UpdateImpersonationRoleResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::UpdateImpersonationRole;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let role = require(tx, &organization.id, &input.impersonation_role_id).await?;
    check_name(tx, &organization.id, &input.name, &role.id).await?;
    let rules = kept(tx, &organization.id, input.rules).await?;
    const SQL: &str = "UPDATE impersonation_roles SET name = $3, name_key = $4, type = $5, \
        description = $6, rules = $7, modified_at = $8 WHERE organization_id = $1 AND id = $2";
    let row = params![
        &organization.id,
        &role.id,
        &input.name,
        input.name.to_lowercase(),
        input.r#type.as_str(),
        input.description.as_deref(),
        serde_json::to_string(&rules)?,
        now,
    ];
    tx.execute(SQL, row).await?;
    Ok(UpdateImpersonationRoleResponse {})
}

pub(crate) async fn get_impersonation_role(
    call: &mut Call,
    input: GetImpersonationRoleRequest,
) -> Result<GetImpersonationRoleResponse, wire::Error> {
    let operation = Operation::GetImpersonationRole;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let role = require(snapshot, &organization.id, &input.impersonation_role_id).await?;
    Ok(GetImpersonationRoleResponse {
        impersonation_role_id: Some(role.id),
        name: Some(role.name),
        r#type: Some(role.r#type),
        description: role.description,
        rules: Some(role.rules.into_iter().map(shown).collect()),
        date_created: Some(role.created_at),
        date_modified: Some(role.modified_at),
    })
}

pub(crate) async fn delete_impersonation_role(
    call: &mut Call,
    input: DeleteImpersonationRoleRequest,
) -> Result<DeleteImpersonationRoleResponse, wire::Error> {
    let operation = Operation::DeleteImpersonationRole;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let sql = "DELETE FROM impersonation_roles WHERE organization_id = $1 AND id = $2";
    tx.execute(sql, params![&organization.id, &input.impersonation_role_id]).await?;
    Ok(DeleteImpersonationRoleResponse {})
}

pub(crate) async fn list_impersonation_roles(
    call: &mut Call,
    input: ListImpersonationRolesRequest,
) -> Result<ListImpersonationRolesResponse, wire::Error> {
    let operation = Operation::ListImpersonationRoles;
    let id = &input.organization_id;
    let scope = [id.as_str()];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let range = page.range("");
    let sql = format!(
        "SELECT {COLUMNS}, name_key FROM impersonation_roles WHERE organization_id = $1 \
         AND (name_key, id) > ($2, $3) AND name_key < $4 ORDER BY name_key, id LIMIT $5"
    );
    let bounds = params![&organization.id, &range.key, &range.id, &range.below, range.fetch];
    let mut found: Vec<(String, Role)> =
        snapshot.rows(&sql, bounds, |row| Ok((row.get(7)?, Role::of(row)?))).await?;
    let next_token = page.cut(&mut found, |(key, role)| (key, &role.id))?;
    let roles = found.into_iter().map(|(_, role)| ImpersonationRole {
        impersonation_role_id: Some(role.id),
        name: Some(role.name),
        r#type: Some(role.r#type),
        date_created: Some(role.created_at),
        date_modified: Some(role.modified_at),
    });
    Ok(ListImpersonationRolesResponse { roles: Some(roles.collect()), next_token })
}

/// Refuses a name that another role than `id` has.
async fn check_name(
    snapshot: &mut Snapshot,
    organization: &str,
    name: &str,
    id: &str,
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT 1 FROM impersonation_roles \
        WHERE organization_id = $1 AND name_key = $2 AND id <> $3";
    let key = params![organization, name.to_lowercase(), id];
    match snapshot.row(SQL, key, |_| Ok(())).await? {
        // the operations declare no error of their own for it
        Some(()) => {
            Err(refusal::invalid(format!("An impersonation role with the name {name} exists.")))
        }
        None => Ok(()),
    }
}

async fn check_quota(snapshot: &mut Snapshot, organization: &str) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM impersonation_roles WHERE organization_id = $1";
    let held: Option<i64> = snapshot.row(SQL, params![organization], |row| row.get(0)).await?;
    if held.unwrap_or_default() >= ROLES_MAX {
        let text = format!("The organization has {ROLES_MAX} impersonation roles already.");
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(())
}

/// The rules of a request with their users found.
async fn kept(
    snapshot: &mut Snapshot,
    organization: &str,
    given: Vec<ImpersonationRule>,
) -> Result<Vec<Rule>, wire::Error> {
    let mut ids = BTreeSet::new();
    let mut rules = Vec::with_capacity(given.len());
    for rule in given {
        let id = rule.impersonation_rule_id;
        if !ids.insert(id.clone()) {
            return Err(refusal::invalid(format!("The rule id {id} is given twice.")));
        }
        let any = users(snapshot, organization, rule.target_users).await?;
        let none = users(snapshot, organization, rule.not_target_users).await?;
        let targets = Condition { any, none };
        if targets.is_twofold() {
            let text = "TargetUsers and NotTargetUsers cannot be given together.";
            return Err(refusal::invalid(text));
        }
        let (name, description, effect) = (rule.name, rule.description, rule.effect.into());
        rules.push(Rule { id, name, description, effect, targets });
    }
    Ok(rules)
}

/// The ids of the users that a request names by id, address or name.
async fn users(
    snapshot: &mut Snapshot,
    organization: &str,
    given: Option<Vec<String>>,
) -> Result<Vec<String>, wire::Error> {
    let mut ids = Vec::new();
    for name in given.unwrap_or_default() {
        let kinds = [EntityType::User];
        let user = entities::require(snapshot, organization, &name, Forms::Any, &kinds).await?;
        ids.push(user.living()?.id);
    }
    Ok(ids)
}

fn shown(rule: Rule) -> ImpersonationRule {
    let (target_users, not_target_users) = rule.targets.shown();
    ImpersonationRule {
        impersonation_rule_id: rule.id,
        name: rule.name,
        description: rule.description,
        effect: rule.effect.into(),
        target_users,
        not_target_users,
    }
}
