//! IAM roles: made, shown, changed and deleted.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    CreateRoleRequest, CreateRoleResponse, DeleteRoleRequest, GetRoleRequest, GetRoleResponse,
    ListRoleTagsRequest, ListRoleTagsResponse, ListRolesRequest, ListRolesResponse, Role,
    RoleLastUsed, TagRoleRequest, UntagRoleRequest, UpdateAssumeRolePolicyRequest,
    UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse, UpdateRoleRequest,
    UpdateRoleResponse, errors::INVALID_INPUT,
};
use world::{Timestamp, World};

use crate::{
    arns, boundaries, documents,
    door::{Call, Resource},
    entity::{self, EntityKind, Named, SERVICE_ROLE_PATH},
    epoch,
    ids::{self, Kind},
    names,
    pages::Page,
    quotas, tags,
    trust::{self, Bindings, Moved, Scope},
    users,
};

/// AWS's name of the limit of tags.
const TAGS_QUOTA: &str = "TagsPerRole";

/// How long a session of a role may last when its maker does not say, in seconds.
const SESSION_SECONDS_DEFAULT: i32 = 3600;

/// A role as it is stored.
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) name: String,
    path: String,
    description: Option<String>,
    max_session_seconds: i32,
    boundary: Option<String>,
    trust_policy: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    last_used_region: Option<String>,
}

/// What makes a role, beside its account and the time.
pub(crate) struct NewRole<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    pub(crate) description: Option<String>,
    pub(crate) max_session_seconds: Option<i32>,
    pub(crate) boundary: Option<String>,
    pub(crate) trust_policy: String,
    pub(crate) bindings: Bindings,
    /// The service that it belongs to, if it is a service-linked role.
    pub(crate) linked_service: Option<&'a str>,
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateRoleRequest,
) -> Result<CreateRoleResponse, wire::Error> {
    let tags = tags::checked(input.tags)?;
    let path = input.path.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    refuse_reserved(&path)?;
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let mut target = Resource::arn(arns::role(&caller.account, &path, &input.role_name))
        .bringing(tags.iter().cloned());
    if let Some(boundary) = &input.permissions_boundary {
        boundaries::check_arn(boundary)?;
        target = target.with(boundaries::CONDITION_KEY, boundary);
    }
    let mut tx = call.write("iam:CreateRole", &target).await?;
    if !tags.is_empty() {
        tx = call.write("iam:TagRole", &target).await?;
    }
    entity::refuse_taken(tx, EntityKind::Role, &caller.account, &input.role_name).await?;
    if let Some(boundary) = &input.permissions_boundary {
        boundaries::check_exists(tx, EntityKind::Role, &caller.account, boundary).await?;
    }
    let bindings = trust::accept(tx, &input.assume_role_policy_document).await?;
    quotas::check("RolesPerAccount", quotas::ROLES, count(tx, &caller.account).await?)?;
    let new = NewRole {
        name: &input.role_name,
        path: &path,
        description: input.description,
        max_session_seconds: input.max_session_duration,
        boundary: input.permissions_boundary,
        trust_policy: input.assume_role_policy_document,
        bindings,
        linked_service: None,
    };
    let role = insert(tx, &world, &caller.account, new, now).await?;
    tags::put(tx, &role.id, &tags, TAGS_QUOTA).await?;
    epoch::bump(tx, &caller.account).await?;
    let permissions_boundary = role.boundary.clone().map(boundaries::shown);
    let shown = role.shown(&caller.account, &Moved::default());
    Ok(CreateRoleResponse { role: Role { tags: tags::shown(tags), permissions_boundary, ..shown } })
}

/// Only services make roles under that path, so it tells whose a role is.
fn refuse_reserved(path: &str) -> Result<(), wire::Error> {
    if !path.starts_with(SERVICE_ROLE_PATH) {
        return Ok(());
    }
    Err(INVALID_INPUT.with(format!(
        "Path prefix '{SERVICE_ROLE_PATH}' can only be used for AWS Service linked Roles"
    )))
}

