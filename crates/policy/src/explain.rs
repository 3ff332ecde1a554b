//! Every statement that was looked at, and why it did or did not apply.
//!
//! For people and for the simulator: unlike a decision it walks all statements and allocates.

use crate::{
    asker::Asker,
    context::Context,
    document::Condition,
    evaluate::{PolicyType, Question},
    resource_policy::ResourcePolicy,
    rule::{Query, Rule},
    set::{Action, Cause, PolicySet, Request},
};

/// A statement, and everything that keeps it from applying to a request.
#[derive(Debug)]
pub struct Look<'a> {
    /// The statement.
    pub statement: Cause<'a>,
    /// What does not match; the statement applies if there is nothing.
    pub misses: Vec<Miss<'a>>,
}

/// What does not match of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss<'a> {
    /// `Principal` or `NotPrincipal`.
    Principal,
    /// `Action` or `NotAction`.
    Action,
    /// `Resource` or `NotResource`.
    Resource,
    /// One key under one operator of `Condition`.
    Condition {
        /// As it is written.
        condition: &'a Condition,
        /// The values that the request has for the key; none if it lacks the key.
        found: Vec<String>,
    },
}

impl Look<'_> {
    /// Whether the statement applies.
    #[must_use]
    pub fn applies(&self) -> bool {
        self.misses.is_empty()
    }
}

impl PolicySet {
    /// Looks at every statement, in the order of the policies and their texts.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>) -> Vec<Look<'_>> {
        self.look(request, None)
    }

    /// The statements that apply, whatever their effect, in the order of the policies and their texts.
    #[must_use]
    pub fn matching(&self, request: &Request<'_>) -> Vec<Cause<'_>> {
        self.applying(request, None)
    }

    pub(crate) fn look(&self, request: &Request<'_>, asker: Option<&dyn Asker>) -> Vec<Look<'_>> {
        let action = Action::new(request.action);
        let query = action.query(request, asker);
        self.statements().map(|(statement, rule)| look(statement, rule, query)).collect()
    }

    pub(crate) fn applying(
        &self,
        request: &Request<'_>,
        asker: Option<&dyn Asker>,
    ) -> Vec<Cause<'_>> {
        let action = Action::new(request.action);
        let query = action.query(request, asker);
        let applying = self
            .statements()
            .filter(|(_, rule)| rule.actions.cover(query.action) && rule.applies(query).is_some());
        applying.map(|(statement, _)| statement).collect()
    }
}

impl ResourcePolicy {
    /// Looks at every statement, in the order of the policies and their texts.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>, asker: &dyn Asker) -> Vec<Look<'_>> {
        self.set.look(request, Some(asker))
    }

    /// The statements that apply, whatever their effect, in the order of the policies and their texts.
    #[must_use]
    pub fn matching(&self, request: &Request<'_>, asker: &dyn Asker) -> Vec<Cause<'_>> {
        self.set.applying(request, Some(asker))
    }
}

impl<'a> Question<'a> {
    /// Looks at every statement of every policy that bears on the request, by kind of policy.
    #[must_use]
    pub fn explain(&self) -> Vec<(PolicyType, Vec<Look<'a>>)> {
        let Self { request, asker, policies, .. } = self;
        let own = [
            (PolicyType::Identity, policies.identity),
            (PolicyType::Boundary, policies.boundary),
            (PolicyType::Session, policies.session),
        ];
        let own = own.into_iter().filter_map(|(policy_type, set)| Some((policy_type, set?)));
        let levels = policies.service_control.iter();
        let own = own.chain(levels.map(|level| (PolicyType::ServiceControl, *level)));
        let resource = policies.resource.map(|(_, policy)| (self.resource_type(), policy));
        let levels = policies.resource_control.iter();
        let of_resource =
            resource.into_iter().chain(levels.map(|level| (PolicyType::ResourceControl, *level)));
        own.map(|(policy_type, set)| (policy_type, set.explain(request)))
            .chain(
                of_resource.map(|(policy_type, set)| (policy_type, set.explain(request, *asker))),
            )
            .collect()
    }
}

fn look<'a>(statement: Cause<'a>, rule: &Rule, query: Query<'_>) -> Look<'a> {
    let mut misses = Vec::new();
    if rule.means(query.asker).is_none() {
        misses.push(Miss::Principal);
    }
    if !rule.actions.cover(query.action) {
        misses.push(Miss::Action);
    }
    if !rule.resources.cover(query) {
        misses.push(Miss::Resource);
    }
    let written = &statement.statement().conditions;
    let failed = rule.conditions.iter().zip(written);
    let failed = failed.filter(|(condition, _)| !condition.holds(query.context));
    misses.extend(failed.map(|(_, condition)| miss(condition, query.context)));
    Look { statement, misses }
}

fn miss<'a>(condition: &'a Condition, context: &dyn Context) -> Miss<'a> {
    let values = context.get(&condition.key.value.to_lowercase());
    let values = values.iter().flat_map(|values| values.as_slice());
    Miss::Condition { condition, found: values.map(ToString::to_string).collect() }
}
