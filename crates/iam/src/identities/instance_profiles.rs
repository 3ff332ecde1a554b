//! Instance profiles: what hands a role to a machine.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    AddRoleToInstanceProfileRequest, CreateInstanceProfileRequest, CreateInstanceProfileResponse,
    DeleteInstanceProfileRequest, GetInstanceProfileRequest, GetInstanceProfileResponse,
    InstanceProfile, ListInstanceProfileTagsRequest, ListInstanceProfileTagsResponse,
    ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse,
    ListInstanceProfilesRequest, ListInstanceProfilesResponse,
    RemoveRoleFromInstanceProfileRequest, TagInstanceProfileRequest, UntagInstanceProfileRequest,
    errors::{ENTITY_ALREADY_EXISTS, NO_SUCH_ENTITY},
};
use world::Timestamp;

use crate::{
    arns,
    door::{Call, Caller, Resource, Target},
    entity::{self, EntityKind, Named},
    ids::{self, Kind},
    names,
    pages::Page,
    quotas, roles, tags,
    trust::{self, Moved, Scope},
    users,
};

/// AWS's name of the limit of tags.
const TAGS_QUOTA: &str = "TagsPerInstanceProfile";

/// The service that assumes the role of a profile.
const MACHINES: &str = "ec2.amazonaws.com";

