//! Things found by what their patterns begin with.
//!
//! Every pattern begins with some text: all of it, or what precedes the first wildcard. The text asked
//! for is hashed once from left to right; where the hash so far stands at a length that some pattern's
//! text has, what is kept under that hash is found. The hash only sorts out: whoever takes a candidate
//! compares its pattern in full.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ops::Range,
};

use super::Entry;
use crate::glob::Glob;

/// Longest text, in bytes, that patterns with wildcards are told apart by; one bit for each length.
const PREFIX_BYTES_MAX: usize = 127;

/// Where a pattern is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    /// Bytes that were hashed of a pattern with wildcards; nothing for one without.
    prefix_bytes: Option<u8>,
    hash: u64,
}

impl Slot {
    /// That of a pattern that begins with nothing.
    pub(super) const ANY: Self = Self { prefix_bytes: Some(0), hash: Hash::EMPTY };

    /// That of `pattern`, found by a search that starts from the same hash.
    pub(super) fn of(pattern: &Glob, start: Hash) -> Self {
        let text = pattern.literal_prefix().as_bytes();
        if matches!(pattern, Glob::Exact(_)) {
            return Self { prefix_bytes: None, hash: start.after(text).0 };
        }
        let length = text.len().min(PREFIX_BYTES_MAX);
        let hash = start.after(text.get(..length).unwrap_or(text)).0;
        Self { prefix_bytes: u8::try_from(length).ok(), hash }
    }
}

/// Things by the slots of their patterns.
#[derive(Debug)]
pub(super) struct Prefixes<T> {
    exact: HashMap<u64, T, BuildHasherDefault<Given>>,
    prefixes: HashMap<u64, T, BuildHasherDefault<Given>>,
    /// Bit `n` is set if a prefix of `n` bytes is in `prefixes`.
    lengths: u128,
}

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self { exact: HashMap::default(), prefixes: HashMap::default(), lengths: 0 }
    }
}

impl<T> Prefixes<T> {
    /// Puts together what has the same slot; `make` says how it is kept.
    pub(super) fn new(
        mut keyed: Vec<(Slot, Entry)>,
        mut make: impl FnMut(&mut dyn ExactSizeIterator<Item = Entry>) -> T,
    ) -> Self {
        keyed.sort_unstable_by_key(|&(slot, entry)| {
            (slot, entry.document, entry.rule, entry.pattern)
        });
        let mut new = Self::default();
        for group in keyed.chunk_by(|(left, _), (right, _)| left == right) {
            let Some((slot, _)) = group.first() else { continue };
            let kept = make(&mut group.iter().map(|(_, entry)| *entry));
            match slot.prefix_bytes {
                None => new.exact.insert(slot.hash, kept),
                Some(bytes) => {
                    new.lengths |= 1 << bytes;
                    new.prefixes.insert(slot.hash, kept)
                }
            };
        }
        new
    }

    /// The first that is accepted of what is kept under the beginnings of `text`, shortest first, and
    /// under `text` itself. A pattern with wildcards counts as its beginning.
    pub(super) fn find<R>(
        &self,
        start: Hash,
        text: &[u8],
        mut accept: impl FnMut(&T) -> Option<R>,
    ) -> Option<R> {
        let mut hash = start;
        let mut lengths = self.lengths;
        for &byte in text {
            if lengths & 1 == 1 {
                let found = self.prefixes.get(&hash.0).and_then(&mut accept);
                if found.is_some() {
                    return found;
                }
            }
            lengths >>= 1;
            hash = hash.with(byte);
        }
        let whole = if lengths & 1 == 1 { self.prefixes.get(&hash.0) } else { None };
        let whole = whole.and_then(&mut accept);
        whole.or_else(|| self.exact.get(&hash.0).and_then(accept))
    }
}

/// Adds `entries` to `all`; says where they are.
pub(super) fn append(all: &mut Vec<Entry>, entries: impl IntoIterator<Item = Entry>) -> Range<u32> {
    let place = |all: &Vec<Entry>| u32::try_from(all.len()).unwrap_or(u32::MAX);
    let start = place(all);
    all.extend(entries);
    start..place(all)
}

/// The first entry of a range of `all` that is accepted.
pub(super) fn find_in(
    all: &[Entry],
    range: &Range<u32>,
    accept: &mut impl FnMut(Entry) -> bool,
) -> Option<Entry> {
    let entries = all.get(range.start as usize..range.end as usize)?;
    entries.iter().copied().find(|&entry| accept(entry))
}

/// FNV-1a, which can be read off after every byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(Self::EMPTY)
    }
}

impl Hash {
    const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

    fn with(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    pub(super) fn after(self, text: &[u8]) -> Self {
        text.iter().fold(self, |hash, &byte| hash.with(byte))
    }
}

/// Takes keys that are hashes already as they are.
#[derive(Debug, Default)]
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
