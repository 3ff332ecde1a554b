//! What policies attach to: users, groups and roles.

use store::{Snapshot, params};
use wire::{
    errors::VALIDATION,
    iam::errors::{ENTITY_ALREADY_EXISTS, NO_SUCH_ENTITY, UNMODIFIABLE_ENTITY},
};
use world::Timestamp;

use crate::{
    arns, boundaries,
    door::{Call, Caller, Resource, Target},
    epoch, names, quotas, tags,
};

/// Begins the paths of service-linked roles.
pub(crate) const SERVICE_ROLE_PATH: &str = "/aws-service-role/";

/// The kinds of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntityKind {
    User,
    Group,
    Role,
}

/// A user, a group or a role, as far as they are alike.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) kind: EntityKind,
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) created_at: Timestamp,
}

impl EntityKind {
    /// In the middle of a message, and in the store: `user`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// At the beginning of a message or the end of a quota's name: `User`.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
        }
    }

    /// The table that it is in.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Group => "groups",
            Self::Role => "roles",
        }
    }

    /// Characters of all its inline policies, at most.
    pub(crate) fn inline_chars(self) -> usize {
        match self {
            Self::User => quotas::USER_INLINE_CHARS,
            Self::Group => quotas::GROUP_INLINE_CHARS,
            Self::Role => quotas::ROLE_INLINE_CHARS,
        }
    }

    pub(crate) fn arn(self, account: &str, path: &str, name: &str) -> String {
        match self {
            Self::User => arns::user(account, path, name),
            Self::Group => arns::group(account, path, name),
            Self::Role => arns::role(account, path, name),
        }
    }
}

impl Entity {
    pub(crate) fn arn(&self) -> String {
        self.kind.arn(&self.account, &self.path, &self.name)
    }

    /// Whether it is a service-linked role. The path tells: nobody else may make roles below it.
    pub(crate) fn is_protected(&self) -> bool {
        self.kind == EntityKind::Role && self.path.starts_with(SERVICE_ROLE_PATH)
    }

    /// Refuses what users may not do to a service-linked role.
    pub(crate) fn refuse_protected(&self) -> Result<(), wire::Error> {
        if !self.is_protected() {
            return Ok(());
        }
        Err(UNMODIFIABLE_ENTITY.with(format!(
            "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
            self.name
        )))
    }
}

/// The entity of that name, in any case.
pub(crate) async fn find(
    snapshot: &mut Snapshot,
    kind: EntityKind,
    account: &str,
    name: &str,
) -> Result<Option<Entity>, store::Error> {
    let table = kind.table();
    let sql = format!(
        "SELECT id, name, path, created_at FROM {table} WHERE account_id = $1 AND name_key = $2"
    );
    let entity = |row: &store::Row<'_>| {
        Ok(Entity {
            kind,
            id: row.get(0)?,
            account: account.to_owned(),
            name: row.get(1)?,
            path: row.get(2)?,
            created_at: row.get(3)?,
        })
    };
    snapshot.row(&sql, params![account, names::fold(name)], entity).await
}

/// The entity of that name, or `NoSuchEntity`.
pub(crate) async fn get(
    snapshot: &mut Snapshot,
    kind: EntityKind,
    account: &str,
    name: &str,
) -> Result<Entity, wire::Error> {
    find(snapshot, kind, account, name).await?.ok_or_else(|| unknown(kind, name))
}

/// The entity of that name if users may change it, or `NoSuchEntity`, or `UnmodifiableEntity`.
pub(crate) async fn modifiable(
    snapshot: &mut Snapshot,
    kind: EntityKind,
    account: &str,
    name: &str,
) -> Result<Entity, wire::Error> {
    let entity = get(snapshot, kind, account, name).await?;
    entity.refuse_protected()?;
    Ok(entity)
}

/// The user of that name, or `NoSuchEntity`.
pub(crate) async fn user(
    snapshot: &mut Snapshot,
    caller: &Caller,
    name: &str,
) -> Result<Entity, wire::Error> {
    get(snapshot, EntityKind::User, &caller.account, name).await
}

/// The group of that name, or `NoSuchEntity`.
pub(crate) async fn group(
    snapshot: &mut Snapshot,
    caller: &Caller,
    name: &str,
) -> Result<Entity, wire::Error> {
    get(snapshot, EntityKind::Group, &caller.account, name).await
}

/// The role of that name, or `NoSuchEntity`.
pub(crate) async fn role(
    snapshot: &mut Snapshot,
    caller: &Caller,
    name: &str,
) -> Result<Entity, wire::Error> {
    get(snapshot, EntityKind::Role, &caller.account, name).await
}

