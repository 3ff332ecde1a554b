//! All policies that bear on a request, and what they say together.
//!
//! IAM User Guide, "Policy evaluation logic": a denial anywhere denies; the organisation's policies must
//! allow; a policy of the resource may allow by itself what it grants to the asker directly; otherwise
//! the asker's own policies, its boundary and its session policies must all allow. Between accounts both
//! sides must.

mod denial;

use crate::{
    asker::{Asker, Named, Nature},
    resource_policy::{ResourceDecision, ResourcePolicy},
    set::{Cause, Decision, PolicySet, Request},
};

pub use denial::{Denial, PolicyType};

/// What is to be decided, for whom, and by which policies.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The action, the resource, the condition keys.
    pub request: Request<'a>,
    /// Who asks.
    pub asker: &'a dyn Asker,
    /// Whether the resource belongs to another account than the asker.
    pub cross_account: bool,
    /// The policies.
    pub policies: Policies<'a>,
}

/// The policies that bear on a request. Those that are not there do not bind, but for what
/// [`ResourceKind`] and [`Nature::FederatedUser`] say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// Of the user and its groups, or of the role; for a federated session, those of its issuer.
    pub identity: Option<&'a PolicySet>,
    /// The permissions boundary of the user or role.
    pub boundary: Option<&'a PolicySet>,
    /// The policies passed for the session, all together.
    pub session: Option<&'a PolicySet>,
    /// The policy of the resource.
    pub resource: Option<(ResourceKind, &'a ResourcePolicy)>,
    /// The service control policies that bind the asker's account, one set for each level of the
    /// organisation; none for those whom they spare.
    pub service_control: &'a [&'a PolicySet],
    /// The resource control policies that bind the resource's account, likewise.
    pub resource_control: &'a [&'a ResourcePolicy],
}

/// How much the policy of a resource decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// Within an account it can allow, but need not.
    Ordinary,
    /// The trust policy of a role, which must allow. Where it names only the account, the asker's own
    /// policies must too.
    RoleTrust,
    /// The policy of a key, without whose permission for the account the account's own policies count
    /// nothing.
    KmsKey,
}

/// What comes of all policies.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'a> {
    /// The request is allowed.
    Allowed(Grant<'a>),
    /// The request is denied.
    Denied(Denial<'a>),
}

impl Verdict<'_> {
    /// Whether the request is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// What allowed a request.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The asker's own statement, if one was needed; root needs none.
    pub identity: Option<Cause<'a>>,
    /// The statement of the resource's policy, if one was needed, and how it names the asker.
    pub resource: Option<(Named, Cause<'a>)>,
}

/// What each kind of policy says by itself; nothing for those that are not there.
#[derive(Clone, Copy, Debug)]
pub struct Decisions<'a> {
    /// The asker's own policies; nothing for who has none by nature, root among them.
    pub identity: Option<Decision<'a>>,
    /// The resource's policy.
    pub resource: Option<ResourceDecision<'a>>,
    /// The permissions boundary.
    pub boundary: Option<Decision<'a>>,
    /// The session policies.
    pub session: Option<Decision<'a>>,
    /// The service control policies: the first level that does not allow, or the last.
    pub service_control: Option<Decision<'a>>,
    /// The resource control policies, likewise.
    pub resource_control: Option<Decision<'a>>,
}

/// Decides. Allocates nothing, unless the context or the asker does.
///
/// Where several kinds of policy deny, the one that comes first in [`PolicyType`] is named.
#[must_use]
pub fn evaluate<'a>(question: &Question<'a>) -> Verdict<'a> {
    question.verdict(&question.decisions())
}

