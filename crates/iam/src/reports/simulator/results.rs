//! The decisions of a simulation, and what is told of them.

use std::collections::{BTreeMap, BTreeSet};

use actions::ResourceType;
use policy::{
    ArnAsker, Cause, Context, Decision, Decisions, Effect, Policies, PolicySet, Question, Request,
    ResourceDecision, ResourceKind, ResourcePolicy, Verdict,
};
use wire::iam::{
    EvaluationResult, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail,
    PolicyEvaluationDecisionType as Ruling, PolicySourceType, ResourceSpecificResult, Statement,
};

use super::{input::ANY, layer::Layer};
use crate::{
    arns, context_keys,
    door::Resource,
    subject::{Given, Subject},
};

/// Condition keys of real requests that a simulation must be given.
const UNKNOWN: [&str; 6] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:securetransport",
    "aws:sourceip",
    "aws:useragent",
    "aws:requestedregion",
];

/// As the service calls the kinds of policy.
const IAM: &str = "IAM Policy";
const RESOURCE: &str = "Resource Policy";
const BOUNDARY: &str = "Permissions Boundary Policy";

/// Everything that a simulation decides by.
pub(super) struct Simulation {
    pub(super) actions: Vec<String>,
    /// `*` alone, or ARNs.
    pub(super) resources: Vec<String>,
    pub(super) asker: ArnAsker,
    pub(super) caller_account: String,
    /// The account of resources whose ARNs do not tell it, if it is not the caller's.
    pub(super) owner: Option<String>,
    pub(super) given: Given,
    /// Who is simulated as itself, of whom all is known that the door would know.
    pub(super) subject: Option<Subject>,
    pub(super) identity: Own,
    pub(super) boundary: Option<Own>,
    pub(super) resource_policy: Option<Guard>,
    /// The service control policies, level by level.
    pub(super) organization: Vec<PolicySet>,
}

/// Policies of the caller's side.
pub(super) struct Own {
    layer: Layer,
    set: PolicySet,
}

/// The policy of the resource.
pub(super) struct Guard {
    layer: Layer,
    policy: ResourcePolicy,
    kind: ResourceKind,
}

impl From<Layer> for Own {
    fn from(layer: Layer) -> Self {
        Self { set: layer.set(), layer }
    }
}

impl From<Layer> for Guard {
    fn from(layer: Layer) -> Self {
        let kind = match layer.is_trust() {
            true => ResourceKind::RoleTrust,
            false => ResourceKind::Ordinary,
        };
        Self { policy: layer.resource_policy(), kind, layer }
    }
}

/// What is told of an action on one resource.
struct Outcome {
    ruling: Ruling,
    statements: Vec<Statement>,
    missing: Vec<String>,
    by_organization: Option<bool>,
    by_boundary: Option<bool>,
    details: Option<BTreeMap<String, Ruling>>,
}

impl Simulation {
    /// The result of an action on all resources.
    pub(super) fn of(&self, action: &str) -> EvaluationResult {
        let outcomes: Vec<_> =
            self.resources.iter().map(|resource| self.outcome(action, resource)).collect();
        let ruling = outcomes.iter().map(|outcome| outcome.ruling).max_by_key(strictness);
        let ruling = ruling.unwrap_or(Ruling::ImplicitDeny);
        let mut missing = Vec::new();
        for outcome in &outcomes {
            context_keys::add(&mut missing, outcome.missing.iter().map(String::as_str));
        }
        EvaluationResult {
            eval_action_name: action.to_owned(),
            eval_resource_name: Some(template(action, &self.resources).to_owned()),
            eval_decision: ruling,
            matched_statements: Some(union(&outcomes, ruling)),
            missing_context_values: Some(missing),
            organizations_decision_detail: all(&outcomes, |outcome| outcome.by_organization)
                .map(organizations),
            permissions_boundary_decision_detail: all(&outcomes, |outcome| outcome.by_boundary)
                .map(boundary),
            eval_decision_details: strictest(&outcomes),
            resource_specific_results: self.is_specific().then(|| self.specific(outcomes)),
        }
    }

    /// Whether resources are named.
    fn is_specific(&self) -> bool {
        self.resources != [ANY]
    }

