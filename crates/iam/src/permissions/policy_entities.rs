//! `ListEntitiesForPolicy`: who uses a managed policy.

use store::{Row, params};
use wire::iam::{
    EntityType, ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, PolicyGroup,
    PolicyRole, PolicyUsageType, PolicyUser,
};

use crate::{
    door::Call,
    names,
    pages::Page,
    policies::{self, ByArn},
};

/// Begins the keys of groups in the order of the list.
const GROUP: &str = "group/";

/// Begins the keys of roles in the order of the list.
const ROLE: &str = "role/";

/// Begins the keys of users in the order of the list.
const USER: &str = "user/";

/// One who uses the policy.
struct Entry {
    key: String,
    id: String,
    name: String,
}

/// Groups come before roles, roles before users, and those to which the policy is attached or whose boundary it is alike.
const SQL: &str = "SELECT DISTINCT sort, id, name FROM (\
    SELECT 'group/' || g.name_key AS sort, g.id AS id, g.name AS name, g.path AS path, 0 AS bounds \
    FROM attachments a JOIN groups g ON g.id = a.entity_id \
    WHERE a.account_id = $1 AND a.policy_arn = $2 \
    UNION ALL SELECT 'role/' || r.name_key, r.id, r.name, r.path, 0 \
    FROM attachments a JOIN roles r ON r.id = a.entity_id \
    WHERE a.account_id = $1 AND a.policy_arn = $2 \
    UNION ALL SELECT 'role/' || r.name_key, r.id, r.name, r.path, 1 \
    FROM roles r WHERE r.account_id = $1 AND r.permissions_boundary = $2 \
    UNION ALL SELECT 'user/' || u.name_key, u.id, u.name, u.path, 0 \
    FROM attachments a JOIN users u ON u.id = a.entity_id \
    WHERE a.account_id = $1 AND a.policy_arn = $2 \
    UNION ALL SELECT 'user/' || u.name_key, u.id, u.name, u.path, 1 \
    FROM users u WHERE u.account_id = $1 AND u.permissions_boundary = $2) AS used \
    WHERE sort > $3 AND sort >= $4 AND sort <= $5 AND path >= $6 AND path <= $7 \
    AND bounds >= $8 AND bounds <= $9 ORDER BY sort LIMIT $10";

pub(crate) async fn list(
    call: &mut Call,
    input: ListEntitiesForPolicyRequest,
) -> Result<ListEntitiesForPolicyResponse, wire::Error> {
    let page = Page::of(call, "ListEntitiesForPolicy", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let arn = input.policy_arn;
    let snapshot = call.read("iam:ListEntitiesForPolicy", ByArn::new(&arn)?).await?;
    policies::get_any(snapshot, &caller, &arn).await?;
    let kind = kind_prefix(input.entity_filter);
    let path = input.path_prefix.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let (bounds_min, bounds_max) = bounds(input.policy_usage_filter);
    let params = params![
        &caller.account,
        &arn,
        page.after(),
        kind,
        names::prefix_end(kind),
        &path,
        names::prefix_end(&path),
        bounds_min,
        bounds_max,
        page.fetch(),
    ];
    let entry = |row: &Row<'_>| Ok(Entry { key: row.get(0)?, id: row.get(1)?, name: row.get(2)? });
    let entries = snapshot.rows(SQL, params, entry).await?;
    let cut = page.cut(entries, |entry| entry.key.clone())?;
    let (groups, others): (Vec<_>, Vec<_>) =
        cut.items.into_iter().partition(|entry| entry.key.starts_with(GROUP));
    let (roles, users) = others.into_iter().partition(|entry| entry.key.starts_with(ROLE));
    Ok(ListEntitiesForPolicyResponse {
        policy_groups: Some(shown_groups(groups)),
        policy_users: Some(shown_users(users)),
        policy_roles: Some(shown_roles(roles)),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// What the keys begin with that a filter lets through. A filter by a kind of policy says nothing about who uses it.
fn kind_prefix(filter: Option<EntityType>) -> &'static str {
    match filter {
        None | Some(EntityType::LocalManagedPolicy | EntityType::AWSManagedPolicy) => "",
        Some(EntityType::Group) => GROUP,
        Some(EntityType::User) => USER,
        Some(EntityType::Role) => ROLE,
    }
}

/// From and to: 0 for an attachment, 1 for a boundary.
fn bounds(filter: Option<PolicyUsageType>) -> (i64, i64) {
    match filter {
        None => (0, 1),
        Some(PolicyUsageType::PermissionsPolicy) => (0, 0),
        Some(PolicyUsageType::PermissionsBoundary) => (1, 1),
    }
}

fn shown_groups(groups: Vec<Entry>) -> Vec<PolicyGroup> {
    let shown =
        |group: Entry| PolicyGroup { group_name: Some(group.name), group_id: Some(group.id) };
    groups.into_iter().map(shown).collect()
}

fn shown_users(users: Vec<Entry>) -> Vec<PolicyUser> {
    let shown = |user: Entry| PolicyUser { user_name: Some(user.name), user_id: Some(user.id) };
    users.into_iter().map(shown).collect()
}

fn shown_roles(roles: Vec<Entry>) -> Vec<PolicyRole> {
    let shown = |role: Entry| PolicyRole { role_name: Some(role.name), role_id: Some(role.id) };
    roles.into_iter().map(shown).collect()
}
