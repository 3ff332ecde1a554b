//! The keys of an issuer: a JSON Web Key Set (RFC 7517, section 5).

use serde_json::Value;

use crate::{
    base64url,
    signature::{Algorithm, Curve, PublicKey},
};

/// Keys of a set that are taken at most, as AWS has it: a hundred of each type.
const KEYS_MAX: usize = 200;

/// The keys that an issuer signs with. Keys of other types, and for other uses, are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    key: PublicKey,
}

/// The bytes are no key set, or it has too many keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON Web Key Set of at most {KEYS_MAX} keys")]
pub struct ParseKeySetError;

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    /// [`ParseKeySetError`] if it is none. A key that is not understood is no error.
    pub fn parse(json: &[u8]) -> Result<Self, ParseKeySetError> {
        let set: Value = serde_json::from_slice(json).map_err(|_| ParseKeySetError)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(ParseKeySetError)?;
        if keys.len() > KEYS_MAX {
            return Err(ParseKeySetError);
        }
        Ok(Self(keys.iter().filter_map(Key::read).collect()))
    }

    /// The keys of all sets.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&PublicKey> {
        let mut found = self.0.iter().filter(|key| key.suits(algorithm));
        if let Some(id) = id {
            return found.find(|key| key.id.as_deref() == Some(id)).map(|key| &key.key);
        }
        let only = found.next()?;
        found.next().is_none().then_some(&only.key)
    }

    /// Whether a key bears that id.
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }
}

impl Key {
    fn read(json: &Value) -> Option<Self> {
        let text = |name| json.get(name).and_then(Value::as_str);
        let bytes = |name| base64url::decode(text(name)?);
        if text("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        let key = match text("kty")? {
            "RSA" => PublicKey::Rsa { modulus: bytes("n")?, exponent: bytes("e")? },
            "EC" => point(curve(text("crv")?)?, bytes("x")?, bytes("y")?)?,
            _ => return None,
        };
        // An algorithm that is named and not known makes the key useless to us.
        let algorithm = match text("alg") {
            Some(name) => Some(super::algorithm(name)?),
            None => None,
        };
        Some(Self { id: text("kid").map(str::to_owned), algorithm, key })
    }

    fn suits(&self, algorithm: Algorithm) -> bool {
        self.key.suits(algorithm) && self.algorithm.is_none_or(|named| named == algorithm)
    }
}

/// RFC 7518, section 6.2.1.1
fn curve(name: &str) -> Option<Curve> {
    match name {
        "P-256" => Some(Curve::P256),
        "P-384" => Some(Curve::P384),
        "P-521" => Some(Curve::P521),
        _ => None,
    }
}

/// Coordinates have their full length (RFC 7518, section 6.2.1.2).
fn point(curve: Curve, x: Vec<u8>, y: Vec<u8>) -> Option<PublicKey> {
    const UNCOMPRESSED: u8 = 4;
    let is_full = |coordinate: &Vec<u8>| coordinate.len() == curve.coordinate_bytes();
    if !is_full(&x) || !is_full(&y) {
        return None;
    }
    Some(PublicKey::Ec { curve, point: [vec![UNCOMPRESSED], x, y].concat() })
}
