//! Authenticated encryption: AES-256-GCM with random nonces (NIST SP 800-38D).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use world::{Secret, World};

use crate::Error;

/// Bytes of a key.
pub(crate) const KEY_LEN: usize = 32;

/// Bytes that authenticate a text.
pub(crate) const TAG_LEN: usize = 16;

/// Bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = NONCE_LEN;

/// The first byte of a seal. A later way of sealing takes another.
const VERSION: u8 = 1;

/// A key that seals. With random nonces it is good for 2^32 seals (SP 800-38D, section 8.3).
pub(crate) struct Sealer(LessSafeKey);

impl Sealer {
    pub(crate) fn new(key: &[u8]) -> Result<Self, Error> {
        let key = UnboundKey::new(&AES_256_GCM, key);
        key.map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| Error::invalid("a key is not 32 bytes"))
    }

    /// Version, nonce, encrypted text and tag, bound to what it is for.
    pub(crate) fn seal(
        &self,
        purpose: &str,
        plain: &[u8],
        world: &World,
    ) -> Result<Vec<u8>, Error> {
        let nonce = world.random_bytes::<NONCE_LEN>();
        let mut text = plain.to_vec();
        self.encrypt(nonce, purpose.as_bytes(), &mut text)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// What was sealed for this purpose.
    pub(crate) fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Secret, Error> {
        let (version, rest) = sealed.split_first().ok_or_else(|| not_opened("it is empty"))?;
        if *version != VERSION {
            return Err(not_opened(format_args!("it is of version {version}")));
        }
        let (nonce, text) =
            rest.split_first_chunk().ok_or_else(|| not_opened("it is cut short"))?;
        let mut text = text.to_vec();
        let length = self.decrypt(*nonce, purpose.as_bytes(), &mut text)?.len();
        // The tag alone is cut off: the buffer that held the plain text becomes the one that is wiped.
        text.truncate(length);
        Ok(Secret::new(text))
    }

    /// Encrypts in place and appends the tag.
    pub(crate) fn encrypt(
        &self,
        nonce: [u8; NONCE_LEN],
        bound: &[u8],
        text: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let done = self.0.seal_in_place_append_tag(nonce, Aad::from(bound), text);
        done.map_err(|_| Error::invalid("a text too long to seal"))
    }

    /// Decrypts in place; the plain text is the front part that is returned.
    pub(crate) fn decrypt<'t>(
        &self,
        nonce: [u8; NONCE_LEN],
        bound: &[u8],
        text: &'t mut [u8],
    ) -> Result<&'t mut [u8], Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(bound), text);
        opened.map_err(|_| not_opened("wrong key, wrong purpose, or changed bytes"))
    }
}

fn not_opened(why: impl std::fmt::Display) -> Error {
    Error::sealed(why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&[7; KEY_LEN]).unwrap()
    }

    #[test]
    fn opens_only_unchanged_and_for_its_purpose() {
        let world = World::system();
        let sealed = sealer().seal("key", b"secret", &world).unwrap();
        assert_eq!(sealed.len(), 1 + NONCE_BYTES + 6 + TAG_LEN);
        assert_eq!(sealer().open("key", &sealed).unwrap().expose(), b"secret");
        assert!(sealer().open("other", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(matches!(sealer().open("key", &changed), Err(Error::Sealed(_))), "byte {at}");
            assert!(sealer().open("key", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(Sealer::new(&[0; 31]).is_err());
    }

    proptest! {
        #[test]
        fn strange_bytes_never_open(bytes in any::<Vec<u8>>()) {
            prop_assert!(sealer().open("key", &bytes).is_err());
        }
    }
}
