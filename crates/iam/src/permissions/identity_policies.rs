//! The permissions policies of a user, group or role as texts, and how it comes to have each.
//!
//! The door compiles the same policies for its decisions; here they keep their names and origins, for
//! whoever tells people about them.

use store::{Row, Snapshot, params};

use crate::{
    arns::PolicyArn,
    boundaries,
    entity::{Entity, EntityKind},
    managed, names, password_policy, policies,
};

/// What a password policy grants by `AllowUsersToChangePassword`: the same as AWS's policy of that name.
pub(crate) const SELF_SERVICE: &str = "arn:aws:iam::aws:policy/IAMUserChangePassword";

/// A policy that somebody has.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The friendly name.
    pub(crate) name: String,
    /// The ARN of a managed policy; inline ones have none.
    pub(crate) arn: Option<String>,
    /// The document in force.
    pub(crate) text: String,
    /// On whom it hangs: the entity itself, or a group that the user is in.
    pub(crate) holder: Holder,
}

/// On whom a policy hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) kind: EntityKind,
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Holder {
    pub(crate) fn new(entity: &Entity) -> Self {
        Self { kind: entity.kind, id: entity.id.clone(), name: entity.name.clone() }
    }
}

/// All policies of `entity`: its own, then those of its groups, in the order of their names.
pub(crate) async fn of(
    snapshot: &mut Snapshot,
    entity: &Entity,
) -> Result<Vec<Held>, store::Error> {
    let mut holders = vec![Holder::new(entity)];
    if entity.kind == EntityKind::User {
        holders.extend(groups_of(snapshot, &entity.id).await?);
    }
    let mut held = Vec::new();
    for holder in &holders {
        held.extend(attached_to(snapshot, holder).await?);
        held.extend(inline_of(snapshot, holder).await?);
    }
    Ok(held)
}

/// What the account's password policy grants all its users, if it lets them change their passwords.
pub(crate) async fn self_service(
    snapshot: &mut Snapshot,
    entity: &Entity,
) -> Result<Option<Held>, store::Error> {
    if entity.kind != EntityKind::User
        || !password_policy::users_may_change(snapshot, &entity.account).await?
    {
        return Ok(None);
    }
    managed_policy(SELF_SERVICE.to_owned(), None, &Holder::new(entity)).map(Some)
}

/// The permissions boundary of a user or role.
pub(crate) async fn boundary_of(
    snapshot: &mut Snapshot,
    entity: &Entity,
) -> Result<Option<Held>, store::Error> {
    let Some(arn) = boundaries::of(snapshot, entity.kind, &entity.id).await? else {
        return Ok(None);
    };
    let text = policies::default_text(snapshot, &arn).await?;
    managed_policy(arn, text, &Holder::new(entity)).map(Some)
}

/// The managed policies that hang on a holder itself.
pub(crate) async fn attached_to(
    snapshot: &mut Snapshot,
    holder: &Holder,
) -> Result<Vec<Held>, store::Error> {
    const SQL: &str = "SELECT a.policy_arn, v.document FROM attachments a \
        LEFT JOIN policies p ON p.arn = a.policy_arn \
        LEFT JOIN policy_versions v ON v.policy_id = p.id AND v.version = p.default_version \
        WHERE a.entity_id = $1";
    let parts = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let rows = snapshot.rows(SQL, params![&holder.id], parts).await?;
    let policies = rows.into_iter().map(|(arn, text)| managed_policy(arn, text, holder));
    let mut policies: Vec<_> = policies.collect::<Result<_, _>>()?;
    policies.sort_by_cached_key(|policy| names::fold(&policy.name));
    Ok(policies)
}

/// The inline policies of a holder.
pub(crate) async fn inline_of(
    snapshot: &mut Snapshot,
    holder: &Holder,
) -> Result<Vec<Held>, store::Error> {
    const SQL: &str =
        "SELECT name, document FROM inline_policies WHERE entity_id = $1 ORDER BY name";
    let policy = |row: &Row<'_>| {
        Ok(Held { name: row.get(0)?, arn: None, text: row.get(1)?, holder: holder.clone() })
    };
    snapshot.rows(SQL, params![&holder.id], policy).await
}

/// The groups of a user. The quota keeps them few.
pub(crate) async fn groups_of(
    snapshot: &mut Snapshot,
    user_id: &str,
) -> Result<Vec<Holder>, store::Error> {
    const SQL: &str = "SELECT g.id, g.name FROM group_members m JOIN groups g ON g.id = m.group_id \
        WHERE m.user_id = $1 ORDER BY g.name_key";
    let holder =
        |row: &Row<'_>| Ok(Holder { kind: EntityKind::Group, id: row.get(0)?, name: row.get(1)? });
    snapshot.rows(SQL, params![user_id], holder).await
}

/// A managed policy: AWS's own where no text is stored.
fn managed_policy(
    arn: String,
    text: Option<String>,
    holder: &Holder,
) -> Result<Held, store::Error> {
    let name = PolicyArn::parse(&arn).map(|parts| parts.name.to_owned());
    let text = text.or_else(|| managed::default_document(&arn).map(str::to_owned));
    match (name, text) {
        (Some(name), Some(text)) => Ok(Held { name, arn: Some(arn), text, holder: holder.clone() }),
        _ => Err(store::Error::corrupt("an attachment names no policy")),
    }
}
