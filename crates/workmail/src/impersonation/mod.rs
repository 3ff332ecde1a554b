//! Impersonation roles: programs that act for users by EWS.
//!
//! A program assumes a role by the API and gets a token, which [`open`] takes in; whom it may then act for, and
//! from where, [`Impersonator::may_impersonate`] tells.

mod effect;
mod roles;
mod token;

use store::{Row, Snapshot, params};
use wire::workmail::{ImpersonationRoleType, errors::RESOURCE_NOT_FOUND};
use world::Timestamp;

pub(crate) use effect::get_impersonation_role_effect;
pub(crate) use roles::{
    create_impersonation_role, delete_impersonation_role, get_impersonation_role,
    list_impersonation_roles, update_impersonation_role,
};
pub(crate) use token::assume_impersonation_role;
pub use token::{Impersonator, open};

use effect::Rule;

/// A role.
pub(crate) struct Role {
    id: String,
    name: String,
    r#type: ImpersonationRoleType,
    description: Option<String>,
    rules: Vec<Rule>,
    created_at: Timestamp,
    modified_at: Timestamp,
}

/// The columns that [`Role::of`] reads.
const COLUMNS: &str = "id, name, type, description, rules, created_at, modified_at";

impl Role {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = || store::Error::corrupt("the type or rules of an impersonation role");
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            r#type: ImpersonationRoleType::parse(row.get(2)?).ok_or_else(corrupt)?,
            description: row.get(3)?,
            rules: serde_json::from_str(row.get(4)?).map_err(|_| corrupt())?,
            created_at: row.get(5)?,
            modified_at: row.get(6)?,
        })
    }
}

async fn find(
    snapshot: &mut Snapshot,
    organization: &str,
    id: &str,
) -> Result<Option<Role>, store::Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM impersonation_roles WHERE organization_id = $1 AND id = $2");
    snapshot.row(&sql, params![organization, id], Role::of).await
}

/// The role of that id.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(crate) async fn require(
    snapshot: &mut Snapshot,
    organization: &str,
    id: &str,
) -> Result<Role, wire::Error> {
    find(snapshot, organization, id).await?.ok_or_else(|| {
        RESOURCE_NOT_FOUND.with(format!("The impersonation role {id} cannot be found."))
    })
}
