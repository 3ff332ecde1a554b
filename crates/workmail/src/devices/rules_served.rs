//! CreateMobileDeviceAccessRule and its siblings, and GetMobileDeviceAccessEffect.

use iam::door::Call;
use store::{Row, Snapshot, Transaction, params};
use wire::workmail::{
    CreateMobileDeviceAccessRuleRequest, CreateMobileDeviceAccessRuleResponse,
    DeleteMobileDeviceAccessRuleRequest, DeleteMobileDeviceAccessRuleResponse,
    GetMobileDeviceAccessEffectRequest, GetMobileDeviceAccessEffectResponse,
    ListMobileDeviceAccessRulesRequest, ListMobileDeviceAccessRulesResponse,
    MobileDeviceAccessMatchedRule, MobileDeviceAccessRule, Operation,
    UpdateMobileDeviceAccessRuleRequest, UpdateMobileDeviceAccessRuleResponse,
    errors::LIMIT_EXCEEDED,
};
use world::{Timestamp, World};

use super::rules::{Conditions, Device, Rule, effect};
use crate::{
    client_tokens::Idempotent,
    organizations, refusal,
    verdict::{Condition, Effect},
};

/// Rules of one organization (AWS's quota).
const RULES_MAX: i64 = 10;

/// The rule that a new organization has, which lets every device in.
pub(crate) async fn create_default(
    tx: &mut Transaction,
    world: &World,
    organization: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO mobile_device_rules \
        (organization_id, id, name, effect, description, conditions, created_at, modified_at) \
        VALUES ($1, $2, 'default', 'ALLOW', 'Default WorkMail Rule', '{}', $3, $3)";
    tx.execute(SQL, params![organization, world.random_uuid(), now]).await.map(drop)
}

/// Reads the lists of a request that creates or updates a rule.
macro_rules! conditions {
    ($input:ident) => {
        Conditions {
            device_types: Condition::new($input.device_types, $input.not_device_types),
            models: Condition::new($input.device_models, $input.not_device_models),
            operating_systems: Condition::new(
                $input.device_operating_systems,
                $input.not_device_operating_systems,
            ),
            user_agents: Condition::new($input.device_user_agents, $input.not_device_user_agents),
        }
    };
}

pub(crate) async fn create_mobile_device_access_rule(
    call: &mut Call,
    input: CreateMobileDeviceAccessRuleRequest,
) -> Result<CreateMobileDeviceAccessRuleResponse, wire::Error> {
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let operation = Operation::CreateMobileDeviceAccessRule;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let conditions = serde_json::to_string(&conditions!(input))?;
    let (effect, description) = (Effect::from(input.effect).as_str(), input.description.as_deref());
    let fields = [
        &organization.id,
        input.name.as_str(),
        effect,
        description.unwrap_or_default(),
        &conditions,
    ];
    let once = Idempotent::new(&caller, operation, input.client_token.as_deref(), &fields)?;
    if let Some(id) = once.earlier(tx).await? {
        return Ok(CreateMobileDeviceAccessRuleResponse { mobile_device_access_rule_id: Some(id) });
    }
    check_quota(tx, &organization.id).await?;
    let id = world.random_uuid();
    const SQL: &str = "INSERT INTO mobile_device_rules \
        (organization_id, id, name, effect, description, conditions, created_at, modified_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    let row = params![&organization.id, &id, &input.name, effect, description, &conditions, now];
    tx.execute(SQL, row).await?;
    once.remember(tx, &id).await?;
    Ok(CreateMobileDeviceAccessRuleResponse { mobile_device_access_rule_id: Some(id) })
}

/// A list that is absent, and a description, is cleared.
pub(crate) async fn update_mobile_device_access_rule(
    call: &mut Call,
    input: UpdateMobileDeviceAccessRuleRequest,
) -> Result<UpdateMobileDeviceAccessRuleResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::UpdateMobileDeviceAccessRule;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let id = input.mobile_device_access_rule_id;
    const SQL: &str = "UPDATE mobile_device_rules SET name = $3, effect = $4, description = $5, \
        conditions = $6, modified_at = $7 WHERE organization_id = $1 AND id = $2";
    let row = params![
        &organization.id,
        &id,
        &input.name,
        Effect::from(input.effect).as_str(),
        input.description.as_deref(),
        serde_json::to_string(&conditions!(input))?,
        now,
    ];
    match tx.execute(SQL, row).await? {
        0 => Err(refusal::no_entity(&id)),
        _ => Ok(UpdateMobileDeviceAccessRuleResponse {}),
    }
}

