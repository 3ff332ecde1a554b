//! Mailbox permissions: who may open the mailbox of another, and send under the name of its owner.

mod operations;
mod sending;

use store::{Row, Snapshot, params};

use crate::address::Lookup;

pub(crate) use operations::{
    delete_mailbox_permissions, list_mailbox_permissions, put_mailbox_permissions,
};
pub use sending::{Standing, standing};

/// Groups of one entity that are looked at; the rights of those beyond do not reach it.
const GROUPS_MAX: usize = 1_000;
/// Mailboxes that are shown to one entity at most.
const SHARED_MAX: usize = 500;

/// What an entity may do with the mailbox of another, beside the rights to single folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Read and write everything in it, whatever the rights to its folders.
    pub full_access: bool,
    /// Send as the owner, who alone is named.
    pub send_as: bool,
    /// Send for the owner, named as the sender beside the owner.
    pub send_on_behalf: bool,
}

/// Whose mailbox it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The id of the user or resource.
    pub id: String,
    /// The primary address.
    pub address: String,
}

/// The registered entity `$2` and the registered groups that it is in, at any depth. `UNION`, not `UNION ALL`:
/// each group once, so that it ends whatever the rows say.
const ABOVE: &str = "WITH RECURSIVE above (id) AS (\
    SELECT id FROM entities WHERE id = $2 AND state = 'ENABLED' UNION \
    SELECT g.id FROM above a CROSS JOIN memberships m CROSS JOIN entities g \
    WHERE m.member_id = a.id AND g.id = m.group_id AND g.state = 'ENABLED')";

/// What `actor` was granted by the owner's permissions, itself or through its groups, or has as the migration
/// administrator. Who is not registered grants nothing and is granted nothing. The owner itself is not asked about:
/// nobody grants anything to himself.
///
/// # Errors
/// The store's.
pub async fn of(
    snapshot: &mut Snapshot,
    owner_id: &str,
    actor_id: &str,
) -> Result<Rights, store::Error> {
    let sql = format!(
        "{ABOVE} SELECT p.full_access, p.send_as, p.send_on_behalf \
         FROM above a CROSS JOIN mailbox_permissions p CROSS JOIN entities o \
         WHERE p.grantee_id = a.id AND p.owner_id = $1 AND o.id = $1 AND o.state = 'ENABLED' \
         UNION ALL SELECT 1, 0, 0 FROM migration_admins m CROSS JOIN entities o \
         WHERE m.entity_id = $2 AND o.id = $1 AND o.state = 'ENABLED' \
         AND o.organization_id = m.organization_id"
    );
    let granted = snapshot.rows(&sql, params![owner_id, actor_id], Rights::of).await?;
    Ok(granted.into_iter().fold(Rights::default(), Rights::or))
}

/// The entity and the groups it is in, at any depth, as far as they are registered: all whose rights it has.
///
/// # Errors
/// The store's.
pub async fn grantees(
    snapshot: &mut Snapshot,
    actor_id: &str,
) -> Result<Vec<String>, store::Error> {
    // the entity itself first, lest a thousand groups displace it
    let order = "CASE WHEN id = $2 THEN 0 ELSE 1 END, id";
    let sql = format!("{ABOVE} SELECT id FROM above ORDER BY {order} LIMIT $1");
    snapshot.rows(&sql, params![GROUPS_MAX, actor_id], |row| row.get(0)).await
}

/// Whose mailboxes `actor` has full access to, by address; the first 500.
///
/// # Errors
/// The store's.
pub async fn opened_to(
    snapshot: &mut Snapshot,
    actor_id: &str,
) -> Result<Vec<Owner>, store::Error> {
    let all = all_opened_to_admin(snapshot, actor_id).await?;
    if !all.is_empty() {
        return Ok(all);
    }
    let sql = format!(
        "{ABOVE} SELECT DISTINCT o.id, p.address, p.address_key \
         FROM above a CROSS JOIN mailbox_permissions m CROSS JOIN entities o \
         CROSS JOIN addresses p \
         WHERE m.grantee_id = a.id AND m.full_access = 1 AND o.id = m.owner_id \
         AND o.state = 'ENABLED' AND p.entity_id = o.id AND p.is_primary = 1 \
         ORDER BY p.address_key LIMIT $1"
    );
    snapshot.rows(&sql, params![SHARED_MAX, actor_id], Owner::of).await
}

/// The mailboxes of the whole organization, if `actor` is its migration administrator.
async fn all_opened_to_admin(
    snapshot: &mut Snapshot,
    actor_id: &str,
) -> Result<Vec<Owner>, store::Error> {
    const SQL: &str = "SELECT o.id, p.address FROM migration_admins m \
        CROSS JOIN addresses p CROSS JOIN entities o \
        WHERE m.entity_id = $2 AND p.organization_id = m.organization_id AND p.is_primary = 1 \
        AND o.id = p.entity_id AND o.state = 'ENABLED' AND o.kind <> 'GROUP' AND o.id <> $2 \
        ORDER BY p.address_key LIMIT $1";
    snapshot.rows(SQL, params![SHARED_MAX, actor_id], Owner::of).await
}

/// The registered entity of an organization that has exactly this address, in any letter case.
///
/// # Errors
/// The store's.
pub async fn holder(
    snapshot: &mut Snapshot,
    organization_id: &str,
    address: &str,
) -> Result<Option<Owner>, store::Error> {
    let Some(lookup) = Lookup::parse(address) else { return Ok(None) };
    const SQL: &str = "SELECT e.id, p.address FROM addresses a \
        JOIN entities e ON e.id = a.entity_id \
        JOIN addresses p ON p.entity_id = e.id AND p.is_primary = 1 \
        WHERE a.address_key = $1 AND a.organization_id = $2 AND e.state = 'ENABLED'";
    snapshot.row(SQL, params![lookup.key(), organization_id], Owner::of).await
}

/// An entity by its id, if it is registered.
///
/// # Errors
/// The store's.
pub async fn owner(
    snapshot: &mut Snapshot,
    entity_id: &str,
) -> Result<Option<Owner>, store::Error> {
    const SQL: &str = "SELECT e.id, p.address FROM entities e \
        JOIN addresses p ON p.entity_id = e.id AND p.is_primary = 1 \
        WHERE e.id = $1 AND e.state = 'ENABLED'";
    snapshot.row(SQL, params![entity_id], Owner::of).await
}

impl Owner {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self { id: row.get(0)?, address: row.get(1)? })
    }
}

impl Rights {
    /// Of columns in the order of the fields.
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self { full_access: row.get(0)?, send_as: row.get(1)?, send_on_behalf: row.get(2)? })
    }

    fn or(self, other: Self) -> Self {
        Self {
            full_access: self.full_access || other.full_access,
            send_as: self.send_as || other.send_as,
            send_on_behalf: self.send_on_behalf || other.send_on_behalf,
        }
    }
}
