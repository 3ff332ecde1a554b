//! A bound on guessing: so many wrong codes for one device, then none is tried for a while.
//!
//! Six digits of which three are right at any time would be found within days by whoever has the password or
//! the key. Counted in memory: a call that fails writes nothing.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use world::Timestamp;

/// Wrong codes of one device within [`SPAN`], at most.
const FAILURES_MAX: u32 = 10;

/// For how long wrong codes count, from the first of them.
const SPAN: Duration = Duration::from_secs(15 * 60);

/// Devices that are counted at once; past it those go whose span is over, or else the one begun first.
const DEVICES_MAX: usize = 10_000;

static FAILURES: LazyLock<Mutex<Failures>> = LazyLock::new(Mutex::default);

/// Whether a code for the device may be tried.
pub(super) fn may_try(device_id: &str, now: Timestamp) -> bool {
    FAILURES.lock().unwrap_or_else(PoisonError::into_inner).may_try(device_id, now)
}

/// Counts a wrong code.
pub(super) fn failed(device_id: &str, now: Timestamp) {
    FAILURES.lock().unwrap_or_else(PoisonError::into_inner).failed(device_id, now);
}

/// Per device: when its span began, and how many wrong codes came since.
#[derive(Default)]
struct Failures(HashMap<String, (Timestamp, u32)>);

impl Failures {
    fn may_try(&self, device_id: &str, now: Timestamp) -> bool {
        match self.0.get(device_id) {
            Some((since, count)) => is_over(*since, now) || *count < FAILURES_MAX,
            None => true,
        }
    }

    fn failed(&mut self, device_id: &str, now: Timestamp) {
        if self.0.len() >= DEVICES_MAX && !self.0.contains_key(device_id) {
            self.make_room(now);
        }
        let (since, count) = self.0.entry(device_id.to_owned()).or_insert((now, 0));
        if is_over(*since, now) {
            (*since, *count) = (now, 0);
        }
        *count += 1;
    }

    fn make_room(&mut self, now: Timestamp) {
        self.0.retain(|_, (since, _)| !is_over(*since, now));
        if self.0.len() >= DEVICES_MAX {
            let oldest = self.0.iter().min_by_key(|(_, (since, _))| *since);
            let oldest = oldest.map(|(id, _)| id.clone());
            oldest.map(|id| self.0.remove(&id));
        }
    }
}

fn is_over(since: Timestamp, now: Timestamp) -> bool {
    now.since(since) >= SPAN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn ten_wrong_codes_and_then_a_rest() {
        let mut failures = Failures::default();
        for second in 0..10 {
            assert!(failures.may_try("a", at(second)));
            failures.failed("a", at(second));
        }
        assert!(!failures.may_try("a", at(10)) && failures.may_try("b", at(10)));
        assert!(!failures.may_try("a", at(899)) && failures.may_try("a", at(900)));
        failures.failed("a", at(900));
        assert!(failures.may_try("a", at(900)), "a new span begins");
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut failures = Failures::default();
        for device in 0..DEVICES_MAX + 5 {
            failures.failed(&device.to_string(), Timestamp::from_micros(device as i64));
        }
        assert_eq!(failures.0.len(), DEVICES_MAX);
        assert!(!failures.0.contains_key("0") && failures.0.contains_key("10004"));
        failures.failed("late", at(2_000));
        assert_eq!(failures.0.len(), 1, "what is over goes first");
    }
}
