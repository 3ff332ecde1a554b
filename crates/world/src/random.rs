//! Random sources, and the texts made from them.

use std::sync::Mutex;

use crate::Timestamp;

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's random source, fit for keys.
#[derive(Debug)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // A machine whose random source fails can make no key and no id: going on would be unsafe.
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// A repeatable source for tests and simulations (SplitMix64); never for keys.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// A source that yields the same bytes for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// `length` characters drawn evenly: bytes past the last whole multiple of the alphabet are drawn again.
pub(crate) fn text(source: &dyn Random, alphabet: &[u8], length: usize) -> String {
    debug_assert!((1..=256).contains(&alphabet.len()));
    let limit = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        source.fill(&mut bytes);
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
        let missing = length - text.len();
        text.extend(fair.take(missing).map(|byte| char::from(alphabet[byte % alphabet.len()])));
    }
    text
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

pub(crate) fn uuid(bytes: [u8; 16]) -> String {
    written(bytes, 4)
}

/// The milliseconds since the epoch stand in front, most significant byte first.
pub(crate) fn ordered_uuid(now: Timestamp, mut bytes: [u8; 16]) -> String {
    let millis = now.as_micros().div_euclid(1000).to_be_bytes();
    bytes[..6].copy_from_slice(&millis[2..]);
    written(bytes, 7)
}

fn written(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself() {
        let draw = || text(&SeededRandom::new(7), b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 100);
        assert_eq!(draw(), draw());
        assert_eq!(draw().len(), 100);
    }

    #[test]
    fn uuids_bear_version_and_variant() {
        let uuid = uuid([0xff; 16]);
        assert_eq!(uuid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    /// The example of RFC 9562, appendix A.6.
    #[test]
    fn an_ordered_uuid_begins_with_its_time() {
        let now = Timestamp::from_micros(1_645_557_742_000_999);
        let bytes = 0x7cc3_98c4_dc0c_0c07_398f_u128.to_be_bytes();
        assert_eq!(ordered_uuid(now, bytes), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    }
}
