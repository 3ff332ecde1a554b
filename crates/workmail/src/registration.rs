//! RegisterToWorkMail and DeregisterFromWorkMail: the way between DISABLED and ENABLED.

use iam::door::Call;
use store::{Snapshot, Transaction, params};
use wire::workmail::{
    DeregisterFromWorkMailRequest, DeregisterFromWorkMailResponse, EntityState, EntityType,
    Operation, RegisterToWorkMailRequest, RegisterToWorkMailResponse, UserRole,
    errors::ENTITY_ALREADY_REGISTERED,
};
use world::Timestamp;

use crate::{
    access,
    address::Address,
    addresses,
    aliases::ADDRESSED,
    entities::{self, Entity, Forms},
    mailboxes, migration_admin, organizations, users,
};

pub(crate) async fn register_to_work_mail(
    call: &mut Call,
    input: RegisterToWorkMailRequest,
) -> Result<RegisterToWorkMailResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::RegisterToWorkMail;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let given = &input.entity_id;
    let entity =
        entities::require(tx, &organization.id, given, Forms::IdOrName, &ADDRESSED).await?;
    let entity = entity.living()?;
    if entity.state == EntityState::Enabled {
        same_address(tx, &entity, &input.email).await?;
        return Ok(RegisterToWorkMailResponse {});
    }
    let (address, _) = addresses::check(tx, &organization, &entity, &input.email).await?;
    addresses::insert(tx, &organization.id, &entity, &address, true).await?;
    if has_mailbox(tx, &entity).await? {
        mailboxes::provision(tx, &entity.id, &organization.id, now).await?;
    }
    const SQL: &str = "UPDATE entities SET state = $2, enabled_at = $3 WHERE id = $1";
    set_state(tx, SQL, &entity, EntityState::Enabled, now).await?;
    Ok(RegisterToWorkMailResponse {})
}

pub(crate) async fn deregister_from_work_mail(
    call: &mut Call,
    input: DeregisterFromWorkMailRequest,
) -> Result<DeregisterFromWorkMailResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::DeregisterFromWorkMail;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let given = &input.entity_id;
    let entity = entities::require(tx, &organization.id, given, Forms::Any, &ADDRESSED).await?;
    let entity = entity.enabled()?;
    addresses::remove_all(tx, &entity.id).await?;
    mailboxes::deprovision(tx, &entity.id, now).await?;
    migration_admin::resign(tx, &entity.id).await?;
    const SQL: &str = "UPDATE entities SET state = $2, disabled_at = $3 WHERE id = $1";
    set_state(tx, SQL, &entity, EntityState::Disabled, now).await?;
    access::judge_again(tx, &organization.id);
    Ok(DeregisterFromWorkMailResponse {})
}

/// Registering again performs no change, unless it asks for another address.
async fn same_address(
    snapshot: &mut Snapshot,
    entity: &Entity,
    email: &str,
) -> Result<(), wire::Error> {
    let wanted = Address::parse(email)?;
    let primary = addresses::primary(snapshot, &entity.id).await?.unwrap_or_default();
    if primary.to_ascii_lowercase() == wanted.key {
        return Ok(());
    }
    let text = format!("The entity {} is already registered with {primary}.", entity.name);
    Err(ENTITY_ALREADY_REGISTERED.with(text))
}

/// Groups have no mailbox; that of a remote user is elsewhere.
async fn has_mailbox(snapshot: &mut Snapshot, entity: &Entity) -> Result<bool, store::Error> {
    match entity.kind {
        EntityType::Group => Ok(false),
        EntityType::Resource => Ok(true),
        EntityType::User => Ok(users::role_of(snapshot, &entity.id).await? == UserRole::User),
    }
}

async fn set_state(
    tx: &mut Transaction,
    sql: &str,
    entity: &Entity,
    state: EntityState,
    now: Timestamp,
) -> Result<(), store::Error> {
    tx.execute(sql, params![&entity.id, state.as_str(), now]).await.map(drop)
}
