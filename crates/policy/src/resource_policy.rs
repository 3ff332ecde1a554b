//! Policies of a resource, whose statements say whom they mean.

use crate::{
    asker::{Asker, Named},
    document::Source,
    set::{Action, Cause, Decision, PolicySet, Request},
};

/// The trust policy of a role, or the policy of another resource, ready for decisions.
#[derive(Debug, Default)]
pub struct ResourcePolicy {
    pub(crate) set: PolicySet,
}

/// What a resource's policy says of a request.
#[derive(Clone, Copy, Debug)]
pub enum ResourceDecision<'a> {
    /// A statement allows it and none denies it. Where several allow, this one names the asker most strongly.
    Allow(Named, Cause<'a>),
    /// A statement denies it.
    ExplicitDeny(Cause<'a>),
    /// No statement speaks of it, or of the asker.
    ImplicitDeny,
}

impl<'a> ResourceDecision<'a> {
    /// The same without how the asker is named.
    #[must_use]
    pub fn plain(self) -> Decision<'a> {
        match self {
            Self::Allow(_, cause) => Decision::Allow(cause),
            Self::ExplicitDeny(cause) => Decision::ExplicitDeny(cause),
            Self::ImplicitDeny => Decision::ImplicitDeny,
        }
    }

    /// Whether the request is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(..))
    }
}

impl ResourcePolicy {
    /// The policy of a resource.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self::merged([source])
    }

    /// Policies that count together for one resource.
    #[must_use]
    pub fn merged(sources: impl IntoIterator<Item = Source>) -> Self {
        Self { set: PolicySet::new(sources) }
    }

    /// The documents.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        self.set.sources()
    }

    /// Decides for `asker`: a denial outweighs every permission, and what nothing allows is denied.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>, asker: &dyn Asker) -> ResourceDecision<'_> {
        let action = Action::new(request.action);
        let query = action.query(request, Some(asker));
        if let Some(cause) = self.set.denial(query) {
            return ResourceDecision::ExplicitDeny(cause);
        }
        match self.set.permission(query, Named::Anyone) {
            Some((named, cause)) => ResourceDecision::Allow(named, cause),
            None => ResourceDecision::ImplicitDeny,
        }
    }
}