/// An instance profile as it is stored, with its role.
struct Stored {
    id: String,
    name: String,
    path: String,
    created_at: Timestamp,
    role: Option<roles::Stored>,
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateInstanceProfileRequest,
) -> Result<CreateInstanceProfileResponse, wire::Error> {
    const SQL: &str = "INSERT INTO instance_profiles \
        (id, account_id, name, name_key, path, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let tags = tags::checked(input.tags)?;
    let (name, path) =
        (input.instance_profile_name, input.path.unwrap_or_else(|| names::ROOT_PATH.to_owned()));
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let target = Resource::arn(arns::instance_profile(&caller.account, &path, &name))
        .bringing(tags.iter().cloned());
    let mut tx = call.write("iam:CreateInstanceProfile", &target).await?;
    if !tags.is_empty() {
        tx = call.write("iam:TagInstanceProfile", &target).await?;
    }
    refuse_taken(tx, &caller.account, &name).await?;
    let count = count(tx, &caller.account).await?;
    quotas::check("InstanceProfilesPerAccount", quotas::INSTANCE_PROFILES, count)?;
    let id = ids::generate(&world, Kind::InstanceProfile, &caller.account);
    let params = params![&id, &caller.account, &name, names::fold(&name), &path, now];
    tx.execute(SQL, params).await?;
    tags::put(tx, &id, &tags, TAGS_QUOTA).await?;
    let profile = Stored { id, name, path, created_at: now, role: None };
    let shown = profile.shown(&caller.account, &Moved::default());
    let instance_profile = InstanceProfile { tags: tags::shown(tags), ..shown };
    Ok(CreateInstanceProfileResponse { instance_profile })
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetInstanceProfileRequest,
) -> Result<GetInstanceProfileResponse, wire::Error> {
    let caller = call.caller();
    let name = input.instance_profile_name;
    let snapshot = call.read("iam:GetInstanceProfile", ByName::new(&name)).await?;
    let profile = load(snapshot, &caller.account, &name).await?;
    let tags = tags::listed(tags::of(snapshot, &profile.id).await?);
    let keys = names::range([profile.name.as_str()].into_iter());
    let moved = trust::moved(snapshot, Scope::InstanceProfiles, &caller.account, keys).await?;
    let shown = profile.shown(&caller.account, &moved);
    Ok(GetInstanceProfileResponse { instance_profile: InstanceProfile { tags, ..shown } })
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListInstanceProfilesRequest,
) -> Result<ListInstanceProfilesResponse, wire::Error> {
    let page = Page::of(call, "ListInstanceProfiles", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let prefix = input.path_prefix.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let target = Resource::arn(arns::instance_profile(&caller.account, &prefix, ""));
    let snapshot = call.read("iam:ListInstanceProfiles", target).await?;
    let sql = format!(
        "{} WHERE p.account_id = $1 AND p.name_key > $2 AND p.path >= $3 AND p.path <= $4 \
         ORDER BY p.name_key LIMIT $5",
        Stored::select()
    );
    let params =
        params![&caller.account, page.after(), &prefix, names::prefix_end(&prefix), page.fetch()];
    let profiles = snapshot.rows(&sql, params, Stored::read).await?;
    let cut = page.cut(profiles, |profile| names::fold(&profile.name))?;
    Ok(ListInstanceProfilesResponse {
        instance_profiles: shown_all(snapshot, &caller.account, cut.items).await?,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn list_of_role(
    call: &mut Call,
    input: ListInstanceProfilesForRoleRequest,
) -> Result<ListInstanceProfilesForRoleResponse, wire::Error> {
    const LIST: &str = "ListInstanceProfilesForRole";
    let page = Page::of(call, LIST, input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let target = Named::role(&input.role_name);
    let snapshot = call.read("iam:ListInstanceProfilesForRole", target).await?;
    let role = entity::role(snapshot, &caller, &input.role_name).await?;
    let sql = format!(
        "{} WHERE p.role_id = $1 AND p.name_key > $2 ORDER BY p.name_key LIMIT $3",
        Stored::select()
    );
    let params = params![&role.id, page.after(), page.fetch()];
    let profiles = snapshot.rows(&sql, params, Stored::read).await?;
    let cut = page.cut(profiles, |profile| names::fold(&profile.name))?;
    Ok(ListInstanceProfilesForRoleResponse {
        instance_profiles: shown_all(snapshot, &caller.account, cut.items).await?,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn delete(
    call: &mut Call,
    input: DeleteInstanceProfileRequest,
) -> Result<(), wire::Error> {
    const HOLDER: &str = "SELECT 1 FROM instance_profiles WHERE id = $1 AND role_id IS NOT NULL";
    const SQL: &str = "DELETE FROM instance_profiles WHERE id = $1";
    let caller = call.caller();
    let name = input.instance_profile_name;
    let tx = call.write("iam:DeleteInstanceProfile", ByName::new(&name)).await?;
    let id = load(tx, &caller.account, &name).await?.id;
    users::refuse_if_found(tx, HOLDER, &id, "remove roles from instance profile").await?;
    tags::remove_all(tx, &id).await?;
    Ok(tx.execute(SQL, params![&id]).await.map(drop)?)
}

/// Puts a role into a profile that has none. Who does it hands the role to machines, and must be allowed to.
pub(crate) async fn add_role(
    call: &mut Call,
    input: AddRoleToInstanceProfileRequest,
) -> Result<(), wire::Error> {
    const ACTION: &str = "iam:AddRoleToInstanceProfile";
    let caller = call.caller();
    let (name, role_name) = (input.instance_profile_name, input.role_name);
    let target = ByName::new(&name);
    let tx = call.write(ACTION, &target).await?;
    let role = entity::find(tx, EntityKind::Role, &caller.account, &role_name).await?;
    let role_arn = match &role {
        Some(role) => role.arn(),
        None => arns::role(&caller.account, names::ROOT_PATH, &role_name),
    };
    call.pass_role(&role_arn, MACHINES, None).await?;
    let tx = call.write(ACTION, &target).await?;
    let profile = load(tx, &caller.account, &name).await?;
    let role = role.ok_or_else(|| entity::unknown(EntityKind::Role, &role_name))?;
    role.refuse_protected()?;
    let held = i64::from(profile.role.is_some());
    quotas::check("InstanceSessionsPerInstanceProfile", quotas::ROLES_PER_PROFILE, held)?;
    set_role(tx, &profile.id, Some(&role.id)).await
}

pub(crate) async fn remove_role(
    call: &mut Call,
    input: RemoveRoleFromInstanceProfileRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let (name, role_name) = (input.instance_profile_name, input.role_name);
    let tx = call.write("iam:RemoveRoleFromInstanceProfile", ByName::new(&name)).await?;
    let profile = load(tx, &caller.account, &name).await?;
    let role = entity::modifiable(tx, EntityKind::Role, &caller.account, &role_name).await?;
    if profile.role.is_none_or(|held| held.id != role.id) {
        let message = format!("Role {role_name} not in instance profile {name}");
        return Err(NO_SUCH_ENTITY.with(message));
    }
    set_role(tx, &profile.id, None).await
}

async fn set_role(
    tx: &mut Transaction,
    id: &str,
    role_id: Option<&str>,
) -> Result<(), wire::Error> {
    const SQL: &str = "UPDATE instance_profiles SET role_id = $2 WHERE id = $1";
    Ok(tx.execute(SQL, params![id, role_id]).await.map(drop)?)
}

pub(crate) async fn tag(
    call: &mut Call,
    input: TagInstanceProfileRequest,
) -> Result<(), wire::Error> {
    let tags = tags::checked(Some(input.tags))?;
    let caller = call.caller();
    let name = input.instance_profile_name;
    let target = ByName::new(&name).bringing(&tags);
    let tx = call.write("iam:TagInstanceProfile", target).await?;
    let profile = load(tx, &caller.account, &name).await?;
    tags::put(tx, &profile.id, &tags, TAGS_QUOTA).await
}

pub(crate) async fn untag(
    call: &mut Call,
    input: UntagInstanceProfileRequest,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let name = input.instance_profile_name;
    let target = ByName::new(&name).naming(&input.tag_keys);
    let tx = call.write("iam:UntagInstanceProfile", target).await?;
    let profile = load(tx, &caller.account, &name).await?;
    Ok(tags::remove(tx, &profile.id, &input.tag_keys).await?)
}

pub(crate) async fn list_tags(
    call: &mut Call,
    input: ListInstanceProfileTagsRequest,
) -> Result<ListInstanceProfileTagsResponse, wire::Error> {
    let page = Page::of(call, "ListInstanceProfileTags", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let name = input.instance_profile_name;
    let snapshot = call.read("iam:ListInstanceProfileTags", ByName::new(&name)).await?;
    let profile = load(snapshot, &caller.account, &name).await?;
    let cut = tags::page(snapshot, &profile.id, page).await?;
    Ok(ListInstanceProfileTagsResponse {
        tags: cut.items,
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

/// An instance profile by its name, as policies see it.
#[derive(Clone, Debug)]
struct ByName {
    name: String,
    brought: Resource,
}

impl ByName {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), brought: Resource::default() }
    }

    fn bringing(mut self, tags: &tags::Pairs) -> Self {
        self.brought = self.brought.bringing(tags.iter().cloned());
        self
    }

    fn naming(mut self, keys: &[String]) -> Self {
        self.brought = self.brought.naming(keys.iter().cloned());
        self
    }
}

impl Target for ByName {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let mut resource = self.brought.clone();
        match find(snapshot, &caller.account, &self.name).await? {
            Some(profile) => {
                resource.arn = profile.arn(&caller.account);
                resource.tags = tags::of(snapshot, &profile.id).await?;
            }
            None => {
                resource.arn =
                    arns::instance_profile(&caller.account, names::ROOT_PATH, &self.name);
            }
        }
        Ok(resource)
    }
}

/// All profiles that contain a role, as answers carry them.
pub(crate) async fn of_role(
    snapshot: &mut Snapshot,
    account: &str,
    role_id: &str,
    moved: &Moved,
) -> Result<Vec<InstanceProfile>, store::Error> {
    let sql = format!("{} WHERE p.role_id = $1 ORDER BY p.name_key", Stored::select());
    let profiles = snapshot.rows(&sql, params![role_id], Stored::read).await?;
    Ok(profiles.into_iter().map(|profile| profile.shown(account, moved)).collect())
}

async fn find(
    snapshot: &mut Snapshot,
    account: &str,
    name: &str,
) -> Result<Option<Stored>, store::Error> {
    let sql = format!("{} WHERE p.account_id = $1 AND p.name_key = $2", Stored::select());
    snapshot.row(&sql, params![account, names::fold(name)], Stored::read).await
}

async fn load(snapshot: &mut Snapshot, account: &str, name: &str) -> Result<Stored, wire::Error> {
    let unknown = || NO_SUCH_ENTITY.with(format!("Instance Profile {name} cannot be found."));
    find(snapshot, account, name).await?.ok_or_else(unknown)
}

async fn refuse_taken(
    snapshot: &mut Snapshot,
    account: &str,
    name: &str,
) -> Result<(), wire::Error> {
    if find(snapshot, account, name).await?.is_none() {
        return Ok(());
    }
    Err(ENTITY_ALREADY_EXISTS.with(format!("Instance Profile {name} already exists.")))
}

async fn count(snapshot: &mut Snapshot, account: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM instance_profiles WHERE account_id = $1";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.unwrap_or(0))
}

/// Profiles in the order of their names, as answers carry them.
async fn shown_all(
    snapshot: &mut Snapshot,
    account: &str,
    profiles: Vec<Stored>,
) -> Result<Vec<InstanceProfile>, store::Error> {
    let keys = names::range(profiles.iter().map(|profile| profile.name.as_str()));
    let moved = trust::moved(snapshot, Scope::InstanceProfiles, account, keys).await?;
    Ok(profiles.into_iter().map(|profile| profile.shown(account, &moved)).collect())
}

impl Stored {
    /// The beginning of the statements whose rows [`read`](Self::read) reads.
    fn select() -> String {
        format!(
            "SELECT p.id, p.name, p.path, p.created_at, p.role_id, {} FROM instance_profiles p \
             LEFT JOIN roles r ON r.id = p.role_id",
            roles::Stored::COLUMNS
        )
    }

    fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        let role = match row.get::<Option<String>>(4)? {
            Some(_) => Some(roles::Stored::read(row, 5)?),
            None => None,
        };
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            path: row.get(2)?,
            created_at: row.get(3)?,
            role,
        })
    }

    fn arn(&self, account: &str) -> String {
        arns::instance_profile(account, &self.path, &self.name)
    }

    /// As answers carry it, without its tags.
    fn shown(self, account: &str, moved: &Moved) -> InstanceProfile {
        InstanceProfile {
            arn: self.arn(account),
            path: self.path,
            instance_profile_name: self.name,
            instance_profile_id: self.id,
            create_date: self.created_at,
            roles: self.role.into_iter().map(|role| role.shown(account, moved)).collect(),
            tags: None,
        }
    }
}
