//! The selected folder as the client knows it: which message has which sequence number.

use crate::grammar::set::Set;

/// The UIDs of the selected folder in order; the message with sequence number `n` is the `n`-th.
///
/// INVARIANT: strictly growing. It changes only when the client is told so.
#[derive(Debug, Default)]
pub(crate) struct View(Vec<u32>);

impl View {
    /// A view of these UIDs, which grow strictly.
    pub(crate) fn new(uids: Vec<u32>) -> Self {
        debug_assert!(uids.is_sorted_by(|a, b| a < b));
        Self(uids)
    }

    /// How many messages the client knows of.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The highest UID that the client knows of, or 0.
    pub(crate) fn last_uid(&self) -> u32 {
        self.0.last().copied().unwrap_or(0)
    }

    /// The sequence number of a message.
    pub(crate) fn sequence(&self, uid: u32) -> Option<usize> {
        self.0.binary_search(&uid).ok().map(|index| index + 1)
    }

    /// Takes in a message that came after all others; false if it is known or comes too late.
    pub(crate) fn push(&mut self, uid: u32) -> bool {
        let is_new = uid > self.last_uid();
        if is_new {
            self.0.push(uid);
        }
        is_new
    }

    /// Forgets messages and tells the sequence numbers that they had, the highest first: so each number
    /// holds also after those before it have been expunged.
    pub(crate) fn remove(&mut self, mut uids: Vec<u32>) -> Vec<usize> {
        uids.sort_unstable();
        uids.dedup();
        let sequences = uids.iter().rev().filter_map(|uid| self.sequence(*uid)).collect();
        self.0.retain(|uid| uids.binary_search(uid).is_err());
        sequences
    }

    /// The UIDs that are known here and not among `present`, which grows.
    pub(crate) fn absent_from(&self, present: &[u32]) -> Vec<u32> {
        self.0.iter().copied().filter(|uid| present.binary_search(uid).is_err()).collect()
    }

    /// The known UIDs among those of a UID set; unknown ones are passed over (RFC 3501, section 6.4.8).
    pub(crate) fn with_uids(&self, set: &Set) -> Vec<u32> {
        let mut uids = Vec::new();
        for (first, last) in set.ranges(self.last_uid()) {
            let start = self.0.partition_point(|uid| *uid < first);
            let end = self.0.partition_point(|uid| *uid <= last);
            uids.extend_from_slice(self.0.get(start..end).unwrap_or_default());
        }
        uids
    }

    /// The UIDs of a sequence set; nothing if it names a number that no message has (RFC 3501,
    /// section 9: `seq-number`).
    pub(crate) fn with_sequences(&self, set: &Set) -> Option<Vec<u32>> {
        if set.highest_named() as usize > self.len() {
            return None;
        }
        let highest = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let mut uids = Vec::new();
        for (first, last) in set.ranges(highest) {
            let last = last.min(highest) as usize;
            let start = (first as usize).saturating_sub(1).min(last);
            uids.extend_from_slice(self.0.get(start..last).unwrap_or_default());
        }
        Some(uids)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::grammar::cursor::Cursor;

    fn set(text: &str) -> Set {
        Set::parse(&mut Cursor::new(Bytes::copy_from_slice(text.as_bytes()))).unwrap()
    }

    #[test]
    fn sets_of_both_kinds() {
        let view = View::new(vec![2, 4, 7, 9]);
        assert_eq!(view.with_uids(&set("3:8")), [4, 7]);
        assert_eq!(view.with_uids(&set("100:*")), [9]);
        assert_eq!(view.with_sequences(&set("2:*")).unwrap(), [4, 7, 9]);
        assert_eq!(view.with_sequences(&set("*")).unwrap(), [9]);
        assert_eq!(view.with_sequences(&set("5")), None);
        assert_eq!(View::default().with_sequences(&set("1:*")).unwrap(), [0u32; 0]);
        assert_eq!(View::default().with_uids(&set("1:*")), [0u32; 0]);
    }

    #[test]
    fn what_is_removed_is_told_from_the_end() {
        let mut view = View::new(vec![2, 4, 7, 9]);
        assert_eq!(view.remove(vec![4, 3, 9]), [4, 2]);
        assert_eq!(view.0, [2, 7]);
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_list(
            steps in proptest::collection::vec((any::<bool>(), 1..60u32), 0..80),
            first in 1..60u32,
            last in 1..60u32,
        ) {
            let mut view = View::default();
            let mut plain: Vec<u32> = Vec::new();
            for (adds, uid) in steps {
                if adds {
                    let is_new = plain.iter().all(|known| *known < uid);
                    prop_assert_eq!(view.push(uid), is_new);
                    plain.extend(is_new.then_some(uid));
                } else {
                    let place = plain.iter().position(|known| *known == uid);
                    let removed = view.remove(vec![uid, uid]);
                    prop_assert_eq!(removed, Vec::from_iter(place.map(|index| index + 1)));
                    plain.retain(|known| *known != uid);
                }
            }
            for uid in 0..61 {
                let place = plain.iter().position(|known| *known == uid).map(|index| index + 1);
                prop_assert_eq!(view.sequence(uid), place);
            }
            let asked = set(&format!("{first}:{last}"));
            let (low, high) = (first.min(last), first.max(last));
            let by_uid: Vec<_> = plain.iter().copied().filter(|uid| (low..=high).contains(uid)).collect();
            prop_assert_eq!(view.with_uids(&asked), by_uid);
            let by_number = (high as usize <= plain.len())
                .then(|| plain[low as usize - 1..high as usize].to_vec());
            prop_assert_eq!(view.with_sequences(&asked), by_number);
        }
    }
}
