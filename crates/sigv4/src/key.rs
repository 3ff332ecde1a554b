//! Signing keys: one per secret, day, region and service.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use world::Secret;

use crate::{Scope, TERMINATOR, encode};

/// The key that signs for one secret, day, region and service. Cheap to clone; does not print.
#[derive(Clone)]
pub struct SigningKey(Arc<hmac::Key>);

impl SigningKey {
    /// Derives the key; `date` is `YYYYMMDD`.
    pub fn derive(secret: &Secret, date: &str, region: &str, service: &str) -> Self {
        let seed = Secret::new([b"AWS4", secret.expose()].concat());
        let chain = [date, region, service, TERMINATOR];
        let first = hmac::Key::new(HMAC_SHA256, seed.expose());
        let key = chain.iter().fold(first, |key, part| {
            hmac::Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
        });
        Self(Arc::new(key))
    }

    /// The signature, in lower-case hexadecimal digits.
    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 64] {
        encode::hex(hmac::sign(&self.0, text).as_ref())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The signing keys used of late. Holds at most twice the capacity given, and forgets the least recent half.
pub struct SigningKeys {
    capacity: usize,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<String, Entry>,
    old: HashMap<String, Entry>,
}

/// A key, and the secret that it was made of, so that a key id whose secret changed gets a new key.
#[derive(Clone)]
struct Entry {
    secret: Secret,
    key: SigningKey,
}

impl SigningKeys {
    /// A cache of `capacity` to `2 * capacity` keys; a key takes less than a kilobyte.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), generations: Mutex::default() }
    }

    /// The key for `credential` (as [`crate::Presented::credential`] gives it, and `scope` its parts), derived
    /// if it is not at hand.
    pub fn key(&self, credential: &str, scope: &Scope<'_>, secret: &Secret) -> SigningKey {
        if let Some(entry) = self.find(credential).filter(|entry| entry.secret == *secret) {
            return entry.key;
        }
        let key = SigningKey::derive(secret, scope.date, scope.region, scope.service);
        self.keep(credential.to_owned(), Entry { secret: secret.clone(), key: key.clone() });
        key
    }

    fn find(&self, credential: &str) -> Option<Entry> {
        let mut generations = self.lock();
        if let Some(entry) = generations.young.get(credential) {
            return Some(entry.clone());
        }
        let (credential, entry) = generations.old.remove_entry(credential)?;
        generations.keep(self.capacity, credential, entry.clone());
        Some(entry)
    }

    fn keep(&self, credential: String, entry: Entry) {
        self.lock().keep(self.capacity, credential, entry);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn keep(&mut self, capacity: usize, credential: String, entry: Entry) {
        if self.young.len() >= capacity {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(credential, entry);
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_again_for_another_secret() {
        let keys = SigningKeys::new(8);
        let credential = "AKID/20150830/us-east-1/iam/aws4_request";
        let scope = Scope::parse(credential).unwrap();
        let first = keys.key(credential, &scope, &Secret::new("one"));
        let again = keys.key(credential, &scope, &Secret::new("one"));
        assert!(Arc::ptr_eq(&first.0, &again.0));
        let other = keys.key(credential, &scope, &Secret::new("two"));
        assert_ne!(first.sign(b"text"), other.sign(b"text"));
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_in_use() {
        let keys = SigningKeys::new(4);
        let secret = Secret::new("secret");
        let name = |n: usize| format!("AKID{n}/20150830/us-east-1/iam/aws4_request");
        let used = name(0);
        let used = (&used, Scope::parse(&used).unwrap());
        let first = keys.key(used.0, &used.1, &secret);
        for n in 1..100 {
            let credential = name(n);
            keys.key(&credential, &Scope::parse(&credential).unwrap(), &secret);
            let again = keys.key(used.0, &used.1, &secret);
            assert!(Arc::ptr_eq(&first.0, &again.0));
        }
        let held = keys.lock();
        assert!(held.young.len() + held.old.len() <= 8);
    }
}
