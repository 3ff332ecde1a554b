//! Whose credentials a call is about: those operations that may leave the user's name out.

use store::Snapshot;
use wire::errors::VALIDATION;

use crate::{
    arns,
    door::{Caller, Resource, Target},
    entity::{self, Named},
};

/// Whose credentials a call is about.
pub(crate) enum Whose {
    /// The account's root user's.
    Root,
    /// A user's, by name.
    User(String),
}

/// The one whose credentials they are: neither id nor name for root.
pub(crate) struct Owner {
    /// The user's id, `AIDA..`.
    pub(crate) id: Option<String>,
    /// The user's name as it is stored.
    pub(crate) name: Option<String>,
}

impl Whose {
    /// Those of the user named, else the caller's own.
    pub(crate) fn of(caller: &Caller, user_name: Option<String>) -> Result<Self, wire::Error> {
        match user_name.or_else(|| caller.user_name().map(str::to_owned)) {
            Some(name) => Ok(Self::User(name)),
            None if caller.is_root() => Ok(Self::Root),
            None => {
                Err(VALIDATION.with("Must specify userName when calling with non-User credentials"))
            }
        }
    }

    /// Them as they are stored, or `NoSuchEntity`.
    pub(crate) async fn owner(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Owner, wire::Error> {
        let Self::User(name) = self else { return Ok(Owner { id: None, name: None }) };
        let user = entity::user(snapshot, caller, name).await?;
        Ok(Owner { id: Some(user.id), name: Some(user.name) })
    }
}

impl Owner {
    /// The unique id: the account's number for root, as in `aws:userid`.
    pub(crate) fn unique_id<'a>(&'a self, caller: &'a Caller) -> &'a str {
        self.id.as_deref().unwrap_or(&caller.account)
    }
}

impl Target for Whose {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        match self {
            Self::Root => Ok(Resource::arn(arns::root(&caller.account))),
            Self::User(name) => Named::user(name).resolve(snapshot, caller).await,
        }
    }
}
