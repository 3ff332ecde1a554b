//! Sets of UIDs as sorted ranges.

use std::ops::RangeInclusive;

use crate::Uid;

/// A set of UIDs, kept as sorted ranges that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UidSet(Vec<(u32, u32)>);

impl UidSet {
    /// No UID.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Every UID there can be.
    pub fn all() -> Self {
        Self(vec![(1, u32::MAX)])
    }

    /// The ranges in growing order.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = RangeInclusive<u32>> {
        self.0.iter().map(|(first, last)| *first..=*last)
    }

    /// Whether the set holds `uid`.
    pub fn contains(&self, uid: Uid) -> bool {
        self.ranges_from(uid).next().is_some_and(|(first, _)| *first <= uid.0)
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The part of the set from `uid` on, as ranges.
    pub(crate) fn ranges_from(&self, uid: Uid) -> impl Iterator<Item = &(u32, u32)> {
        let start = self.0.partition_point(|(_, last)| *last < uid.0);
        self.0.iter().skip(start)
    }
}

/// Takes ranges in any order, with overlaps; UID 0 does not exist and is left out.
impl FromIterator<RangeInclusive<u32>> for UidSet {
    fn from_iter<I: IntoIterator<Item = RangeInclusive<u32>>>(ranges: I) -> Self {
        let ranges = ranges.into_iter().map(|range| ((*range.start()).max(1), *range.end()));
        let mut sorted: Vec<_> = ranges.filter(|(first, last)| first <= last).collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(sorted.len());
        for (first, last) in sorted {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => {
                    previous.1 = previous.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        uids.into_iter().map(|uid| uid.0..=uid.0).collect()
    }
}

impl From<Uid> for UidSet {
    fn from(uid: Uid) -> Self {
        std::iter::once(uid).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_merge_when_they_touch() {
        let set: UidSet = [7..=9, 1..=2, 3..=4, 8..=12, 0..=0].into_iter().collect();
        assert_eq!(set.ranges().collect::<Vec<_>>(), [1..=4, 7..=12]);
        assert!(set.contains(Uid(4)) && !set.contains(Uid(5)) && !set.contains(Uid(0)));
        assert!(UidSet::all().contains(Uid(u32::MAX)));
    }

    proptest! {
        #[test]
        fn holds_what_a_plain_set_holds(uids in prop::collection::vec(1..60u32, 0..40)) {
            let plain: BTreeSet<u32> = uids.iter().copied().collect();
            let set: UidSet = uids.into_iter().map(Uid).collect();
            for uid in 0..62 {
                prop_assert_eq!(set.contains(Uid(uid)), plain.contains(&uid));
            }
            let ranges: Vec<_> = set.ranges().collect();
            prop_assert!(ranges.windows(2).all(|pair| *pair[0].end() + 1 < *pair[1].start()));
        }
    }
}
