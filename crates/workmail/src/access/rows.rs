//! Access control rules in the store.

use store::{Row, Snapshot, Transaction, params};
use wire::workmail::AccessControlRule;

use super::{
    AccessAction,
    ip_range::IpRange,
    rules::{Conditions, Rule},
};
use crate::verdict::Effect;

/// The rule that a new organization has, which lets everybody in.
pub(crate) async fn create_default(
    tx: &mut Transaction,
    organization: &str,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO access_control_rules \
        (organization_id, name, effect, description, conditions, created_at, modified_at) \
        VALUES ($1, 'default', 'ALLOW', 'Default WorkMail Rule', '{}', 0, 0)";
    tx.execute(SQL, params![organization]).await.map(drop)
}

/// The rules of an organization, by name.
pub(super) async fn of_organization(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<Vec<Rule>, store::Error> {
    const SQL: &str = "SELECT name, effect, conditions FROM access_control_rules \
        WHERE organization_id = $1 ORDER BY name";
    snapshot.rows(SQL, params![organization], rule).await
}

fn rule(row: &Row<'_>) -> Result<Rule, store::Error> {
    Ok(Rule {
        name: row.get(0)?,
        effect: Effect::of_column(row.get(1)?)?,
        conditions: conditions(row.get(2)?)?,
    })
}

fn conditions(text: &str) -> Result<Conditions, store::Error> {
    serde_json::from_str(text)
        .map_err(|_| store::Error::corrupt("the conditions of an access rule"))
}

/// The rules of an organization as `ListAccessControlRules` shows them, by name.
pub(super) async fn described(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<Vec<AccessControlRule>, store::Error> {
    const SQL: &str = "SELECT name, effect, description, conditions, created_at, modified_at \
        FROM access_control_rules WHERE organization_id = $1 ORDER BY name";
    snapshot.rows(SQL, params![organization], description).await
}

fn description(row: &Row<'_>) -> Result<AccessControlRule, store::Error> {
    let conditions = conditions(row.get(3)?)?;
    let ((ip_ranges, not_ip_ranges), (actions, not_actions)) =
        (conditions.addresses.shown(), conditions.actions.shown());
    let ((user_ids, not_user_ids), (impersonation_role_ids, not_impersonation_role_ids)) =
        (conditions.users.shown(), conditions.roles.shown());
    Ok(AccessControlRule {
        name: Some(row.get(0)?),
        effect: Some(Effect::of_column(row.get(1)?)?.into()),
        description: Some(row.get(2)?),
        ip_ranges: ip_ranges.map(texts),
        not_ip_ranges: not_ip_ranges.map(texts),
        actions: actions.map(names),
        not_actions: not_actions.map(names),
        user_ids,
        not_user_ids,
        impersonation_role_ids,
        not_impersonation_role_ids,
        date_created: Some(row.get(4)?),
        date_modified: Some(row.get(5)?),
    })
}

fn texts(ranges: Vec<IpRange>) -> Vec<String> {
    ranges.into_iter().map(String::from).collect()
}

fn names(actions: Vec<AccessAction>) -> Vec<String> {
    actions.into_iter().map(|action| action.as_str().to_owned()).collect()
}
