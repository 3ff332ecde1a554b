//! Why a request is allowed or denied: which policies were looked at, which statement decided, and what
//! would have to change.
//!
//! [`Explanation`] is data, made from the very question that is decided; [`text`] tells it to a person.
//! [`ask`] asks on somebody's behalf, without a call of theirs.

pub mod ask;
mod notes;
pub mod text;

use policy::{
    Cause, Decision, Decisions, Effect, Look, Named, PolicyType, Question, ResourceDecision,
    ResourceKind, Verdict,
};
use serde::Serialize;

/// Statements about the action that are told of one kind of policy at most.
const STATEMENTS_MAX: usize = 50;

/// Values of a condition, or of the request, that are told at most.
const VALUES_MAX: usize = 20;

/// Why a request is allowed or denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The ARN of who asks.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The ARN of the resource, or `*`.
    pub resource: String,
    /// What comes of it.
    pub decision: Ruling,
    /// What decided; nothing where no policy was asked, as for root.
    pub decided_by: Option<Decider>,
    /// The policies that were looked at.
    pub policies: Vec<Policy>,
    /// Everything that stands in the way, each of which would have to change.
    pub obstacles: Vec<Obstacle>,
    /// What whoever asks should know besides: a name that looks misspelt, or what was not looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What comes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ruling {
    /// It is allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// A permission is missing.
    ImplicitDeny,
}

/// The kind of policy that decided, and the statement where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decider {
    /// As AWS calls it: `identity-based policy`.
    pub policy_type: &'static str,
    /// The statement; nothing if a permission is missing.
    pub statement: Option<Statement>,
}

/// A policy that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// As AWS calls it: `identity-based policy`.
    pub policy_type: &'static str,
    /// Its ARN, or the name of an inline one.
    pub name: String,
    /// How it came to bear on who asks, where that is known: `attached to the group Admins`.
    pub attached: Option<String>,
    /// Its statements about the action, whether they apply or not.
    pub statements: Vec<Statement>,
}

/// A statement that speaks of the action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// The ARN of its policy, or the name of an inline one.
    pub policy: String,
    /// `Sid`, if it has one.
    pub sid: Option<String>,
    /// Its place in the policy, counted from 1.
    pub number: usize,
    /// The line of the policy on which it begins, counted from 1.
    pub line: u32,
    /// The column in which it begins, counted from 1.
    pub column: u32,
    /// `Allow` or `Deny`.
    pub effect: &'static str,
    /// What of it does not match the request; it applies if there is nothing.
    pub misses: Vec<Miss>,
}

/// What of a statement does not match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "element", rename_all = "camelCase")]
pub enum Miss {
    /// `Principal` or `NotPrincipal`.
    Principal,
    /// `Resource` or `NotResource`.
    Resource,
    /// One key under one operator of `Condition`.
    Condition {
        /// The operator.
        operator: String,
        /// The condition key.
        key: String,
        /// The values of the policy.
        wanted: Vec<String>,
        /// The values of the request; none if it lacks the key.
        found: Vec<String>,
    },
}

/// Something that stands in the way of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Obstacle {
    /// A statement that denies it.
    #[serde(rename_all = "camelCase")]
    Denial {
        /// As AWS calls the policy.
        policy_type: &'static str,
        /// The statement.
        statement: Statement,
    },
    /// A kind of policy that must allow it, and does not.
    #[serde(rename_all = "camelCase")]
    Silence {
        /// As AWS calls the policy.
        policy_type: &'static str,
        /// Its statements that would allow the action, but for what does not match.
        nearest: Vec<Statement>,
    },
}

/// How a policy is told of: its name, and how it came to bear.
#[derive(Clone, Debug, Default)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) attached: Option<String>,
}

/// Names the policies of a question by the ids of their sources.
pub(crate) type Labels<'a> = &'a (dyn Fn(PolicyType, &str) -> Label + Sync);

/// Names policies by their ids alone.
pub(crate) fn by_id(_: PolicyType, id: &str) -> Label {
    Label { name: id.to_owned(), attached: None }
}

