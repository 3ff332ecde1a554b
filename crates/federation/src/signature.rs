//! Signatures by public keys, with the algorithm pinned to the key's type.

use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
        EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
    },
};

/// A way to sign. RSA is PKCS #1 v1.5; a signature by ECDSA is its two numbers one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
}

/// A curve, by the algorithm that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// A point, uncompressed: 4, x, y.
    Ec { curve: Curve, point: Vec<u8> },
}

impl Curve {
    /// Bytes of a coordinate.
    pub(crate) fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }
}

impl Algorithm {
    fn rsa(self) -> Option<&'static RsaParameters> {
        match self {
            Self::RsaSha256 => Some(&RSA_PKCS1_2048_8192_SHA256),
            Self::RsaSha384 => Some(&RSA_PKCS1_2048_8192_SHA384),
            Self::RsaSha512 => Some(&RSA_PKCS1_2048_8192_SHA512),
            Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => None,
        }
    }

    fn curve(self) -> Option<Curve> {
        match self {
            Self::EcdsaSha256 => Some(Curve::P256),
            Self::EcdsaSha384 => Some(Curve::P384),
            Self::EcdsaSha512 => Some(Curve::P521),
            Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512 => None,
        }
    }
}

impl PublicKey {
    /// Whether a signature by `algorithm` can be this key's.
    pub(crate) fn suits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => algorithm.rsa().is_some(),
            Self::Ec { curve, .. } => algorithm.curve() == Some(*curve),
        }
    }

    /// Whether the signature is this key's. RSA keys are of 2048 to 8192 bits.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm.rsa()) {
            (Self::Rsa { modulus, exponent }, Some(parameters)) => {
                let key = PublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, message, signature).is_ok()
            }
            (Self::Ec { curve, point }, None) if algorithm.curve() == Some(*curve) => {
                let key = UnparsedPublicKey::new(curve.verification(), point);
                key.verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}
