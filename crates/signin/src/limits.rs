//! Limits on guessing: how often something may be tried in a span of time.
//!
//! An attempt is counted before it is looked at, so that a thousand at once are no way around the limit, and
//! taken off again when it turns out to be right. While a limit holds nothing is looked at, so the right
//! password gets the same answer as a wrong one.
//!
//! Nobody can be locked out from everywhere: what is counted for a person as a whole is not counted, and does
//! not hold, at an address from which that person signed in of late (see [`crate::addresses`]).
//!
//! The counts are in the memory of one process, [`KEYS_MAX`] of them: a restart forgets them, and servers that
//! share a store count each for itself.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use world::Timestamp;

/// Counts that are kept at most. Of more, those that are furthest from their limit go.
const KEYS_MAX: usize = 100_000;

/// What part of the counts goes when there are too many.
const EVICTED_PART: usize = 4;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Wrong passwords from an address, whosever they are.
    Address(IpAddr),
    /// Wrong passwords of a person from one address.
    PersonAt(String, IpAddr),
    /// Wrong passwords of a person from addresses that are strange to them.
    Person(String),
    /// Wrong passwords of an account's users from addresses that are strange to them.
    Account(String),
    /// Wrong codes of a second factor from one address.
    FactorAt(String, IpAddr),
    /// Wrong codes of a second factor from addresses that are strange to the person.
    Factor(String),
    /// Sign-ups begun at an address.
    SignUpsAt(IpAddr),
    /// Letters with a code to an e-mail address in a short time.
    Letters(String),
    /// The same in a day.
    LettersDaily(String),
    /// Letters with a code in all.
    AllLetters,
}

/// How often in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) max: u32,
    pub(crate) span: Duration,
}

const QUARTER: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Key {
    /// The limits in one place; `docs/sign-in.md` has the same table.
    pub(crate) fn rule(&self) -> Rule {
        let (max, span) = match self {
            Self::Address(_) => (30, QUARTER),
            Self::PersonAt(..) | Self::FactorAt(..) => (5, QUARTER),
            Self::Person(_) => (50, HOUR),
            Self::Account(_) => (500, HOUR),
            Self::Factor(_) => (50, DAY),
            Self::SignUpsAt(_) => (10, HOUR),
            Self::Letters(_) => (3, HOUR),
            Self::LettersDaily(_) => (10, DAY),
            Self::AllLetters => (1_000, HOUR),
        };
        Rule { max, span }
    }
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<HashMap<Key, Count>>);

#[derive(Clone, Copy, Debug)]
struct Count {
    ends_at: Timestamp,
    attempts: u32,
    /// Whether one was turned away already.
    refused: bool,
}

/// An attempt that was let through, and where it was counted.
#[derive(Debug)]
#[must_use]
pub(crate) struct Admitted(Vec<Key>);

/// An attempt that was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turned {
    /// When trying again may help.
    pub(crate) until: Timestamp,
    /// Whether it is the first one of its span.
    pub(crate) first: bool,
}

impl Limits {
    /// Counts an attempt under all of `keys`, or under none of them if one has come to its limit.
    pub(crate) fn admit(&self, keys: Vec<Key>, now: Timestamp) -> Result<Admitted, Turned> {
        let mut counts = self.lock();
        for key in &keys {
            if let Some(count) = counts.get_mut(key)
                && count.ends_at > now
                && count.attempts >= key.rule().max
            {
                let first = !std::mem::replace(&mut count.refused, true);
                return Err(Turned { until: count.ends_at, first });
            }
        }
        make_room(&mut counts, keys.len(), now);
        for key in &keys {
            let fresh =
                Count { ends_at: now.saturating_add(key.rule().span), attempts: 0, refused: false };
            let count = counts.entry(key.clone()).or_insert(fresh);
            if count.ends_at <= now {
                *count = fresh;
            }
            count.attempts += 1;
        }
        Ok(Admitted(keys))
    }

