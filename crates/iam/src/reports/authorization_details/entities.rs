//! Users, groups and roles with what hangs on them.

use store::{Row, Snapshot, params};
use wire::iam::{AttachedPolicy, GroupDetail, PolicyDetail, UserDetail};

use super::{Detail, Range};
use crate::{
    documents,
    entity::EntityKind,
    groups,
    identity_policies::{self, Held, Holder},
    names, tags,
    users::Stored,
};

pub(super) async fn users(
    snapshot: &mut Snapshot,
    range: Range<'_>,
) -> Result<Vec<(String, Detail)>, store::Error> {
    const SQL: &str = "SELECT id, name, path, created_at, password_last_used, permissions_boundary \
        FROM users WHERE account_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3";
    let params = params![range.account, range.after, range.limit];
    let mut found = Vec::new();
    for user in snapshot.rows(SQL, params, Stored::read).await? {
        let key = names::fold(&user.name);
        found.push((key, Detail::User(user_detail(snapshot, range.account, user).await?)));
    }
    Ok(found)
}

pub(super) async fn groups(
    snapshot: &mut Snapshot,
    range: Range<'_>,
) -> Result<Vec<(String, Detail)>, store::Error> {
    const SQL: &str = "SELECT id, name, path, created_at FROM groups \
        WHERE account_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3";
    let params = params![range.account, range.after, range.limit];
    let group = |row: &Row<'_>| groups::read(row, range.account);
    let mut found = Vec::new();
    for group in snapshot.rows(SQL, params, group).await? {
        let held = Hanging::load(snapshot, EntityKind::Group, &group.id, &group.name).await?;
        let detail = GroupDetail {
            arn: Some(group.arn()),
            path: Some(group.path),
            group_id: Some(group.id),
            create_date: Some(group.created_at),
            group_policy_list: Some(held.inline),
            attached_managed_policies: Some(held.attached),
            group_name: Some(group.name.clone()),
        };
        found.push((names::fold(&group.name), Detail::Group(detail)));
    }
    Ok(found)
}

async fn user_detail(
    snapshot: &mut Snapshot,
    account: &str,
    user: Stored,
) -> Result<UserDetail, store::Error> {
    let held = Hanging::load(snapshot, EntityKind::User, &user.id, &user.name).await?;
    let groups = identity_policies::groups_of(snapshot, &user.id).await?;
    let tags = tags::shown(tags::of(snapshot, &user.id).await?);
    let user = user.shown(account);
    Ok(UserDetail {
        path: Some(user.path),
        user_name: Some(user.user_name),
        user_id: Some(user.user_id),
        arn: Some(user.arn),
        create_date: Some(user.create_date),
        user_policy_list: Some(held.inline),
        group_list: Some(groups.into_iter().map(|group| group.name).collect()),
        attached_managed_policies: Some(held.attached),
        permissions_boundary: user.permissions_boundary,
        tags,
    })
}

/// The policies that hang on one entity itself.
pub(super) struct Hanging {
    pub(super) inline: Vec<PolicyDetail>,
    pub(super) attached: Vec<AttachedPolicy>,
}

impl Hanging {
    pub(super) async fn load(
        snapshot: &mut Snapshot,
        kind: EntityKind,
        id: &str,
        name: &str,
    ) -> Result<Self, store::Error> {
        let holder = Holder { kind, id: id.to_owned(), name: name.to_owned() };
        let inline = identity_policies::inline_of(snapshot, &holder).await?;
        let attached = identity_policies::attached_to(snapshot, &holder).await?;
        let inline = inline.into_iter().map(|policy| PolicyDetail {
            policy_name: Some(policy.name),
            policy_document: Some(documents::encoded(&policy.text)),
        });
        let attached = attached.into_iter().map(|Held { name, arn, .. }| AttachedPolicy {
            policy_name: Some(name),
            policy_arn: arn,
        });
        Ok(Self { inline: inline.collect(), attached: attached.collect() })
    }
}
