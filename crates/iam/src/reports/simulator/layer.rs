//! Policies of one kind, with the names and the texts that results speak of.

use std::sync::Arc;

use policy::{Cause, Document, Kind, PolicySet, ResourcePolicy, Source};
use wire::iam::{PolicySourceType, Position, Statement};

use crate::{documents, identity_policies::Held};

/// How the permissions policies of a call are named, with their place: `PolicyInputList.1`.
pub(super) const INPUT: &str = "PolicyInputList";

/// How the boundaries of a call are named.
pub(super) const BOUNDARY: &str = "PermissionsBoundaryPolicyInputList";

/// How the policy of the resource is named.
const RESOURCE: &str = "ResourcePolicy";

/// Policies that count together. The source of each is named by its place.
#[derive(Default)]
pub(super) struct Layer {
    policies: Vec<Named>,
}

/// A policy with its name in results.
struct Named {
    id: String,
    text: String,
    document: Arc<Document>,
}

impl Layer {
    /// Policies that the call brings.
    pub(super) fn given(texts: &[String], name: &str) -> Result<Self, wire::Error> {
        let named = |(at, text): (usize, &String)| {
            let document = documents::given(text, Kind::Inline)?;
            Ok(Named { id: format!("{name}.{}", at + 1), text: text.clone(), document })
        };
        let policies: Result<_, wire::Error> = texts.iter().enumerate().map(named).collect();
        Ok(Self { policies: policies? })
    }

    /// The policy of a resource, or the trust policy of a role, which has no `Resource`.
    pub(super) fn of_resource(text: &str) -> Result<Self, wire::Error> {
        let document = documents::given(text, Kind::Resource)
            .or_else(|error| documents::given(text, Kind::Trust).map_err(|_| error))?;
        let named = Named { id: RESOURCE.to_owned(), text: text.to_owned(), document };
        Ok(Self { policies: vec![named] })
    }

    /// Policies that somebody has. AWS names managed ones by their names, and inline ones with whom they
    /// are embedded in: `user_Ada_policy`.
    pub(super) fn held(held: &[Held]) -> Result<Self, wire::Error> {
        let named = |held: &Held| {
            let kind = if held.arn.is_some() { Kind::Managed } else { Kind::Inline };
            let document = documents::stored(&held.text, kind)?;
            let id = match held.arn {
                Some(_) => held.name.clone(),
                None => format!("{}_{}_{}", held.holder.kind.word(), held.holder.name, held.name),
            };
            Ok(Named { id, text: held.text.clone(), document })
        };
        let policies: Result<_, wire::Error> = held.iter().map(named).collect();
        Ok(Self { policies: policies? })
    }

    /// These and more.
    pub(super) fn and(mut self, more: Self) -> Self {
        self.policies.extend(more.policies);
        self
    }

    /// Whether it is the trust policy of a role.
    pub(super) fn is_trust(&self) -> bool {
        self.policies.iter().any(|named| named.document.kind() == Kind::Trust)
    }

    /// Ready for decisions.
    pub(super) fn set(&self) -> PolicySet {
        PolicySet::new(self.sources())
    }

    /// Ready for decisions about who asks.
    pub(super) fn resource_policy(&self) -> ResourcePolicy {
        ResourcePolicy::merged(self.sources())
    }

    fn sources(&self) -> impl Iterator<Item = Source> {
        self.policies.iter().enumerate().map(|(at, named)| {
            let document = Arc::clone(&named.document);
            Source { id: at.to_string().into(), document }
        })
    }

    /// A statement of one of these policies, as results show it.
    pub(super) fn shown(&self, cause: &Cause<'_>, kind: PolicySourceType) -> Option<Statement> {
        let named = cause.source().parse::<usize>().ok().and_then(|at| self.policies.get(at))?;
        let span = cause.span();
        Some(Statement {
            source_policy_id: Some(named.id.clone()),
            source_policy_type: Some(kind),
            start_position: Some(before(&named.text, span.start.offset)),
            end_position: Some(position(span.end.line as usize, span.end.column as usize)),
        })
    }
}

/// AWS has a statement begin where the bracket or comma before it ends, the white space between included; one
/// that stands alone, behind its own brace.
fn before(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or_default().trim_end();
    let before = if before.ends_with(':') { text.get(..=offset).unwrap_or(text) } else { before };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    position(line, column)
}

fn position(line: usize, column: usize) -> Position {
    Position { line: i32::try_from(line).ok(), column: i32::try_from(column).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_begins_after_the_bracket() {
        let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n";
        let offset = text.rfind('{').unwrap();
        assert_eq!(before(text, offset), position(3, 17));
        assert_eq!(before("{\"Statement\": {", 14), position(1, 16));
    }
}
