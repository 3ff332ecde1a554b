//! Rules in the store.

use store::{Row, Snapshot, Transaction, params};
use world::{Timestamp, World};

use super::{Action, Direction, Rule, Rules};

/// A rule with its dates.
pub(super) struct Kept {
    pub(super) rule: Rule,
    pub(super) created_at: Timestamp,
    pub(super) modified_at: Timestamp,
}

pub(super) const COLUMNS: &str =
    "id, name, action, sender_patterns, recipient_patterns, created_at, modified_at";

impl Kept {
    /// Reads [`COLUMNS`].
    pub(super) fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = |_| store::Error::corrupt("an e-mail flow rule");
        Ok(Self {
            rule: Rule {
                id: row.get(0)?,
                name: row.get(1)?,
                action: serde_json::from_str::<Action>(row.get(2)?).map_err(corrupt)?,
                senders: serde_json::from_str(row.get(3)?).map_err(corrupt)?,
                recipients: serde_json::from_str(row.get(4)?).map_err(corrupt)?,
            },
            created_at: row.get(5)?,
            modified_at: row.get(6)?,
        })
    }
}

/// All rules of an organization in one direction, ready to judge by.
pub(super) async fn ready(
    snapshot: &mut Snapshot,
    organization: &str,
    direction: Direction,
) -> Result<Rules, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM mail_flow_rules WHERE organization_id = $1 AND direction = $2"
    );
    let found = snapshot.rows(&sql, params![organization, direction.as_str()], Kept::of).await?;
    let rules = found.into_iter().map(|kept| kept.rule).collect();
    Ok(Rules::new(organization, direction, rules))
}

pub(super) async fn find(
    snapshot: &mut Snapshot,
    organization: &str,
    direction: Direction,
    id: &str,
) -> Result<Option<Kept>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM mail_flow_rules \
         WHERE organization_id = $1 AND direction = $2 AND id = $3"
    );
    snapshot.row(&sql, params![organization, direction.as_str(), id], Kept::of).await
}

/// Writes a rule, which takes the place of the one with its id.
pub(super) async fn put(
    tx: &mut Transaction,
    organization: &str,
    direction: Direction,
    rule: &Rule,
    now: Timestamp,
) -> Result<(), wire::Error> {
    const SQL: &str = "INSERT INTO mail_flow_rules \
        (organization_id, direction, id, name, name_key, action, smtp_gateway_id, \
        sender_patterns, sender_count, recipient_patterns, recipient_count, created_at, modified_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) \
        ON CONFLICT (organization_id, direction, id) DO UPDATE SET name = excluded.name, \
        name_key = excluded.name_key, action = excluded.action, \
        smtp_gateway_id = excluded.smtp_gateway_id, sender_patterns = excluded.sender_patterns, \
        sender_count = excluded.sender_count, recipient_patterns = excluded.recipient_patterns, \
        recipient_count = excluded.recipient_count, modified_at = excluded.modified_at";
    let row = params![
        organization,
        direction.as_str(),
        &rule.id,
        &rule.name,
        rule.name.to_lowercase(),
        serde_json::to_string(&rule.action)?,
        rule.action.gateway(),
        serde_json::to_string(&rule.senders)?,
        rule.senders.len(),
        serde_json::to_string(&rule.recipients)?,
        rule.recipients.len(),
        now,
    ];
    tx.execute(SQL, row).await?;
    Ok(())
}

pub(super) async fn delete(
    tx: &mut Transaction,
    organization: &str,
    direction: Direction,
    id: &str,
) -> Result<(), store::Error> {
    const SQL: &str =
        "DELETE FROM mail_flow_rules WHERE organization_id = $1 AND direction = $2 AND id = $3";
    tx.execute(SQL, params![organization, direction.as_str(), id]).await.map(drop)
}

/// Says that the rules are others now: a new revision, or none where there are no rules any more. It is random, for
/// a number would come again after the transaction that took it failed.
pub(super) async fn revise(
    tx: &mut Transaction,
    world: &World,
    organization: &str,
    direction: Direction,
) -> Result<(), store::Error> {
    let key = params![organization, direction.as_str()];
    const NONE: &str =
        "DELETE FROM mail_flow_revisions WHERE organization_id = $1 AND direction = $2";
    tx.execute(NONE, key).await?;
    const ANY: &str =
        "SELECT 1 FROM mail_flow_rules WHERE organization_id = $1 AND direction = $2 LIMIT 1";
    if tx.row(ANY, key, |_| Ok(())).await?.is_none() {
        return Ok(());
    }
    const SQL: &str = "INSERT INTO mail_flow_revisions (organization_id, direction, revision) \
        VALUES ($1, $2, $3)";
    let revision = world.random_hex::<16>();
    tx.execute(SQL, params![organization, direction.as_str(), revision]).await.map(drop)
}
