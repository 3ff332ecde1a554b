//! The key record of a domain (RFC 6376, section 3.6.1).

use aws_lc_rs::signature::{
    ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey,
    VerificationAlgorithm,
};
use base64::Engine;

use super::{
    Refused,
    signature::{Algorithm, BASE64},
};
use crate::tags::{Tags, unfolded, words};

/// Octets of a record; a key of 8192 bits needs fewer.
const RECORD_MAX: usize = 4096;

/// A public key of a domain.
#[derive(Debug, PartialEq)]
pub(crate) struct Key {
    key_type: String,
    /// As the record has it; empty once it is taken back.
    octets: Vec<u8>,
    /// Whether the identity must be of the very domain.
    pub(crate) is_strict: bool,
}

impl Key {
    /// The key in a text record; `None` if it is none that mail could be verified with.
    pub(crate) fn parse(record: &[u8]) -> Option<Self> {
        if record.len() > RECORD_MAX {
            return None;
        }
        let text = std::str::from_utf8(record).ok()?;
        let tags = Tags::parse(text)?;
        if tags.of("v").is_some() && !tags.begins_with("v", "DKIM1") {
            return None;
        }
        let among = |tag, wanted: [&str; 2]| match tags.of(tag) {
            Some(list) => words(list).any(|word| wanted.contains(&word.as_str())),
            None => true,
        };
        if !among("h", ["sha256", "sha256"]) || !among("s", ["*", "email"]) {
            return None;
        }
        Some(Self {
            key_type: tags.of("k").unwrap_or("rsa").to_ascii_lowercase(),
            octets: BASE64.decode(unfolded(tags.of("p")?)).ok()?,
            is_strict: tags.of("t").is_some_and(|flags| words(flags).any(|flag| flag == "s")),
        })
    }

    /// Verifies the signature of `input`, of whose hash both algorithms speak (RFC 8463, section 3).
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        input: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        if self.octets.is_empty() {
            return Err(Refused::Revoked);
        }
        if self.key_type != algorithm.key_type() {
            return Err(Refused::NoKey);
        }
        let verifies = |by: &'static dyn VerificationAlgorithm, input: &[u8]| {
            UnparsedPublicKey::new(by, &self.octets).verify(input, signature)
        };
        let outcome = match algorithm {
            // RFC 8301, section 3.2: 1024 bits and more.
            Algorithm::RsaSha256 => {
                verifies(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, input)
            }
            Algorithm::Ed25519Sha256 => {
                let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, input);
                verifies(&ED25519, hash.as_ref())
            }
        };
        outcome.map_err(|_| Refused::Signature)
    }

    /// Whether this is the record of that key, whatever else it says.
    pub(crate) fn is(&self, key_type: &str, octets: &[u8]) -> bool {
        self.key_type == key_type && self.octets == octets
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_read() {
        let key = Key::parse(b"v=DKIM1; k=rsa; t=y:s; p=Y\tQ==").unwrap();
        assert!(key.is_strict && key.is("rsa", b"a"));
        assert!(Key::parse(b"p=").unwrap().octets.is_empty());
        for bad in [
            "k=rsa; v=DKIM1; p=YQ==",
            "v=DKIM2; p=YQ==",
            "k=rsa",
            "h=sha1; p=YQ==",
            "s=tlsrpt; p=YQ==",
            "v=spf1 -all",
        ] {
            assert!(Key::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Key::parse(&[b"p=", "A".repeat(RECORD_MAX).as_bytes()].concat()).is_none());
    }

    proptest! {
        #[test]
        fn any_record_is_borne(record in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Some(key) = Key::parse(&record) {
                let _ = key.verify(Algorithm::RsaSha256, b"x", b"y");
            }
        }
    }
}
