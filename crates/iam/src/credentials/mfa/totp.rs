//! Time-based one-time passwords: RFC 6238 over HMAC-SHA-1, 30 seconds, six digits. Pure.

use aws_lc_rs::hmac;
use world::{Secret, Timestamp};

/// Seconds that a code stands for.
const STEP_SECONDS: i64 = 30;

/// One past the largest code.
const CODES: u32 = 1_000_000;

/// Digits of a code.
const DIGITS: usize = 6;

/// A code is taken this many steps before or after the one expected: people type slowly, and clocks differ
/// (RFC 6238, section 5.2 recommends one).
const WINDOW_STEPS: i64 = 1;

/// Bytes of a seed: 64 characters of base32, as AWS gives them.
const SEED_BYTES: usize = 40;

/// How a device's clock stands to ours, and which codes it has used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How many steps the device was ahead when it was last heard.
    pub(crate) drift_steps: i64,
    /// The step of the last code that was taken; neither it nor any before it is taken again.
    pub(crate) last_step: i64,
}

impl Pace {
    /// The pace of a device that just gave the code of `step`.
    fn heard(step: i64, now_step: i64) -> Self {
        Self { drift_steps: step - now_step, last_step: step }
    }

    /// Takes one code: the pace after it, or none for a wrong or used one.
    ///
    /// A device is expected to be as far off as it last was, or right after all: whoever typed two codes late
    /// while enabling a device left a drift that its clock does not have.
    pub(crate) fn take(self, seed: &Secret, code: &str, now: Timestamp) -> Option<Self> {
        let now_step = step_of(now);
        let around = |centre: i64| centre - WINDOW_STEPS..=centre + WINDOW_STEPS;
        let right = around(now_step).chain(around(now_step + self.drift_steps));
        let step = right.filter(|step| is_code(seed, *step, code)).max()?;
        (step > self.last_step).then(|| Self::heard(step, now_step))
    }

    /// Takes two consecutive codes, the first at most `reach_steps` away from now: the pace after them.
    pub(crate) fn take_pair(
        self,
        seed: &Secret,
        codes: [&str; 2],
        now: Timestamp,
        reach_steps: i64,
    ) -> Option<Self> {
        let now_step = step_of(now);
        let nearest_first = (0..=reach_steps).flat_map(|away| [now_step - away, now_step + away]);
        let first = nearest_first
            .filter(|step| *step > self.last_step)
            .find(|step| is_code(seed, *step, codes[0]) && is_code(seed, *step + 1, codes[1]))?;
        Some(Self::heard(first + 1, now_step))
    }
}

/// A new seed.
pub(super) fn seed(world: &world::World) -> Secret {
    Secret::new(world.random_bytes::<SEED_BYTES>())
}

/// In base32 without padding (RFC 4648, section 6), as authenticator apps take it.
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut padded = [0; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(padded);
        let digits = (group.len() * 8).div_ceil(5);
        text.extend(
            (0..digits).map(|at| char::from(ALPHABET[(bits >> (35 - 5 * at) & 31) as usize])),
        );
    }
    text
}

fn step_of(now: Timestamp) -> i64 {
    now.as_seconds().div_euclid(STEP_SECONDS)
}

/// Whether `code` is the one of that step; the time it takes does not depend on where they differ.
fn is_code(seed: &Secret, step: i64, code: &str) -> bool {
    let expected = format!("{:0DIGITS$}", number(seed.expose(), step) % CODES);
    Secret::new(expected) == Secret::new(code)
}

/// The number that a code is the end of (RFC 4226, section 5.3; the counter is the step).
fn number(seed: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    // INVARIANT: the tag has 20 bytes and the offset is at most 15.
    let offset = usize::from(tag[19] & 15);
    let four = [tag[offset], tag[offset + 1], tag[offset + 2], tag[offset + 3]];
    u32::from_be_bytes(four) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn rfc_seed() -> Secret {
        Secret::new("12345678901234567890")
    }

    fn code(seed: &Secret, step: i64) -> String {
        format!("{:06}", number(seed.expose(), step) % CODES)
    }

    /// RFC 6238, appendix B, SHA-1.
    #[test]
    fn vectors_of_the_rfc() {
        let vectors = [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ];
        for (seconds, expected) in vectors {
            let step = step_of(at(seconds));
            assert_eq!(number(rfc_seed().expose(), step) % 100_000_000, expected, "{seconds}");
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_of_the_rfc() {
        let vectors = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ];
        for (plain, encoded) in vectors {
            assert_eq!(base32(plain.as_bytes()), encoded);
        }
        assert_eq!(base32(seed(&world::World::system()).expose()).len(), 64);
    }

    #[test]
    fn a_step_begins_on_the_half_minute() {
        let seed = rfc_seed();
        let taken = |seconds| Pace::default().take(&seed, &code(&seed, 100), at(seconds)).is_some();
        let (first, last) = (3000 - 30, 3029 + 30);
        assert!(taken(first) && taken(3000) && taken(last));
        assert!(!taken(first - 1) && !taken(last + 1));
    }

    #[test]
    fn no_code_is_taken_twice_nor_one_before_it() {
        let seed = rfc_seed();
        let now = at(3015);
        let pace = Pace::default().take(&seed, &code(&seed, 100), now).unwrap();
        assert_eq!(pace, Pace { drift_steps: 0, last_step: 100 });
        assert_eq!(pace.take(&seed, &code(&seed, 100), now), None);
        assert_eq!(pace.take(&seed, &code(&seed, 99), now), None);
        let next = pace.take(&seed, &code(&seed, 101), now).unwrap();
        assert_eq!(next.last_step, 101);
    }

    #[test]
    fn drift_is_followed_and_forgiven() {
        let seed = rfc_seed();
        let late = Pace { drift_steps: -6, last_step: 0 };
        let now = at(3015);
        let heard = |step| late.take(&seed, &code(&seed, step), now).map(|pace| pace.drift_steps);
        assert_eq!(heard(93), Some(-7));
        assert_eq!(heard(95), Some(-5));
        assert_eq!(heard(101), Some(1), "the clock was right after all");
        assert_eq!((heard(92), heard(96), heard(98), heard(102)), (None, None, None, None));
    }

    #[test]
    fn pairs_are_consecutive_in_order_and_within_reach() {
        let seed = rfc_seed();
        let now = at(3015);
        let pair = |first, second| {
            let codes = [&*code(&seed, first), &*code(&seed, second)];
            Pace::default().take_pair(&seed, codes, now, 20)
        };
        assert_eq!(pair(99, 100), Some(Pace { drift_steps: 0, last_step: 100 }));
        assert_eq!(pair(80, 81).map(|pace| pace.drift_steps), Some(-19));
        assert_eq!(pair(120, 121).map(|pace| pace.drift_steps), Some(21));
        for (first, second) in [(79, 80), (121, 122), (100, 99), (100, 100), (99, 101)] {
            assert_eq!(pair(first, second), None, "{first} {second}");
        }
        let used = Pace { drift_steps: 0, last_step: 99 };
        let codes = [&*code(&seed, 99), &*code(&seed, 100)];
        assert_eq!(used.take_pair(&seed, codes, now, 20), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,16}") {
            let taken = Pace::default().take(&rfc_seed(), &text, at(3015));
            let right: Vec<_> = (99..=101).map(|step| code(&rfc_seed(), step)).collect();
            prop_assert_eq!(taken.is_some(), right.contains(&text));
        }
    }
}
