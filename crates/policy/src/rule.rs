//! Statements compiled: what a decision walks.

use crate::{
    condition::Condition,
    context::Context,
    document::{Effect, Statement, Version, Written},
    glob::Glob,
    resource::{Resource, ResourcePattern},
    template::{self, Syntax, VariableError},
};

/// A compiled statement.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) effect: Effect,
    pub(crate) actions: Actions,
    resources: Box<[ResourcePattern]>,
    not_resource: bool,
    conditions: Box<[Condition]>,
}

/// `Action` or `NotAction`: patterns over whole actions in lower case.
#[derive(Debug)]
pub(crate) struct Actions {
    pub(crate) negated: bool,
    pub(crate) patterns: Box<[Glob]>,
}

/// What of a request a rule is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    /// In lower case.
    pub(crate) action: &'a str,
    pub(crate) resource: Resource<'a>,
    pub(crate) context: &'a dyn Context,
}

/// Compiles a document that was checked.
pub(crate) fn compile(document: &Written) -> Result<Box<[Rule]>, VariableError> {
    let version = document.version();
    document.statements.iter().map(|statement| Rule::new(statement, version)).collect()
}

impl Rule {
    fn new(statement: &Statement, version: Version) -> Result<Self, VariableError> {
        let resources = statement.resources.iter().flat_map(|clause| &clause.entries);
        let resources = resources.map(|text| ResourcePattern::new(&text.value, version));
        let conditions = statement.conditions.iter();
        Ok(Self {
            effect: statement.effect.value,
            actions: Actions::new(statement)?,
            resources: resources.collect::<Result<_, _>>()?,
            not_resource: statement.resources.as_ref().is_some_and(|clause| clause.negated),
            conditions: conditions
                .map(|condition| Condition::new(condition, version))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether resource and conditions match; the action is the index's business.
    pub(crate) fn applies(&self, question: Question<'_>) -> bool {
        let Question { resource, context, .. } = question;
        let named = self.resources.iter().any(|pattern| pattern.matches(resource, context));
        named != self.not_resource
            && self.conditions.iter().all(|condition| condition.holds(context))
    }
}

impl Actions {
    fn new(statement: &Statement) -> Result<Self, VariableError> {
        let entries = statement.actions.iter().flat_map(|clause| &clause.entries);
        let patterns = entries.map(|action| {
            let action = action.value.to_ascii_lowercase();
            template::read(&action, Syntax::WILDCARDS).map(Glob::new)
        });
        Ok(Self {
            negated: statement.actions.as_ref().is_some_and(|clause| clause.negated),
            patterns: patterns.collect::<Result<_, _>>()?,
        })
    }

    /// Whether the whole clause covers `action`, which is in lower case.
    pub(crate) fn cover(&self, action: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(action, &())) != self.negated
    }
}
