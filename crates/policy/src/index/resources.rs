//! Many rules about the same actions, found by their resources.
//!
//! Of an ARN pattern two parts tell most: the account, where it is written out, and what the resource part
//! begins with. The others are the same nearly everywhere.

use std::ops::Range;

use super::{
    Entry,
    prefixes::{self, Hash, Prefixes, Slot},
};
use crate::{
    glob::Glob,
    resource::{Resource, ResourcePattern},
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
            let [.., account, resource] = &**globs;
            let start = match account {
                Glob::Exact(account) => in_account(account),
                Glob::Any | Glob::Prefix(_) | Glob::Pieces(_) => Hash::default(),
            };
            Some(Slot::of(resource, start))
        }
        ResourcePattern::Any | ResourcePattern::Whole(_) | ResourcePattern::Nothing => None,
    }
}

/// Where the search for resources of one account starts.
fn in_account(account: &str) -> Hash {
    Hash::default().after(account.as_bytes()).after(b":")
}

/// Rules by their resources.
#[derive(Debug)]
pub(super) struct Divided {
    /// Those that must always be looked at.
    unknown: Box<[Entry]>,
    resources: Prefixes<Range<u32>>,
    entries: Vec<Entry>,
}

impl Divided {
    pub(super) fn new<'a>(rules: impl Iterator<Item = (Entry, Option<&'a ResourceKeys>)>) -> Self {
        let mut unknown = Vec::new();
        let mut keyed = Vec::new();
        for (entry, keys) in rules {
            match keys {
                Some(ResourceKeys(Some(slots))) => {
                    keyed.extend(slots.iter().map(|slot| (*slot, entry)));
                }
                Some(ResourceKeys(None)) | None => unknown.push(entry),
            }
        }
        let mut entries = Vec::with_capacity(keyed.len());
        let resources = Prefixes::new(keyed, |group| prefixes::append(&mut entries, group));
        Self { unknown: unknown.into(), resources, entries }
    }

    /// The first candidate for `resource` that is accepted.
    pub(super) fn find(
        &self,
        resource: Resource<'_>,
        accept: &mut impl FnMut(Entry) -> bool,
    ) -> Option<Entry> {
        if let Some(found) = self.unknown.iter().copied().find(|&entry| accept(entry)) {
            return Some(found);
        }
        // No ARN stands for what is none.
        let [.., account, name] = resource.parts()?;
        [Hash::default(), in_account(account)].into_iter().find_map(|start| {
            let in_range = |range: &Range<u32>| prefixes::find_in(&self.entries, range, accept);
            self.resources.find(start, name.as_bytes(), in_range)
        })
    }
}
