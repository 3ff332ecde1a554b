//! IAM users.

use store::{Row, Snapshot, Transaction, params};
use wire::iam::{
    CreateUserRequest, CreateUserResponse, DeleteUserRequest, GetUserRequest, GetUserResponse,
    ListUserTagsRequest, ListUserTagsResponse, ListUsersRequest, ListUsersResponse, TagUserRequest,
    UntagUserRequest, UpdateUserRequest, User, errors::DELETE_CONFLICT,
};
use world::{Timestamp, World};

use crate::{
    arns, boundaries,
    door::{Call, Resource},
    entity::{self, EntityKind, Named},
    epoch,
    ids::{self, Kind},
    names,
    pages::Page,
    quotas, tags,
};

/// AWS's name of the limit of tags.
const TAGS_QUOTA: &str = "TagsPerUser";

/// How root is called where the model wants a user's name, as in the credential report.
pub(crate) const ROOT_NAME: &str = "<root_account>";

/// A user as it is stored.
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) created_at: Timestamp,
    pub(crate) password_last_used: Option<Timestamp>,
    pub(crate) boundary: Option<String>,
}

pub(crate) async fn create(
    call: &mut Call,
    input: CreateUserRequest,
) -> Result<CreateUserResponse, wire::Error> {
    let tags = tags::checked(input.tags)?;
    let path = input.path.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let (caller, world, now) = (call.caller(), call.world(), call.now());
    let mut target = Resource::arn(arns::user(&caller.account, &path, &input.user_name))
        .bringing(tags.iter().cloned());
    if let Some(boundary) = &input.permissions_boundary {
        boundaries::check_arn(boundary)?;
        target = target.with(boundaries::CONDITION_KEY, boundary);
    }
    let mut tx = call.write("iam:CreateUser", &target).await?;
    if !tags.is_empty() {
        tx = call.write("iam:TagUser", &target).await?;
    }
    if let Some(boundary) = &input.permissions_boundary {
        boundaries::check_exists(tx, EntityKind::User, &caller.account, boundary).await?;
    }
    let mut user = insert(tx, &world, &caller.account, &input.user_name, &path, now).await?;
    if let Some(boundary) = input.permissions_boundary {
        boundaries::set(tx, EntityKind::User, &user.id, Some(&boundary)).await?;
        user.boundary = Some(boundary);
    }
    tags::put(tx, &user.id, &tags, TAGS_QUOTA).await?;
    let user = User { tags: tags::shown(tags), ..user.shown(&caller.account) };
    Ok(CreateUserResponse { user: Some(user) })
}

/// Makes a user without any permission.
pub(crate) async fn insert(
    tx: &mut Transaction,
    world: &World,
    account: &str,
    name: &str,
    path: &str,
    now: Timestamp,
) -> Result<Stored, wire::Error> {
    const SQL: &str = "INSERT INTO users (id, account_id, name, name_key, path, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    entity::refuse_taken(tx, EntityKind::User, account, name).await?;
    quotas::check("UsersPerAccount", quotas::USERS, count(tx, account).await?)?;
    let id = ids::generate(world, Kind::User, account);
    tx.execute(SQL, params![&id, account, name, names::fold(name), path, now]).await?;
    Ok(Stored {
        id,
        name: name.to_owned(),
        path: path.to_owned(),
        created_at: now,
        password_last_used: None,
        boundary: None,
    })
}

pub(crate) async fn get(
    call: &mut Call,
    input: GetUserRequest,
) -> Result<GetUserResponse, wire::Error> {
    let caller = call.caller();
    if input.user_name.is_none() && caller.is_root() {
        let target = Resource::arn(caller.arn());
        let snapshot = call.read("iam:GetUser", target).await?;
        return Ok(GetUserResponse { user: root(snapshot, &caller.account).await? });
    }
    let name = entity::user_or_caller(&caller, input.user_name)?;
    let snapshot = call.read("iam:GetUser", Named::user(&name)).await?;
    let user = load(snapshot, &caller.account, &name).await?;
    let tags = tags::shown(tags::of(snapshot, &user.id).await?);
    Ok(GetUserResponse { user: User { tags, ..user.shown(&caller.account) } })
}

