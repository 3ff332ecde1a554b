//! Whom mail is for: plain functions for the mail side.

use store::{Row, Snapshot, params};
use wire::workmail::{EntityType, UserRole};

use crate::{Error, address::Lookup, domain_name};

/// Users that a group is expanded to at most.
pub const EXPANSION_MAX: usize = 100_000;

/// A registered user or resource with a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailUser {
    /// `m-` and 32 hexadecimal digits.
    pub organization_id: String,
    /// The id of the user or resource, which owns the mailbox.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name to be shown, if there is one.
    pub display_name: Option<String>,
    /// The primary address.
    pub address: String,
}

/// A registered group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailGroup {
    /// `m-` and 32 hexadecimal digits.
    pub organization_id: String,
    /// The id of the group.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its primary address.
    pub address: String,
}

/// Whom an address stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A user.
    User(MailUser),
    /// A resource: it gets mail as a user does, but nobody signs in to its mailbox.
    Resource(MailUser),
    /// A group.
    Group(MailGroup),
    /// Nobody here can be reached by it, though its domain is ours.
    Unknown,
    /// Its domain is not ours, or it is no address of a domain at all.
    NotLocalDomain,
}

/// The columns of a registered entity with its primary address.
const COLUMNS: &str = "e.organization_id, e.id, e.name, e.kind, d.display_name, d.role, p.address";
const TABLES: &str = "JOIN addresses p ON p.entity_id = e.id AND p.is_primary = 1 \
    LEFT JOIN user_details d ON d.entity_id = e.id";

/// Finds whom an address stands for. Letter case does not matter, and the domain may be written in Unicode. An
/// address that is exactly somebody's wins; otherwise what follows the first `+` is left off.
///
/// # Errors
/// The store's.
pub async fn resolve(snapshot: &mut Snapshot, address: &str) -> Result<Recipient, store::Error> {
    let Some(lookup) = Lookup::parse(address) else { return Ok(Recipient::NotLocalDomain) };
    for key in [Some(lookup.key()), lookup.base_key()].into_iter().flatten() {
        if let Some(recipient) = by_address(snapshot, &key).await? {
            return Ok(recipient);
        }
    }
    match domain_exists(snapshot, &lookup.domain).await? {
        true => Ok(Recipient::Unknown),
        false => Ok(Recipient::NotLocalDomain),
    }
}

/// Whether mail for a domain is ours to deliver. The domain may be written in Unicode.
///
/// # Errors
/// The store's.
pub async fn is_local_domain(snapshot: &mut Snapshot, domain: &str) -> Result<bool, store::Error> {
    match domain_name::lookup(domain) {
        Some(name) => domain_exists(snapshot, &name).await,
        None => Ok(false),
    }
}

/// The users whom mail for a group reaches: its members and those of the groups in it, at any depth, each once,
/// sorted by id. What is not registered takes no part.
///
/// # Errors
/// [`Error::GroupTooLarge`] for more than [`EXPANSION_MAX`] users; the store's.
pub async fn expand_group(snapshot: &mut Snapshot, group_id: &str) -> Result<Vec<MailUser>, Error> {
    let sql = expansion();
    let fetch = params![group_id, EXPANSION_MAX + 1];
    let users = snapshot.rows(&sql, fetch, MailUser::of).await?;
    if users.len() > EXPANSION_MAX {
        return Err(Error::GroupTooLarge { limit: EXPANSION_MAX });
    }
    Ok(users)
}

/// Walks from the group inwards; `CROSS JOIN` keeps SQLite from walking all memberships instead.
fn expansion() -> String {
    // UNION, not UNION ALL: each group once, so that it ends whatever the rows say
    format!(
        "WITH RECURSIVE inside (id) AS (\
         SELECT id FROM entities WHERE id = $1 AND kind = 'GROUP' AND state = 'ENABLED' UNION \
         SELECT e.id FROM inside i CROSS JOIN memberships m CROSS JOIN entities e \
         WHERE m.group_id = i.id AND e.id = m.member_id \
         AND e.kind = 'GROUP' AND e.state = 'ENABLED'\
         ), reached (id) AS (\
         SELECT DISTINCT m.member_id FROM inside i CROSS JOIN memberships m \
         WHERE m.group_id = i.id\
         ) SELECT {COLUMNS} FROM reached r CROSS JOIN entities e {TABLES} \
         WHERE e.id = r.id AND e.kind = 'USER' AND e.state = 'ENABLED' AND d.role = 'USER' \
         ORDER BY e.id LIMIT $2"
    )
}

/// The addresses of a user or group, the primary one first. A user may send as each of them.
///
/// # Errors
/// The store's.
pub async fn addresses_of(
    snapshot: &mut Snapshot,
    entity_id: &str,
) -> Result<Vec<String>, store::Error> {
    const SQL: &str = "SELECT address FROM addresses WHERE entity_id = $1 \
        ORDER BY is_primary DESC, address_key";
    snapshot.rows(SQL, params![entity_id], |row| row.get(0)).await
}

/// The registered user, resource or group that has an address.
pub(crate) async fn by_address(
    snapshot: &mut Snapshot,
    key: &str,
) -> Result<Option<Recipient>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM addresses a JOIN entities e ON e.id = a.entity_id {TABLES} \
         WHERE a.address_key = $1 AND e.state = 'ENABLED'"
    );
    snapshot.row(&sql, params![key], Recipient::of).await
}

async fn domain_exists(snapshot: &mut Snapshot, name: &str) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT 1 FROM mail_domains WHERE name = $1 AND ownership = 'VERIFIED'";
    Ok(snapshot.row(SQL, params![name], |_| Ok(())).await?.is_some())
}

impl Recipient {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let role: Option<&str> = row.get(5)?;
        match EntityType::parse(row.get(3)?) {
            Some(EntityType::User) if role == Some(UserRole::User.as_str()) => {
                MailUser::of(row).map(Self::User)
            }
            Some(EntityType::Resource) => MailUser::of(row).map(Self::Resource),
            Some(EntityType::Group) => MailGroup::of(row).map(Self::Group),
            // the mailbox of a remote user is elsewhere, and we are not told where
            _ => Ok(Self::Unknown),
        }
    }
}

impl MailUser {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            organization_id: row.get(0)?,
            id: row.get(1)?,
            name: row.get(2)?,
            display_name: row.get(4)?,
            address: row.get(6)?,
        })
    }
}

impl MailGroup {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            organization_id: row.get(0)?,
            id: row.get(1)?,
            name: row.get(2)?,
            address: row.get(6)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_expansion_reads_what_the_group_holds_and_nothing_else() {
        let plan = crate::plan::of(&expansion(), 2).await;
        let tables = ["SCAN m", "SCAN e", "SCAN p", "SCAN d"];
        assert!(
            !plan.iter().any(|step| tables.iter().any(|scan| step.starts_with(scan))),
            "{plan:?}"
        );
    }
}
