//! Users.

mod create;
mod describe;
mod list;
mod update;

use iam::door::Call;
use store::{Snapshot, params};
use wire::workmail::{DeleteUserRequest, DeleteUserResponse, EntityType, Operation, UserRole};

use crate::{entities, organizations, refusal};

pub(crate) use create::create_user;
pub(crate) use describe::describe_user;
pub(crate) use list::list_users;
pub(crate) use update::update_user;

pub(crate) async fn delete_user(
    call: &mut Call,
    input: DeleteUserRequest,
) -> Result<DeleteUserResponse, wire::Error> {
    let now = call.now();
    let (tx, organization) =
        organizations::write(call, Operation::DeleteUser, &input.organization_id).await?;
    entities::delete(tx, &organization.id, &input.user_id, EntityType::User, now).await?;
    Ok(DeleteUserResponse {})
}

/// The role of a user.
pub(crate) async fn role_of(snapshot: &mut Snapshot, id: &str) -> Result<UserRole, store::Error> {
    const SQL: &str = "SELECT role FROM user_details WHERE entity_id = $1";
    let role: Option<String> = snapshot.row(SQL, params![id], |row| row.get(0)).await?;
    role.as_deref()
        .and_then(UserRole::parse)
        .ok_or_else(|| store::Error::corrupt("the role of a user"))
}

/// The role that a request gives. System users and Exchange resources are not made by callers.
fn settable(role: UserRole) -> Result<UserRole, wire::Error> {
    match role {
        UserRole::User | UserRole::RemoteUser => Ok(role),
        UserRole::Resource | UserRole::SystemUser => {
            Err(refusal::invalid(format!("The role {} cannot be set.", role.as_str())))
        }
    }
}