    /// Takes an attempt off again that turned out to be right. Those from the same address before it are
    /// forgiven: they were the same person's.
    pub(crate) fn forgive(&self, admitted: Admitted) {
        let mut counts = self.lock();
        for key in admitted.0 {
            if matches!(key, Key::PersonAt(..) | Key::FactorAt(..)) {
                counts.remove(&key);
            } else if let Some(count) = counts.get_mut(&key) {
                count.attempts = count.attempts.saturating_sub(1);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets go of what is over, and if that is not enough, of what is furthest from its limit: a count that
/// somebody is close to wearing out stays.
fn make_room(counts: &mut HashMap<Key, Count>, needed: usize, now: Timestamp) {
    if counts.len() + needed <= KEYS_MAX {
        return;
    }
    counts.retain(|_, count| count.ends_at > now);
    if counts.len() + needed <= KEYS_MAX {
        return;
    }
    let share = |key: &Key, count: &Count| count.attempts * 1_000 / key.rule().max;
    let mut shares: Vec<u32> = counts.iter().map(|(key, count)| share(key, count)).collect();
    let evicted = KEYS_MAX / EVICTED_PART;
    let (_, bound, _) = shares.select_nth_unstable(evicted);
    let bound = *bound;
    let mut left = evicted;
    counts.retain(|key, count| {
        let goes = left > 0 && share(key, count) <= bound;
        left -= usize::from(goes);
        !goes
    });
}

/// What counts as one address: one customer has a whole /64 of IPv6 (RFC 6177).
pub(crate) fn household(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn ann() -> Vec<Key> {
        vec![Key::Address(HERE), Key::PersonAt("ann".to_owned(), HERE)]
    }

    #[test]
    fn five_wrong_ones_and_then_a_rest() {
        let limits = Limits::default();
        for second in 0..5 {
            let _ = limits.admit(ann(), at(second)).unwrap();
        }
        assert_eq!(limits.admit(ann(), at(5)).unwrap_err(), Turned { until: at(900), first: true });
        assert_eq!(
            limits.admit(ann(), at(6)).unwrap_err(),
            Turned { until: at(900), first: false }
        );
        let _ = limits.admit(vec![Key::PersonAt("bob".to_owned(), HERE)], at(6)).unwrap();
        let _ = limits.admit(ann(), at(900)).unwrap();
    }

    #[test]
    fn who_is_right_starts_anew() {
        let limits = Limits::default();
        for _ in 0..100 {
            for _ in 0..4 {
                let _ = limits.admit(vec![Key::PersonAt("ann".to_owned(), HERE)], at(0)).unwrap();
            }
            let right = limits.admit(ann(), at(0)).unwrap();
            limits.forgive(right);
        }
        for _ in 0..30 {
            let _ = limits.admit(vec![Key::Address(HERE)], at(0)).unwrap();
        }
        assert!(limits.admit(vec![Key::Address(HERE)], at(0)).is_err(), "wrong ones stay counted");
    }

    #[test]
    fn one_that_is_turned_away_counts_nowhere() {
        let limits = Limits::default();
        for _ in 0..5 {
            let _ = limits.admit(vec![Key::PersonAt("ann".to_owned(), HERE)], at(0)).unwrap();
        }
        for _ in 0..1_000 {
            limits.admit(ann(), at(1)).unwrap_err();
        }
        let _ = limits.admit(vec![Key::Address(HERE)], at(1)).unwrap();
    }

    #[test]
    fn memory_is_bounded_and_keeps_who_is_close_to_the_limit() {
        let limits = Limits::default();
        for _ in 0..5 {
            let _ = limits.admit(vec![Key::PersonAt("ann".to_owned(), HERE)], at(0)).unwrap();
        }
        for n in 0..2 * KEYS_MAX {
            let _ = limits.admit(vec![Key::Person(n.to_string())], at(1)).unwrap();
        }
        assert!(limits.lock().len() <= KEYS_MAX);
        assert!(limits.admit(ann(), at(2)).is_err());
    }

    #[test]
    fn a_household_is_one_address() {
        let household = |text: &str| household(text.parse().unwrap());
        assert_eq!(household("2001:db8::1"), household("2001:db8::ffff"));
        assert_ne!(household("2001:db8:0:1::1"), household("2001:db8::1"));
        assert_eq!(household("::ffff:192.0.2.1"), household("192.0.2.1"));
    }

    proptest! {
        /// However attempts come, in no span of time are more let through than the rule says.
        #[test]
        fn never_more_than_the_rule(pauses in prop::collection::vec(0_i64..400, 1..60)) {
            let limits = Limits::default();
            let key = Key::PersonAt("ann".to_owned(), HERE);
            let (mut now, mut passed) = (0, Vec::new());
            for pause in pauses {
                now += pause;
                if limits.admit(vec![key.clone()], at(now)).is_ok() {
                    passed.push(now);
                }
            }
            // A span begins with its first attempt, so two of them touch in the worst case.
            for start in &passed {
                let within = passed.iter().filter(|time| (*start..start + 900).contains(*time));
                prop_assert!(within.count() <= 10);
            }
        }
    }
}
