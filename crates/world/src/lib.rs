//! The world as the house may see it: time, randomness and secrets.
//!
//! Every room takes its clock and its random source from a [`World`] that it is given, so that a test
//! or a simulation can choose both. Secrets travel as [`Secret`], which does not print, compares in
//! constant time and is wiped when dropped.
//!
//! This crate knows nothing of the product: no accounts, no mail, no storage.

mod random;
mod secret;
mod time;

use std::sync::Arc;

pub use random::{OsRandom, Random, SeededRandom};
pub use secret::Secret;
pub use time::{Clock, ManualClock, SystemClock, Timestamp};

/// The clock and the random source that a room works with. Cheap to clone.
#[derive(Clone)]
pub struct World {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl World {
    /// The machine's own clock and the operating system's random source.
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(OsRandom))
    }

    /// A world made of the given clock and random source.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { clock, random }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// `N` random bytes, fit for keys and ids.
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// `length` characters drawn evenly from `alphabet`, which holds 1 to 256 ASCII characters.
    pub fn random_text(&self, alphabet: &[u8], length: usize) -> String {
        random::text(self.random.as_ref(), alphabet, length)
    }

    /// A random (version 4) UUID in its usual text form (RFC 9562, section 5.4).
    pub fn random_uuid(&self) -> String {
        random::uuid(self.random_bytes())
    }

    /// A UUID of the present millisecond, random but for that (version 7; RFC 9562, section 5.7). Those made later
    /// sort behind those made earlier, so an index over them grows at its end, and nowhere else.
    pub fn ordered_uuid(&self) -> String {
        random::ordered_uuid(self.now(), self.random_bytes())
    }

    /// `2 * N` random lower-case hexadecimal digits.
    pub fn random_hex<const N: usize>(&self) -> String {
        random::hex(&self.random_bytes::<N>())
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}
