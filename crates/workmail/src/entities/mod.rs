//! Users, groups and resources: what they have in common, and how callers name them.

mod describe;
mod listing;

use store::{Row, Snapshot, Transaction, Value, params};
use wire::workmail::{EntityState, EntityType};
use world::Timestamp;

use crate::{address::Lookup, refusal};

pub(crate) use describe::describe_entity;
pub(crate) use listing::{Filter, Listed, Listing, display_key, only_one};

/// Names that an organization keeps for itself: the sender of journal records.
const RESERVED_NAMES: [&str; 1] = [JOURNAL];
/// The local part of the test domain that nobody is given.
pub(crate) const JOURNAL: &str = "amazonjournaling";

/// What goes with an entity that is deleted: tables, and the columns in which it stands there.
const TIES: &[(&str, &str)] = &[
    ("memberships", "group_id"),
    ("memberships", "member_id"),
    ("mailbox_permissions", "owner_id"),
    ("mailbox_permissions", "grantee_id"),
    ("resource_delegates", "resource_id"),
    ("resource_delegates", "delegate_id"),
    ("user_passwords", "entity_id"),
    ("personal_access_tokens", "user_id"),
    ("mobile_device_overrides", "entity_id"),
    ("mobile_devices", "entity_id"),
    ("migration_admins", "entity_id"),
];

/// A user, group or resource, living or deleted.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) id: String,
    pub(crate) kind: EntityType,
    pub(crate) name: String,
    pub(crate) state: EntityState,
    pub(crate) hidden: bool,
    pub(crate) enabled_at: Option<Timestamp>,
    pub(crate) disabled_at: Option<Timestamp>,
}

/// The columns that [`Entity::of`] reads, of `entities e`.
const COLUMNS: &str = "e.id, e.kind, e.name, e.state, e.hidden, e.enabled_at, e.disabled_at";

/// Which forms of an identifier an operation takes (`EntityIdentifier`, `WorkMailIdentifier`).
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Forms {
    /// Id, address or name, tried in this order.
    Any,
    /// Id or name.
    IdOrName,
    /// The id alone.
    Id,
}

impl Entity {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = || store::Error::corrupt("the kind or state of an entity");
        Ok(Self {
            id: row.get(0)?,
            kind: EntityType::parse(row.get(1)?).ok_or_else(corrupt)?,
            name: row.get(2)?,
            state: EntityState::parse(row.get(3)?).ok_or_else(corrupt)?,
            hidden: row.get(4)?,
            enabled_at: row.get(5)?,
            disabled_at: row.get(6)?,
        })
    }

    /// This entity unless it is deleted.
    pub(crate) fn living(self) -> Result<Self, wire::Error> {
        match self.state {
            EntityState::Deleted => {
                Err(refusal::state(&self.name, self.state, "ENABLED or DISABLED"))
            }
            EntityState::Enabled | EntityState::Disabled => Ok(self),
        }
    }

    /// This entity if it is registered.
    pub(crate) fn enabled(self) -> Result<Self, wire::Error> {
        match self.state {
            EntityState::Enabled => Ok(self),
            state => Err(refusal::state(&self.name, state, "ENABLED")),
        }
    }
}

/// The entity of the organization that a caller named, of one of `kinds`.
///
/// # Errors
/// `EntityNotFoundException`.
pub(crate) async fn require(
    snapshot: &mut Snapshot,
    organization: &str,
    given: &str,
    forms: Forms,
    kinds: &[EntityType],
) -> Result<Entity, wire::Error> {
    let found = find(snapshot, organization, given, forms).await?;
    found.filter(|entity| kinds.contains(&entity.kind)).ok_or_else(|| refusal::no_entity(given))
}

/// The entity of the organization that a caller named. The deleted are found by their id only.
pub(crate) async fn find(
    snapshot: &mut Snapshot,
    organization: &str,
    given: &str,
    forms: Forms,
) -> Result<Option<Entity>, store::Error> {
    if let Some(entity) = by_id(snapshot, organization, given).await? {
        return Ok(Some(entity));
    }
    if forms == Forms::Any
        && let Some(address) = Lookup::parse(given)
        && let Some(entity) = by_address(snapshot, organization, &address.key()).await?
    {
        return Ok(Some(entity));
    }
    match forms {
        Forms::Any | Forms::IdOrName => by_name(snapshot, organization, given).await,
        Forms::Id => Ok(None),
    }
}

async fn by_id(
    snapshot: &mut Snapshot,
    organization: &str,
    id: &str,
) -> Result<Option<Entity>, store::Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM entities e WHERE e.id = $1 AND e.organization_id = $2");
    snapshot.row(&sql, params![id, organization], Entity::of).await
}

pub(crate) async fn by_address(
    snapshot: &mut Snapshot,
    organization: &str,
    key: &str,
) -> Result<Option<Entity>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM addresses a JOIN entities e ON e.id = a.entity_id \
         WHERE a.address_key = $1 AND a.organization_id = $2"
    );
    snapshot.row(&sql, params![key, organization], Entity::of).await
}

