//! ListResources.

use iam::door::Call;
use wire::{
    Sensitive,
    workmail::{
        EntityType, ListResourcesFilters, ListResourcesRequest, ListResourcesResponse, Operation,
        Resource, ResourceType,
    },
};

use crate::{
    entities::{Filter, Listed, Listing, only_one},
    organizations,
    page::Page,
};

pub(crate) async fn list_resources(
    call: &mut Call,
    input: ListResourcesRequest,
) -> Result<ListResourcesResponse, wire::Error> {
    let operation = Operation::ListResources;
    let id = &input.organization_id;
    let filter = filter(input.filters.unwrap_or_default())?;
    let scope = [id.as_str(), &filter.scope()];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let listing = Listing { organization: &organization.id, kind: EntityType::Resource, filter };
    let (resources, next_token) = listing.read(snapshot, &page).await?;
    let resources = resources.into_iter().map(resource).collect();
    Ok(ListResourcesResponse { resources: Some(resources), next_token })
}

fn filter(filters: ListResourcesFilters) -> Result<Filter, wire::Error> {
    only_one([
        filters.name_prefix.map(Filter::Name),
        filters.primary_email_prefix.map(Filter::PrimaryEmail),
        filters.state.map(Filter::State),
    ])
}

fn resource(listed: Listed) -> Resource {
    let entity = listed.entity;
    Resource {
        id: Some(entity.id),
        email: listed.email,
        name: Some(entity.name),
        r#type: listed.resource_type.as_deref().and_then(ResourceType::parse),
        state: Some(entity.state),
        enabled_date: entity.enabled_at,
        disabled_date: entity.disabled_at,
        description: listed.description.map(Sensitive::from),
    }
}
