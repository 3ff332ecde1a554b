//! Tokens of our own: keys, signatures, and the public half as relying parties fetch it.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256},
};
use serde_json::{Value, json};
use world::Secret;
use x509_parser::prelude::FromDer;

use crate::base64url;

/// Bytes of a coordinate of P-384.
const P384_BYTES: usize = 48;

/// How a token of ours is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// RSA with SHA-256.
    Rs256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
}

/// A key that signs tokens.
pub struct Signer {
    id: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
}

/// The cryptographic library failed, or the bytes are no key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no signing key")]
pub struct SignerError;

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es384];

    /// The name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es384 => "ES384",
        }
    }

    /// The algorithm of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// A new private key, in PKCS #8. Its randomness is the library's own, which asks the system.
    ///
    /// # Errors
    /// [`SignerError`] if the library fails.
    pub fn generate(self) -> Result<Secret, SignerError> {
        let failed = |_| SignerError;
        match self {
            Self::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                Ok(Secret::new(der.as_ref()))
            }
            Self::Es384 => {
                let random = SystemRandom::new();
                let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random);
                Ok(Secret::new(der.map_err(failed)?.as_ref()))
            }
        }
    }
}

impl Signer {
    /// The signer with a private key that [`SigningAlgorithm::generate`] made.
    ///
    /// # Errors
    /// [`SignerError`] if it is no such key.
    pub fn new(id: String, algorithm: SigningAlgorithm, key: &Secret) -> Result<Self, SignerError> {
        let key = key.expose();
        let pair = match algorithm {
            SigningAlgorithm::Rs256 => {
                Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(key).map_err(|_| SignerError)?))
            }
            SigningAlgorithm::Es384 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, key);
                Pair::Ec(pair.map_err(|_| SignerError)?)
            }
        };
        Ok(Self { id, pair })
    }

    /// The token that says `claims`.
    ///
    /// # Errors
    /// [`SignerError`] if the library fails.
    pub fn sign(&self, claims: &Value) -> Result<String, SignerError> {
        let header = json!({ "alg": self.algorithm().name(), "kid": self.id, "typ": "JWT" });
        let [header, payload] = [&header, claims].map(|json| base64url::encode(json.to_string()));
        let signed = format!("{header}.{payload}");
        let signature = base64url::encode(self.signature(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }

    /// The public half, as a member of a key set.
    ///
    /// # Errors
    /// [`SignerError`] if the library gives a key that cannot be read.
    pub fn public(&self) -> Result<Value, SignerError> {
        let (alg, kid) = (self.algorithm().name(), &self.id);
        match &self.pair {
            Pair::Rsa(pair) => {
                let der = KeyPair::public_key(pair.as_ref()).as_ref();
                let (_, key) = x509_parser::public_key::RSAPublicKey::from_der(der)
                    .map_err(|_| SignerError)?;
                let [n, e] = [key.modulus, key.exponent].map(without_leading_zeros);
                Ok(json!({ "kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": n, "e": e }))
            }
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point
                    .get(1..)
                    .and_then(|point| point.split_at_checked(P384_BYTES))
                    .ok_or(SignerError)?;
                let [x, y] = [x, y].map(base64url::encode);
                Ok(json!({
                    "kty": "EC", "crv": "P-384", "use": "sig", "alg": alg, "kid": kid, "x": x, "y": y
                }))
            }
        }
    }

    fn algorithm(&self) -> SigningAlgorithm {
        match self.pair {
            Pair::Rsa(_) => SigningAlgorithm::Rs256,
            Pair::Ec(_) => SigningAlgorithm::Es384,
        }
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SignerError)?;
                Ok(signature)
            }
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| SignerError)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

/// RFC 7518, section 2, `Base64urlUInt`
fn without_leading_zeros(number: &[u8]) -> String {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    base64url::encode(number.get(start..).unwrap_or_default())
}