pub(crate) async fn delete_mobile_device_access_rule(
    call: &mut Call,
    input: DeleteMobileDeviceAccessRuleRequest,
) -> Result<DeleteMobileDeviceAccessRuleResponse, wire::Error> {
    let operation = Operation::DeleteMobileDeviceAccessRule;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let sql = "DELETE FROM mobile_device_rules WHERE organization_id = $1 AND id = $2";
    tx.execute(sql, params![&organization.id, &input.mobile_device_access_rule_id]).await?;
    Ok(DeleteMobileDeviceAccessRuleResponse {})
}

pub(crate) async fn list_mobile_device_access_rules(
    call: &mut Call,
    input: ListMobileDeviceAccessRulesRequest,
) -> Result<ListMobileDeviceAccessRulesResponse, wire::Error> {
    let operation = Operation::ListMobileDeviceAccessRules;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    const SQL: &str = "SELECT id, name, effect, conditions, description, created_at, modified_at \
        FROM mobile_device_rules WHERE organization_id = $1 ORDER BY name, id";
    let rules = snapshot.rows(SQL, params![&organization.id], described).await?;
    Ok(ListMobileDeviceAccessRulesResponse { rules: Some(rules) })
}

/// Of the rules alone: users and overrides do not count.
pub(crate) async fn get_mobile_device_access_effect(
    call: &mut Call,
    input: GetMobileDeviceAccessEffectRequest,
) -> Result<GetMobileDeviceAccessEffectResponse, wire::Error> {
    let operation = Operation::GetMobileDeviceAccessEffect;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let rules = of_organization(snapshot, &organization.id).await?;
    let device = Device {
        device_type: input.device_type.as_deref(),
        model: input.device_model.as_deref(),
        operating_system: input.device_operating_system.as_deref(),
        user_agent: input.device_user_agent.as_deref(),
    };
    let (effect, matched) = effect(&rules, &device);
    let matched = matched.into_iter().map(|rule| MobileDeviceAccessMatchedRule {
        mobile_device_access_rule_id: Some(rule.id.clone()),
        name: Some(rule.name.clone()),
    });
    Ok(GetMobileDeviceAccessEffectResponse {
        effect: Some(effect.into()),
        matched_rules: Some(matched.collect()),
    })
}

/// The rules of an organization, by name.
pub(super) async fn of_organization(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<Vec<Rule>, store::Error> {
    const SQL: &str = "SELECT id, name, effect, conditions FROM mobile_device_rules \
        WHERE organization_id = $1 ORDER BY name, id";
    snapshot.rows(SQL, params![organization], rule).await
}

fn rule(row: &Row<'_>) -> Result<Rule, store::Error> {
    let corrupt = |_| store::Error::corrupt("the conditions of a mobile device rule");
    Ok(Rule {
        id: row.get(0)?,
        name: row.get(1)?,
        effect: Effect::of_column(row.get(2)?)?,
        conditions: serde_json::from_str(row.get(3)?).map_err(corrupt)?,
    })
}

fn described(row: &Row<'_>) -> Result<MobileDeviceAccessRule, store::Error> {
    let Rule { id, name, effect, conditions } = rule(row)?;
    let (device_types, not_device_types) = conditions.device_types.shown();
    let (device_models, not_device_models) = conditions.models.shown();
    let (device_operating_systems, not_device_operating_systems) =
        conditions.operating_systems.shown();
    let (device_user_agents, not_device_user_agents) = conditions.user_agents.shown();
    Ok(MobileDeviceAccessRule {
        mobile_device_access_rule_id: Some(id),
        name: Some(name),
        description: row.get(4)?,
        effect: Some(effect.into()),
        device_types,
        not_device_types,
        device_models,
        not_device_models,
        device_operating_systems,
        not_device_operating_systems,
        device_user_agents,
        not_device_user_agents,
        date_created: Some(row.get(5)?),
        date_modified: Some(row.get(6)?),
    })
}

async fn check_quota(snapshot: &mut Snapshot, organization: &str) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM mobile_device_rules WHERE organization_id = $1";
    let held: Option<i64> = snapshot.row(SQL, params![organization], |row| row.get(0)).await?;
    if held.unwrap_or_default() >= RULES_MAX {
        let text = format!("The organization has {RULES_MAX} mobile device access rules already.");
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(())
}
