//! A role that somebody wants to assume, as policies see it: guarded by its trust policy.

use std::sync::Arc;

use policy::ResourceKind;
use store::Snapshot;

use crate::{
    arns,
    door::{Caller, Guard, Resource, Target},
    tags,
    trust::{self, Trust},
};

/// A role by its ARN, with the condition keys of the call.
#[derive(Clone, Debug)]
pub struct Assuming {
    role_arn: String,
    brought: Resource,
}

impl Assuming {
    /// The role of that ARN. `brought` has the tags and condition keys that the call brings; its ARN does
    /// not matter.
    pub fn new(role_arn: impl Into<String>, brought: Resource) -> Self {
        Self { role_arn: role_arn.into(), brought }
    }
}

impl Target for Assuming {
    /// A role that does not exist is guarded by a policy that lets nobody in: who asks learns nothing of
    /// which roles there are.
    async fn resolve(
        &self,
        snapshot: &mut Snapshot,
        caller: &Caller,
    ) -> Result<Resource, wire::Error> {
        let mut resource = Resource { arn: self.role_arn.clone(), ..self.brought.clone() };
        let owner = arns::account(&self.role_arn).unwrap_or(&caller.account);
        if owner != caller.account {
            resource.account = Some(owner.to_owned());
        }
        let guard = match trust::load(snapshot, &self.role_arn).await? {
            Some(trust) => {
                resource.tags = tags::of(snapshot, &trust.id).await?;
                guard(trust)
            }
            None => Guard {
                kind: ResourceKind::RoleTrust,
                policy: Arc::default(),
                bindings: Some(Vec::new()),
            },
        };
        Ok(resource.guarded(guard))
    }
}

fn guard(trust: Trust) -> Guard {
    Guard { kind: ResourceKind::RoleTrust, policy: trust.policy, bindings: Some(trust.bindings) }
}
