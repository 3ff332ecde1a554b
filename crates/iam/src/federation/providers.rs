//! Identity providers, as far as the two kinds are alike: named by their ARN, and tagged under it.

use store::{Snapshot, Transaction, params};
use wire::{
    errors::VALIDATION,
    iam::errors::{INVALID_INPUT, LIMIT_EXCEEDED},
};

use crate::{
    door::{Caller, Resource, Target},
    quotas,
    tags::{self, Pairs},
};

/// The kinds of identity providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProviderKind {
    /// One that speaks OpenID Connect.
    OpenIdConnect,
    /// One that speaks SAML 2.0.
    Saml,
}

impl ProviderKind {
    /// The ARN of the provider `name`: host and path of its URL, or its friendly name.
    pub(crate) fn arn(self, account: &str, name: &str) -> String {
        format!("arn:aws:iam::{account}:{}/{name}", self.resource_type())
    }

    /// What lists of the kind are asked of.
    pub(crate) fn all(self, account: &str) -> Resource {
        Resource::arn(self.arn(account, "*"))
    }

    fn resource_type(self) -> &'static str {
        match self {
            Self::OpenIdConnect => "oidc-provider",
            Self::Saml => "saml-provider",
        }
    }
}

/// A provider by its ARN, as policies see it.
#[derive(Clone, Debug)]
pub(crate) struct Provider(Resource);

impl Provider {
    /// The provider of that ARN.
    ///
    /// # Errors
    /// `ValidationError` for what has not the form of an ARN, `InvalidInput` for the ARN of something else.
    pub(crate) fn new(kind: ProviderKind, arn: &str) -> Result<Self, wire::Error> {
        let mut parts = arn.splitn(6, ':');
        if parts.next() != Some("arn") || parts.clone().count() != 5 {
            return Err(VALIDATION.with("Invalid ARN:  Could not be parsed!"));
        }
        let is_provider = arn.starts_with("arn:aws:iam::")
            && parts
                .nth(4)
                .and_then(|resource| resource.strip_prefix(kind.resource_type())?.strip_prefix('/'))
                .is_some_and(|name| !name.is_empty());
        if is_provider {
            return Ok(Self(Resource::arn(arn)));
        }
        Err(INVALID_INPUT.with(format!("{arn} is not the ARN of a {}.", kind.resource_type())))
    }

    /// With the tags that the call brings.
    pub(crate) fn bringing(self, tags: &Pairs) -> Self {
        Self(self.0.bringing(tags.iter().cloned()))
    }

    /// With the tag keys that the call names.
    pub(crate) fn naming(self, keys: &[String]) -> Self {
        Self(self.0.naming(keys.iter().cloned()))
    }
}

impl Target for Provider {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let mut resource = self.0.clone();
        if resource.arn.split(':').nth(4) == Some(&caller.account) {
            resource.tags = tags::of(snapshot, &resource.arn).await?;
        }
        Ok(resource)
    }
}

/// Adds tags to a provider. Of too many, AWS speaks in other words here than it does for users.
pub(crate) async fn put_tags(
    tx: &mut Transaction,
    arn: &str,
    tags: &Pairs,
) -> Result<(), wire::Error> {
    let mut keys: Vec<_> = tags::of(tx, arn).await?.iter().chain(tags).map(tags::folded).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() > quotas::TAGS {
        return Err(LIMIT_EXCEEDED.with("The number of tags has reached the maximum limit."));
    }
    tags::put(tx, arn, tags, "TagsPerProvider").await
}

/// How many providers of both kinds an account has.
pub(crate) async fn count(
    snapshot: &mut Snapshot,
    kind: ProviderKind,
    account: &str,
) -> Result<i64, store::Error> {
    let sql = match kind {
        ProviderKind::OpenIdConnect => "SELECT COUNT(*) FROM oidc_providers WHERE account_id = $1",
        ProviderKind::Saml => "SELECT COUNT(*) FROM saml_providers WHERE account_id = $1",
    };
    Ok(snapshot.row(sql, params![account], |row| row.get(0)).await?.unwrap_or(0))
}
