//! Roles with what hangs on them and the instance profiles that contain them.

use store::{Snapshot, params};
use wire::iam::RoleDetail;

use super::{Detail, Range, entities::Hanging};
use crate::{
    entity::EntityKind,
    instance_profiles, names,
    roles::Stored,
    tags,
    trust::{self, Moved, Scope},
};

pub(super) async fn roles(
    snapshot: &mut Snapshot,
    range: Range<'_>,
) -> Result<Vec<(String, Detail)>, store::Error> {
    let sql = format!(
        "SELECT {} FROM roles r WHERE r.account_id = $1 AND r.name_key > $2 \
         ORDER BY r.name_key LIMIT $3",
        Stored::COLUMNS
    );
    let params = params![range.account, range.after, range.limit];
    let roles = snapshot.rows(&sql, params, |row| Stored::read(row, 0)).await?;
    let keys = names::range(roles.iter().map(|role| role.name.as_str()));
    let moved = trust::moved(snapshot, Scope::Roles, range.account, keys).await?;
    let mut found = Vec::new();
    for role in roles {
        let key = names::fold(&role.name);
        found.push((key, Detail::Role(detail(snapshot, range.account, role, &moved).await?)));
    }
    Ok(found)
}

async fn detail(
    snapshot: &mut Snapshot,
    account: &str,
    role: Stored,
    moved: &Moved,
) -> Result<RoleDetail, store::Error> {
    let held = Hanging::load(snapshot, EntityKind::Role, &role.id, &role.name).await?;
    let tags = tags::shown(tags::of(snapshot, &role.id).await?);
    let profiles = instance_profiles::of_role(snapshot, account, &role.id, moved).await?;
    let role = role.full(account, moved);
    Ok(RoleDetail {
        arn: Some(role.arn),
        path: Some(role.path),
        role_name: Some(role.role_name),
        role_id: Some(role.role_id),
        create_date: Some(role.create_date),
        assume_role_policy_document: role.assume_role_policy_document,
        instance_profile_list: Some(profiles),
        role_policy_list: Some(held.inline),
        attached_managed_policies: Some(held.attached),
        permissions_boundary: role.permissions_boundary,
        tags,
        role_last_used: role.role_last_used,
    })
}
