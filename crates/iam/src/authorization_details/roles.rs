//! Roles with what hangs on them and the instance profiles that contain them.

use store::{Row, Snapshot, params};
use wire::iam::{
    AttachedPermissionsBoundary, InstanceProfile, PermissionsBoundaryAttachmentType, Role,
    RoleDetail, RoleLastUsed,
};
use world::Timestamp;

use super::{Detail, Range, entities::Hanging};
use crate::{arns, documents, entity::EntityKind, names, tags};

/// A role as far as it is told here.
struct Stored {
    id: String,
    name: String,
    path: String,
    created_at: Timestamp,
    trust_policy: String,
    boundary: Option<String>,
    last_used: RoleLastUsed,
}

pub(super) async fn roles(
    snapshot: &mut Snapshot,
    range: Range<'_>,
) -> Result<Vec<(String, Detail)>, store::Error> {
    const SQL: &str = "SELECT id, name, path, created_at, trust_policy, permissions_boundary, \
        last_used_at, last_used_region FROM roles \
        WHERE account_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3";
    let params = params![range.account, range.after, range.limit];
    let mut found = Vec::new();
    for role in snapshot.rows(SQL, params, read).await? {
        let key = names::fold(&role.name);
        found.push((key, Detail::Role(detail(snapshot, range.account, role).await?)));
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> Result<Stored, store::Error> {
    Ok(Stored {
        id: row.get(0)?,
        name: row.get(1)?,
        path: row.get(2)?,
        created_at: row.get(3)?,
        trust_policy: row.get(4)?,
        boundary: row.get(5)?,
        last_used: RoleLastUsed { last_used_date: row.get(6)?, region: row.get(7)? },
    })
}

async fn detail(
    snapshot: &mut Snapshot,
    account: &str,
    role: Stored,
) -> Result<RoleDetail, store::Error> {
    let held = Hanging::load(snapshot, EntityKind::Role, &role.id, &role.name).await?;
    let tags = tags::shown(tags::of(snapshot, &role.id).await?);
    let profiles = profiles(snapshot, account, &role).await?;
    Ok(RoleDetail {
        arn: Some(arns::role(account, &role.path, &role.name)),
        path: Some(role.path),
        role_name: Some(role.name),
        role_id: Some(role.id),
        create_date: Some(role.created_at),
        assume_role_policy_document: Some(documents::encoded(&role.trust_policy)),
        instance_profile_list: Some(profiles),
        role_policy_list: Some(held.inline),
        attached_managed_policies: Some(held.attached),
        permissions_boundary: role.boundary.map(|arn| AttachedPermissionsBoundary {
            permissions_boundary_type: Some(
                PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy,
            ),
            permissions_boundary_arn: Some(arn),
        }),
        tags,
        role_last_used: Some(role.last_used),
    })
}

async fn profiles(
    snapshot: &mut Snapshot,
    account: &str,
    role: &Stored,
) -> Result<Vec<InstanceProfile>, store::Error> {
    const SQL: &str = "SELECT id, name, path, created_at FROM instance_profiles \
        WHERE role_id = $1 ORDER BY name_key";
    let profile = |row: &Row<'_>| {
        let (name, path): (String, String) = (row.get(1)?, row.get(2)?);
        Ok(InstanceProfile {
            arn: arns::instance_profile(account, &path, &name),
            path,
            instance_profile_name: name,
            instance_profile_id: row.get(0)?,
            create_date: row.get(3)?,
            roles: vec![role.shown(account)],
            tags: None,
        })
    };
    snapshot.rows(SQL, params![&role.id], profile).await
}

impl Stored {
    /// As an instance profile carries it.
    fn shown(&self, account: &str) -> Role {
        Role {
            path: self.path.clone(),
            role_name: self.name.clone(),
            role_id: self.id.clone(),
            arn: arns::role(account, &self.path, &self.name),
            create_date: self.created_at,
            assume_role_policy_document: Some(documents::encoded(&self.trust_policy)),
            ..Role::default()
        }
    }
}
