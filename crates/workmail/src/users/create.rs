//! CreateUser.

use iam::door::Call;
use store::{Transaction, params};
use wire::{
    Sensitive,
    workmail::{CreateUserRequest, CreateUserResponse, EntityType, Operation, UserRole},
};

use super::settable;
use crate::{
    entities::{self, display_key},
    organizations,
    passwords::{self, Hasher, policy},
};

pub(crate) async fn create_user(
    call: &mut Call,
    hasher: &Hasher,
    input: CreateUserRequest,
) -> Result<CreateUserResponse, wire::Error> {
    let (world, now) = (call.world(), call.now());
    let operation = Operation::CreateUser;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let role = settable(input.role.unwrap_or(UserRole::User))?;
    entities::check_name(snapshot, &organization.id, &input.name).await?;
    let hash = match &input.password {
        Some(password) => {
            let password = policy::check(password)?;
            call.release(); // others must not wait for the hash to be made
            Some(hasher.hash(&world, password).await?)
        }
        None => None,
    };
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    entities::check_name(tx, &organization.id, &input.name).await?;
    let (id, hidden) = (world.random_uuid(), input.hidden_from_global_address_list);
    let (kind, hidden) = (EntityType::User, hidden.unwrap_or(false));
    entities::create(tx, &organization.id, &id, kind, &input.name, hidden, now).await?;
    insert_details(tx, &organization.id, &id, role, &input).await?;
    if let Some(hash) = hash {
        passwords::set(tx, &id, &hash, now).await?;
    }
    Ok(CreateUserResponse { user_id: Some(id) })
}

async fn insert_details(
    tx: &mut Transaction,
    organization: &str,
    id: &str,
    role: UserRole,
    input: &CreateUserRequest,
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO user_details \
        (entity_id, organization_id, role, display_name, display_key, first_name, last_name, \
        identity_provider_user_id, identity_provider_key) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let text = |text: &Option<Sensitive>| {
        text.as_ref().map(|text| text.expose().to_owned()).filter(|text| !text.is_empty())
    };
    let provider_id = input.identity_provider_user_id.as_deref();
    let row = params![
        id,
        organization,
        role.as_str(),
        input.display_name.expose(),
        display_key(input.display_name.expose()),
        text(&input.first_name),
        text(&input.last_name),
        provider_id,
        provider_id.map(str::to_lowercase),
    ];
    tx.execute(SQL, row).await.map(drop)
}
