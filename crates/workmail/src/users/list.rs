//! ListUsers.

use iam::door::Call;
use wire::workmail::{
    EntityType, ListUsersFilters, ListUsersRequest, ListUsersResponse, Operation, User, UserRole,
};

use crate::{
    entities::{Filter, Listed, Listing, only_one},
    organizations,
    page::Page,
};

pub(crate) async fn list_users(
    call: &mut Call,
    input: ListUsersRequest,
) -> Result<ListUsersResponse, wire::Error> {
    let operation = Operation::ListUsers;
    let id = &input.organization_id;
    let filter = filter(input.filters.unwrap_or_default())?;
    let scope = [id.as_str(), &filter.scope()];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let listing = Listing { organization: &organization.id, kind: EntityType::User, filter };
    let (users, next_token) = listing.read(snapshot, &page).await?;
    Ok(ListUsersResponse { users: Some(users.into_iter().map(user).collect()), next_token })
}

fn filter(filters: ListUsersFilters) -> Result<Filter, wire::Error> {
    let display_name = filters.display_name_prefix.map(|text| text.expose().to_owned());
    only_one([
        filters.username_prefix.map(Filter::Name),
        display_name.map(Filter::DisplayName),
        filters.primary_email_prefix.map(Filter::PrimaryEmail),
        filters.state.map(Filter::State),
        filters.identity_provider_user_id_prefix.map(Filter::IdentityProviderUserId),
    ])
}

fn user(listed: Listed) -> User {
    let entity = listed.entity;
    User {
        id: Some(entity.id),
        email: listed.email,
        name: Some(entity.name),
        display_name: listed.display_name,
        state: Some(entity.state),
        user_role: listed.role.as_deref().and_then(UserRole::parse),
        enabled_date: entity.enabled_at,
        disabled_date: entity.disabled_at,
        identity_provider_user_id: listed.identity_provider_user_id,
        identity_provider_identity_store_id: listed.identity_provider_identity_store_id,
    }
}