impl Explanation {
    /// Why root, whom no policy limits, is allowed what it asks for in its account.
    pub(crate) fn of_root(principal: &str, action: &str, resource: &str) -> Self {
        Self {
            principal: principal.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            decision: Ruling::Allowed,
            decided_by: None,
            policies: Vec::new(),
            obstacles: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Explains what [`policy::evaluate`] gives for `question`. Unlike the decision this walks all
    /// statements.
    pub(crate) fn new(question: &Question<'_>, principal: &str, labels: Labels<'_>) -> Self {
        let looks = question.explain();
        let verdict = policy::evaluate(question);
        let resource_type = match question.policies.resource {
            Some((ResourceKind::RoleTrust, _)) => PolicyType::RoleTrust,
            _ => PolicyType::Resource,
        };
        let teller = Teller { question, labels, looks: &looks, resource_type };
        Self {
            principal: principal.to_owned(),
            action: question.request.action.to_owned(),
            resource: question.request.resource.to_owned(),
            decision: ruling(&verdict),
            decided_by: teller.decider(&verdict),
            policies: teller.policies(),
            obstacles: if verdict.is_allowed() { Vec::new() } else { teller.obstacles(&verdict) },
            notes: Vec::new(),
        }
    }
}

impl Explanation {
    /// The same, but of the resource's own policy only that it does not allow: for whoever must not read it.
    pub(crate) fn without_resource_policy(mut self) -> Self {
        self.policies.retain(|policy| !is_of_resource(policy.policy_type));
        for decider in self.decided_by.iter_mut().filter(|one| is_of_resource(one.policy_type)) {
            decider.statement = None;
        }
        for obstacle in &mut self.obstacles {
            let policy_type = obstacle.policy_type();
            if is_of_resource(policy_type) {
                *obstacle = Obstacle::Silence { policy_type, nearest: Vec::new() };
            }
        }
        self
    }
}

fn is_of_resource(word: &str) -> bool {
    [PolicyType::Resource, PolicyType::RoleTrust].iter().any(|one| one.as_str() == word)
}

fn ruling(verdict: &Verdict<'_>) -> Ruling {
    match verdict {
        Verdict::Allowed(_) => Ruling::Allowed,
        Verdict::Denied(denial) if denial.explicit.is_some() => Ruling::ExplicitDeny,
        Verdict::Denied(_) => Ruling::ImplicitDeny,
    }
}

/// Turns the parts of a question into what is told.
struct Teller<'q, 'a> {
    question: &'q Question<'a>,
    labels: Labels<'q>,
    looks: &'q [(PolicyType, Vec<Look<'a>>)],
    /// How the resource's policy is called, also where there is none.
    resource_type: PolicyType,
}

