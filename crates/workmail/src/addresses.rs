//! The addresses of entities: the rows, and the rules that hold for all of them.

use store::{Snapshot, Transaction, params};

use crate::{
    address::Address,
    domain_name::TEST_DOMAIN_PARENT,
    domains,
    entities::{Entity, JOURNAL},
    organizations::Organization,
    refusal,
};

/// Aliases of one entity (AWS's quota, there for users).
const ALIASES_MAX: i64 = 100;

/// Whose an address is.
pub(crate) enum Holder {
    Nobody,
    /// The entity asked for; the flag tells whether it is the primary address.
    Itself(bool),
}

/// Reads an address that `entity` is to have and checks that it can: its domain is the organization's and
/// verified, and it is nobody else's.
///
/// # Errors
/// `InvalidParameterException`, `MailDomainNotFoundException`, `MailDomainStateException`,
/// `EmailAddressInUseException`.
pub(crate) async fn check(
    snapshot: &mut Snapshot,
    organization: &Organization,
    entity: &Entity,
    text: &str,
) -> Result<(Address, Holder), wire::Error> {
    let address = Address::parse(text)?;
    domains::usable(snapshot, &organization.id, &address.domain).await?;
    let test_domain = format!("{}.{TEST_DOMAIN_PARENT}", organization.alias.to_lowercase());
    if address.key == format!("{JOURNAL}@{test_domain}") {
        return Err(refusal::address_taken(text));
    }
    const SQL: &str = "SELECT entity_id, is_primary FROM addresses WHERE address_key = $1";
    let held: Option<(String, bool)> =
        snapshot.row(SQL, params![&address.key], |row| Ok((row.get(0)?, row.get(1)?))).await?;
    match held {
        None => Ok((address, Holder::Nobody)),
        Some((holder, primary)) if holder == entity.id => Ok((address, Holder::Itself(primary))),
        Some(_) => Err(refusal::address_taken(text)),
    }
}

/// Gives a free address to an entity.
pub(crate) async fn insert(
    tx: &mut Transaction,
    organization: &str,
    entity: &Entity,
    address: &Address,
    primary: bool,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO addresses \
        (address_key, address, organization_id, domain, entity_id, kind, is_primary) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (Address { text, key, domain }, kind) = (address, entity.kind.as_str());
    let row = params![key, text, organization, domain, &entity.id, kind, primary];
    tx.execute(SQL, row).await.map(drop)
}

/// Makes one of the entity's own addresses its primary one; the old one becomes an alias.
pub(crate) async fn make_primary(
    tx: &mut Transaction,
    entity: &str,
    key: &str,
) -> Result<(), store::Error> {
    const OLD: &str = "UPDATE addresses SET is_primary = 0 WHERE entity_id = $1 AND is_primary = 1";
    tx.execute(OLD, params![entity]).await?;
    const NEW: &str =
        "UPDATE addresses SET is_primary = 1 WHERE entity_id = $1 AND address_key = $2";
    tx.execute(NEW, params![entity, key]).await.map(drop)
}

/// Takes an alias from an entity; the primary address stays.
pub(crate) async fn remove_alias(
    tx: &mut Transaction,
    entity: &str,
    key: &str,
) -> Result<(), store::Error> {
    const SQL: &str =
        "DELETE FROM addresses WHERE address_key = $2 AND entity_id = $1 AND is_primary = 0";
    tx.execute(SQL, params![entity, key]).await.map(drop)
}

/// Takes all addresses from an entity.
pub(crate) async fn remove_all(tx: &mut Transaction, entity: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM addresses WHERE entity_id = $1";
    tx.execute(sql, params![entity]).await.map(drop)
}

/// The primary address of an entity.
pub(crate) async fn primary(
    snapshot: &mut Snapshot,
    entity: &str,
) -> Result<Option<String>, store::Error> {
    const SQL: &str = "SELECT address FROM addresses WHERE entity_id = $1 AND is_primary = 1";
    snapshot.row(SQL, params![entity], |row| row.get(0)).await
}

/// Refuses one more alias to an entity that has as many as it may, with the error that the caller's operation declares
/// for that.
pub(crate) async fn check_alias_quota(
    snapshot: &mut Snapshot,
    entity: &Entity,
    refusal: &'static wire::ErrorKind,
) -> Result<(), wire::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM addresses WHERE entity_id = $1 AND is_primary = 0";
    let held: Option<i64> = snapshot.row(SQL, params![&entity.id], |row| row.get(0)).await?;
    if held.unwrap_or_default() >= ALIASES_MAX {
        let text =
            format!("The entity {} has {ALIASES_MAX} aliases, which is the limit.", entity.name);
        return Err(refusal.with(text));
    }
    Ok(())
}
