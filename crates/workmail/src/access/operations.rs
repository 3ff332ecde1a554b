//! PutAccessControlRule, DeleteAccessControlRule, ListAccessControlRules and GetAccessControlEffect.

use std::net::Ipv4Addr;

use iam::door::Call;
use store::{Snapshot, params};
use wire::workmail::{
    DeleteAccessControlRuleRequest, DeleteAccessControlRuleResponse, EntityState, EntityType,
    GetAccessControlEffectRequest, GetAccessControlEffectResponse, ListAccessControlRulesRequest,
    ListAccessControlRulesResponse, Operation, PutAccessControlRuleRequest,
    PutAccessControlRuleResponse, errors::LIMIT_EXCEEDED,
};

use super::{
    AccessAction,
    ip_range::IpRange,
    judge_again, rows,
    rules::{Conditions, Request, Who, effect},
};
use crate::{
    entities::{self, Forms},
    impersonation, organizations, refusal,
    verdict::{Condition, Effect},
};

/// Rules of one organization (AWS's quota).
const RULES_MAX: i64 = 10;

pub(crate) async fn put_access_control_rule(
    call: &mut Call,
    input: PutAccessControlRuleRequest,
) -> Result<PutAccessControlRuleResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::PutAccessControlRule;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let effect = Effect::from(input.effect);
    let (name, description) = (input.name.clone(), input.description.clone());
    let conditions = conditions(input)?;
    check_ids(tx, &organization.id, &conditions).await?;
    const SQL: &str = "INSERT INTO access_control_rules \
        (organization_id, name, effect, description, conditions, created_at, modified_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (organization_id, name) DO UPDATE \
        SET effect = $3, description = $4, conditions = $5, modified_at = $6";
    let row = params![
        &organization.id,
        &name,
        effect.as_str(),
        &description,
        serde_json::to_string(&conditions)?,
        now,
    ];
    tx.execute(SQL, row).await?;
    check_quota(tx, &organization.id).await?;
    judge_again(tx, &organization.id);
    Ok(PutAccessControlRuleResponse {})
}

pub(crate) async fn delete_access_control_rule(
    call: &mut Call,
    input: DeleteAccessControlRuleRequest,
) -> Result<DeleteAccessControlRuleResponse, wire::Error> {
    let operation = Operation::DeleteAccessControlRule;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let sql = "DELETE FROM access_control_rules WHERE organization_id = $1 AND name = $2";
    tx.execute(sql, params![&organization.id, &input.name]).await?;
    judge_again(tx, &organization.id);
    Ok(DeleteAccessControlRuleResponse {})
}

pub(crate) async fn list_access_control_rules(
    call: &mut Call,
    input: ListAccessControlRulesRequest,
) -> Result<ListAccessControlRulesResponse, wire::Error> {
    let operation = Operation::ListAccessControlRules;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let rules = rows::described(snapshot, &organization.id).await?;
    Ok(ListAccessControlRulesResponse { rules: Some(rules) })
}

pub(crate) async fn get_access_control_effect(
    call: &mut Call,
    input: GetAccessControlEffectRequest,
) -> Result<GetAccessControlEffectResponse, wire::Error> {
    let operation = Operation::GetAccessControlEffect;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let action = parse_action(&input.action)?;
    let address: Ipv4Addr = input.ip_address.parse().map_err(|_| {
        refusal::invalid(format!("The address {} is not an IPv4 address.", input.ip_address))
    })?;
    let who = match (&input.user_id, &input.impersonation_role_id) {
        (Some(id), None) => {
            require_user(snapshot, &organization.id, id).await?;
            Who::User(id)
        }
        (None, Some(_)) if action != AccessAction::Ews => {
            let text = "An ImpersonationRoleId can only be used with the action EWS.";
            return Err(refusal::invalid(text));
        }
        (None, Some(id)) => {
            impersonation::require(snapshot, &organization.id, id).await?;
            Who::Role(id)
        }
        _ => {
            let text = "Either a UserId or an ImpersonationRoleId must be given.";
            return Err(refusal::invalid(text));
        }
    };
    let rules = rows::of_organization(snapshot, &organization.id).await?;
    let (effect, matched) = effect(&rules, &Request { who, action, address: address.into() });
    Ok(GetAccessControlEffectResponse {
        effect: Some(effect.into()),
        matched_rules: Some(matched.into_iter().map(str::to_owned).collect()),
    })
}

/// The conditions that a request asks for.
fn conditions(input: PutAccessControlRuleRequest) -> Result<Conditions, wire::Error> {
    let ranges = |list: Option<Vec<String>>| parse_each(list, parse_range);
    let actions = |list: Option<Vec<String>>| parse_each(list, parse_action);
    let conditions = Conditions {
        addresses: Condition::new(ranges(input.ip_ranges)?, ranges(input.not_ip_ranges)?),
        actions: Condition::new(actions(input.actions)?, actions(input.not_actions)?),
        users: Condition::new(input.user_ids, input.not_user_ids),
        roles: Condition::new(input.impersonation_role_ids, input.not_impersonation_role_ids),
    };
    for (name, twofold) in [
        ("IpRanges", conditions.addresses.is_twofold()),
        ("Actions", conditions.actions.is_twofold()),
        ("UserIds", conditions.users.is_twofold()),
        ("ImpersonationRoleIds", conditions.roles.is_twofold()),
    ] {
        if twofold {
            let text = format!("{name} and Not{name} cannot be given together.");
            return Err(refusal::invalid(text));
        }
    }
    Ok(conditions)
}

fn parse_each<T>(
    list: Option<Vec<String>>,
    parse: impl Fn(&str) -> Result<T, wire::Error>,
) -> Result<Option<Vec<T>>, wire::Error> {
    list.map(|list| list.iter().map(|text| parse(text)).collect()).transpose()
}

fn parse_range(text: &str) -> Result<IpRange, wire::Error> {
    text.parse().map_err(|_| refusal::invalid(format!("The range {text} is not an IPv4 range.")))
}

fn parse_action(text: &str) -> Result<AccessAction, wire::Error> {
    AccessAction::parse(text)
        .ok_or_else(|| refusal::invalid(format!("The action {text} is not known.")))
}

/// Refuses ids of users and roles that there are not.
async fn check_ids(
    snapshot: &mut Snapshot,
    organization: &str,
    conditions: &Conditions,
) -> Result<(), wire::Error> {
    let Conditions { users, roles, .. } = conditions;
    for id in users.any.iter().chain(&users.none) {
        require_user(snapshot, organization, id).await?;
    }
    for id in roles.any.iter().chain(&roles.none) {
        impersonation::require(snapshot, organization, id).await?;
    }
    Ok(())
}

async fn require_user(
    snapshot: &mut Snapshot,
    organization: &str,
    id: &str,
) -> Result<(), wire::Error> {
    let kinds = [EntityType::User];
    let user = entities::require(snapshot, organization, id, Forms::Id, &kinds).await?;
    match user.state {
        // no error of these operations speaks of states
        EntityState::Deleted => Err(refusal::no_entity(id)),
        EntityState::Enabled | EntityState::Disabled => Ok(()),
    }
}

/// Counts what there is after the change, which replaces a rule of the same name.
async fn check_quota(snapshot: &mut Snapshot, organization: &str) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM access_control_rules WHERE organization_id = $1";
    let held: Option<i64> = snapshot.row(SQL, params![organization], |row| row.get(0)).await?;
    if held.unwrap_or_default() > RULES_MAX {
        let text = format!("The organization has {RULES_MAX} access control rules already.");
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(())
}
