//! When a message that could not be sent on is tried again, and when it is given up.

use std::time::Duration;

use world::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Rests after the first, second, ... attempt; the last one is repeated. RFC 5321 section 4.5.4.1 asks
/// for 30 minutes in general, and sooner for the first ones, which get past greylisting.
const RESTS: [Duration; 7] = [
    Duration::from_secs(2 * MINUTE.as_secs()),
    Duration::from_secs(10 * MINUTE.as_secs()),
    Duration::from_secs(30 * MINUTE.as_secs()),
    HOUR,
    Duration::from_secs(2 * HOUR.as_secs()),
    Duration::from_secs(4 * HOUR.as_secs()),
    Duration::from_secs(6 * HOUR.as_secs()),
];

/// After this a message is given up (RFC 5321 section 4.5.4.1: at least 4 to 5 days).
pub const LIFETIME: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// The next attempt after `attempts` were made, or none if the message expires before it.
pub(crate) fn next_attempt(
    attempts: u32,
    now: Timestamp,
    expires_at: Timestamp,
) -> Option<Timestamp> {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let rest = RESTS.get(index).or(RESTS.last()).copied().unwrap_or(HOUR);
    let next = now.saturating_add(rest);
    (next <= expires_at).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_until_the_end() {
        let start = Timestamp::from_seconds(0);
        let end = start.saturating_add(LIFETIME);
        let (mut now, mut attempts) = (start, 1);
        while let Some(next) = next_attempt(attempts, now, end) {
            assert!(next > now);
            (now, attempts) = (next, attempts + 1);
        }
        assert!((20..40).contains(&attempts), "{attempts}");
        assert!(end.since(now) <= RESTS[6]);
    }
}
