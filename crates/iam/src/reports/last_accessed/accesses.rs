//! The last attempt of every user and role at every action, also of those that were denied.

use std::collections::HashMap;

use store::{Migration, Row, Snapshot, Transaction, params};
use world::Timestamp;

use super::TRACKING_PERIOD;
use crate::door::{Caller, Principal, Record};

/// The last attempts.
pub(crate) const TABLE: Migration = Migration {
    name: "iam-0020-last-accesses",
    sql: "CREATE TABLE last_accesses (
        account_id TEXT NOT NULL REFERENCES accounts (id),
        entity_id TEXT NOT NULL,
        service TEXT NOT NULL,
        action TEXT NOT NULL,
        accessed_at INTEGER NOT NULL,
        region TEXT NOT NULL,
        PRIMARY KEY (entity_id, service, action)
    );
    CREATE INDEX last_accesses_by_account ON last_accesses (account_id);
    CREATE INDEX last_accesses_by_time ON last_accesses (accessed_at);",
};

/// An attempt.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    account: String,
    entity_id: String,
    service: &'static str,
    action: &'static str,
    /// When it was made.
    pub(crate) at: Timestamp,
    region: String,
}

impl Access {
    /// The attempt that a call was. Only users and roles are tracked.
    pub(crate) fn of_call(caller: &Caller, record: &Record) -> Option<Self> {
        let (Principal::User { .. } | Principal::Role(_)) = caller.principal else { return None };
        Some(Self {
            account: caller.account.clone(),
            entity_id: caller.entity_id()?.to_owned(),
            service: namespace(record.service),
            action: record.event_name,
            at: caller.request.now,
            region: caller.request.region.clone(),
        })
    }

    /// What it is an attempt at, by whom.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}/{}", self.entity_id, self.service, self.action)
    }

    /// Stores it in place of the one before.
    pub(crate) async fn write(&self, tx: &mut Transaction) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO last_accesses (account_id, entity_id, service, action, \
            accessed_at, region) VALUES ($1, $2, $3, $4, $5, $6) \
            ON CONFLICT (entity_id, service, action) \
            DO UPDATE SET accessed_at = excluded.accessed_at, region = excluded.region";
        let params = params![
            &self.account,
            &self.entity_id,
            self.service,
            self.action,
            self.at,
            &self.region
        ];
        tx.execute(SQL, params).await.map(drop)
    }
}

/// The prefix of a service's actions, by the name of its model.
fn namespace(service: &'static str) -> &'static str {
    match service {
        "accessanalyzer" => "access-analyzer",
        other => other,
    }
}

/// A stored attempt.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) service: String,
    pub(super) action: String,
    pub(super) at: Timestamp,
    pub(super) region: String,
}

/// The attempts within the tracking period, by who made them: of one entity, or of the whole account.
pub(super) async fn tracked(
    snapshot: &mut Snapshot,
    account: &str,
    entity_id: Option<&str>,
    now: Timestamp,
) -> Result<HashMap<String, Vec<Stored>>, store::Error> {
    const ALL: &str = "SELECT entity_id, service, action, accessed_at, region FROM last_accesses \
        WHERE account_id = $1 AND accessed_at > $2";
    const ONE: &str = "SELECT entity_id, service, action, accessed_at, region FROM last_accesses \
        WHERE account_id = $1 AND accessed_at > $2 AND entity_id = $3";
    let since = now.saturating_sub(TRACKING_PERIOD);
    let stored = |row: &Row<'_>| {
        let stored = Stored {
            service: row.get(1)?,
            action: row.get(2)?,
            at: row.get(3)?,
            region: row.get(4)?,
        };
        Ok((row.get::<String>(0)?, stored))
    };
    let rows = match entity_id {
        Some(id) => snapshot.rows(ONE, params![account, since, id], stored).await?,
        None => snapshot.rows(ALL, params![account, since], stored).await?,
    };
    let mut by_entity: HashMap<_, Vec<_>> = HashMap::new();
    for (entity, stored) in rows {
        by_entity.entry(entity).or_default().push(stored);
    }
    Ok(by_entity)
}

/// Forgets the attempts that nothing tells of any more.
pub(crate) async fn forget(tx: &mut Transaction, now: Timestamp) -> Result<u64, store::Error> {
    const SQL: &str = "DELETE FROM last_accesses WHERE accessed_at <= $1";
    tx.execute(SQL, params![now.saturating_sub(TRACKING_PERIOD)]).await
}