async fn by_name(
    snapshot: &mut Snapshot,
    organization: &str,
    name: &str,
) -> Result<Option<Entity>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM entities e \
         WHERE e.organization_id = $1 AND e.name_key = $2 AND e.deleted_at IS NULL"
    );
    snapshot.row(&sql, params![organization, name.to_lowercase()], Entity::of).await
}

/// Makes an entity, which starts DISABLED. The caller has checked the name by [`check_name`].
pub(crate) async fn create(
    tx: &mut Transaction,
    organization: &str,
    id: &str,
    kind: EntityType,
    name: &str,
    hidden: bool,
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO entities \
        (id, organization_id, kind, name, name_key, state, hidden, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let state = EntityState::Disabled.as_str();
    let key = name.to_lowercase();
    let row = params![id, organization, kind.as_str(), name, key, state, hidden, now];
    tx.execute(SQL, row).await.map(drop)
}

/// Refuses a name that is reserved, or that a living entity of any kind has.
///
/// # Errors
/// `ReservedNameException`, `NameAvailabilityException`.
pub(crate) async fn check_name(
    snapshot: &mut Snapshot,
    organization: &str,
    name: &str,
) -> Result<(), wire::Error> {
    if RESERVED_NAMES.contains(&name.to_lowercase().as_str()) {
        let text = format!("The name {name} is reserved.");
        return Err(wire::workmail::errors::RESERVED_NAME.with(text));
    }
    match by_name(snapshot, organization, name).await? {
        Some(_) => Err(refusal::name_taken(name)),
        None => Ok(()),
    }
}

/// Deletes an entity by id or name: leaves a tombstone, and takes it out of its groups and of
/// the resources that it is a delegate of. One that is unknown or
/// deleted is as gone as it was to be: the operations declare no error for it.
///
/// # Errors
/// `EntityStateException` unless it is DISABLED; `InvalidParameterException` for an address, and for what is of another
/// kind: a deletion must not seem done.
pub(crate) async fn delete(
    tx: &mut Transaction,
    organization: &str,
    given: &str,
    kind: EntityType,
    now: Timestamp,
) -> Result<(), wire::Error> {
    let Some(entity) = find(tx, organization, given, Forms::IdOrName).await? else {
        if given.contains('@') && find(tx, organization, given, Forms::Any).await?.is_some() {
            let text = format!("The identifier {given} is an address; give the id or the name.");
            return Err(refusal::invalid(text));
        }
        return Ok(());
    };
    match entity.state {
        EntityState::Deleted => return Ok(()),
        _ if entity.kind != kind => return Err(not_deleted_so(given, entity.kind)),
        EntityState::Enabled => return Err(refusal::state(&entity.name, entity.state, "DISABLED")),
        EntityState::Disabled => {}
    }
    cut_ties(tx, std::slice::from_ref(&entity.id)).await?;
    const SQL: &str = "UPDATE entities SET state = $2, deleted_at = $3 WHERE id = $1";
    tx.execute(SQL, params![&entity.id, EntityState::Deleted.as_str(), now]).await?;
    Ok(())
}

fn not_deleted_so(given: &str, kind: EntityType) -> wire::Error {
    let kind = kind.as_str().to_lowercase();
    refusal::invalid(format!("The identifier {given} is that of a {kind}."))
}

/// Removes entities without a trace; their addresses and mailboxes are gone already.
pub(crate) async fn erase(tx: &mut Transaction, ids: &[String]) -> Result<(), store::Error> {
    cut_ties(tx, ids).await?;
    for (table, column) in
        [("resource_details", "entity_id"), ("user_details", "entity_id"), ("entities", "id")]
    {
        delete_rows(tx, table, column, ids).await?;
    }
    Ok(())
}

/// Makes entities DISABLED; their addresses and mailboxes are gone already.
pub(crate) async fn disable(
    tx: &mut Transaction,
    ids: &[String],
    now: Timestamp,
) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE entities SET state = $2, disabled_at = $3 WHERE id = $1";
    for id in ids {
        tx.execute(SQL, params![id, EntityState::Disabled.as_str(), now]).await?;
    }
    Ok(())
}

/// Removes what ties entities to others, and by what they sign in.
async fn cut_ties(tx: &mut Transaction, ids: &[String]) -> Result<(), store::Error> {
    for (table, column) in TIES {
        delete_rows(tx, table, column, ids).await?;
    }
    Ok(())
}

/// Deletes from a table whatever names one of the entities: one statement for all of them.
async fn delete_rows(
    tx: &mut Transaction,
    table: &str,
    column: &str,
    ids: &[String],
) -> Result<(), store::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
    let sql = format!("DELETE FROM {table} WHERE {column} IN ({})", places.join(", "));
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    tx.execute(&sql, &ids).await.map(drop)
}

#[cfg(test)]
pub(crate) fn is_a_tie(table: &str, column: &str) -> bool {
    TIES.contains(&(table, column))
}

/// Sets whether the address book shows an entity.
pub(crate) async fn set_hidden(
    tx: &mut Transaction,
    id: &str,
    hidden: bool,
) -> Result<(), store::Error> {
    let sql = "UPDATE entities SET hidden = $2 WHERE id = $1";
    tx.execute(sql, params![id, hidden]).await.map(drop)
}
