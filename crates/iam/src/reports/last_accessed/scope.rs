//! Of whom and of what a report is: the policies that allow services, and the people who could use them.

use store::{Row, Snapshot, params};

use crate::{
    arns::PolicyArn,
    entity::{self, Entity, EntityKind},
    entity_arns::{self, EntityArn},
    identity_policies, policies,
};

/// What a report is made of.
pub(super) struct Scope {
    /// The texts of the policies whose permissions count.
    pub(super) policies: Vec<String>,
    /// Users and roles that could use them, in the order of their names.
    pub(super) entities: Vec<Entity>,
}

/// A user, group, role or managed policy.
pub(crate) enum Named {
    Entity(EntityArn),
    Policy(String),
}

impl Named {
    /// What `arn` names, or `InvalidInput`.
    pub(super) fn parse(arn: &str) -> Result<Self, wire::Error> {
        if PolicyArn::parse(arn).is_some() {
            return Ok(Self::Policy(arn.to_owned()));
        }
        EntityArn::parse(arn).map(Self::Entity).ok_or_else(|| entity_arns::unclear(arn))
    }

    /// What is said where nothing is named.
    pub(super) fn unknown(&self) -> wire::Error {
        match self {
            Self::Entity(named) => entity::unknown(named.kind, &named.name),
            Self::Policy(arn) => policies::unknown(arn),
        }
    }

    /// The scope of its report, if it names anything in the account.
    pub(super) async fn scope(
        &self,
        snapshot: &mut Snapshot,
        account: &str,
    ) -> Result<Option<Scope>, store::Error> {
        match self {
            Self::Policy(arn) => of_policy(snapshot, account, arn).await,
            Self::Entity(named) => {
                let Some(entity) = named.find(snapshot, account).await? else { return Ok(None) };
                let held = identity_policies::of(snapshot, &entity).await?;
                let entities = match entity.kind {
                    EntityKind::Group => members(snapshot, &entity).await?,
                    EntityKind::User | EntityKind::Role => vec![entity],
                };
                let policies = held.into_iter().map(|policy| policy.text).collect();
                Ok(Some(Scope { policies, entities }))
            }
        }
    }
}

async fn of_policy(
    snapshot: &mut Snapshot,
    account: &str,
    arn: &str,
) -> Result<Option<Scope>, store::Error> {
    let Some(found) = policies::find(snapshot, account, arn).await? else { return Ok(None) };
    let text = policies::text_in_force(snapshot, &found).await?;
    Ok(Some(Scope { policies: vec![text], entities: users_of(snapshot, account, arn).await? }))
}

/// The users and roles that have a policy, users also by their groups.
async fn users_of(
    snapshot: &mut Snapshot,
    account: &str,
    arn: &str,
) -> Result<Vec<Entity>, store::Error> {
    const SQL: &str = "SELECT 'user', u.id, u.name, u.path, u.created_at, u.name_key \
        FROM users u WHERE u.account_id = $1 AND (\
        u.id IN (SELECT entity_id FROM attachments WHERE account_id = $1 AND policy_arn = $2) \
        OR u.id IN (SELECT m.user_id FROM group_members m JOIN attachments a \
            ON a.entity_id = m.group_id WHERE a.account_id = $1 AND a.policy_arn = $2)) \
        UNION ALL SELECT 'role', r.id, r.name, r.path, r.created_at, r.name_key \
        FROM roles r JOIN attachments a ON a.entity_id = r.id \
        WHERE a.account_id = $1 AND a.policy_arn = $2 ORDER BY 6, 1";
    snapshot.rows(SQL, params![account, arn], |row| entity(row, account)).await
}

async fn members(snapshot: &mut Snapshot, group: &Entity) -> Result<Vec<Entity>, store::Error> {
    const SQL: &str = "SELECT 'user', u.id, u.name, u.path, u.created_at FROM group_members m \
        JOIN users u ON u.id = m.user_id WHERE m.group_id = $1 ORDER BY u.name_key";
    snapshot.rows(SQL, params![&group.id], |row| entity(row, &group.account)).await
}

fn entity(row: &Row<'_>, account: &str) -> Result<Entity, store::Error> {
    let is_role = row.get::<&str>(0)? == EntityKind::Role.word();
    Ok(Entity {
        kind: if is_role { EntityKind::Role } else { EntityKind::User },
        id: row.get(1)?,
        account: account.to_owned(),
        name: row.get(2)?,
        path: row.get(3)?,
        created_at: row.get(4)?,
    })
}
