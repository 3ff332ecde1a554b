//! UpdateUser: a member that is absent stays as it is, an empty one is cleared.

use iam::door::Call;
use store::{Transaction, params};
use wire::workmail::{EntityState, EntityType, Operation, UpdateUserRequest, UpdateUserResponse};

use super::{role_of, settable};
use crate::{
    entities::{self, Entity, Forms, display_key},
    organizations, refusal,
};

pub(crate) async fn update_user(
    call: &mut Call,
    input: UpdateUserRequest,
) -> Result<UpdateUserResponse, wire::Error> {
    let (tx, organization) =
        organizations::write(call, Operation::UpdateUser, &input.organization_id).await?;
    let kinds = [EntityType::User];
    let given = &input.user_id;
    let user = entities::require(tx, &organization.id, given, Forms::Any, &kinds).await?;
    let user = user.living()?;
    set_role(tx, &user, &input).await?;
    if let Some(hidden) = input.hidden_from_global_address_list {
        entities::set_hidden(tx, &user.id, hidden).await?;
    }
    set_texts(tx, &user.id, &input).await?;
    if let Some(provider_id) = input.identity_provider_user_id.as_deref() {
        set_provider_id(tx, &user.id, provider_id).await?;
    }
    Ok(UpdateUserResponse {})
}

/// A registered user has a mailbox and a registered remote user none, so the role changes only between.
async fn set_role(
    tx: &mut Transaction,
    user: &Entity,
    input: &UpdateUserRequest,
) -> Result<(), wire::Error> {
    let Some(role) = input.role else { return Ok(()) };
    if role_of(tx, &user.id).await? == role {
        return Ok(());
    }
    let role = settable(role)?;
    if user.state == EntityState::Enabled {
        return Err(refusal::state(&user.name, user.state, "DISABLED for its role to change"));
    }
    let sql = "UPDATE user_details SET role = $2 WHERE entity_id = $1";
    tx.execute(sql, params![&user.id, role.as_str()]).await?;
    Ok(())
}

async fn set_texts(
    tx: &mut Transaction,
    id: &str,
    input: &UpdateUserRequest,
) -> Result<(), store::Error> {
    for (column, text) in [
        ("display_name", &input.display_name),
        ("first_name", &input.first_name),
        ("last_name", &input.last_name),
        ("initials", &input.initials),
        ("telephone", &input.telephone),
        ("street", &input.street),
        ("job_title", &input.job_title),
        ("city", &input.city),
        ("company", &input.company),
        ("zip_code", &input.zip_code),
        ("department", &input.department),
        ("country", &input.country),
        ("office", &input.office),
    ] {
        let Some(text) = text.as_ref().map(|text| text.expose()) else { continue };
        let sql = format!("UPDATE user_details SET {column} = $2 WHERE entity_id = $1");
        tx.execute(&sql, params![id, Some(text).filter(|text| !text.is_empty())]).await?;
        if column == "display_name" {
            let sql = "UPDATE user_details SET display_key = $2 WHERE entity_id = $1";
            tx.execute(sql, params![id, display_key(text)]).await?;
        }
    }
    Ok(())
}

/// The empty id unlinks the user from the identity provider.
async fn set_provider_id(
    tx: &mut Transaction,
    id: &str,
    provider_id: &str,
) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE user_details \
        SET identity_provider_user_id = $2, identity_provider_key = $3 WHERE entity_id = $1";
    let provider_id = Some(provider_id).filter(|text| !text.is_empty());
    let key = provider_id.map(str::to_lowercase);
    tx.execute(SQL, params![id, provider_id, key]).await.map(drop)
}