/// Makes a role without any permission. Its name must be free, its trust policy accepted.
pub(crate) async fn insert(
    tx: &mut Transaction,
    world: &World,
    account: &str,
    new: NewRole<'_>,
    now: Timestamp,
) -> Result<Stored, store::Error> {
    const SQL: &str = "INSERT INTO roles (id, account_id, name, name_key, path, description, \
        max_session_duration, permissions_boundary, trust_policy, linked_service, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let role = Stored {
        id: ids::generate(world, Kind::Role, account),
        name: new.name.to_owned(),
        path: new.path.to_owned(),
        description: new.description,
        max_session_seconds: new.max_session_seconds.unwrap_or(SESSION_SECONDS_DEFAULT),
        boundary: new.boundary,
        trust_policy: new.trust_policy,
        created_at: now,
        last_used_at: None,
        last_used_region: None,
    };
    let params = params![
        &role.id,
        account,
        &role.name,
        names::fold(&role.name),
        &role.path,
        role.description.as_deref(),
        role.max_session_seconds,
        role.boundary.as_deref(),
        &role.trust_policy,
        new.linked_service,
        now,
    ];
    tx.execute(SQL, params).await?;
    trust::bind(tx, &role.id, &new.bindings).await?;
    Ok(role)
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetRoleRequest,
) -> Result<GetRoleResponse, wire::Error> {
    let caller = call.caller();
    let snapshot = call.read("iam:GetRole", Named::role(&input.role_name)).await?;
    let role = load(snapshot, &caller.account, &input.role_name).await?;
    let moved = role.moved(snapshot, &caller.account).await?;
    let tags = tags::shown(tags::of(snapshot, &role.id).await?);
    Ok(GetRoleResponse { role: Role { tags, ..role.full(&caller.account, &moved) } })
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListRolesRequest,
) -> Result<ListRolesResponse, wire::Error> {
    let page = Page::of(call, "ListRoles", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let prefix = input.path_prefix.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let target = Resource::arn(arns::role(&caller.account, &prefix, ""));
    let snapshot = call.read("iam:ListRoles", target).await?;
    let sql = format!(
        "SELECT {} FROM roles r WHERE r.account_id = $1 AND r.name_key > $2 AND r.path >= $3 \
         AND r.path <= $4 ORDER BY r.name_key LIMIT $5",
        Stored::COLUMNS
    );
    let params =
        params![&caller.account, page.after(), &prefix, names::prefix_end(&prefix), page.fetch()];
    let roles = snapshot.rows(&sql, params, |row| Stored::read(row, 0)).await?;
    let cut = page.cut(roles, |role| names::fold(&role.name))?;
    let keys = names::range(cut.items.iter().map(|role| role.name.as_str()));
    let moved = trust::moved(snapshot, Scope::Roles, &caller.account, keys).await?;
    Ok(ListRolesResponse {
        roles: cut.items.into_iter().map(|role| role.listed(&caller.account, &moved)).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// Changes what was given; the rest stays.
pub(crate) async fn update(
    call: &mut Call,
    input: UpdateRoleRequest,
) -> Result<UpdateRoleResponse, wire::Error> {
    const SQL: &str = "UPDATE roles SET description = COALESCE($2, description), \
        max_session_duration = COALESCE($3, max_session_duration) WHERE id = $1";
    let caller = call.caller();
    let tx = call.write("iam:UpdateRole", Named::role(&input.role_name)).await?;
    let role = entity::role(tx, &caller, &input.role_name).await?;
    if input.max_session_duration.is_some() {
        // Of a service-linked role users may change the description and the tags alone.
        role.refuse_protected()?;
    }
    let params = params![&role.id, input.description.as_deref(), input.max_session_duration];
    tx.execute(SQL, params).await?;
    Ok(UpdateRoleResponse {})
}

pub(crate) async fn update_description(
    call: &mut Call,
    input: UpdateRoleDescriptionRequest,
) -> Result<UpdateRoleDescriptionResponse, wire::Error> {
    const SQL: &str = "UPDATE roles SET description = $2 WHERE id = $1";
    let caller = call.caller();
    let tx = call.write("iam:UpdateRoleDescription", Named::role(&input.role_name)).await?;
    let role = load(tx, &caller.account, &input.role_name).await?;
    tx.execute(SQL, params![&role.id, &input.description]).await?;
    let moved = role.moved(tx, &caller.account).await?;
    let shown = role.shown(&caller.account, &moved);
    let role = Role { description: Some(input.description), ..shown };
    Ok(UpdateRoleDescriptionResponse { role: Some(role) })
}

pub(crate) async fn update_trust(
    call: &mut Call,
    input: UpdateAssumeRolePolicyRequest,
) -> Result<(), wire::Error> {
    const SQL: &str = "UPDATE roles SET trust_policy = $2 WHERE id = $1";
    let caller = call.caller();
    let tx = call.write("iam:UpdateAssumeRolePolicy", Named::role(&input.role_name)).await?;
    let name = &input.role_name;
    let role = entity::modifiable(tx, EntityKind::Role, &caller.account, name).await?;
    let bindings = trust::accept(tx, &input.policy_document).await?;
    tx.execute(SQL, params![&role.id, &input.policy_document]).await?;
    trust::bind(tx, &role.id, &bindings).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn delete(call: &mut Call, input: DeleteRoleRequest) -> Result<(), wire::Error> {
    let caller = call.caller();
    let tx = call.write("iam:DeleteRole", Named::role(&input.role_name)).await?;
    let name = &input.role_name;
    let role = entity::modifiable(tx, EntityKind::Role, &caller.account, name).await?;
    refuse_used(tx, &role.id).await?;
    remove(tx, &caller.account, &role.id).await
}

/// Refuses to delete a role that anything still hangs on, in AWS's words.
async fn refuse_used(snapshot: &mut Snapshot, id: &str) -> Result<(), wire::Error> {
    const HOLDERS: [(&str, &str); 3] = [
        ("SELECT 1 FROM attachments WHERE entity_id = $1", "detach all policies"),
        ("SELECT 1 FROM inline_policies WHERE entity_id = $1", "delete policies"),
        (
            "SELECT 1 FROM instance_profiles WHERE role_id = $1",
            "remove roles from instance profile",
        ),
    ];
    for (sql, remedy) in HOLDERS {
        users::refuse_if_found(snapshot, sql, id, remedy).await?;
    }
    Ok(())
}

/// Takes a role away with what is its own. What others hang on it must be gone.
pub(crate) async fn remove(
    tx: &mut Transaction,
    account: &str,
    id: &str,
) -> Result<(), wire::Error> {
    tags::remove_all(tx, id).await?;
    for sql in
        ["DELETE FROM trust_principals WHERE role_id = $1", "DELETE FROM roles WHERE id = $1"]
    {
        tx.execute(sql, params![id]).await?;
    }
    Ok(epoch::bump(tx, account).await?)
}

pub(crate) async fn tag(call: &mut Call, input: TagRoleRequest) -> Result<(), wire::Error> {
    let tags = tags::checked(Some(input.tags))?;
    let caller = call.caller();
    let tx = call.write("iam:TagRole", Named::role(&input.role_name).bringing(&tags)).await?;
    let role = entity::role(tx, &caller, &input.role_name).await?;
    tags::put(tx, &role.id, &tags, TAGS_QUOTA).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn untag(call: &mut Call, input: UntagRoleRequest) -> Result<(), wire::Error> {
    let caller = call.caller();
    let target = Named::role(&input.role_name).naming(&input.tag_keys);
    let tx = call.write("iam:UntagRole", target).await?;
    let role = entity::role(tx, &caller, &input.role_name).await?;
    tags::remove(tx, &role.id, &input.tag_keys).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn list_tags(
    call: &mut Call,
    input: ListRoleTagsRequest,
) -> Result<ListRoleTagsResponse, wire::Error> {
    let page = Page::of(call, "ListRoleTags", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:ListRoleTags", Named::role(&input.role_name)).await?;
    let role = entity::role(snapshot, &caller, &input.role_name).await?;
    let cut = tags::page(snapshot, &role.id, page).await?;
    Ok(ListRoleTagsResponse { tags: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

/// Notes that a session of the role was used. The door does so every 15 minutes at most, as AWS does.
pub(crate) async fn note_use(
    tx: &mut Transaction,
    role_id: &str,
    at: Timestamp,
    region: &str,
) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE roles SET last_used_at = $2, last_used_region = $3 WHERE id = $1";
    tx.execute(SQL, params![role_id, at, region]).await.map(drop)
}

async fn load(snapshot: &mut Snapshot, account: &str, name: &str) -> Result<Stored, wire::Error> {
    let sql = format!(
        "SELECT {} FROM roles r WHERE r.account_id = $1 AND r.name_key = $2",
        Stored::COLUMNS
    );
    let params = params![account, names::fold(name)];
    let role = snapshot.row(&sql, params, |row| Stored::read(row, 0)).await?;
    role.ok_or_else(|| entity::unknown(EntityKind::Role, name))
}

/// Roles that count towards the quota. Service-linked ones may exceed it, so they do not.
async fn count(snapshot: &mut Snapshot, account: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM roles WHERE account_id = $1 AND linked_service IS NULL";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.unwrap_or(0))
}

impl Stored {
    /// The columns that [`read`](Self::read) reads, of a table called `r`.
    pub(crate) const COLUMNS: &str = "r.id, r.name, r.path, r.description, \
        r.max_session_duration, r.permissions_boundary, r.trust_policy, r.created_at, \
        r.last_used_at, r.last_used_region";

    /// From the columns of which the first has the number `first`.
    pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(first)?,
            name: row.get(first + 1)?,
            path: row.get(first + 2)?,
            description: row.get(first + 3)?,
            max_session_seconds: row.get(first + 4)?,
            boundary: row.get(first + 5)?,
            trust_policy: row.get(first + 6)?,
            created_at: row.get(first + 7)?,
            last_used_at: row.get(first + 8)?,
            last_used_region: row.get(first + 9)?,
        })
    }

    async fn moved(&self, snapshot: &mut Snapshot, account: &str) -> Result<Moved, store::Error> {
        let keys = names::range([self.name.as_str()].into_iter());
        trust::moved(snapshot, Scope::Roles, account, keys).await
    }

    /// As answers carry it that are about this role alone, but for its tags.
    pub(crate) fn full(self, account: &str, moved: &Moved) -> Role {
        let permissions_boundary = self.boundary.clone().map(boundaries::shown);
        let (last_used_date, region) = (self.last_used_at, self.last_used_region.clone());
        let role_last_used = Some(RoleLastUsed { last_used_date, region });
        Role { permissions_boundary, role_last_used, ..self.listed(account, moved) }
    }

    /// As lists carry it: with description and longest session.
    fn listed(self, account: &str, moved: &Moved) -> Role {
        let (description, max_session_duration) =
            (self.description.clone(), Some(self.max_session_seconds));
        Role { description, max_session_duration, ..self.shown(account, moved) }
    }

    /// As answers carry it that made it or speak of it in passing.
    pub(crate) fn shown(self, account: &str, moved: &Moved) -> Role {
        let document = moved.written(&self.id, self.trust_policy);
        Role {
            arn: arns::role(account, &self.path, &self.name),
            path: self.path,
            role_name: self.name,
            role_id: self.id,
            create_date: self.created_at,
            assume_role_policy_document: Some(documents::encoded(&document)),
            ..Role::default()
        }
    }
}
