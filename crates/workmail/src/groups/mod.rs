//! Groups.

mod members;

use iam::door::Call;
use wire::workmail::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, DeleteGroupResponse,
    DescribeGroupRequest, DescribeGroupResponse, EntityType, Group, ListGroupsFilters,
    ListGroupsRequest, ListGroupsResponse, Operation, UpdateGroupRequest, UpdateGroupResponse,
};

use crate::{
    addresses,
    entities::{self, Filter, Forms, Listed, Listing, only_one},
    organizations,
    page::Page,
};

pub(crate) use members::{
    associate_member_to_group, disassociate_member_from_group, list_group_members,
    list_groups_for_entity,
};

const GROUP: [EntityType; 1] = [EntityType::Group];

pub(crate) async fn create_group(
    call: &mut Call,
    input: CreateGroupRequest,
) -> Result<CreateGroupResponse, wire::Error> {
    let (world, now) = (call.world(), call.now());
    let (tx, organization) =
        organizations::write(call, Operation::CreateGroup, &input.organization_id).await?;
    entities::check_name(tx, &organization.id, &input.name).await?;
    let id = world.random_uuid();
    let hidden = input.hidden_from_global_address_list.unwrap_or(false);
    let kind = EntityType::Group;
    entities::create(tx, &organization.id, &id, kind, &input.name, hidden, now).await?;
    Ok(CreateGroupResponse { group_id: Some(id) })
}

pub(crate) async fn describe_group(
    call: &mut Call,
    input: DescribeGroupRequest,
) -> Result<DescribeGroupResponse, wire::Error> {
    let (snapshot, organization) =
        organizations::read(call, Operation::DescribeGroup, &input.organization_id).await?;
    let group =
        entities::require(snapshot, &organization.id, &input.group_id, Forms::Any, &GROUP).await?;
    Ok(DescribeGroupResponse {
        email: addresses::primary(snapshot, &group.id).await?,
        group_id: Some(group.id),
        name: Some(group.name),
        state: Some(group.state),
        enabled_date: group.enabled_at,
        disabled_date: group.disabled_at,
        hidden_from_global_address_list: Some(group.hidden),
    })
}

pub(crate) async fn update_group(
    call: &mut Call,
    input: UpdateGroupRequest,
) -> Result<UpdateGroupResponse, wire::Error> {
    let (tx, organization) =
        organizations::write(call, Operation::UpdateGroup, &input.organization_id).await?;
    let group =
        entities::require(tx, &organization.id, &input.group_id, Forms::Any, &GROUP).await?;
    let group = group.living()?;
    if let Some(hidden) = input.hidden_from_global_address_list {
        entities::set_hidden(tx, &group.id, hidden).await?;
    }
    Ok(UpdateGroupResponse {})
}

pub(crate) async fn delete_group(
    call: &mut Call,
    input: DeleteGroupRequest,
) -> Result<DeleteGroupResponse, wire::Error> {
    let now = call.now();
    let (tx, organization) =
        organizations::write(call, Operation::DeleteGroup, &input.organization_id).await?;
    entities::delete(tx, &organization.id, &input.group_id, EntityType::Group, now).await?;
    Ok(DeleteGroupResponse {})
}

pub(crate) async fn list_groups(
    call: &mut Call,
    input: ListGroupsRequest,
) -> Result<ListGroupsResponse, wire::Error> {
    let operation = Operation::ListGroups;
    let id = &input.organization_id;
    let filter = filter(input.filters.unwrap_or_default())?;
    let scope = [id.as_str(), &filter.scope()];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let listing = Listing { organization: &organization.id, kind: EntityType::Group, filter };
    let (groups, next_token) = listing.read(snapshot, &page).await?;
    Ok(ListGroupsResponse { groups: Some(groups.into_iter().map(group).collect()), next_token })
}

fn filter(filters: ListGroupsFilters) -> Result<Filter, wire::Error> {
    only_one([
        filters.name_prefix.map(Filter::Name),
        filters.primary_email_prefix.map(Filter::PrimaryEmail),
        filters.state.map(Filter::State),
    ])
}

fn group(listed: Listed) -> Group {
    let entity = listed.entity;
    Group {
        id: Some(entity.id),
        email: listed.email,
        name: Some(entity.name),
        state: Some(entity.state),
        enabled_date: entity.enabled_at,
        disabled_date: entity.disabled_at,
    }
}
