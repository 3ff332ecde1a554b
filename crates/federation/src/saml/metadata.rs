//! What a SAML identity provider says of itself (SAML Metadata, sections 2.3 and 2.4).

use roxmltree::Node;
use world::Timestamp;
use x509_parser::{parse_x509_certificate, public_key::PublicKey as X509Key};

use super::{METADATA, time};
use crate::{
    signature::{Curve, PublicKey},
    xml::{self, children, only, signature::DSIG},
};

/// Signing certificates of a provider at most.
const CERTIFICATES_MAX: usize = 32;

/// The metadata of an identity provider, as far as its responses need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    entity_id: String,
    keys: Vec<PublicKey>,
    valid_until: Option<Timestamp>,
}

/// The document is no metadata of an identity provider that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the metadata of a SAML 2.0 identity provider with certificates to sign with")]
pub struct MetadataError;

impl Metadata {
    /// Reads the metadata of one identity provider. Whether its certificates have expired is not asked, nor
    /// who issued them: they stand for their keys.
    ///
    /// # Errors
    /// [`MetadataError`] for a document that is none, names no entity, or has no certificate to verify by.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        Self::read(text).ok_or(MetadataError)
    }

    fn read(text: &str) -> Option<Self> {
        let document = xml::parse(text).ok()?;
        let entity = document.root_element();
        if !entity.has_tag_name((METADATA, "EntityDescriptor")) {
            return None;
        }
        let entity_id = entity.attribute("entityID").filter(|id| !id.is_empty())?;
        let valid_until = match entity.attribute("validUntil") {
            Some(text) => Some(time(text)?),
            None => None,
        };
        let keys = keys(only(entity, (METADATA, "IDPSSODescriptor"))?)?;
        Some(Self { entity_id: entity_id.to_owned(), keys, valid_until })
    }

    /// The name of the provider, which its responses bear as their issuer.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// Until when the metadata itself says to be good.
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    pub(super) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }
}

/// The keys that the provider signs with: of every `KeyDescriptor` that is not for encryption alone.
fn keys(provider: Node<'_, '_>) -> Option<Vec<PublicKey>> {
    let mut keys = Vec::new();
    for descriptor in children(provider, (METADATA, "KeyDescriptor")) {
        if descriptor.attribute("use").is_some_and(|usage| usage != "signing") {
            continue;
        }
        let Some(info) = only(descriptor, (DSIG, "KeyInfo")) else { continue };
        for data in children(info, (DSIG, "X509Data")) {
            for certificate in children(data, (DSIG, "X509Certificate")) {
                keys.push(public_key(&xml::bytes(certificate)?)?);
            }
        }
    }
    (1..=CERTIFICATES_MAX).contains(&keys.len()).then_some(keys)
}

/// The key of a certificate in DER.
fn public_key(certificate: &[u8]) -> Option<PublicKey> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    match certificate.public_key().parsed().ok()? {
        X509Key::RSA(key) => Some(PublicKey::Rsa {
            modulus: without_leading_zeros(key.modulus),
            exponent: without_leading_zeros(key.exponent),
        }),
        X509Key::EC(point) => {
            let curves = [Curve::P256, Curve::P384, Curve::P521];
            let bytes = |curve: &Curve| 1 + 2 * curve.coordinate_bytes();
            let curve = curves.into_iter().find(|curve| bytes(curve) == point.data().len())?;
            Some(PublicKey::Ec { curve, point: point.data().to_vec() })
        }
        _ => None,
    }
}

fn without_leading_zeros(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}
