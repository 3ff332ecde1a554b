//! Aliases, and the address that goes before them.

use iam::door::Call;
use store::params;
use wire::workmail::{
    CreateAliasRequest, CreateAliasResponse, DeleteAliasRequest, DeleteAliasResponse, EntityType,
    ListAliasesRequest, ListAliasesResponse, Operation, UpdatePrimaryEmailAddressRequest,
    UpdatePrimaryEmailAddressResponse,
    errors::{INVALID_PARAMETER, LIMIT_EXCEEDED},
};

use crate::{
    address::Address,
    addresses::{self, Holder},
    entities::{self, Forms},
    organizations,
    page::Page,
    refusal,
};

/// What can have addresses.
pub(crate) const ADDRESSED: [EntityType; 3] =
    [EntityType::User, EntityType::Group, EntityType::Resource];

pub(crate) async fn create_alias(
    call: &mut Call,
    input: CreateAliasRequest,
) -> Result<CreateAliasResponse, wire::Error> {
    let (tx, organization) =
        organizations::write(call, Operation::CreateAlias, &input.organization_id).await?;
    let given = &input.entity_id;
    let entity = entities::require(tx, &organization.id, given, Forms::Id, &ADDRESSED).await?;
    let entity = entity.enabled()?;
    let (address, holder) = addresses::check(tx, &organization, &entity, &input.alias).await?;
    if let Holder::Nobody = holder {
        addresses::check_alias_quota(tx, &entity, &LIMIT_EXCEEDED).await?;
        addresses::insert(tx, &organization.id, &entity, &address, false).await?;
    }
    Ok(CreateAliasResponse {})
}

pub(crate) async fn delete_alias(
    call: &mut Call,
    input: DeleteAliasRequest,
) -> Result<DeleteAliasResponse, wire::Error> {
    let (tx, organization) =
        organizations::write(call, Operation::DeleteAlias, &input.organization_id).await?;
    let given = &input.entity_id;
    let entity = entities::require(tx, &organization.id, given, Forms::Id, &ADDRESSED).await?;
    let entity = entity.enabled()?;
    let key = Address::parse(&input.alias)?.key;
    let primary = addresses::primary(tx, &entity.id).await?;
    if primary.is_some_and(|primary| primary.to_ascii_lowercase() == key) {
        let text = format!("The address {} is the primary one, not an alias.", input.alias);
        return Err(refusal::invalid(text));
    }
    addresses::remove_alias(tx, &entity.id, &key).await?;
    Ok(DeleteAliasResponse {})
}

pub(crate) async fn list_aliases(
    call: &mut Call,
    input: ListAliasesRequest,
) -> Result<ListAliasesResponse, wire::Error> {
    let operation = Operation::ListAliases;
    let id = &input.organization_id;
    let scope = [id.as_str(), &input.entity_id];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let given = &input.entity_id;
    let entity =
        entities::require(snapshot, &organization.id, given, Forms::Id, &ADDRESSED).await?;
    let entity = entity.living()?;
    let range = page.range("");
    const SQL: &str = "SELECT address_key, address FROM addresses \
        WHERE entity_id = $1 AND is_primary = 0 AND address_key > $2 \
        ORDER BY address_key LIMIT $3";
    let bounds = params![&entity.id, &range.key, range.fetch];
    let mut found: Vec<(String, String)> =
        snapshot.rows(SQL, bounds, |row| Ok((row.get(0)?, row.get(1)?))).await?;
    let next_token = page.cut(&mut found, |(key, _)| (key, ""))?;
    let aliases = found.into_iter().map(|(_, address)| address).collect();
    Ok(ListAliasesResponse { aliases: Some(aliases), next_token })
}

pub(crate) async fn update_primary_email_address(
    call: &mut Call,
    input: UpdatePrimaryEmailAddressRequest,
) -> Result<UpdatePrimaryEmailAddressResponse, wire::Error> {
    let operation = Operation::UpdatePrimaryEmailAddress;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let given = &input.entity_id;
    let entity = entities::require(tx, &organization.id, given, Forms::Any, &ADDRESSED).await?;
    let entity = entity.enabled()?;
    let (address, holder) = addresses::check(tx, &organization, &entity, &input.email).await?;
    if let Holder::Nobody = holder {
        // which declares no LimitExceededException
        addresses::check_alias_quota(tx, &entity, &INVALID_PARAMETER).await?;
        addresses::insert(tx, &organization.id, &entity, &address, false).await?;
    }
    if !matches!(holder, Holder::Itself(true)) {
        addresses::make_primary(tx, &entity.id, &address.key).await?;
    }
    Ok(UpdatePrimaryEmailAddressResponse {})
}
