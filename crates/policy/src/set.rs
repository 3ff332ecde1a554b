//! Policies that count together, and decisions over them.

use std::fmt;

use smallvec::SmallVec;

use crate::{
    asker::{Asker, Named},
    context::Context,
    document::{Effect, Source, Statement, Version},
    index::{Entry, Index},
    position::{Position, Span},
    resource::Resource,
    rule::{Query, Rule},
};

/// Bytes of an action that are put in lower case without allocating; no AWS action is longer.
const ACTION_BYTES_INLINE: usize = 128;

/// What is to be decided.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The action, as `iam:GetUser`; its case does not matter.
    pub action: &'a str,
    /// The ARN of the resource, or `*` for actions that have none.
    pub resource: &'a str,
    /// The condition keys.
    pub context: &'a dyn Context,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, resource, .. } = self;
        f.debug_struct("Request").field("action", action).field("resource", resource).finish()
    }
}

/// What the policies say of a request.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'a> {
    /// A statement allows it and none denies it.
    Allow(Cause<'a>),
    /// A statement denies it.
    ExplicitDeny(Cause<'a>),
    /// No statement speaks of it.
    ImplicitDeny,
}

impl Decision<'_> {
    /// Whether the request is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// A statement, most often one that made a decision. Where several would have, it is always the same one.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    source: &'a Source,
    statement: &'a Statement,
    index: usize,
}

impl<'a> Cause<'a> {
    /// The id of the policy: its ARN, or the name of an inline one.
    #[must_use]
    pub fn source(&self) -> &'a str {
        &self.source.id
    }

    /// The statement's `Sid`, unless it is missing or empty.
    #[must_use]
    pub fn sid(&self) -> Option<&'a str> {
        let sid = self.statement.sid.as_ref()?;
        (!sid.value.is_empty()).then_some(&*sid.value)
    }

    /// The statement's place in its policy, counted from 0.
    #[must_use]
    pub fn statement_index(&self) -> usize {
        self.index
    }

    /// The statement.
    #[must_use]
    pub fn statement(&self) -> &'a Statement {
        self.statement
    }

    pub(crate) fn version(&self) -> Version {
        self.source.document.version()
    }

    /// The whole statement in the text of its policy.
    #[must_use]
    pub fn span(&self) -> Span {
        self.statement.span
    }

    /// Where the statement begins in the text of its policy.
    #[must_use]
    pub fn position(&self) -> Position {
        self.statement.span.start
    }
}

/// The identity policies of a principal, ready for decisions.
///
/// Deciding costs a hash of the action and a look at the statements that name it or a pattern for it; how
/// many other statements there are does not matter. It allocates nothing, unless the context does.
#[derive(Debug, Default)]
pub struct PolicySet {
    sources: Vec<Source>,
    denials: Index,
    permissions: Index,
}

impl PolicySet {
    /// Puts policies together. The documents are compiled already, so this only merges their indexes.
    #[must_use]
    pub fn new(sources: impl IntoIterator<Item = Source>) -> Self {
        let sources: Vec<Source> = sources.into_iter().collect();
        Self {
            denials: index(&sources, Effect::Deny),
            permissions: index(&sources, Effect::Allow),
            sources,
        }
    }

    /// The policies.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Decides: a denial outweighs every permission, and what nothing allows is denied.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision<'_> {
        let action = Action::new(request.action);
        let query = action.query(request, None);
        if let Some(cause) = self.denial(query) {
            return Decision::ExplicitDeny(cause);
        }
        self.permission(query, Named::Account)
            .map_or(Decision::ImplicitDeny, |(_, cause)| Decision::Allow(cause))
    }

    /// A statement that denies.
    pub(crate) fn denial(&self, query: Query<'_>) -> Option<Cause<'_>> {
        let entry = self.denials.find(query, |entry| self.applies(entry, query).is_some())?;
        self.cause(entry)
    }

    /// The statement that permits and names the asker most strongly; the first that does so as strongly as
    /// `enough`, for more would change nothing.
    pub(crate) fn permission(&self, query: Query<'_>, enough: Named) -> Option<(Named, Cause<'_>)> {
        let mut best: Option<(Named, Entry)> = None;
        self.permissions.find(query, |entry| {
            let Some(named) = self.applies(entry, query) else { return false };
            if best.is_none_or(|(known, _)| known < named) {
                best = Some((named, entry));
            }
            named >= enough
        });
        let (named, entry) = best?;
        Some((named, self.cause(entry)?))
    }

    /// All statements, in the order of the policies and their texts.
    pub(crate) fn statements(&self) -> impl Iterator<Item = (Cause<'_>, &Rule)> {
        self.sources.iter().flat_map(|source| {
            let written = source.document.statements().iter().enumerate();
            let cause = move |(index, statement)| Cause { source, statement, index };
            written.map(cause).zip(&source.document.rules)
        })
    }

    fn applies(&self, entry: Entry, query: Query<'_>) -> Option<Named> {
        let rule = rule(&self.sources, entry)?;
        if covers(rule, entry, query.action) { rule.applies(query) } else { None }
    }

    fn cause(&self, entry: Entry) -> Option<Cause<'_>> {
        let source = self.source(entry)?;
        let index = entry.rule as usize;
        Some(Cause { source, statement: source.document.statements().get(index)?, index })
    }

    fn source(&self, entry: Entry) -> Option<&Source> {
        self.sources.get(entry.document as usize)
    }
}

/// An action in lower case, on the stack for all but absurd actions.
pub(crate) struct Action(SmallVec<[u8; ACTION_BYTES_INLINE]>);

impl Action {
    pub(crate) fn new(action: &str) -> Self {
        let mut bytes: SmallVec<_> = action.as_bytes().into();
        bytes.make_ascii_lowercase();
        Self(bytes)
    }

    /// What rules are asked of `request`.
    pub(crate) fn query<'a>(
        &'a self,
        request: &Request<'a>,
        asker: Option<&'a dyn Asker>,
    ) -> Query<'a> {
        let resource = Resource::new(request.resource);
        Query { action: self.as_str(), resource, context: request.context, asker }
    }

    pub(crate) fn as_str(&self) -> &str {
        // Lower case keeps UTF-8 valid.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn index(sources: &[Source], effect: Effect) -> Index {
    let keys = (0..).zip(sources).flat_map(|(number, source)| {
        let keys = source.document.keys(effect).iter();
        keys.map(move |&key| (number, key))
    });
    Index::new(keys, |entry| rule(sources, entry))
}

fn rule(sources: &[Source], entry: Entry) -> Option<&Rule> {
    sources.get(entry.document as usize)?.document.rules.get(entry.rule as usize)
}

fn covers(rule: &Rule, entry: Entry, action: &str) -> bool {
    let Some(pattern) = entry.pattern else { return rule.actions.cover(action) };
    let pattern = rule.actions.patterns.get(pattern as usize);
    pattern.is_some_and(|pattern| pattern.matches(action, &()))
}
