//! Many rules about the same actions, found by their resources.
//!
//! Of an ARN pattern three parts tell most: the service, the account, where it is written out, and what
//! the resource part begins with. The others are the same nearly everywhere.

use std::ops::Range;

use super::{
    Entry, FEW,
    conditions::{self, ByKey},
    prefixes::{self, Hash, Prefixes, Slot},
};
use crate::{
    glob::Glob,
    resource::ResourcePattern,
    rule::{Query, Rule},
};

/// Resources of a statement by which it is found; one that has more is always looked at, so that an index
/// stays within a small multiple of its policies.
const RESOURCES_MAX: usize = 16;

/// Where a rule is kept for its resources; nothing if only looking at it can tell.
#[derive(Debug)]
pub(crate) struct ResourceKeys(Option<Box<[Slot]>>);

impl ResourceKeys {
    /// The keys of `Resource`.
    pub(crate) fn of(patterns: &[ResourcePattern]) -> Self {
        if patterns.len() > RESOURCES_MAX {
            return Self::UNKNOWN;
        }
        // What matches nothing needs no key.
        let patterns =
            patterns.iter().filter(|pattern| !matches!(pattern, ResourcePattern::Nothing));
        Self(patterns.map(slot).collect())
    }

    /// Those of anything else.
    pub(crate) const UNKNOWN: Self = Self(None);
}

fn slot(pattern: &ResourcePattern) -> Option<Slot> {
    match pattern {
        ResourcePattern::Arn(globs) => {
            let [_, Glob::Exact(service), _, account, resource] = &**globs else { return None };
            let start = of_service(service);
            let start = match account {
                Glob::Exact(account) => in_account(start, account),
                Glob::Any | Glob::Prefix(_) | Glob::Pieces(_) => start,
            };
            Some(Slot::of(resource, start))
        }
        ResourcePattern::Any | ResourcePattern::Whole(_) | ResourcePattern::Nothing => None,
    }
}

/// Where the search for resources of a service in any account starts.
fn of_service(service: &str) -> Hash {
    Hash::default().after(service.as_bytes()).after(b":")
}

/// Where the search for those in one account starts.
fn in_account(service: Hash, account: &str) -> Hash {
    service.after(account.as_bytes()).after(b":")
}

/// Rules by their resources, those of any resource by their conditions.
#[derive(Debug)]
pub(super) struct Divided {
    resources: Prefixes<Range<u32>>,
    entries: Vec<Entry>,
    conditions: Vec<ByKey>,
    /// Those that must always be looked at.
    rest: Vec<Entry>,
}

impl Divided {
    pub(super) fn new<'a>(rules: impl Iterator<Item = (Entry, &'a Rule)>) -> Self {
        let mut keyed = Vec::new();
        let mut unkeyed = Vec::new();
        for (entry, rule) in rules {
            match &rule.resource_keys().0 {
                Some(slots) => keyed.extend(slots.iter().map(|slot| (*slot, entry))),
                None => unkeyed.push((entry, rule.condition_keys())),
            }
        }
        let mut entries = Vec::with_capacity(keyed.len());
        let resources = Prefixes::new(keyed, |group| prefixes::append(&mut entries, group));
        let (conditions, rest) = if unkeyed.len() > FEW {
            conditions::divide(unkeyed)
        } else {
            (Vec::new(), unkeyed.into_iter().map(|(entry, _)| entry).collect())
        };
        Self { resources, entries, conditions, rest }
    }

    /// The first candidate that is accepted.
    pub(super) fn find(
        &self,
        query: Query<'_>,
        accept: &mut impl FnMut(Entry) -> bool,
    ) -> Option<Entry> {
        if let Some(found) = self.rest.iter().copied().find(|&entry| accept(entry)) {
            return Some(found);
        }
        let by_resource = self.by_resource(query, accept);
        let mut keys = self.conditions.iter();
        by_resource.or_else(|| keys.find_map(|key| key.find(query.context, accept)))
    }

    fn by_resource(
        &self,
        query: Query<'_>,
        accept: &mut impl FnMut(Entry) -> bool,
    ) -> Option<Entry> {
        // No ARN stands for what is none.
        let [_, service, _, account, name] = query.resource.parts()?;
        let service = of_service(service);
        [service, in_account(service, account)].into_iter().find_map(|start| {
            let in_range = |range: &Range<u32>| prefixes::find_in(&self.entries, range, accept);
            self.resources.find(start, name.as_bytes(), in_range)
        })
    }
}
