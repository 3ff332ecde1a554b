//! Finds the rules that can match, without looking at the others.
//!
//! Rules are found by their actions: the patterns that begin as the request's action does are candidates.
//! Where many rules name the same actions, they are found among those by their resources in the same way,
//! and where they name any resource, by what their conditions ask.

mod conditions;
mod prefixes;
mod resources;

use std::ops::Range;

use crate::{
    document::Effect,
    glob::Glob,
    rule::{Query, Rule},
};

use prefixes::{Prefixes, Slot};
use resources::Divided;

pub(crate) use conditions::ConditionKeys;
pub(crate) use resources::ResourceKeys;

/// Candidates that are looked at one by one; more are divided by their resources and conditions.
const FEW: usize = 8;

/// What one document brings to an index: computed once, merged into many sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    slot: Slot,
    /// The rule within its document.
    rule: u32,
    /// The pattern within the rule; nothing where the whole clause counts, as for `NotAction`.
    pattern: Option<u32>,
}

/// The keys of one document, those that permit and those that deny apart.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) permissions: Box<[Key]>,
    pub(crate) denials: Box<[Key]>,
}

impl Keys {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let of = |effect| {
            let rules = (0..).zip(rules).filter(|(_, rule)| rule.effect == effect);
            rules.flat_map(|(index, rule)| rule_keys(index, rule)).collect()
        };
        Self { permissions: of(Effect::Allow), denials: of(Effect::Deny) }
    }
}

fn rule_keys(rule_index: u32, rule: &Rule) -> Vec<Key> {
    if rule.actions.negated {
        return vec![Key { slot: Slot::ANY, rule: rule_index, pattern: None }];
    }
    let patterns = (0..).zip(&rule.actions.patterns);
    let key = |(index, pattern): (u32, &Glob)| Key {
        slot: Slot::of(pattern, prefixes::Hash::default()),
        rule: rule_index,
        pattern: Some(index),
    };
    patterns.map(key).collect()
}

/// A rule that may match: which document of the set, and where in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) document: u32,
    pub(crate) rule: u32,
    pub(crate) pattern: Option<u32>,
}

/// The rules of one effect of a whole set.
#[derive(Debug, Default)]
pub(crate) struct Index {
    actions: Prefixes<Bucket>,
    /// Those of all buckets of few.
    entries: Vec<Entry>,
}

/// The rules whose action patterns begin alike.
#[derive(Debug)]
enum Bucket {
    Few(Range<u32>),
    Many(Box<Divided>),
}

impl Index {
    /// Merges the keys of documents; each comes with its document's number.
    pub(crate) fn new<'a>(
        keys: impl Iterator<Item = (u32, Key)>,
        rule: impl Fn(Entry) -> Option<&'a Rule>,
    ) -> Self {
        let keyed = keys.map(|(document, key)| {
            (key.slot, Entry { document, rule: key.rule, pattern: key.pattern })
        });
        let mut few = Vec::new();
        let actions = Prefixes::new(keyed.collect(), |entries| {
            if entries.len() > FEW {
                let rules = entries.filter_map(|entry| Some((entry, rule(entry)?)));
                return Bucket::Many(Box::new(Divided::new(rules)));
            }
            Bucket::Few(prefixes::append(&mut few, entries))
        });
        Self { actions, entries: few }
    }

    /// The first candidate that is accepted.
    pub(crate) fn find(
        &self,
        query: Query<'_>,
        mut accept: impl FnMut(Entry) -> bool,
    ) -> Option<Entry> {
        let start = prefixes::Hash::default();
        self.actions.find(start, query.action.as_bytes(), |bucket| match bucket {
            Bucket::Few(range) => prefixes::find_in(&self.entries, range, &mut accept),
            Bucket::Many(divided) => divided.find(query, &mut accept),
        })
    }
}
