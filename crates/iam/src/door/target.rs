//! What a call is about to touch, as policies see it.

use std::{future::Future, sync::Arc};

use policy::{ResourceKind, ResourcePolicy};
use store::Snapshot;

use super::Caller;

/// A resource as policies see it: its ARN, its tags, and condition keys of this call.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// The ARN, or `*` for an action that has no resource.
    pub arn: String,
    /// The account that owns it, where it is not the caller's: 12 digits.
    pub account: Option<String>,
    /// The policy of the resource itself, if it has one.
    pub guard: Option<Guard>,
    /// The resource's tags (`aws:ResourceTag/..` and the service's own form of it).
    pub tags: Vec<(String, String)>,
    /// The tags that the call itself brings (`aws:RequestTag/..`).
    pub request_tags: Vec<(String, String)>,
    /// The tag keys that the call names (`aws:TagKeys`).
    pub tag_keys: Vec<String>,
    /// Further condition keys in lower case, such as `iam:policyarn`, with their values. They outweigh the
    /// keys of every request.
    pub keys: Vec<(String, Vec<String>)>,
}

/// The policy of a resource: who it lets in.
#[derive(Clone, Debug)]
pub struct Guard {
    /// How much it decides.
    pub kind: ResourceKind,
    /// The policy.
    pub policy: Arc<ResourcePolicy>,
    /// ARNs of users, roles and their sessions as the policy writes them, with the ids that they meant when
    /// it was stored; none where ARNs are compared as they are.
    pub bindings: Option<Vec<(String, String)>>,
}

impl Resource {
    /// The resource of actions that have none.
    pub fn any() -> Self {
        Self::arn("*")
    }

    /// A resource by its ARN.
    pub fn arn(arn: impl Into<String>) -> Self {
        Self { arn: arn.into(), ..Self::default() }
    }

    /// With the tags that the resource bears.
    #[must_use]
    pub fn tagged(mut self, tags: Vec<(String, String)>) -> Self {
        self.tags = tags;
        self
    }

    /// With the tags that the call brings; their keys become `aws:TagKeys`.
    #[must_use]
    pub fn bringing(mut self, tags: impl IntoIterator<Item = (String, String)>) -> Self {
        self.request_tags = tags.into_iter().collect();
        self.tag_keys = self.request_tags.iter().map(|(key, _)| key.clone()).collect();
        self
    }

    /// With the tag keys that the call names, as the untag operations do.
    #[must_use]
    pub fn naming(mut self, tag_keys: impl IntoIterator<Item = String>) -> Self {
        self.tag_keys = tag_keys.into_iter().collect();
        self
    }

    /// With one more condition key.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.with_all(key, vec![value.into()])
    }

    /// With one more condition key of several values.
    #[must_use]
    pub fn with_all(mut self, key: &str, values: Vec<String>) -> Self {
        self.keys.push((key.to_ascii_lowercase(), values));
        self
    }

    /// As a thing of another account.
    #[must_use]
    pub fn owned_by(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// With a policy of its own.
    #[must_use]
    pub fn guarded(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// The account that owns it.
    pub fn owner<'a>(&'a self, caller: &'a Caller) -> &'a str {
        self.account.as_deref().unwrap_or(&caller.account)
    }
}

/// Something that a policy can speak of once the store was asked for its ARN and tags.
///
/// This is all of the store that is read before the decision: a name becomes the ARN with its path, and
/// the tags that conditions need. Nothing of it reaches the handler.
pub trait Target: Send + Sync {
    /// The resource as it is in `snapshot`. What does not exist still has the ARN that it would have.
    fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> impl Future<Output = Result<Resource, wire::Error>> + Send;
}

impl<T: Target> Target for &T {
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        (**self).resolve(snapshot, caller).await
    }
}

impl Target for Resource {
    async fn resolve(&self, _: &mut Snapshot, _: &Caller) -> Result<Resource, wire::Error> {
        Ok(self.clone())
    }
}
