//! Signatures that are enveloped by what they sign (W3C, "XML Signature Syntax and Processing").
//!
//! One shape is accepted: one reference, to the very element that the signature is a child of, in exclusive
//! canonical form. The digest is taken of that element and not of one that was looked up, so there is no
//! second one that could be read in its place.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use roxmltree::Node;

use super::{
    bytes,
    canonical::{Method, canonical},
    children, only,
};
use crate::signature::{Algorithm, PublicKey};

/// The namespace of XML signatures.
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// The signature is not of the accepted shape, or not by any of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the XML signature is not valid")]
pub(crate) struct SignatureError;

/// Whether the element has a signature.
pub(crate) fn is_signed(element: Node<'_, '_>) -> bool {
    children(element, (DSIG, "Signature")).next().is_some()
}

/// Makes sure that the whole element, but for the signature in it, was signed by one of the keys. What the
/// signature itself says of keys is not looked at.
pub(crate) fn verify(element: Node<'_, '_>, keys: &[PublicKey]) -> Result<(), SignatureError> {
    let verified = only(element, (DSIG, "Signature"))
        .is_some_and(|signature| verify_parts(element, signature, keys).unwrap_or(false));
    if verified { Ok(()) } else { Err(SignatureError) }
}

/// None where a part is missing, or not of the accepted shape.
fn verify_parts<'a>(
    element: Node<'a, 'a>,
    signature: Node<'a, 'a>,
    keys: &[PublicKey],
) -> Option<bool> {
    let signed_info = only(signature, (DSIG, "SignedInfo"))?;
    let reference = only(signed_info, (DSIG, "Reference"))?;
    if !refers_to(reference, element) {
        return None;
    }
    let transforms: Vec<_> =
        children(only(reference, (DSIG, "Transforms"))?, (DSIG, "Transform")).collect();
    let [enveloped, exclusive] = *transforms else { return None };
    if enveloped.attribute("Algorithm") != Some(ENVELOPED) {
        return None;
    }
    let form = canonical_by(element, exclusive, Some(signature))?;
    let digest = digest::digest(digest_algorithm(reference)?, form.as_bytes());
    if bytes(only(reference, (DSIG, "DigestValue"))?)? != digest.as_ref() {
        return Some(false);
    }
    let method = only(signed_info, (DSIG, "CanonicalizationMethod"))?;
    let form = canonical_by(signed_info, method, None)?;
    let algorithm = only(signed_info, (DSIG, "SignatureMethod"))?.attribute("Algorithm")?;
    let algorithm = signature_algorithm(algorithm)?;
    let value = bytes(only(signature, (DSIG, "SignatureValue"))?)?;
    Some(keys.iter().any(|key| key.verifies(algorithm, form.as_bytes(), &value)))
}

/// Whether the reference is to this element: by its id, which no other may have, or, if it is the root, by
/// nothing.
fn refers_to(reference: Node<'_, '_>, element: Node<'_, '_>) -> bool {
    let Some(uri) = reference.attribute("URI") else { return false };
    if uri.is_empty() {
        return element == element.document().root_element();
    }
    let Some(id) = uri.strip_prefix('#').filter(|id| !id.is_empty()) else { return false };
    let bears = |node: &Node<'_, '_>| {
        ["ID", "Id", "id"].iter().any(|name| node.attribute(*name) == Some(id))
    };
    element.attribute("ID") == Some(id)
        && element.document().descendants().filter(bears).count() == 1
}

/// The canonical form by the algorithm that `method` names: the exclusive one, without comments.
fn canonical_by<'a>(
    node: Node<'a, 'a>,
    method: Node<'a, 'a>,
    without: Option<Node<'a, 'a>>,
) -> Option<String> {
    if method.attribute("Algorithm") != Some(EXCLUSIVE) {
        return None;
    }
    let list = only(method, (EXCLUSIVE, "InclusiveNamespaces"));
    let list = list.and_then(|list| list.attribute("PrefixList")).unwrap_or_default();
    let prefix = |prefix| if prefix == "#default" { "" } else { prefix };
    let inclusive_prefixes: Vec<_> = list.split_ascii_whitespace().map(prefix).collect();
    canonical(node, Method { inclusive_prefixes: &inclusive_prefixes, without }).ok()
}

/// SHA-1 is none of them: it can be forged.
fn digest_algorithm(reference: Node<'_, '_>) -> Option<&'static digest::Algorithm> {
    match only(reference, (DSIG, "DigestMethod"))?.attribute("Algorithm")? {
        "http://www.w3.org/2001/04/xmlenc#sha256" => Some(&SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(&SHA384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Some(&SHA512),
        _ => None,
    }
}

/// RFC 9231, sections 2.3.2 to 2.3.4 and 2.3.6
fn signature_algorithm(uri: &str) -> Option<Algorithm> {
    match uri.strip_prefix("http://www.w3.org/2001/04/xmldsig-more#")? {
        "rsa-sha256" => Some(Algorithm::RsaSha256),
        "rsa-sha384" => Some(Algorithm::RsaSha384),
        "rsa-sha512" => Some(Algorithm::RsaSha512),
        "ecdsa-sha256" => Some(Algorithm::EcdsaSha256),
        "ecdsa-sha384" => Some(Algorithm::EcdsaSha384),
        "ecdsa-sha512" => Some(Algorithm::EcdsaSha512),
        _ => None,
    }
}
