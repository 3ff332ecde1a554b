//! Organizations: what all else belongs to, and the one thing of the service that policies can name.

mod create;
mod delete;
mod show;

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

/// An organization, living or deleted.
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) alias: String,
    pub(crate) directory_id: String,
    pub(crate) default_domain: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) deleted: bool,
}

const COLUMNS: &str = "id, alias, directory_id, default_domain, created_at, deleted_at";

impl Organization {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            alias: row.get(1)?,
            directory_id: row.get(2)?,
            default_domain: row.get(3)?,
            created_at: row.get(4)?,
            deleted: row.get::<Option<i64>>(5)?.is_some(),
        })
    }

    /// As `DescribeOrganization` names it. Creation is done within the call that asks for it, so the states in
    /// between are never seen.
    pub(crate) fn state(&self) -> &'static str {
        if self.deleted { "Deleted" } else { "Active" }
    }

    /// This organization if it can be worked with.
    pub(crate) fn active(self) -> Result<Self, wire::Error> {
        if self.deleted {
            let text = format!("The organization {} is in the state {}.", self.id, self.state());
            return Err(ORGANIZATION_STATE.with(text));
        }
        Ok(self)
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

/// Authorises `operation` on an organization to read from it; it must be active.
pub(crate) async fn read<'c>(
    call: &'c mut Call,
    operation: Operation,
    id: &str,
) -> Result<(&'c mut Snapshot, Organization), wire::Error> {
    let caller = call.caller();
    let snapshot = call.read(operation.action(), Named(id)).await?;
    let organization = active(snapshot, &caller, id).await?;
    Ok((snapshot, organization))
}

/// Authorises `operation` on an organization to change it; it must be active.
pub(crate) async fn write<'c>(
    call: &'c mut Call,
    operation: Operation,
    id: &str,
) -> Result<(&'c mut Transaction, Organization), wire::Error> {
    let caller = call.caller();
    let tx = call.write(operation.action(), Named(id)).await?;
    let organization = active(tx, &caller, id).await?;
    Ok((tx, organization))
}

/// The organization of that id if it is of the caller's account and region, and active. The caller has authorised.
pub(crate) async fn active(
    snapshot: &mut Snapshot,
    caller: &Caller,
    id: &str,
) -> Result<Organization, wire::Error> {
    require(snapshot, caller, id).await?.active()
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