impl<'a> Question<'a> {
    /// Asks every kind of policy.
    #[must_use]
    pub fn decisions(&self) -> Decisions<'a> {
        let Self { request, asker, policies, .. } = self;
        let decide = |set: &'a PolicySet| set.decide(request);
        let nature = asker.nature();
        // Nothing in IAM limits root: no identity policy and no boundary attaches to it.
        let is_bound = nature.has_account() && nature != Nature::Root;
        let own = |set: Option<&'a PolicySet>| set.filter(|_| is_bound).map(decide);
        let session = policies.session.filter(|_| nature.has_account()).map(decide);
        Decisions {
            identity: is_bound.then(|| policies.identity.map_or(Decision::ImplicitDeny, decide)),
            resource: policies.resource.map(|(_, policy)| policy.decide(request, *asker)),
            boundary: own(policies.boundary),
            session: session
                .or((nature == Nature::FederatedUser).then_some(Decision::ImplicitDeny)),
            service_control: self.service_control(),
            resource_control: self.resource_control(),
        }
    }

    /// They bind accounts, so nobody without one.
    fn service_control(&self) -> Option<Decision<'a>> {
        let levels = self.policies.service_control.iter();
        let levels = levels.filter(|_| self.asker.nature().has_account());
        levels.map(|level| level.decide(&self.request)).reduce(of_levels)
    }

    fn resource_control(&self) -> Option<Decision<'a>> {
        let levels = self.policies.resource_control.iter();
        levels.map(|level| level.decide(&self.request, self.asker).plain()).reduce(of_levels)
    }

    /// What the decisions of all kinds come to.
    #[must_use]
    pub fn verdict(&self, decisions: &Decisions<'a>) -> Verdict<'a> {
        match self.weigh(decisions) {
            Ok(grant) => Verdict::Allowed(grant),
            Err(denial) => Verdict::Denied(denial),
        }
    }

    fn weigh(&self, decisions: &Decisions<'a>) -> Result<Grant<'a>, Denial<'a>> {
        self.refuse_denials(decisions)?;
        let granted = match decisions.resource {
            Some(ResourceDecision::Allow(named, cause)) => Some((named, cause)),
            _ => None,
        };
        let needed = self.needed(granted.map(|(named, _)| named));
        let missing = [
            (PolicyType::Identity, needed.identity && !is_allowed_or_absent(decisions.identity)),
            (self.resource_type(), needed.resource && granted.is_none()),
            (PolicyType::Boundary, needed.limits && !is_allowed_or_absent(decisions.boundary)),
            (PolicyType::Session, needed.limits && !is_allowed_or_absent(decisions.session)),
            (PolicyType::ServiceControl, !is_allowed_or_absent(decisions.service_control)),
            (PolicyType::ResourceControl, !is_allowed_or_absent(decisions.resource_control)),
        ];
        let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
        if let Some(policy_type) = missing.map(|(policy_type, _)| policy_type).min() {
            return Err(Denial { policy_type, explicit: None });
        }
        let identity = match decisions.identity {
            Some(Decision::Allow(cause)) if needed.identity => Some(cause),
            _ => None,
        };
        Ok(Grant { identity, resource: granted.filter(|_| needed.resource) })
    }

    fn refuse_denials(&self, decisions: &Decisions<'a>) -> Result<(), Denial<'a>> {
        let denials = [
            (PolicyType::Identity, decisions.identity),
            (self.resource_type(), decisions.resource.map(ResourceDecision::plain)),
            (PolicyType::Boundary, decisions.boundary),
            (PolicyType::Session, decisions.session),
            (PolicyType::ServiceControl, decisions.service_control),
            (PolicyType::ResourceControl, decisions.resource_control),
        ];
        let denials = denials.into_iter().filter_map(|(policy_type, decision)| match decision {
            Some(Decision::ExplicitDeny(cause)) => {
                Some(Denial { policy_type, explicit: Some(cause) })
            }
            _ => None,
        });
        denials.min_by_key(|denial| denial.policy_type).map_or(Ok(()), Err)
    }

    /// Whose permission it takes, when the resource's policy names the asker as it does.
    fn needed(&self, named: Option<Named>) -> Needed {
        if !self.asker.nature().has_account() {
            return Needed { identity: false, limits: false, resource: true };
        }
        if self.cross_account {
            return Needed { identity: true, limits: true, resource: true };
        }
        match named {
            Some(Named::Itself | Named::Anyone) => {
                Needed { identity: false, limits: false, resource: true }
            }
            Some(Named::Role | Named::Issuer) => {
                Needed { identity: false, limits: true, resource: true }
            }
            Some(Named::Account) | None => {
                Needed { identity: true, limits: true, resource: self.must_be_granted() }
            }
        }
    }

    /// Whether the resource's policy must allow even within an account.
    fn must_be_granted(&self) -> bool {
        match self.policies.resource {
            Some((ResourceKind::RoleTrust | ResourceKind::KmsKey, _)) => true,
            Some((ResourceKind::Ordinary, _)) | None => false,
        }
    }

    pub(crate) fn resource_type(&self) -> PolicyType {
        match self.policies.resource {
            Some((ResourceKind::RoleTrust, _)) => PolicyType::RoleTrust,
            Some((ResourceKind::Ordinary | ResourceKind::KmsKey, _)) | None => PolicyType::Resource,
        }
    }
}

/// The policies whose permission it takes.
struct Needed {
    identity: bool,
    /// Boundary and session policies.
    limits: bool,
    resource: bool,
}

/// What two levels of an organisation say together: each must allow.
fn of_levels<'a>(known: Decision<'a>, next: Decision<'a>) -> Decision<'a> {
    match (&known, &next) {
        (Decision::ExplicitDeny(_), _) => known,
        (_, Decision::ExplicitDeny(_)) => next,
        (Decision::ImplicitDeny, _) => known,
        _ => next,
    }
}

fn is_allowed_or_absent(decision: Option<Decision<'_>>) -> bool {
    decision.is_none_or(|decision| decision.is_allowed())
}
