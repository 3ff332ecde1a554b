//! Finds the rules whose action can match, without looking at the others.
//!
//! Every action pattern begins with some text: all of it, or what precedes the first wildcard. A request's
//! action is hashed once from left to right; where the hash so far stands at a length that some pattern's
//! text has, the patterns with that text are candidates. The hash only sorts out: whoever takes a
//! candidate compares its pattern in full.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ops::Range,
};

use crate::{document::Effect, glob::Glob, rule::Rule};

/// Longest text, in bytes, that patterns with wildcards are told apart by; one bit for each length.
const PREFIX_BYTES_MAX: usize = 63;

/// What one document brings to an index: computed once, merged into many sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    hash: u64,
    /// Bytes that were hashed of a pattern with wildcards; nothing for one without.
    prefix_bytes: Option<u8>,
    /// The rule within its document.
    pub(crate) rule: u32,
    /// The pattern within the rule; nothing where the whole clause counts, as for `NotAction`.
    pub(crate) pattern: Option<u32>,
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
        let hash = Hash::default().0;
        return vec![Key { hash, prefix_bytes: Some(0), rule: rule_index, pattern: None }];
    }
    let patterns = (0..).zip(&rule.actions.patterns);
    patterns.map(|(index, pattern)| pattern_key(rule_index, index, pattern)).collect()
}

fn pattern_key(rule: u32, index: u32, pattern: &Glob) -> Key {
    let text = pattern.literal_prefix().as_bytes();
    let exact = matches!(pattern, Glob::Exact(_));
    let length = if exact { text.len() } else { text.len().min(PREFIX_BYTES_MAX) };
    let mut hash = Hash::default();
    text.iter().take(length).for_each(|&byte| hash.add(byte));
    let prefix_bytes = if exact { None } else { u8::try_from(length).ok() };
    Key { hash: hash.0, prefix_bytes, rule, pattern: Some(index) }
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
    exact: Table,
    prefixes: Table,
    /// Bit `n` is set if a prefix of `n` bytes is in `prefixes`.
    lengths: u64,
}

impl Index {
    /// Merges the keys of documents; each comes with its document's number.
    pub(crate) fn new(keys: impl Iterator<Item = (u32, Key)>) -> Self {
        let mut exact = Vec::new();
        let mut prefixes = Vec::new();
        let mut lengths = 0;
        for (document, key) in keys {
            let entry = Entry { document, rule: key.rule, pattern: key.pattern };
            match key.prefix_bytes {
                None => exact.push((key.hash, entry)),
                Some(bytes) => {
                    lengths |= 1 << bytes;
                    prefixes.push((key.hash, entry));
                }
            }
        }
        Self { exact: Table::new(exact), prefixes: Table::new(prefixes), lengths }
    }

    /// The first candidate for `action`, which is in lower case, that is accepted.
    pub(crate) fn find(
        &self,
        action: &str,
        mut accept: impl FnMut(Entry) -> bool,
    ) -> Option<Entry> {
        let mut hash = Hash::default();
        let mut lengths = self.lengths;
        for &byte in action.as_bytes() {
            if lengths & 1 == 1 {
                let found = self.prefixes.find(hash, &mut accept);
                if found.is_some() {
                    return found;
                }
            }
            lengths >>= 1;
            hash.add(byte);
        }
        let whole = if lengths & 1 == 1 { self.prefixes.find(hash, &mut accept) } else { None };
        whole.or_else(|| self.exact.find(hash, &mut accept))
    }
}

/// Entries by hash; those of equal hash lie side by side.
#[derive(Debug, Default)]
struct Table {
    entries: Box<[Entry]>,
    ranges: HashMap<u64, Range<u32>, BuildHasherDefault<Given>>,
}

impl Table {
    fn new(mut keyed: Vec<(u64, Entry)>) -> Self {
        keyed.sort_unstable_by_key(|&(hash, entry)| (hash, entry.document, entry.rule));
        let mut ranges =
            HashMap::with_capacity_and_hasher(keyed.len(), BuildHasherDefault::default());
        for (index, &(hash, _)) in (0..).zip(&keyed) {
            ranges.entry(hash).or_insert(index..index).end = index + 1;
        }
        Self { entries: keyed.into_iter().map(|(_, entry)| entry).collect(), ranges }
    }

    fn find(&self, hash: Hash, accept: &mut impl FnMut(Entry) -> bool) -> Option<Entry> {
        let Range { start, end } = *self.ranges.get(&hash.0)?;
        let entries = self.entries.get(start as usize..end as usize)?;
        entries.iter().copied().find(|&entry| accept(entry))
    }
}

/// FNV-1a, which can be read off after every byte.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}

/// Takes keys that are hashes already as they are.
#[derive(Default)]
struct Given(u64);

impl Hasher for Given {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = self.0.rotate_left(8) ^ u64::from(byte));
    }
}
