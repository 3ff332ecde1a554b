//! Public keys as FIDO keys send them: COSE (RFC 9052, section 7; RFC 9053). Pure.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use minicbor::{Decoder, data::Type};

/// ECDSA on P-256 with SHA-256 (RFC 9053, section 2.1).
const ES256: i64 = -7;
/// Ed25519 (RFC 9053, section 2.2).
const EDDSA: i64 = -8;
/// RSA PKCS #1 with SHA-256 (RFC 8812, section 2).
const RS256: i64 = -257;

/// Best first.
pub(super) const ALGORITHMS: [i64; 3] = [EDDSA, ES256, RS256];

/// Entries of a key's map at most.
const ENTRIES_MAX: u64 = 16;

/// Bytes of a coordinate on P-256 and on Curve25519.
const COORDINATE_BYTES: usize = 32;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey<'a> {
    /// A point, uncompressed.
    Es256(Vec<u8>),
    Ed25519(&'a [u8]),
    Rs256 {
        modulus: &'a [u8],
        exponent: &'a [u8],
    },
}

/// The parts of a key by their labels.
#[derive(Default)]
struct Parts<'a> {
    kind: i64,
    algorithm: i64,
    /// Label -1 where it is a number: the curve.
    curve: i64,
    /// Labels -1, -2, -3 where they are bytes.
    bytes: [Option<&'a [u8]>; 3],
}

impl<'a> PublicKey<'a> {
    /// The key that `encoded` begins with, and how many bytes it takes. None for another algorithm.
    pub(super) fn read(encoded: &'a [u8]) -> Option<(Self, usize)> {
        let mut decoder = Decoder::new(encoded);
        let parts = Parts::read(&mut decoder)?;
        Some((parts.key()?, decoder.position()))
    }

    /// The key of a point on P-256, uncompressed.
    pub(super) fn of_point(point: &[u8]) -> Option<Self> {
        (point.len() == 1 + 2 * COORDINATE_BYTES).then(|| Self::Es256(point.to_vec()))
    }

    /// Its COSE algorithm.
    pub(super) fn algorithm(&self) -> i64 {
        match self {
            Self::Es256(_) => ES256,
            Self::Ed25519(_) => EDDSA,
            Self::Rs256 { .. } => RS256,
        }
    }

    /// Whether it signed `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        };
        verified.is_ok()
    }
}

impl<'a> Parts<'a> {
    fn read(decoder: &mut Decoder<'a>) -> Option<Self> {
        let entries = decoder.map().ok()??;
        if entries > ENTRIES_MAX {
            return None;
        }
        let mut parts = Self::default();
        for _ in 0..entries {
            let label = decoder.i64().ok()?;
            let is_bytes = decoder.datatype().ok()? == Type::Bytes;
            match label {
                1 => parts.kind = decoder.i64().ok()?,
                3 => parts.algorithm = decoder.i64().ok()?,
                -1 if !is_bytes => parts.curve = decoder.i64().ok()?,
                -3..=-1 => parts.bytes[usize::try_from(-1 - label).ok()?] = decoder.bytes().ok(),
                _ => decoder.skip().ok()?,
            }
        }
        Some(parts)
    }

    /// Kinds and curves by their numbers (RFC 9053, sections 7.1 and 7.2; RFC 8230, section 4).
    fn key(self) -> Option<PublicKey<'a>> {
        let [first, second, third] = self.bytes;
        let coordinate =
            |part: Option<&'a [u8]>| part.filter(|coordinate| coordinate.len() == COORDINATE_BYTES);
        match (self.algorithm, self.kind, self.curve) {
            (ES256, 2, 1) => {
                let point = [&[4], coordinate(second)?, coordinate(third)?].concat();
                Some(PublicKey::Es256(point))
            }
            (EDDSA, 1, 6) => Some(PublicKey::Ed25519(coordinate(second)?)),
            (RS256, 3, 0) => Some(PublicKey::Rs256 { modulus: first?, exponent: second? }),
            _ => None,
        }
    }
}