/// Root as answers show it, in the form of a user.
pub(crate) async fn root(snapshot: &mut Snapshot, account: &str) -> Result<User, store::Error> {
    const SQL: &str = "SELECT created_at, root_password_last_used FROM accounts WHERE id = $1";
    let facts = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (create_date, password_last_used) = snapshot
        .row(SQL, params![account], facts)
        .await?
        .ok_or_else(|| store::Error::corrupt("the caller's account is gone"))?;
    Ok(User {
        path: names::ROOT_PATH.to_owned(),
        user_name: ROOT_NAME.to_owned(),
        user_id: account.to_owned(),
        arn: arns::root(account),
        create_date,
        password_last_used,
        ..User::default()
    })
}

pub(crate) async fn list(
    call: &mut Call,
    input: ListUsersRequest,
) -> Result<ListUsersResponse, wire::Error> {
    const SQL: &str = "SELECT id, name, path, created_at, password_last_used, NULL FROM users \
        WHERE account_id = $1 AND name_key > $2 AND path >= $3 AND path <= $4 \
        ORDER BY name_key LIMIT $5";
    let page = Page::of(call, "ListUsers", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let prefix = input.path_prefix.unwrap_or_else(|| names::ROOT_PATH.to_owned());
    let target = Resource::arn(arns::user(&caller.account, &prefix, ""));
    let snapshot = call.read("iam:ListUsers", target).await?;
    let params =
        params![&caller.account, page.after(), &prefix, names::prefix_end(&prefix), page.fetch()];
    let users = snapshot.rows(SQL, params, Stored::read).await?;
    let cut = page.cut(users, |user| names::fold(&user.name))?;
    Ok(ListUsersResponse {
        users: cut.items.into_iter().map(|user| user.shown(&caller.account)).collect(),
        is_truncated: cut.is_truncated,
        marker: cut.marker,
    })
}

pub(crate) async fn update(call: &mut Call, input: UpdateUserRequest) -> Result<(), wire::Error> {
    let (name, path) = (input.new_user_name, input.new_path);
    entity::update(call, "iam:UpdateUser", EntityKind::User, &input.user_name, name, path).await
}

pub(crate) async fn delete(call: &mut Call, input: DeleteUserRequest) -> Result<(), wire::Error> {
    let caller = call.caller();
    let tx = call.write("iam:DeleteUser", Named::user(&input.user_name)).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    refuse_used(tx, &user.id).await?;
    tags::remove_all(tx, &user.id).await?;
    for sql in
        ["DELETE FROM password_history WHERE user_id = $1", "DELETE FROM users WHERE id = $1"]
    {
        tx.execute(sql, params![&user.id]).await?;
    }
    epoch::bump(tx, &caller.account).await?;
    Ok(())
}

/// Refuses to delete a user that anything still hangs on, in AWS's words.
async fn refuse_used(snapshot: &mut Snapshot, id: &str) -> Result<(), wire::Error> {
    const HOLDERS: [(&str, &str); 9] = [
        ("SELECT 1 FROM attachments WHERE entity_id = $1", "detach all policies"),
        ("SELECT 1 FROM inline_policies WHERE entity_id = $1", "delete policies"),
        ("SELECT 1 FROM login_profiles WHERE user_id = $1", "delete login profile"),
        ("SELECT 1 FROM access_keys WHERE user_id = $1", "delete access keys"),
        ("SELECT 1 FROM mfa_devices WHERE holder = $1", "delete MFA device"),
        ("SELECT 1 FROM signing_certificates WHERE holder = $1", "delete signing certificates"),
        ("SELECT 1 FROM ssh_keys WHERE user_id = $1", "delete SSH public keys"),
        ("SELECT 1 FROM service_credentials WHERE user_id = $1", "remove referenced objects"),
        ("SELECT 1 FROM group_members WHERE user_id = $1", "remove users from group"),
    ];
    for (sql, remedy) in HOLDERS {
        refuse_if_found(snapshot, sql, id, remedy).await?;
    }
    Ok(())
}

/// Refuses a deletion if `sql` finds anything for `id`.
pub(crate) async fn refuse_if_found(
    snapshot: &mut Snapshot,
    sql: &str,
    id: &str,
    remedy: &str,
) -> Result<(), wire::Error> {
    if snapshot.row(sql, params![id], |_| Ok(())).await?.is_some() {
        let message = format!("Cannot delete entity, must {remedy} first.");
        return Err(DELETE_CONFLICT.with(message));
    }
    Ok(())
}

pub(crate) async fn tag(call: &mut Call, input: TagUserRequest) -> Result<(), wire::Error> {
    let tags = tags::checked(Some(input.tags))?;
    let caller = call.caller();
    let target = Named::user(&input.user_name).bringing(&tags);
    let tx = call.write("iam:TagUser", target).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    tags::put(tx, &user.id, &tags, TAGS_QUOTA).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn untag(call: &mut Call, input: UntagUserRequest) -> Result<(), wire::Error> {
    let caller = call.caller();
    let target = Named::user(&input.user_name).naming(&input.tag_keys);
    let tx = call.write("iam:UntagUser", target).await?;
    let user = entity::user(tx, &caller, &input.user_name).await?;
    tags::remove(tx, &user.id, &input.tag_keys).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

pub(crate) async fn list_tags(
    call: &mut Call,
    input: ListUserTagsRequest,
) -> Result<ListUserTagsResponse, wire::Error> {
    let page = Page::of(call, "ListUserTags", input.marker.as_deref(), input.max_items)?;
    let caller = call.caller();
    let snapshot = call.read("iam:ListUserTags", Named::user(&input.user_name)).await?;
    let user = entity::user(snapshot, &caller, &input.user_name).await?;
    let cut = tags::page(snapshot, &user.id, page).await?;
    Ok(ListUserTagsResponse { tags: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}

async fn load(snapshot: &mut Snapshot, account: &str, name: &str) -> Result<Stored, wire::Error> {
    const SQL: &str = "SELECT id, name, path, created_at, password_last_used, \
        permissions_boundary FROM users WHERE account_id = $1 AND name_key = $2";
    let user = snapshot.row(SQL, params![account, names::fold(name)], Stored::read).await?;
    user.ok_or_else(|| entity::unknown(EntityKind::User, name))
}

async fn count(snapshot: &mut Snapshot, account: &str) -> Result<i64, store::Error> {
    const SQL: &str = "SELECT COUNT(*) FROM users WHERE account_id = $1";
    Ok(snapshot.row(SQL, params![account], |row| row.get(0)).await?.unwrap_or(0))
}

impl Stored {
    /// From the columns id, name, path, created_at, password_last_used, permissions_boundary.
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Self::read_at(row, 0)
    }

    /// The same from the six columns that begin at `first`.
    pub(crate) fn read_at(row: &Row<'_>, first: usize) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(first)?,
            name: row.get(first + 1)?,
            path: row.get(first + 2)?,
            created_at: row.get(first + 3)?,
            password_last_used: row.get(first + 4)?,
            boundary: row.get(first + 5)?,
        })
    }

    /// As answers carry it, without its tags.
    pub(crate) fn shown(self, account: &str) -> User {
        User {
            arn: arns::user(account, &self.path, &self.name),
            path: self.path,
            user_name: self.name,
            user_id: self.id,
            create_date: self.created_at,
            password_last_used: self.password_last_used,
            permissions_boundary: self.boundary.map(boundaries::shown),
            tags: None,
        }
    }
}