    fn specific(&self, outcomes: Vec<Outcome>) -> Vec<ResourceSpecificResult> {
        let result = |(resource, outcome): (&String, Outcome)| ResourceSpecificResult {
            eval_resource_name: resource.clone(),
            eval_resource_decision: outcome.ruling,
            matched_statements: Some(outcome.statements),
            missing_context_values: Some(outcome.missing),
            eval_decision_details: outcome.details,
            permissions_boundary_decision_detail: outcome.by_boundary.map(boundary),
        };
        self.resources.iter().zip(outcomes).map(result).collect()
    }

    fn outcome(&self, action: &str, resource_arn: &str) -> Outcome {
        let owner = self.owner_of(resource_arn);
        let resource = Resource::arn(resource_arn).owned_by(owner);
        match &self.subject {
            Some(subject) => {
                let context = subject.context(&self.given, &resource, &UNKNOWN);
                self.decide(action, &resource, &context)
            }
            None => self.decide(action, &resource, &self.given),
        }
    }

    fn decide(&self, action: &str, resource: &Resource, context: &dyn Context) -> Outcome {
        let levels: Vec<&PolicySet> = self.organization.iter().collect();
        let guard = self.resource_policy.as_ref();
        let question = Question {
            request: Request { action, resource: &resource.arn, context },
            asker: &self.asker,
            // Without a policy of the resource, only the caller's side can be looked at.
            cross_account: guard.is_some()
                && resource.account.as_deref() != Some(&self.caller_account),
            policies: Policies {
                identity: Some(&self.identity.set),
                boundary: self.boundary.as_ref().map(|boundary| &boundary.set),
                resource: guard.map(|guard| (guard.kind, &guard.policy)),
                service_control: &levels,
                ..Policies::default()
            },
        };
        self.told(&question)
    }

    fn told(&self, question: &Question<'_>) -> Outcome {
        let decisions = question.decisions();
        let ruling = match question.verdict(&decisions) {
            Verdict::Allowed(_) => Ruling::Allowed,
            Verdict::Denied(denial) if denial.explicit.is_some() => Ruling::ExplicitDeny,
            Verdict::Denied(_) => Ruling::ImplicitDeny,
        };
        let by_organization = decisions.service_control.map(|decision| decision.is_allowed());
        let by_boundary = decisions.boundary.map(|decision| decision.is_allowed());
        if by_organization == Some(false) {
            // The simulation ends where the organization denies.
            let (statements, missing) = (Vec::new(), Vec::new());
            return Outcome {
                ruling,
                statements,
                missing,
                by_organization,
                by_boundary,
                details: None,
            };
        }
        Outcome {
            ruling,
            statements: self.statements(question, ruling),
            missing: self.missing(question),
            by_organization,
            by_boundary,
            details: self.is_specific().then(|| details(question, &decisions)),
        }
    }

    /// The statements that made the decision: those that deny, or else those that allow.
    fn statements(&self, question: &Question<'_>, ruling: Ruling) -> Vec<Statement> {
        let effect = match ruling {
            Ruling::Allowed => Effect::Allow,
            Ruling::ExplicitDeny => Effect::Deny,
            Ruling::ImplicitDeny => return Vec::new(),
        };
        let request = &question.request;
        let has_effect = |cause: &Cause<'_>| cause.statement().effect.value == effect;
        let of_own = |own: &Own, kind: PolicySourceType| -> Vec<Statement> {
            let matching = own.set.matching(request).into_iter().filter(has_effect);
            matching.filter_map(|cause| own.layer.shown(&cause, kind)).collect()
        };
        let mut found = of_own(&self.identity, PolicySourceType::IamPolicy);
        if let Some(guard) = &self.resource_policy {
            let matching = guard.policy.matching(request, question.asker);
            let matching = matching.into_iter().filter(has_effect);
            let kind = PolicySourceType::ResourcePolicy;
            found.extend(matching.filter_map(|cause| guard.layer.shown(&cause, kind)));
        }
        if let Some(boundary) = self.boundary.as_ref().filter(|_| effect == Effect::Deny) {
            found.extend(of_own(boundary, PolicySourceType::PermissionsBoundaryPolicy));
        }
        found
    }

