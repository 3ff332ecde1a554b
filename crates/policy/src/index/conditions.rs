//! Many rules about the same actions and any resource, found by what their conditions ask.
//!
//! A statement that wants a key to equal some texts applies only where the request has one of them: as with
//! policies that tell teams apart by their tags.

use std::{collections::HashMap, ops::Range};

use super::{
    Entry,
    prefixes::{self, Hash, Prefixes, Slot},
};
use crate::{condition::Condition, context::Context, glob::Glob};

/// Values by which a condition is found; of one that has more, the rule is always looked at.
const VALUES_MAX: usize = 16;

/// Keys that are told apart; rules that ask for others are always looked at. A decision asks the request
/// for each.
const KEYS_MAX: usize = 4;

/// A key, and where a rule is kept for the values that it may have.
#[derive(Debug)]
pub(crate) struct ConditionKeys {
    key: Box<str>,
    slots: Box<[Slot]>,
}

impl ConditionKeys {
    /// Those of the first condition that has any.
    pub(crate) fn of(conditions: &[Condition]) -> Option<Self> {
        conditions.iter().find_map(|condition| {
            let (key, values) = condition.equality()?;
            let slots = values.iter().map(|value| Slot::of(value, Hash::default())).collect();
            let is_exact = |value: &Glob| matches!(value, Glob::Exact(_));
            let indexed = values.len() <= VALUES_MAX && values.iter().all(is_exact);
            indexed.then(|| Self { key: key.into(), slots })
        })
    }
}

/// Rules by the values of one key.
#[derive(Debug)]
pub(super) struct ByKey {
    key: Box<str>,
    values: Prefixes<Range<u32>>,
    entries: Vec<Entry>,
}

/// Divides rules; those that remain must always be looked at.
pub(super) fn divide<'a>(
    rules: Vec<(Entry, Option<&'a ConditionKeys>)>,
) -> (Vec<ByKey>, Vec<Entry>) {
    let mut rest = Vec::new();
    let mut keyed: HashMap<&'a str, Vec<(Slot, Entry)>> = HashMap::new();
    for (entry, keys) in rules {
        match keys {
            Some(ConditionKeys { key, slots })
                if keyed.len() < KEYS_MAX || keyed.contains_key(&**key) =>
            {
                keyed.entry(key).or_default().extend(slots.iter().map(|slot| (*slot, entry)));
            }
            _ => rest.push(entry),
        }
    }
    let mut keyed: Vec<_> = keyed.into_iter().collect();
    // Which of several statements decides must not depend on chance.
    keyed.sort_unstable_by_key(|(key, _)| *key);
    (keyed.into_iter().map(|(key, slots)| ByKey::new(key, slots)).collect(), rest)
}

impl ByKey {
    fn new(key: &str, slots: Vec<(Slot, Entry)>) -> Self {
        let mut entries = Vec::with_capacity(slots.len());
        let values = Prefixes::new(slots, |group| prefixes::append(&mut entries, group));
        Self { key: key.into(), values, entries }
    }

    /// The first candidate for the values that the request has for the key that is accepted.
    pub(super) fn find(
        &self,
        context: &dyn Context,
        accept: &mut impl FnMut(Entry) -> bool,
    ) -> Option<Entry> {
        let values = context.get(&self.key)?;
        values.as_slice().iter().find_map(|value| {
            let in_range = |range: &Range<u32>| prefixes::find_in(&self.entries, range, accept);
            self.values.find(Hash::default(), value.as_bytes(), in_range)
        })
    }
}
