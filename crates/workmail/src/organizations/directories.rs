//! Directories: what users, groups and resources are in, and what can outlive the organization they are of.
//!
//! Each organization has one. A directory that was kept waits, with all who are in it disabled, for an
//! organization that is created with its id.

use iam::door::Caller;
use store::{Snapshot, Transaction, params};
use wire::workmail::errors::{DIRECTORY_IN_USE, DIRECTORY_UNAVAILABLE, NAME_AVAILABILITY};
use world::World;

use super::State;
use crate::refusal;

/// The directory of a new organization.
pub(super) struct Directory {
    pub(super) id: String,
    /// The organization that it was last of, if it was kept.
    pub(super) former: Option<String>,
}

impl Directory {
    /// A new directory for that alias, which belongs to no other.
    ///
    /// # Errors
    /// `NameAvailabilityException`.
    pub(super) async fn new(
        snapshot: &mut Snapshot,
        world: &World,
        alias: &str,
    ) -> Result<Self, wire::Error> {
        const SQL: &str = "SELECT 1 FROM directories WHERE alias_key = $1";
        match snapshot.row(SQL, params![alias.to_lowercase()], |_| Ok(())).await? {
            Some(()) => {
                let text = format!("The organization alias {alias} is already in use.");
                Err(NAME_AVAILABILITY.with(text))
            }
            None => Ok(Self { id: format!("d-{}", world.random_hex::<5>()), former: None }),
        }
    }

    /// The kept directory of that id, whose alias it must be.
    ///
    /// # Errors
    /// `DirectoryUnavailableException` if the caller's account has none of that id in the region,
    /// `DirectoryInUseException`, `InvalidParameterException` for another alias.
    pub(super) async fn kept(
        snapshot: &mut Snapshot,
        caller: &Caller,
        id: &str,
        alias: &str,
    ) -> Result<Self, wire::Error> {
        const SQL: &str = "SELECT d.organization_id, d.alias_key, o.state FROM directories d \
            JOIN organizations o ON o.id = d.organization_id \
            WHERE d.id = $1 AND d.account_id = $2 AND d.region = $3";
        let key = params![id, &caller.account, caller.region()];
        let found: Option<(String, String, State)> = snapshot
            .row(SQL, key, |row| Ok((row.get(0)?, row.get(1)?, State::of_column(row.get(2)?)?)))
            .await?;
        let Some((former, alias_key, state)) = found else {
            let text = format!("The directory {id} is unavailable or in another region.");
            return Err(DIRECTORY_UNAVAILABLE.with(text));
        };
        if state != State::Deleted {
            let text = format!("The directory {id} is in use by the organization {former}.");
            return Err(DIRECTORY_IN_USE.with(text));
        }
        if alias_key != alias.to_lowercase() {
            let text = format!("The alias {alias} is not that of the directory {id}.");
            return Err(refusal::invalid(text));
        }
        Ok(Self { id: id.to_owned(), former: Some(former) })
    }

    /// Makes the directory that of an organization.
    pub(super) async fn bind(
        &self,
        tx: &mut Transaction,
        caller: &Caller,
        organization: &str,
        alias_key: &str,
    ) -> Result<(), store::Error> {
        const SQL: &str = "INSERT INTO directories \
            (id, account_id, region, alias_key, organization_id) VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT (id) DO UPDATE SET organization_id = $5";
        let row = params![&self.id, &caller.account, caller.region(), alias_key, organization];
        tx.execute(SQL, row).await.map(drop)
    }
}

/// Removes the directory of an organization, and frees its alias.
pub(super) async fn remove(tx: &mut Transaction, organization: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM directories WHERE organization_id = $1";
    tx.execute(sql, params![organization]).await.map(drop)
}
