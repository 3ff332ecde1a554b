//! IAM groups.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, GetGroupRequest, GetGroupResponse,
    Group, ListGroupsRequest, ListGroupsResponse, UpdateGroupRequest,
};
use world::{Timestamp, World};

use crate::{
    arns,
    door::{Call, Resource},
    entity::{self, Entity, EntityKind, Named},
    epoch,
    ids::{self, Kind},
    memberships, names,
    pages::Page,
    quotas, users,
};

pub(crate) async fn create(
    call: &mut Call,
    input: CreateGroupRequest,
) -> Result<CreateGroupResponse, wire::Error> {
    let path = input.path.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let target = Resource::arn(arns::group(&caller.account, &path, &input.group_name));
    let tx = call.write("iam:CreateGroup", target).await?;
    let group = insert(tx, &world, &caller.account, &input.group_name, &path, now).await?;
    Ok(CreateGroupResponse { group: shown(group) })
}

/// Makes a group without members and permissions.
pub(crate) async fn insert(
    tx: &mut Transaction,
    world: &World,
    account: &str,
    name: &str,
    path: &str,
    now: Timestamp,
) -> Result<Entity, wire::Error> {
    const SQL: &str = "INSERT INTO groups (id, account_id, name, name_key, path, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    entity::refuse_taken(tx, EntityKind::Group, account, name).await?;
    quotas::check("GroupsPerAccount", quotas::GROUPS, count(tx, account).await?)?;
    let id = ids::generate(world, Kind::Group, account);
    tx.execute(SQL, params![&id, account, name, names::fold(name), path, now]).await?;
    Ok(Entity {
        kind: EntityKind::Group,
        id,
        account: account.to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        created_at: now,
    })
}

/// The group and a page of its members.
pub(crate) async fn get(
    call: &mut Call,
    input: GetGroupRequest,
) -> Result<GetGroupResponse, wire::Error> {
    let page = Page::of(call, "GetGroup", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:GetGroup", Named::group(&input.group_name)).await?;
    let group = entity::group(snapshot, &caller, &input.group_name).await?;
    let cut = memberships::users_of(snapshot, &group.id, page).await?;
    Ok(GetGroupResponse {
        group: shown(group),
        users: cut.items.into_iter().map(|user| user.shown(&caller.account)).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListGroupsRequest,
) -> Result<ListGroupsResponse, wire::Error> {
    const SQL: &str = "SELECT id, name, path, created_at FROM groups \
        WHERE account_id = $1 AND name_key > $2 AND path >= $3 AND path <= $4 \
        ORDER BY name_key LIMIT $5";
    let page = Page::of(call, "ListGroups", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let prefix = input.path_prefix.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let target = Resource::arn(arns::group(&caller.account, &prefix, ""));
    let snapshot = call.read("iam:ListGroups", target).await?;
    let params =
        params![&caller.account, page.after(), &prefix, names::prefix_end(&prefix), page.fetch()];
    let groups = snapshot.rows(SQL, params, |row| read(row, &caller.account)).await?;
    let cut = page.cut(groups, |group| names::fold(&group.name))?;
    Ok(ListGroupsResponse {
        groups: cut.items.into_iter().map(shown).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn update(call: &mut Call, input: UpdateGroupRequest) -> Result<(), wire::Error> {
    let (name, path) = (input.new_group_name, input.new_path);
    entity::update(call, "iam:UpdateGroup", EntityKind::Group, &input.group_name, name, path).await
}

pub(crate) async fn delete(call: &mut Call, input: DeleteGroupRequest) -> Result<(), wire::Error> {
    const HOLDERS: [(&str, &str); 3] = [
        ("SELECT 1 FROM group_members WHERE group_id = $1", "remove users from group"),
        ("SELECT 1 FROM inline_policies WHERE entity_id = $1", "delete policies"),
        ("SELECT 1 FROM attachments WHERE entity_id = $1", "detach all policies"),
    ];
    let caller = call.caller();
    let tx = call.write("iam:DeleteGroup", Named::group(&input.group_name)).await?;
    let group = entity::group(tx, &caller, &input.group_name).await?;
    for (sql, remedy) in HOLDERS {
        users::refuse_if_found(tx, sql, &group.id, remedy).await?;
    }
    tx.execute("DELETE FROM groups WHERE id = $1", params![&group.id]).await?;
    epoch::bump(tx, &caller.account).await?;
    Ok(())
}

/// From the columns id, name, path, created_at.
pub(crate) fn read(row: &Row<'_>, account: &str) -> Result<Entity, store::Error> {
    Ok(Entity {
        kind: EntityKind::Group,
        id: row.get(0)?,
        account: account.to_owned(),
        name: row.get(1)?,
        path: row.get(2)?,
        created_at: row.get(3)?,
    })
}

/// As answers carry it.
pub(crate) fn shown(group: Entity) -> Group {
    Group {
        arn: group.arn(),
        path: group.path,
        group_name: group.name,
        group_id: group.id,
        create_date: group.created_at,
    }
}

async fn count(snapshot: &mut Snapshot, account: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM groups WHERE account_id = $1";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.unwrap_or(0))
}