pub(crate) fn unknown(kind: EntityKind, name: &str) -> wire::Error {
    NO_SUCH_ENTITY.with(format!("The {} with name {name} cannot be found.", kind.word()))
}

/// Refuses a name that another entity of the kind has, in any case.
pub(crate) async fn refuse_taken(
    snapshot: &mut Snapshot,
    kind: EntityKind,
    account: &str,
    name: &str,
) -> Result<(), wire::Error> {
    if find(snapshot, kind, account, name).await?.is_none() {
        return Ok(());
    }
    Err(ENTITY_ALREADY_EXISTS.with(format!("{} with name {name} already exists.", kind.label())))
}

/// Renames or moves an entity. Its id and what hangs on it stay; who calls needs the permission for
/// `action` on both the old and the new ARN.
pub(crate) async fn update(
    call: &mut Call,
    action: &'static str,
    kind: EntityKind,
    old_name: &str,
    new_name: Option<String>,
    new_path: Option<String>,
) -> Result<(), wire::Error> {
    let caller = call.caller();
    let tx = call.write(action, Named::new(kind, old_name)).await?;
    let found = find(tx, kind, &caller.account, old_name).await?;
    let old_path = found.as_ref().map_or(names::ROOT_PATH, |entity| &entity.path).to_owned();
    let path = new_path.unwrap_or(old_path);
    let name = new_name.as_deref().unwrap_or(old_name);
    let target = Resource::arn(kind.arn(&caller.account, &path, name));
    let tx = call.write(action, target).await?;
    let entity = found.ok_or_else(|| unknown(kind, old_name))?;
    let name = new_name.unwrap_or(entity.name);
    if names::fold(&name) != names::fold(old_name) {
        refuse_taken(tx, kind, &caller.account, &name).await?;
    }
    let table = kind.table();
    let sql = format!("UPDATE {table} SET name = $2, name_key = $3, path = $4 WHERE id = $1");
    tx.execute(&sql, params![&entity.id, &name, names::fold(&name), &path]).await?;
    Ok(epoch::bump(tx, &caller.account).await?)
}

/// The name that a call means that names no user: the caller's own.
pub(crate) fn user_or_caller(caller: &Caller, name: Option<String>) -> Result<String, wire::Error> {
    name.or_else(|| caller.user_name().map(str::to_owned)).ok_or_else(|| {
        VALIDATION.with("Must specify userName when calling with non-User credentials")
    })
}

/// An entity by its name, as policies see it: with the path that it is stored under, and its tags.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    kind: EntityKind,
    name: String,
    brought: Resource,
    bounded: bool,
}

impl Named {
    pub(crate) fn new(kind: EntityKind, name: &str) -> Self {
        Self { kind, name: name.to_owned(), brought: Resource::default(), bounded: false }
    }

    pub(crate) fn user(name: &str) -> Self {
        Self::new(EntityKind::User, name)
    }

    pub(crate) fn group(name: &str) -> Self {
        Self::new(EntityKind::Group, name)
    }

    pub(crate) fn role(name: &str) -> Self {
        Self::new(EntityKind::Role, name)
    }

    /// With a condition key of the call.
    pub(crate) fn with(mut self, key: &'static str, value: &str) -> Self {
        self.brought = self.brought.with(key, value);
        self
    }

    /// With the permissions boundary that holds for the entity, as the operations have it that change what
    /// the entity may do (Service Authorization Reference, IAM, `iam:PermissionsBoundary`).
    pub(crate) fn bounded(mut self) -> Self {
        self.bounded = true;
        self
    }

    /// With the tags that the call brings.
    pub(crate) fn bringing(mut self, tags: &tags::Pairs) -> Self {
        self.brought = self.brought.bringing(tags.iter().cloned());
        self
    }

    /// With the tag keys that the call names.
    pub(crate) fn naming(mut self, keys: &[String]) -> Self {
        self.brought = self.brought.naming(keys.iter().cloned());
        self
    }
}

impl Target for Named {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let mut resource = self.brought.clone();
        match find(snapshot, self.kind, &caller.account, &self.name).await? {
            Some(entity) => {
                resource.arn = entity.arn();
                resource.tags = tags::of(snapshot, &entity.id).await?;
                if self.bounded
                    && let Some(arn) = boundaries::of(snapshot, self.kind, &entity.id).await?
                {
                    resource = resource.with(boundaries::CONDITION_KEY, arn);
                }
            }
            None => resource.arn = self.kind.arn(&caller.account, names::ROOT_PATH, &self.name),
        }
        Ok(resource)
    }
}
