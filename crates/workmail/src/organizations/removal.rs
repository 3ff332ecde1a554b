//! How what belonged to an organization is cleared away, in transactions of bounded size.
//!
//! Nothing is remembered between two steps but what is told: each looks for what is left and removes some of it,
//! so that it goes on after a restart from where it was.

use store::{Keyring, Snapshot, Store, Transaction, params};
use wire::workmail::EntityState;
use world::{Timestamp, World};

use super::{State, directories};
use crate::{entities, mailboxes, monitoring};

/// Rows that one step removes of each kind, roughly.
const STEP_ROWS: u32 = 200;
/// What an organization has a bounded number of rows in, to be removed at the end.
const OF_THE_ORGANIZATION: &[&str] = &[
    "organization_tags",
    "availability_configurations",
    "retention_rules",
    "retention_policies",
    "mobile_device_rules",
    "mobile_device_overrides",
    "mobile_devices",
    "mobile_policies",
    "impersonation_roles",
    "journaling",
    "inbound_dmarc",
    "mail_flow_rules",
    "mail_flow_revisions",
    "smtp_gateways",
    "migration_admins",
    "personal_access_tokens",
    "export_jobs",
    "organization_removals",
];
/// How often is told how far it is.
const TELL_SECONDS: i64 = 2;

/// An organization that is being deleted.
pub(super) struct Removal {
    id: String,
    keeps_directory: bool,
    total: u64,
    told_at: Timestamp,
}

impl Removal {
    /// Takes the removal up, or up again.
    pub(super) async fn resume(
        store: &Store,
        world: &World,
        id: String,
    ) -> Result<Self, wire::Error> {
        const SQL: &str =
            "SELECT keeps_directory, total FROM organization_removals WHERE organization_id = $1";
        let mut snapshot = store.read().await?;
        let row = snapshot.row(SQL, params![&id], |row| Ok((row.get(0)?, row.get(1)?))).await?;
        // without it another node has just finished: there is nothing to do, and nothing to delete
        let (keeps_directory, total) = row.unwrap_or((true, 0));
        tracing::info!(organization = id, total, keeps_directory, "deleting an organization");
        Ok(Self { id, keeps_directory, total, told_at: world.now() })
    }

    /// Removes some of what is left. Gives itself back unless that was all.
    pub(super) async fn step(
        mut self,
        store: &Store,
        world: &World,
    ) -> Result<Option<Self>, wire::Error> {
        let now = world.now();
        let mut tx = store.write().await?;
        if !self.remove_some(&mut tx, store.keyring(), now).await? {
            tx.commit().await?;
            tracing::info!(organization = self.id, "an organization was deleted");
            return Ok(None);
        }
        if now.as_seconds() >= self.told_at.as_seconds() + TELL_SECONDS {
            let left = left(&mut tx, &self.id, self.keeps_directory).await?;
            let (organization, total) = (&self.id, self.total);
            tracing::info!(organization, left, total, "deleting an organization");
            self.told_at = now;
        }
        tx.commit().await?;
        Ok(Some(self))
    }

    /// Says whether there was anything.
    async fn remove_some(
        &self,
        tx: &mut Transaction,
        keyring: &Keyring,
        now: Timestamp,
    ) -> Result<bool, wire::Error> {
        // Without addresses no mail comes any more for the mailboxes that go next.
        if remove_domains(tx, &self.id).await?
            || mailboxes::destroy_some(tx, &self.id, now, STEP_ROWS).await?
        {
            return Ok(true);
        }
        // From here on nobody can read what the mailboxes held.
        keyring.forget_data_key(tx, &self.id).await?;
        if mailboxes::purge_some(tx, &self.id, now).await? || self.remove_entities(tx, now).await? {
            return Ok(true);
        }
        finish(tx, &self.id, self.keeps_directory, now).await?;
        Ok(false)
    }

    /// Deletes users, groups and resources, or those of them that are not to be kept.
    async fn remove_entities(
        &self,
        tx: &mut Transaction,
        now: Timestamp,
    ) -> Result<bool, wire::Error> {
        let sql = format!(
            "SELECT id, state FROM entities WHERE organization_id = $1 {} LIMIT $2",
            to_go(self.keeps_directory)
        );
        let some = params![&self.id, STEP_ROWS];
        let found: Vec<(String, String)> =
            tx.rows(&sql, some, |row| Ok((row.get(0)?, row.get(1)?))).await?;
        let is_any = !found.is_empty();
        let (stay, go): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(_, state)| self.keeps_directory && state == EntityState::Enabled.as_str());
        let ids = |of: Vec<(String, String)>| of.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        entities::disable(tx, &ids(stay), now).await?;
        entities::erase(tx, &ids(go)).await?;
        Ok(is_any)
    }
}

