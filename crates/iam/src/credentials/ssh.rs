//! RSA public keys in the encodings of SSH and of PEM. Pure.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa,
    signature::RsaPublicKeyComponents,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use x509_parser::{pem::Pem, prelude::FromDer, public_key, x509::SubjectPublicKeyInfo};

use crate::x509;

/// The only kind of key that CodeCommit took, and so IAM.
const KIND: &str = "ssh-rsa";

/// Bits of a modulus, at least (IAM API Reference, `UploadSSHPublicKey`).
const MODULUS_BITS_MIN: usize = 2048;

/// Bits of a modulus, at most.
const MODULUS_BITS_MAX: usize = 8192;

/// Why a text is not a key that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Neither SSH's encoding of an RSA key nor PEM.
    #[error("the encoding is not known")]
    Encoding,
    /// The encoding is known, but there is no good key in it.
    #[error("the key is not valid")]
    Key,
}

/// An RSA public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    exponent: Vec<u8>,
    modulus: Vec<u8>,
}

impl PublicKey {
    /// A key in either encoding; a comment behind SSH's is dropped.
    pub(crate) fn read(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        if text.starts_with("-----BEGIN ") {
            return Self::from_pem(text);
        }
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some(KIND), Some(blob)) => {
                let blob = STANDARD.decode(blob).map_err(|_| Refused::Key)?;
                Self::from_blob(&blob).ok_or(Refused::Key)
            }
            (Some(KIND), None) => Err(Refused::Key),
            _ => Err(Refused::Encoding),
        }
    }

    /// A key as SSH sends it (RFC 4253, section 6.6).
    pub(crate) fn from_blob(blob: &[u8]) -> Option<Self> {
        let (kind, rest) = string(blob)?;
        let (exponent, rest) = string(rest)?;
        let (modulus, rest) = string(rest)?;
        if kind != KIND.as_bytes() || !rest.is_empty() {
            return None;
        }
        Self::new(exponent, modulus)
    }

    /// A key in PEM: `PUBLIC KEY` (RFC 5280) or `RSA PUBLIC KEY` (RFC 8017).
    fn from_pem(text: &str) -> Result<Self, Refused> {
        let pem = Pem::iter_from_buffer(text.as_bytes()).next();
        let pem = pem.and_then(Result::ok).ok_or(Refused::Key)?;
        if !["PUBLIC KEY", "RSA PUBLIC KEY"].contains(&pem.label.as_str()) {
            return Err(Refused::Encoding);
        }
        let key = rsa::PublicKey::from_der(&pem.contents).map_err(|_| Refused::Key)?;
        let der: PublicKeyX509Der<'_> = key.as_der().map_err(|_| Refused::Key)?;
        let (_, info) = SubjectPublicKeyInfo::from_der(der.as_ref()).map_err(|_| Refused::Key)?;
        match info.parsed() {
            Ok(public_key::PublicKey::RSA(key)) => {
                Self::new(key.exponent, key.modulus).ok_or(Refused::Key)
            }
            _ => Err(Refused::Key),
        }
    }

    fn new(exponent: &[u8], modulus: &[u8]) -> Option<Self> {
        let key = Self { exponent: number(exponent)?.to_vec(), modulus: number(modulus)?.to_vec() };
        let bits = key.modulus.len() * 8 - key.modulus.first()?.leading_zeros() as usize;
        let fits = (MODULUS_BITS_MIN..=MODULUS_BITS_MAX).contains(&bits);
        // An even modulus or exponent is of no key.
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        (fits && odd(&key.modulus) && odd(&key.exponent) && key.der().is_some()).then_some(key)
    }

    /// As SSH sends it.
    pub(crate) fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        for part in [KIND.as_bytes(), &signed(&self.exponent), &signed(&self.modulus)] {
            blob.extend_from_slice(&(part.len() as u32).to_be_bytes());
            blob.extend_from_slice(part);
        }
        blob
    }

    /// In SSH's encoding, without a comment.
    pub(crate) fn ssh(&self) -> String {
        format!("{KIND} {}", STANDARD.encode(self.blob()))
    }

    /// In PEM, as `PUBLIC KEY`.
    pub(crate) fn pem(&self) -> Option<String> {
        Some(x509::pem("PUBLIC KEY", &self.der()?))
    }

    /// MD5 of what SSH sends, as `ssh-keygen -l -E md5` shows it: pairs of digits between colons.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = Md5::digest(self.blob());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
    }

    fn der(&self) -> Option<Vec<u8>> {
        let components = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        let der: PublicKeyX509Der<'_> = components.as_der().ok()?;
        Some(der.as_ref().to_vec())
    }
}