    fn missing(&self, question: &Question<'_>) -> Vec<String> {
        let mut missing = Vec::new();
        context_keys::add(&mut missing, self.identity.set.missing_keys(&question.request));
        if let Some(guard) = &self.resource_policy {
            let keys = guard.policy.missing_keys(&question.request, question.asker);
            context_keys::add(&mut missing, keys);
        }
        missing
    }

    /// The account that a resource belongs to: the one in its ARN, the one given, or the caller's.
    fn owner_of(&self, resource: &str) -> &str {
        let of_arn = self.resources.iter().find(|known| *known == resource);
        let of_arn = of_arn.and_then(|arn| arns::account(arn));
        of_arn.or(self.owner.as_deref()).unwrap_or(&self.caller_account)
    }
}

/// What each kind of policy says, where the sides are of two accounts; empty where they are of one.
fn details(question: &Question<'_>, decisions: &Decisions<'_>) -> BTreeMap<String, Ruling> {
    let mut details = BTreeMap::new();
    if !question.cross_account {
        return details;
    }
    let own = [(IAM, decisions.identity), (BOUNDARY, decisions.boundary)];
    for (name, decision) in own {
        if let Some(decision) = decision {
            details.insert(
                name.to_owned(),
                match decision {
                    Decision::Allow(_) => Ruling::Allowed,
                    Decision::ExplicitDeny(_) => Ruling::ExplicitDeny,
                    Decision::ImplicitDeny => Ruling::ImplicitDeny,
                },
            );
        }
    }
    if let Some(decision) = decisions.resource {
        details.insert(
            RESOURCE.to_owned(),
            match decision {
                ResourceDecision::Allow(..) => Ruling::Allowed,
                ResourceDecision::ExplicitDeny(_) => Ruling::ExplicitDeny,
                ResourceDecision::ImplicitDeny => Ruling::ImplicitDeny,
            },
        );
    }
    details
}

/// The more, the less is allowed.
fn strictness(ruling: &Ruling) -> u8 {
    match ruling {
        Ruling::Allowed => 0,
        Ruling::ImplicitDeny => 1,
        Ruling::ExplicitDeny => 2,
    }
}

/// The statements of the outcomes that agree with the result, each once.
fn union(outcomes: &[Outcome], ruling: Ruling) -> Vec<Statement> {
    let mut found: Vec<Statement> = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.ruling == ruling) {
        for statement in &outcome.statements {
            if !found.contains(statement) {
                found.push(statement.clone());
            }
        }
    }
    found
}

/// Whether all outcomes say yes; nothing if they say nothing.
fn all(outcomes: &[Outcome], said: impl Fn(&Outcome) -> Option<bool>) -> Option<bool> {
    outcomes.iter().filter_map(said).reduce(|one, other| one && other)
}

/// For each kind of policy what it says most strictly.
fn strictest(outcomes: &[Outcome]) -> Option<BTreeMap<String, Ruling>> {
    let details: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.details.as_ref()).collect();
    if details.is_empty() {
        return None;
    }
    let names: BTreeSet<&String> = details.iter().flat_map(|details| details.keys()).collect();
    let strictest = |name: &String| {
        let said = details.iter().filter_map(|details| details.get(name)).copied();
        Some((name.clone(), said.max_by_key(strictness)?))
    };
    Some(names.into_iter().filter_map(strictest).collect())
}

fn organizations(allowed: bool) -> OrganizationsDecisionDetail {
    OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) }
}

fn boundary(allowed: bool) -> PermissionsBoundaryDecisionDetail {
    PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) }
}

/// The form of the ARNs that the action works on: of the type of the resources that are named, or else of
/// the one that every call needs. A resource named alone that is of no such type stands for itself, as recorded.
fn template<'a>(action: &str, resources: &'a [String]) -> &'a str {
    let Some(action) = actions::action(action) else { return ANY };
    let fits = |kind: &&'static ResourceType| resources.iter().any(|arn| kind.fits(arn));
    let types = || action.resources().map(|used| used.resource);
    let named = types().find(fits);
    if let ([alone], None) = (resources, named)
        && alone != ANY
    {
        return alone;
    }
    let required = action.resources().find(|used| used.required).map(|used| used.resource);
    named.or(required).or_else(|| types().next()).map_or(ANY, ResourceType::arn)
}