impl<'a> Teller<'_, 'a> {
    fn decider(&self, verdict: &Verdict<'_>) -> Option<Decider> {
        let (policy_type, cause) = match verdict {
            Verdict::Denied(denial) => (denial.policy_type, denial.explicit),
            Verdict::Allowed(grant) => match (grant.identity, grant.resource) {
                (Some(cause), _) => (PolicyType::Identity, Some(cause)),
                (None, Some((_, cause))) => (self.resource_type, Some(cause)),
                (None, None) => return None,
            },
        };
        let statement = cause.map(|cause| self.statement(policy_type, &cause, Vec::new()));
        Some(Decider { policy_type: policy_type.as_str(), statement })
    }

    fn policies(&self) -> Vec<Policy> {
        let mut told = Vec::new();
        for (policy_type, looks) in self.looks {
            for id in self.ids(*policy_type) {
                let label = (self.labels)(*policy_type, id);
                let own = looks.iter().filter(|look| look.statement.source() == id);
                let statements = own.filter(|look| speaks_of_action(look));
                let statements = statements.take(STATEMENTS_MAX);
                told.push(Policy {
                    policy_type: policy_type.as_str(),
                    name: label.name,
                    attached: label.attached,
                    statements: statements.map(|look| self.looked(*policy_type, look)).collect(),
                });
            }
        }
        told
    }

    /// The ids of the policies of one kind, also of those without a statement.
    fn ids(&self, policy_type: PolicyType) -> Vec<&'a str> {
        let policies = &self.question.policies;
        let own = match policy_type {
            PolicyType::Identity => policies.identity,
            PolicyType::Boundary => policies.boundary,
            PolicyType::Session => policies.session,
            _ => None,
        };
        let guard = policies
            .resource
            .filter(|_| matches!(policy_type, PolicyType::Resource | PolicyType::RoleTrust));
        let own = own.into_iter().flat_map(|set| set.sources());
        let guard = guard.into_iter().flat_map(|(_, policy)| policy.sources());
        own.chain(guard).map(|source| &*source.id).collect()
    }

    /// All explicit denials, and all kinds of policy whose permission is needed and missing.
    fn obstacles(&self, verdict: &Verdict<'_>) -> Vec<Obstacle> {
        let decisions = self.question.decisions();
        let mut obstacles = Vec::new();
        for (policy_type, decision) in [
            (PolicyType::Identity, decisions.identity.filter(|_| !self.is_spared(&decisions))),
            (PolicyType::Boundary, decisions.boundary),
            (PolicyType::Session, decisions.session),
        ] {
            obstacles.extend(match decision {
                Some(Decision::ExplicitDeny(cause)) => Some(self.denial(policy_type, &cause)),
                Some(Decision::ImplicitDeny) => Some(self.silence(policy_type)),
                Some(Decision::Allow(_)) | None => None,
            });
        }
        let must_grant = self.question.cross_account || self.resource_type == PolicyType::RoleTrust;
        obstacles.extend(match decisions.resource {
            Some(ResourceDecision::ExplicitDeny(cause)) => {
                Some(self.denial(self.resource_type, &cause))
            }
            Some(ResourceDecision::ImplicitDeny) | None => {
                must_grant.then(|| self.silence(self.resource_type))
            }
            Some(ResourceDecision::Allow(..)) => None,
        });
        self.add_named(verdict, &mut obstacles);
        obstacles
    }

    /// Whether the resource's policy grants so much that the asker's own policies need not allow.
    fn is_spared(&self, decisions: &Decisions<'_>) -> bool {
        let is_silent = matches!(decisions.identity, Some(Decision::ImplicitDeny));
        let granted = match decisions.resource {
            Some(ResourceDecision::Allow(named, _)) => named > Named::Account,
            _ => false,
        };
        is_silent && granted && !self.question.cross_account
    }

    /// What the verdict names stands in the way in any case, also a resource's policy that is not there.
    fn add_named(&self, verdict: &Verdict<'_>, obstacles: &mut Vec<Obstacle>) {
        let Verdict::Denied(denial) = verdict else { return };
        let word = denial.policy_type.as_str();
        if !obstacles.iter().any(|known| known.policy_type() == word) {
            obstacles.push(match denial.explicit {
                Some(cause) => self.denial(denial.policy_type, &cause),
                None => self.silence(denial.policy_type),
            });
        }
    }

    fn denial(&self, policy_type: PolicyType, cause: &Cause<'_>) -> Obstacle {
        let statement = self.statement(policy_type, cause, Vec::new());
        Obstacle::Denial { policy_type: policy_type.as_str(), statement }
    }

    fn silence(&self, policy_type: PolicyType) -> Obstacle {
        let looks = self.looks.iter().filter(|(known, _)| *known == policy_type);
        let allowing = looks.flat_map(|(_, looks)| looks).filter(|look| {
            let effect = look.statement.statement().effect.value;
            effect == Effect::Allow && speaks_of_action(look) && !look.applies()
        });
        let nearest = allowing.take(STATEMENTS_MAX).map(|look| self.looked(policy_type, look));
        Obstacle::Silence { policy_type: policy_type.as_str(), nearest: nearest.collect() }
    }

    fn looked(&self, policy_type: PolicyType, look: &Look<'_>) -> Statement {
        let misses = look.misses.iter().filter_map(miss).collect();
        self.statement(policy_type, &look.statement, misses)
    }

    fn statement(
        &self,
        policy_type: PolicyType,
        cause: &Cause<'_>,
        misses: Vec<Miss>,
    ) -> Statement {
        let position = cause.position();
        Statement {
            policy: (self.labels)(policy_type, cause.source()).name,
            sid: cause.sid().map(str::to_owned),
            number: cause.statement_index() + 1,
            line: position.line,
            column: position.column,
            effect: match cause.statement().effect.value {
                Effect::Allow => "Allow",
                Effect::Deny => "Deny",
            },
            misses,
        }
    }
}

impl Obstacle {
    /// As AWS calls the kind of policy.
    pub fn policy_type(&self) -> &'static str {
        match self {
            Self::Denial { policy_type, .. } | Self::Silence { policy_type, .. } => policy_type,
        }
    }
}

fn speaks_of_action(look: &Look<'_>) -> bool {
    !look.misses.contains(&policy::Miss::Action)
}

fn miss(miss: &policy::Miss<'_>) -> Option<Miss> {
    match miss {
        policy::Miss::Action => None,
        policy::Miss::Principal => Some(Miss::Principal),
        policy::Miss::Resource => Some(Miss::Resource),
        policy::Miss::Condition { condition, found } => {
            let wanted = condition.values.iter().take(VALUES_MAX);
            Some(Miss::Condition {
                operator: condition.operator.value.to_string(),
                key: condition.key.value.to_string(),
                wanted: wanted.map(|value| value.text.value.to_string()).collect(),
                found: found.iter().take(VALUES_MAX).cloned().collect(),
            })
        }
    }
}
