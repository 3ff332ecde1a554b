//! Organizations: what all else belongs to, and the one thing of the service that policies can name.

mod create;
mod delete;
mod directories;
mod making;
mod patience;
mod removal;
mod show;
mod state;
mod worker;

use iam::door::{Call, Caller, Resource, Target};
use store::{Row, Snapshot, Transaction, params};
use wire::workmail::{
    Operation,
    errors::{ORGANIZATION_NOT_FOUND, ORGANIZATION_STATE},
};
use world::Timestamp;

use crate::tags;

pub(crate) use create::create_organization;
pub(crate) use delete::delete_organization;
pub(crate) use show::{describe_organization, list_organizations};
pub(crate) use state::State;
pub use worker::{settle_organizations, work_on_organizations};

/// An organization in any state.
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) alias: String,
    pub(crate) directory_id: String,
    /// None before it is active and after it was.
    pub(crate) default_domain: Option<String>,
    /// When it became active.
    pub(crate) completed_at: Option<Timestamp>,
    pub(crate) state: State,
    /// Why it could not be made.
    pub(crate) error_message: Option<String>,
}

const COLUMNS: &str = "id, alias, directory_id, default_domain, completed_at, state, error_message";

impl Organization {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            alias: row.get(1)?,
            directory_id: row.get(2)?,
            default_domain: row.get(3)?,
            completed_at: row.get(4)?,
            state: State::of_column(row.get(5)?)?,
            error_message: row.get(6)?,
        })
    }

    /// This organization if it can be worked with.
    pub(crate) fn active(self) -> Result<Self, wire::Error> {
        if self.state == State::Active { Ok(self) } else { Err(self.unusable()) }
    }

    /// This organization unless it is deleted or about to be.
    pub(crate) fn standing(self) -> Result<Self, wire::Error> {
        if self.state.is_over() { Err(self.unusable()) } else { Ok(self) }
    }

    /// This organization if it can be deleted: it works, or could not be made.
    fn deletable(self) -> Result<Self, wire::Error> {
        match self.state {
            State::Active | State::Failed => Ok(self),
            _ => Err(self.unusable()),
        }
    }

    fn unusable(&self) -> wire::Error {
        let (id, state) = (&self.id, self.state.as_str());
        ORGANIZATION_STATE.with(format!("The organization {id} is in the state {state}."))
    }
}

/// The organization of that id as a target of policies.
pub(crate) struct Named<'a>(pub(crate) &'a str);

impl Target for Named<'_> {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let tags = tags::of_organization(snapshot, caller, self.0).await?;
        Ok(Resource::arn(arn(caller, self.0)).tagged(tags))
    }
}

/// The ARN of an organization of the caller's account and region.
pub(crate) fn arn(caller: &Caller, id: &str) -> String {
    format!("arn:aws:workmail:{}:{}:organization/{id}", caller.region(), caller.account)
}

/// Authorises `operation` on an organization to read from it; it must be active. One that is being made is waited
/// for.
pub(crate) async fn read<'c>(
    call: &'c mut Call,
    operation: Operation,
    id: &str,
) -> Result<(&'c mut Snapshot, Organization), wire::Error> {
    read_as(call, operation, Named(id), id).await
}

/// The same with a target that says more than [`Named`].
pub(crate) async fn read_as<'c>(
    call: &'c mut Call,
    operation: Operation,
    target: impl Target,
    id: &str,
) -> Result<(&'c mut Snapshot, Organization), wire::Error> {
    let organization = made(call, operation, target, id).await?.active()?;
    Ok((call.opened()?, organization))
}

/// Authorises `operation` on an organization to change it; it must be active. One that is being made is waited
/// for.
pub(crate) async fn write<'c>(
    call: &'c mut Call,
    operation: Operation,
    id: &str,
) -> Result<(&'c mut Transaction, Organization), wire::Error> {
    let mut organization = to_change(call, operation, id).await?;
    if organization.state.is_in_the_making() {
        call.abandon();
        made(call, operation, Named(id), id).await?;
        organization = to_change(call, operation, id).await?;
    }
    Ok((call.opened_to_write()?, organization.active()?))
}

/// The organization in a snapshot, after it was made.
async fn made(
    call: &mut Call,
    operation: Operation,
    target: impl Target,
    id: &str,
) -> Result<Organization, wire::Error> {
    let awaited = State::is_in_the_making;
    patience::settled(call, (operation, target), id, patience::TO_USE, awaited).await
}

/// The organization in a transaction.
async fn to_change(
    call: &mut Call,
    operation: Operation,
    id: &str,
) -> Result<Organization, wire::Error> {
    let caller = call.caller();
    let tx = call.write(operation.action(), Named(id)).await?;
    require(tx, &caller, id).await
}

/// The organization of that id if it is of the caller's account and region.
async fn require(
    snapshot: &mut Snapshot,
    caller: &Caller,
    id: &str,
) -> Result<Organization, wire::Error> {
    find(snapshot, caller, id).await?.ok_or_else(|| {
        ORGANIZATION_NOT_FOUND.with(format!("The organization {id} cannot be found."))
    })
}

/// The account and the region of an organization, for the mail side; none of one that is deleted, or is being so.
///
/// # Errors
/// The store's.
pub async fn home_of(
    snapshot: &mut Snapshot,
    id: &str,
) -> Result<Option<(String, String)>, store::Error> {
    let sql =
        "SELECT account_id, region FROM organizations WHERE id = $1 AND state NOT IN ($2, $3)";
    let gone = [State::Deleting.as_str(), State::Deleted.as_str()];
    snapshot.row(sql, params![id, gone[0], gone[1]], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Whether an organization was deleted, with all that it had.
///
/// # Errors
/// The store's.
pub async fn is_deleted(snapshot: &mut Snapshot, id: &str) -> Result<bool, store::Error> {
    let sql = "SELECT state FROM organizations WHERE id = $1";
    let state: Option<String> = snapshot.row(sql, params![id], |row| row.get(0)).await?;
    Ok(state.as_deref() == Some(State::Deleted.as_str()))
}

pub(crate) async fn find(
    snapshot: &mut Snapshot,
    caller: &Caller,
    id: &str,
) -> Result<Option<Organization>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM organizations WHERE id = $1 AND account_id = $2 AND region = $3"
    );
    let key = params![id, &caller.account, caller.region()];
    snapshot.row(&sql, key, Organization::of).await
}