/// How far a removal is: what was there, and what of it is left.
pub(super) async fn progress(
    snapshot: &mut Snapshot,
    id: &str,
) -> Result<Option<(u64, u64)>, wire::Error> {
    const SQL: &str =
        "SELECT keeps_directory, total FROM organization_removals WHERE organization_id = $1";
    let row = snapshot.row(SQL, params![id], |row| Ok((row.get(0)?, row.get(1)?))).await?;
    let Some((keeps_directory, total)) = row else { return Ok(None) };
    Ok(Some((left(snapshot, id, keeps_directory).await?, total)))
}

/// Users, groups, resources and mailboxes that are to be removed.
pub(super) async fn left(
    snapshot: &mut Snapshot,
    id: &str,
    keeps_directory: bool,
) -> Result<u64, wire::Error> {
    let sql = format!(
        "SELECT COUNT(*) FROM entities WHERE organization_id = $1 {}",
        to_go(keeps_directory)
    );
    let entities: Option<u64> = snapshot.row(&sql, params![id], |row| row.get(0)).await?;
    Ok(entities.unwrap_or_default() + mailboxes::count(snapshot, id).await?)
}

/// In a directory that is kept stays who is disabled; tombstones stay nowhere.
fn to_go(keeps_directory: bool) -> &'static str {
    if keeps_directory { "AND state <> 'DISABLED'" } else { "" }
}

/// Frees domains, and before each of them the addresses in it. Says whether there were any.
async fn remove_domains(tx: &mut Transaction, id: &str) -> Result<bool, store::Error> {
    const NEXT: &str =
        "SELECT name FROM mail_domains WHERE organization_id = $1 ORDER BY name LIMIT 1";
    const ADDRESSES: &str = "DELETE FROM addresses WHERE address_key IN \
        (SELECT address_key FROM addresses WHERE domain = $1 LIMIT $2)";
    const DOMAIN: &str = "DELETE FROM mail_domains WHERE name = $1";
    let (most, mut removed) = (u64::from(STEP_ROWS), 0);
    while removed < most {
        let name: Option<String> = tx.row(NEXT, params![id], |row| row.get(0)).await?;
        let Some(name) = name else { break };
        let addresses = tx.execute(ADDRESSES, params![&name, STEP_ROWS]).await?;
        removed += addresses;
        if addresses < most {
            removed += tx.execute(DOMAIN, params![&name]).await?;
        }
    }
    Ok(removed > 0)
}

/// Removes the few rows that are left.
async fn finish(
    tx: &mut Transaction,
    id: &str,
    keeps_directory: bool,
    now: Timestamp,
) -> Result<(), store::Error> {
    for table in OF_THE_ORGANIZATION {
        let sql = format!("DELETE FROM {table} WHERE organization_id = $1");
        tx.execute(&sql, params![id]).await?;
    }
    monitoring::forget(tx, id).await?;
    if !keeps_directory {
        directories::remove(tx, id).await?;
    }
    const SQL: &str =
        "UPDATE organizations SET state = $2, deleted_at = $3 WHERE id = $1 AND state = 'Deleting'";
    tx.execute(SQL, params![id, State::Deleted.as_str(), now]).await.map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Removed by other steps of a removal, or when it begins.
    const ELSEWHERE: &[&str] = &[
        "access_control_rules",
        "addresses",
        "directories",
        "email_monitoring",
        "entities",
        "identity_providers",
        "mail_domains",
        "organization_wishes",
        "resource_details",
        "user_details",
    ];

    /// Whoever adds a table for organizations adds it here, and to what removes its rows.
    #[tokio::test]
    async fn every_table_of_organizations_is_cleared() {
        let store = store::testing::on_sqlite(&[crate::MIGRATIONS]).await;
        let sql = "SELECT t.name FROM sqlite_master t, pragma_table_info(t.name) c \
            WHERE t.type = 'table' AND c.name = 'organization_id'";
        let tables = store.read().await.unwrap().rows(sql, &[], |row| row.get::<String>(0)).await;
        for table in tables.unwrap() {
            let known = OF_THE_ORGANIZATION.contains(&&*table) || ELSEWHERE.contains(&&*table);
            assert!(known, "no removal clears `{table}`");
        }
    }

    /// The same for what hangs on users, groups and resources, by [`entities::erase`].
    #[tokio::test]
    async fn nothing_hangs_on_an_entity_that_is_erased() {
        let store = store::testing::on_sqlite(&[crate::MIGRATIONS]).await;
        let sql = "SELECT t.name, f.\"from\" FROM sqlite_master t, pragma_foreign_key_list(t.name) f \
            WHERE t.type = 'table' AND f.\"table\" = 'entities'";
        let row = |row: &store::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Vec<(String, String)> =
            store.read().await.unwrap().rows(sql, &[], row).await.unwrap();
        for (table, column) in found {
            let known = ELSEWHERE.contains(&&*table) || entities::is_a_tie(&table, &column);
            assert!(known, "no removal clears `{table}.{column}`");
        }
    }
}
