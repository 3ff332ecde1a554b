//! Statements compiled: what a decision walks.

use crate::{
    asker::{Asker, Named},
    condition::Condition,
    context::Context,
    document::{Clause, Effect, Kind, Statement, Version, Written},
    glob::Glob,
    index::{ConditionKeys, ResourceKeys},
    principal::Principals,
    resource::{Resource, ResourcePattern, ShortArns},
    template::{self, Syntax, VariableError},
};

/// A compiled statement.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) effect: Effect,
    pub(crate) actions: Actions,
    pub(crate) resources: Resources,
    pub(crate) conditions: Box<[Condition]>,
    condition_keys: Option<ConditionKeys>,
    principals: Option<Principals>,
}

/// `Action` or `NotAction`: patterns over whole actions in lower case.
#[derive(Debug)]
pub(crate) struct Actions {
    pub(crate) negated: bool,
    pub(crate) patterns: Box<[Glob]>,
}

/// `Resource` or `NotResource`; where neither is written, the resource that the policy belongs to.
#[derive(Debug)]
pub(crate) struct Resources {
    negated: bool,
    patterns: Box<[ResourcePattern]>,
    keys: ResourceKeys,
}

/// What of a request a rule is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a> {
    /// In lower case.
    pub(crate) action: &'a str,
    pub(crate) resource: Resource<'a>,
    pub(crate) context: &'a dyn Context,
    /// Whom principals are compared with; nobody where the policies are the asker's own.
    pub(crate) asker: Option<&'a dyn Asker>,
}

/// Compiles a document that was checked.
pub(crate) fn compile(document: &Written) -> Result<Box<[Rule]>, VariableError> {
    let (kind, version) = (document.kind, document.version());
    document.statements.iter().map(|statement| Rule::new(statement, kind, version)).collect()
}

impl Rule {
    fn new(statement: &Statement, kind: Kind, version: Version) -> Result<Self, VariableError> {
        let conditions = statement.conditions.iter();
        let conditions = conditions
            .map(|condition| Condition::new(condition, version))
            .collect::<Result<Box<_>, _>>()?;
        Ok(Self {
            effect: statement.effect.value,
            actions: Actions::new(statement)?,
            resources: Resources::new(statement.resources.as_ref(), kind, version)?,
            condition_keys: ConditionKeys::of(&conditions),
            conditions,
            principals: statement.principals.as_ref().map(Principals::new),
        })
    }

    /// Where an index keeps the rule for its resources.
    pub(crate) fn resource_keys(&self) -> &ResourceKeys {
        &self.resources.keys
    }

    /// Where an index keeps the rule for its conditions, if it can.
    pub(crate) fn condition_keys(&self) -> Option<&ConditionKeys> {
        self.condition_keys.as_ref()
    }

    /// How the statement applies to the asker, if it does; the action is the index's business.
    pub(crate) fn applies(&self, query: Query<'_>) -> Option<Named> {
        let applies = self.resources.cover(query)
            && self.conditions.iter().all(|condition| condition.holds(query.context));
        if applies { self.means(query.asker) } else { None }
    }

    /// How the statement names the asker. The asker's own policies need not.
    pub(crate) fn means(&self, asker: Option<&dyn Asker>) -> Option<Named> {
        match (&self.principals, asker, self.effect) {
            (None, None, _) => Some(Named::Itself),
            (Some(principals), Some(asker), Effect::Allow) => principals.permit(asker),
            (Some(principals), Some(asker), Effect::Deny) => {
                principals.deny(asker).then_some(Named::Itself)
            }
            // A policy where one of its kind does not belong: it can only forbid.
            (None, Some(_), effect) | (Some(_), None, effect) => {
                (effect == Effect::Deny).then_some(Named::Itself)
            }
        }
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

impl Resources {
    fn new(clause: Option<&Clause>, kind: Kind, version: Version) -> Result<Self, VariableError> {
        let Some(clause) = clause else {
            // Everything but nothing.
            let keys = ResourceKeys::UNKNOWN;
            return Ok(Self { negated: true, patterns: Box::new([]), keys });
        };
        let short = if kind.is_identity() { ShortArns::Padded } else { ShortArns::AsWritten };
        let pattern = |text: &crate::Text| ResourcePattern::new(&text.value, version, short);
        let patterns = clause.entries.iter().map(pattern).collect::<Result<Box<_>, _>>()?;
        let keys = if clause.negated { ResourceKeys::UNKNOWN } else { ResourceKeys::of(&patterns) };
        Ok(Self { negated: clause.negated, patterns, keys })
    }

    pub(crate) fn cover(&self, query: Query<'_>) -> bool {
        let matches = |pattern: &ResourcePattern| pattern.matches(query.resource, query.context);
        self.patterns.iter().any(matches) != self.negated
    }
}