/// A length and that many bytes (RFC 4251, section 5), and what follows.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

/// A positive number without the zero bytes before it; none for nought and for a negative one.
fn number(bytes: &[u8]) -> Option<&[u8]> {
    let start = bytes.iter().position(|byte| *byte != 0)?;
    (start > 0 || bytes[0] < 0x80).then(|| &bytes[start..])
}

/// A number whose first bit is not its sign.
fn signed(number: &[u8]) -> Vec<u8> {
    let sign = number.first().is_some_and(|byte| *byte >= 0x80);
    let mut bytes = if sign { vec![0] } else { Vec::new() };
    bytes.extend_from_slice(number);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SSH: &str = include_str!("../../tests/data/rsa-public.ssh");
    const SPKI: &str = include_str!("../../tests/data/rsa-public-spki.pem");
    const PKCS1: &str = include_str!("../../tests/data/rsa-public-pkcs1.pem");
    const WEAK: &str = include_str!("../../tests/data/rsa-1024-public.ssh");

    /// As `ssh-keygen -l -E md5` shows it.
    const FINGERPRINT: &str = "c9:cc:b7:f8:39:b5:f6:68:91:f7:6e:36:c8:a7:12:d1";

    #[test]
    fn one_key_in_each_encoding() {
        let key = PublicKey::read(SSH).unwrap();
        assert_eq!(PublicKey::read(SPKI).as_ref(), Ok(&key));
        assert_eq!(PublicKey::read(PKCS1).as_ref(), Ok(&key));
        assert_eq!(PublicKey::read(&format!(" {} me@here\n", SSH.trim())).as_ref(), Ok(&key));
        assert_eq!(key.ssh(), SSH.trim());
        assert_eq!(key.pem().unwrap(), SPKI.trim());
        assert_eq!(key.fingerprint(), FINGERPRINT);
        assert_eq!(PublicKey::from_blob(&key.blob()).as_ref(), Some(&key));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let ed25519 =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFkLEWvqtRPqG+ZqzLgosSDk+EopRh8+hYq8n0ec3fbI";
        let private = include_str!("../../tests/data/rsa-key-pkcs8.pem");
        for text in ["", "key", ed25519, private, &SSH["ssh-rsa ".len()..]] {
            assert_eq!(PublicKey::read(text), Err(Refused::Encoding), "{text}");
        }
        let cut = &SSH[..SSH.len() / 2];
        let other_kind = format!("ssh-rsa {}", ed25519.split(' ').nth(1).unwrap());
        let broken = SPKI.replace("A", "B");
        for text in ["ssh-rsa", "ssh-rsa ####", WEAK, cut, &other_kind, &broken] {
            assert_eq!(PublicKey::read(text), Err(Refused::Key), "{text}");
        }
    }

    #[test]
    fn numbers_are_positive_and_odd() {
        let key = PublicKey::read(SSH).unwrap();
        let even = |number: &[u8]| {
            let mut number = number.to_vec();
            *number.last_mut().unwrap() &= 0xfe;
            number
        };
        assert!(PublicKey::new(&key.exponent, &signed(&key.modulus)).is_some());
        assert!(PublicKey::new(&key.exponent, &key.modulus).is_none(), "negative");
        assert!(PublicKey::new(&key.exponent, &signed(&even(&key.modulus))).is_none());
        assert!(PublicKey::new(&even(&key.exponent), &signed(&key.modulus)).is_none());
        assert!(PublicKey::new(&[0], &signed(&key.modulus)).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>, text in "\\PC{0,100}") {
            let _ = PublicKey::from_blob(&bytes);
            let _ = PublicKey::read(&format!("ssh-rsa {}", STANDARD.encode(&bytes)));
            let _ = PublicKey::read(&text);
            let _ = PublicKey::read(&x509::pem("PUBLIC KEY", &bytes));
        }

        #[test]
        fn an_altered_key_is_another_or_none(at in 0..279_usize, byte: u8) {
            let key = PublicKey::read(SSH).unwrap();
            let mut blob = key.blob();
            prop_assume!(blob[at] != byte);
            blob[at] = byte;
            prop_assert_ne!(PublicKey::from_blob(&blob), Some(key));
        }
    }
}
