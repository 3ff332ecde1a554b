//! Users, groups and roles named by their ARNs, as the operations that look at their policies want it.

use store::Snapshot;
use wire::iam::errors::INVALID_INPUT;

use crate::{
    door::{Caller, Resource, Target},
    entity::{self, Entity, EntityKind},
    tags,
};

/// An ARN of a user, group or role, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityArn {
    pub(crate) text: String,
    pub(crate) account: String,
    pub(crate) kind: EntityKind,
    pub(crate) name: String,
}

impl EntityArn {
    /// The parts of `arn`, if it names a user, a group or a role.
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        let (account, resource) = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?;
        let (kind, path) = resource.split_once('/')?;
        let kind = match kind {
            "user" => EntityKind::User,
            "group" => EntityKind::Group,
            "role" => EntityKind::Role,
            _ => return None,
        };
        let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
        let (text, account, name) = (arn.to_owned(), account.to_owned(), name.to_owned());
        Some(Self { text, account, kind, name })
    }

    /// The same, or what AWS says of other ARNs.
    pub(crate) fn expect(arn: &str) -> Result<Self, wire::Error> {
        Self::parse(arn).ok_or_else(|| unclear(arn))
    }

    /// Whom it names in `account`, or `NoSuchEntity`. Nobody is named by another account's ARN; the path does
    /// not count, as recorded of the service.
    pub(crate) async fn load(
        &self,
        snapshot: &mut Snapshot,
        account: &str,
    ) -> Result<Entity, wire::Error> {
        let found = self.find(snapshot, account).await?;
        found.ok_or_else(|| entity::unknown(self.kind, &self.name))
    }

    /// The same, or nothing.
    pub(crate) async fn find(
        &self,
        snapshot: &mut Snapshot,
        account: &str,
    ) -> Result<Option<Entity>, store::Error> {
        if self.account != account {
            return Ok(None);
        }
        entity::find(snapshot, self.kind, account, &self.name).await
    }
}

/// What AWS says of an ARN that names neither a user nor a group nor a role.
pub(crate) fn unclear(arn: &str) -> wire::Error {
    let message =
        format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.");
    INVALID_INPUT.with(message)
}

impl Target for EntityArn {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let mut resource = Resource::arn(&self.text);
        if let Some(entity) = self.find(snapshot, &caller.account).await? {
            resource = Resource::arn(entity.arn()).tagged(tags::of(snapshot, &entity.id).await?);
        }
        Ok(resource)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_entities_are_clear() {
        let role = EntityArn::parse("arn:aws:iam::123456789012:role/a/b/R").unwrap();
        assert_eq!(
            (role.kind, &*role.account, &*role.name),
            (EntityKind::Role, "123456789012", "R")
        );
        for arn in [
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:iam::123456789012:policy/p",
            "arn:aws:sts::123456789012:assumed-role/r/s",
            "user/u",
        ] {
            let message = EntityArn::expect(arn).unwrap_err().message().to_owned();
            assert!(
                message.ends_with("does not clearly define entity type and name."),
                "{message}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(arn:aws:iam::[0-9]{0,3}:(user|group|role)/)?\\PC{0,64}") {
            let _ = EntityArn::parse(&text);
        }
    }
}
