//! How an organization that was asked for is made.

use store::{Row, Snapshot, Store, Transaction, params};
use world::World;

use super::{State, worker};
use crate::{Verification, access, devices, domain_name::TEST_DOMAIN_PARENT, domains};

/// Users, groups and resources that one transaction takes over from a directory.
const ADOPTED_MAX: usize = 500;

/// What an organization is to begin with.
pub(super) struct Wish<'a> {
    pub(super) domains: &'a [String],
    /// Whose users, groups and resources become those of the new one.
    pub(super) former: Option<&'a str>,
}

impl Wish<'_> {
    /// Puts it down for the worker.
    pub(super) async fn put(&self, tx: &mut Transaction, id: &str) -> Result<(), wire::Error> {
        const SQL: &str = "INSERT INTO organization_wishes \
            (organization_id, domains, former_organization_id) VALUES ($1, $2, $3)";
        let domains = serde_json::to_string(self.domains)?;
        tx.execute(SQL, params![id, domains, self.former]).await?;
        worker::wake(tx, id);
        Ok(())
    }
}

/// Makes an organization, or goes on with it where it was left. What refuses a wish makes it fail.
///
/// # Errors
/// Failures of ours; the next call goes on.
pub(super) async fn make(
    store: &Store,
    world: &World,
    id: &str,
    verification: Verification,
) -> Result<(), wire::Error> {
    begin(store, id).await?;
    while adopt(store, id).await? {}
    let mut tx = store.write().await?;
    match furnish(&mut tx, world, id, verification).await {
        Ok(()) => tx.commit().await?,
        Err(error) if error.kind().fault == wire::Fault::Sender => {
            drop(tx);
            give_up(store, id, error.message()).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

async fn begin(store: &Store, id: &str) -> Result<(), store::Error> {
    let mut tx = store.write().await?;
    const SQL: &str = "UPDATE organizations SET state = $2 WHERE id = $1 AND state = $3";
    let (creating, requested) = (State::Creating.as_str(), State::Requested.as_str());
    tx.execute(SQL, params![id, creating, requested]).await?;
    tx.commit().await
}

/// Takes some of those in a kept directory over. Says whether there may be more.
async fn adopt(store: &Store, id: &str) -> Result<bool, store::Error> {
    let mut tx = store.write().await?;
    const FORMER: &str = "SELECT w.former_organization_id FROM organization_wishes w \
        JOIN organizations o ON o.id = w.organization_id WHERE o.id = $1 AND o.state = 'Creating'";
    let former: Option<Option<String>> = tx.row(FORMER, params![id], |row| row.get(0)).await?;
    let Some(former) = former.flatten() else { return Ok(false) };
    const SOME: &str = "SELECT id FROM entities WHERE organization_id = $1 LIMIT $2";
    let found: Vec<String> = tx.rows(SOME, params![former, ADOPTED_MAX], |row| row.get(0)).await?;
    for entity in &found {
        for sql in [
            "UPDATE entities SET organization_id = $2 WHERE id = $1",
            "UPDATE user_details SET organization_id = $2 WHERE entity_id = $1",
            "UPDATE resource_details SET organization_id = $2 WHERE entity_id = $1",
        ] {
            tx.execute(sql, params![entity, id]).await?;
        }
    }
    tx.commit().await?;
    Ok(found.len() == ADOPTED_MAX)
}

/// Gives an organization all that it begins with, and puts it into service.
async fn furnish(
    tx: &mut Transaction,
    world: &World,
    id: &str,
    verification: Verification,
) -> Result<(), wire::Error> {
    let Some(wanted) = Wanted::find(tx, id).await? else { return Ok(()) };
    let now = world.now();
    let test_domain = format!("{}.{TEST_DOMAIN_PARENT}", wanted.alias_key);
    access::create_default(tx, id).await?;
    devices::create_default(tx, world, id, now).await?;
    domains::add(tx, id, &test_domain, now).await?;
    for domain in &wanted.domains {
        domains::claim(tx, world, id, domain, verification).await?;
    }
    const SQL: &str = "UPDATE organizations \
        SET state = $2, default_domain = $3, completed_at = $4 WHERE id = $1";
    tx.execute(SQL, params![id, State::Active.as_str(), test_domain, now]).await?;
    forget_wish(tx, id).await?;
    Ok(())
}

async fn give_up(store: &Store, id: &str, why: &str) -> Result<(), store::Error> {
    tracing::warn!(organization = id, why, "an organization could not be made");
    let mut tx = store.write().await?;
    const SQL: &str = "UPDATE organizations SET state = $2, error_message = $3 \
        WHERE id = $1 AND state = 'Creating'";
    tx.execute(SQL, params![id, State::Failed.as_str(), why]).await?;
    forget_wish(&mut tx, id).await?;
    tx.commit().await
}

async fn forget_wish(tx: &mut Transaction, id: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM organization_wishes WHERE organization_id = $1";
    tx.execute(sql, params![id]).await.map(drop)
}

/// An organization that is being made, and the domains that it is to have.
struct Wanted {
    alias_key: String,
    domains: Vec<String>,
}

impl Wanted {
    async fn find(snapshot: &mut Snapshot, id: &str) -> Result<Option<Self>, store::Error> {
        const SQL: &str = "SELECT o.alias_key, w.domains FROM organizations o \
            JOIN organization_wishes w ON w.organization_id = o.id \
            WHERE o.id = $1 AND o.state = 'Creating'";
        snapshot.row(SQL, params![id], Self::of).await
    }

    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = |_| store::Error::corrupt("the domains that an organization is to have");
        let domains = serde_json::from_str(row.get(1)?).map_err(corrupt)?;
        Ok(Self { alias_key: row.get(0)?, domains })
    }
}
