//! The migration administrator: one user who has full access to all mailboxes of the organization, for as long as
//! mail is brought over from elsewhere.

use iam::door::Call;
use store::{Snapshot, Transaction, params};
use wire::workmail::{
    EntityType, Operation, SetMigrationAdminRequest, SetMigrationAdminResponse, UserRole,
};

use crate::{
    entities::{self, Entity, Forms},
    organizations, refusal, users,
};

pub(crate) async fn set_migration_admin(
    call: &mut Call,
    input: SetMigrationAdminRequest,
) -> Result<SetMigrationAdminResponse, wire::Error> {
    let (tx, organization) =
        organizations::write(call, Operation::SetMigrationAdmin, &input.organization_id).await?;
    let Some(given) = &input.user_id else {
        let sql = "DELETE FROM migration_admins WHERE organization_id = $1";
        tx.execute(sql, params![&organization.id]).await?;
        return Ok(SetMigrationAdminResponse {});
    };
    let kinds = [EntityType::User];
    let user = entities::require(tx, &organization.id, given, Forms::Any, &kinds).await?;
    let user = user.enabled()?;
    check_role(tx, &user).await?;
    const SQL: &str = "INSERT INTO migration_admins (organization_id, entity_id) VALUES ($1, $2) \
        ON CONFLICT (organization_id) DO UPDATE SET entity_id = $2";
    tx.execute(SQL, params![&organization.id, &user.id]).await?;
    Ok(SetMigrationAdminResponse {})
}

/// The id of the migration administrator, if the organization has one.
pub(crate) async fn of(
    snapshot: &mut Snapshot,
    organization: &str,
) -> Result<Option<String>, store::Error> {
    let sql = "SELECT entity_id FROM migration_admins WHERE organization_id = $1";
    snapshot.row(sql, params![organization], |row| row.get(0)).await
}

/// Makes a user who leaves no migration administrator.
pub(crate) async fn resign(tx: &mut Transaction, user: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM migration_admins WHERE entity_id = $1";
    tx.execute(sql, params![user]).await.map(drop)
}

/// Nobody signs in here as a remote user.
async fn check_role(snapshot: &mut Snapshot, user: &Entity) -> Result<(), wire::Error> {
    match users::role_of(snapshot, &user.id).await? {
        UserRole::User => Ok(()),
        role => Err(refusal::invalid(format!(
            "The user {} has the role {}, and cannot be the migration administrator.",
            user.name,
            role.as_str()
        ))),
    }
}
