//! Access control rules in the store.

use store::{Row, Snapshot, Transaction, params};

use super::rules::{Conditions, Rule};
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

pub(super) fn conditions(text: &str) -> Result<Conditions, store::Error> {
    serde_json::from_str(text)
        .map_err(|_| store::Error::corrupt("the conditions of an access rule"))
}
