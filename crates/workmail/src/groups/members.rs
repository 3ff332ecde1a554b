//! Who is in which group.

use iam::door::Call;
use store::{Snapshot, params};
use wire::workmail::{
    AssociateMemberToGroupRequest, AssociateMemberToGroupResponse,
    DisassociateMemberFromGroupRequest, DisassociateMemberFromGroupResponse, EntityState,
    EntityType, GroupIdentifier, ListGroupMembersRequest, ListGroupMembersResponse,
    ListGroupsForEntityRequest, ListGroupsForEntityResponse, Member, MemberType, Operation,
};

use super::GROUP;
use crate::{
    entities::{self, Entity, Forms},
    organizations,
    page::Page,
    refusal,
};

/// What can be a member.
const MEMBERS: [EntityType; 2] = [EntityType::User, EntityType::Group];

pub(crate) async fn associate_member_to_group(
    call: &mut Call,
    input: AssociateMemberToGroupRequest,
) -> Result<AssociateMemberToGroupResponse, wire::Error> {
    let operation = Operation::AssociateMemberToGroup;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let (group, member) = both(tx, &organization.id, &input.group_id, &input.member_id).await?;
    if member.kind == EntityType::Group && is_inside(tx, &group.id, &member.id).await? {
        let text = format!("The group {} cannot be a member of itself.", member.name);
        return Err(refusal::invalid(text));
    }
    const SQL: &str = "INSERT INTO memberships (group_id, member_id, group_key, member_key) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let (group_key, member_key) = (group.name.to_lowercase(), member.name.to_lowercase());
    tx.execute(SQL, params![&group.id, &member.id, group_key, member_key]).await?;
    Ok(AssociateMemberToGroupResponse {})
}

pub(crate) async fn disassociate_member_from_group(
    call: &mut Call,
    input: DisassociateMemberFromGroupRequest,
) -> Result<DisassociateMemberFromGroupResponse, wire::Error> {
    let operation = Operation::DisassociateMemberFromGroup;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let (group, member) = both(tx, &organization.id, &input.group_id, &input.member_id).await?;
    const SQL: &str =
        "DELETE FROM memberships WHERE group_id = $1 AND member_key = $2 AND member_id = $3";
    let member_key = member.name.to_lowercase();
    tx.execute(SQL, params![&group.id, member_key, &member.id]).await?;
    Ok(DisassociateMemberFromGroupResponse {})
}

pub(crate) async fn list_group_members(
    call: &mut Call,
    input: ListGroupMembersRequest,
) -> Result<ListGroupMembersResponse, wire::Error> {
    let operation = Operation::ListGroupMembers;
    let id = &input.organization_id;
    let scope = [id.as_str(), &input.group_id];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let group =
        entities::require(snapshot, &organization.id, &input.group_id, Forms::Any, &GROUP).await?;
    let group = group.living()?;
    let range = page.range("");
    const SQL: &str = "SELECT m.member_key, e.id, e.name, e.kind, e.state, e.enabled_at, \
        e.disabled_at FROM memberships m CROSS JOIN entities e \
        WHERE e.id = m.member_id AND m.group_id = $1 \
        AND (m.member_key, m.member_id) > ($2, $3) ORDER BY m.member_key, m.member_id LIMIT $4";
    let bounds = params![&group.id, &range.key, &range.id, range.fetch];
    let mut found: Vec<(String, String, Member)> = snapshot
        .rows(SQL, bounds, |row| {
            let id: String = row.get(1)?;
            let member = Member {
                id: Some(id.clone()),
                name: row.get(2)?,
                r#type: MemberType::parse(row.get(3)?),
                state: EntityState::parse(row.get(4)?),
                enabled_date: row.get(5)?,
                disabled_date: row.get(6)?,
            };
            Ok((row.get(0)?, id, member))
        })
        .await?;
    let next_token = page.cut(&mut found, |(key, id, _)| (key, id))?;
    let members = found.into_iter().map(|(_, _, member)| member).collect();
    Ok(ListGroupMembersResponse { members: Some(members), next_token })
}

pub(crate) async fn list_groups_for_entity(
    call: &mut Call,
    input: ListGroupsForEntityRequest,
) -> Result<ListGroupsForEntityResponse, wire::Error> {
    let operation = Operation::ListGroupsForEntity;
    let id = &input.organization_id;
    let prefix = input.filters.and_then(|filters| filters.group_name_prefix).unwrap_or_default();
    let scope = [id.as_str(), &input.entity_id, &prefix];
    let page = Page::open(call, operation, &scope, input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let given = &input.entity_id;
    let entity = entities::require(snapshot, &organization.id, given, Forms::Any, &MEMBERS).await?;
    let entity = entity.living()?;
    let range = page.range(&prefix.to_lowercase());
    const SQL: &str = "SELECT m.group_key, e.id, e.name \
        FROM memberships m CROSS JOIN entities e \
        WHERE e.id = m.group_id AND m.member_id = $1 \
        AND (m.group_key, m.group_id) > ($2, $3) AND m.group_key < $4 \
        ORDER BY m.group_key, m.group_id LIMIT $5";
    let bounds = params![&entity.id, &range.key, &range.id, &range.below, range.fetch];
    let mut found: Vec<(String, String, String)> =
        snapshot.rows(SQL, bounds, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await?;
    let next_token = page.cut(&mut found, |(key, id, _)| (key, id))?;
    let groups = found
        .into_iter()
        .map(|(_, id, name)| GroupIdentifier { group_id: Some(id), group_name: Some(name) });
    Ok(ListGroupsForEntityResponse { groups: Some(groups.collect()), next_token })
}

/// The living group and member that a request names.
async fn both(
    snapshot: &mut Snapshot,
    organization: &str,
    group: &str,
    member: &str,
) -> Result<(Entity, Entity), wire::Error> {
    let group = entities::require(snapshot, organization, group, Forms::Any, &GROUP).await?;
    let member = entities::require(snapshot, organization, member, Forms::Any, &MEMBERS).await?;
    Ok((group.living()?, member.living()?))
}

/// Whether `inner` is `outer`, or a group that `inner` is in, at any depth, is.
async fn is_inside(
    snapshot: &mut Snapshot,
    inner: &str,
    outer: &str,
) -> Result<bool, store::Error> {
    // UNION, not UNION ALL: each group once, so that it ends whatever the rows say
    const SQL: &str = "WITH RECURSIVE above (id) AS (\
        SELECT id FROM entities WHERE id = $1 UNION \
        SELECT m.group_id FROM memberships m JOIN above a ON m.member_id = a.id\
        ) SELECT 1 FROM above WHERE id = $2";
    Ok(snapshot.row(SQL, params![inner, outer], |_| Ok(())).await?.is_some())
}
