//! Whom a server is believed to be.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// Bytes of a SHA-1 digest.
const SHA1_BYTES: usize = 20;

/// The SHA-1 digest of a certificate in DER, as IAM has it of OpenID Connect providers.
///
/// SHA-1 is good enough for it: who could profit from a collision is the one who gave the digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; SHA1_BYTES]);

/// By which certificates a server is believed, beside those of the system's authorities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trust {
    thumbprints: Vec<Thumbprint>,
    anybody: bool,
}

/// The text is not 40 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a thumbprint is 40 hexadecimal digits")]
pub struct ParseThumbprintError;

impl Trust {
    /// The system's authorities alone.
    pub fn system() -> Self {
        Self::default()
    }

    /// Also servers whose chain has, and is rooted in, a certificate with one of these thumbprints.
    pub fn thumbprints(thumbprints: impl IntoIterator<Item = Thumbprint>) -> Self {
        let mut thumbprints: Vec<_> = thumbprints.into_iter().collect();
        thumbprints.sort_unstable();
        Self { thumbprints, anybody: false }
    }

    /// Whoever answers. Good for looking at a certificate and for nothing else.
    pub(crate) fn anybody() -> Self {
        Self { thumbprints: Vec::new(), anybody: true }
    }

    pub(crate) fn names(&self, certificate: &[u8]) -> bool {
        self.thumbprints.contains(&Thumbprint::of(certificate))
    }

    pub(crate) fn is_system_only(&self) -> bool {
        self.thumbprints.is_empty()
    }

    pub(crate) fn is_blind(&self) -> bool {
        self.anybody
    }
}

impl Thumbprint {
    /// The thumbprint of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; SHA1_BYTES];
        bytes.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref());
        Self(bytes)
    }
}

impl FromStr for Thumbprint {
    type Err = ParseThumbprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; SHA1_BYTES];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != SHA1_BYTES || !rest.is_empty() {
            return Err(ParseThumbprintError);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let digit = |c: u8| char::from(c).to_digit(16).ok_or(ParseThumbprintError);
            *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?)
                .map_err(|_| ParseThumbprintError)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_forty_hexadecimal_digits() {
        let text = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(Thumbprint::of(b"").to_string(), text);
        assert_eq!(text.to_ascii_uppercase().parse(), Ok(Thumbprint::of(b"")));
        for wrong in ["", "da39", &text[1..], &text.replace('d', "x"), &format!("{text}0")] {
            assert_eq!(wrong.parse::<Thumbprint>(), Err(ParseThumbprintError), "{wrong}");
        }
    }
}
