//! The condition keys that policies ask for, in conditions and as variables.

use std::collections::HashSet;

use crate::{
    asker::Asker,
    context::Context,
    document::{Document, Statement, Version},
    resource::after_fifth_colon,
    resource_policy::ResourcePolicy,
    rule::{Query, Rule},
    set::{Action, PolicySet, Request},
    template,
};

impl Document {
    /// The condition keys that the document names, as written, each once whatever its case.
    #[must_use]
    pub fn condition_keys(&self) -> Vec<&str> {
        let mut keys = Keys::default();
        for statement in self.statements() {
            named(statement, self.version()).for_each(|key| keys.add(key));
        }
        keys.found
    }
}

impl PolicySet {
    /// The condition keys, as written, that the request lacks and that a statement about its action and
    /// resource asks for, each once whatever its case.
    #[must_use]
    pub fn missing_keys(&self, request: &Request<'_>) -> Vec<&str> {
        self.missing(request, None)
    }

    fn missing(&self, request: &Request<'_>, asker: Option<&dyn Asker>) -> Vec<&str> {
        let action = Action::new(request.action);
        let query = action.query(request, asker);
        let mut keys = Keys::default();
        for (cause, rule) in self.statements() {
            if !rule.actions.cover(query.action) || rule.means(asker).is_none() {
                continue;
            }
            let version = cause.version();
            if !may_cover(cause.statement(), version, rule, query) {
                continue;
            }
            let lacking = named(cause.statement(), version);
            lacking.filter(|key| lacks(query.context, key)).for_each(|key| keys.add(key));
        }
        keys.found
    }
}

impl ResourcePolicy {
    /// The condition keys, as written, that the request lacks and that a statement about its action and
    /// resource asks for, each once whatever its case.
    #[must_use]
    pub fn missing_keys(&self, request: &Request<'_>, asker: &dyn Asker) -> Vec<&str> {
        self.set.missing(request, Some(asker))
    }
}

/// Whether the statement speaks of the resource, or might if variables had values.
fn may_cover(statement: &Statement, version: Version, rule: &Rule, query: Query<'_>) -> bool {
    rule.resources.cover(query)
        || in_resources(statement, version).any(|key| lacks(query.context, key))
}

fn lacks(context: &dyn Context, key: &str) -> bool {
    context.get(&key.to_lowercase()).is_none_or(|values| values.as_slice().is_empty())
}

/// Names in the order in which they were added.
#[derive(Default)]
struct Keys<'a> {
    found: Vec<&'a str>,
    seen: HashSet<String>,
}

impl<'a> Keys<'a> {
    fn add(&mut self, key: &'a str) {
        if self.seen.insert(key.to_lowercase()) {
            self.found.push(key);
        }
    }
}

/// All keys that a statement names.
fn named(statement: &Statement, version: Version) -> impl Iterator<Item = &str> {
    let conditions = statement.conditions.iter().flat_map(move |condition| {
        let live = version.has_variables() && condition.operator.value.test.has_variables();
        let values = condition.values.iter().filter(move |_| live);
        let variables = values.flat_map(|value| template::keys(&value.text.value));
        std::iter::once(&*condition.key.value).chain(variables)
    });
    in_resources(statement, version).chain(conditions)
}

/// The keys that stand for parts of resources.
fn in_resources(statement: &Statement, version: Version) -> impl Iterator<Item = &str> {
    let entries = statement.resources.iter().flat_map(|clause| &clause.entries);
    let live = entries.filter(move |_| version.has_variables());
    live.flat_map(|entry| template::keys(after_fifth_colon(&entry.value)))
}
