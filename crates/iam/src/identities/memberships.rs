//! Which users are in which groups.

use store::{Snapshot, Transaction, params};
use wire::iam::{
    AddUserToGroupRequest, ListGroupsForUserRequest, ListGroupsForUserResponse,
    RemoveUserFromGroupRequest, errors::NO_SUCH_ENTITY,
};

use crate::{
    door::Call,
    entity::{self, Named},
    epoch, groups, names,
    pages::{Cut, Page},
    quotas,
    users::Stored,
};

pub(crate) async fn add(call: &mut Call, input: AddUserToGroupRequest) -> Result<(), wire::Error> {
    let caller = call.caller();
    let tx = call.write("iam:AddUserToGroup", Named::group(&input.group_name)).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let group = entity::group(tx, &caller, &input.group_name).await?;
    insert(tx, &caller.account, &group.id, &user.id).await
}

/// Puts a user into a group; one that is in it already stays.
pub(crate) async fn insert(
    tx: &mut Transaction,
    account: &str,
    group_id: &str,
    user_id: &str,
) -> Result<(), wire::Error> {
    const COUNT: &str = "SELECT COUNT(*) FROM group_members WHERE user_id = $1";
    const INSERT: &str = "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2)";
    if is_member(tx, group_id, user_id).await? {
        return Ok(());
    }
    let count = tx.row(COUNT, params![user_id], |row| row.get(0)).await?.unwrap_or(0);
    quotas::check("GroupsPerUser", quotas::GROUPS_PER_USER, count)?;
    tx.execute(INSERT, params![group_id, user_id]).await?;
    Ok(epoch::bump(tx, account).await?)
}

pub(crate) async fn remove(
    call: &mut Call,
    input: RemoveUserFromGroupRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2";
    let caller = call.caller();
    let tx = call.write("iam:RemoveUserFromGroup", Named::group(&input.group_name)).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    let group = entity::group(tx, &caller, &input.group_name).await?;
    if tx.execute(SQL, params![&group.id, &user.id]).await? == 0 {
        let message = format!("User {} not in group {}", input.user_name, input.group_name);
        return Err(NO_SUCH_ENTITY.with(message));
    }
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn list_groups(
    call: &mut Call,
    input: ListGroupsForUserRequest,
) -> Result<ListGroupsForUserResponse, wire::Error> {
    const SQL: &str = "SELECT g.id, g.name, g.path, g.created_at FROM group_members m \
        JOIN groups g ON g.id = m.group_id WHERE m.user_id = $1";
    let page = Page::of(call, "ListGroupsForUser", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:ListGroupsForUser", Named::user(&input.user_name)).await?;
    let user = entity::user(snapshot, &caller, &input.user_name).await?;
    let all =
        snapshot.rows(SQL, params![&user.id], |row| groups::read(row, &caller.account)).await?;
    let cut = page.slice(all, |group| names::fold(&group.name))?;
    Ok(ListGroupsForUserResponse {
        groups: cut.items.into_iter().map(groups::shown).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// A page of the users in a group.
pub(crate) async fn users_of(
    snapshot: &mut Snapshot,
    group_id: &str,
    page: Page,
) -> Result<Cut<Stored>, store::Error> {
    const SQL: &str = "SELECT u.id, u.name, u.path, u.created_at, u.password_last_used, NULL \
        FROM group_members m JOIN users u ON u.id = m.user_id \
        WHERE m.group_id = $1 AND u.name_key > $2 ORDER BY u.name_key LIMIT $3";
    let params = params![group_id, page.after(), page.fetch()];
    let users = snapshot.rows(SQL, params, Stored::read).await?;
    page.cut(users, |user| names::fold(&user.name))
}

async fn is_member(
    snapshot: &mut Snapshot,
    group_id: &str,
    user_id: &str,
) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT 1 FROM group_members WHERE group_id = $1 AND user_id = $2";
    Ok(snapshot.row(SQL, params![group_id, user_id], |_| Ok(())).await?.is_some())
}
