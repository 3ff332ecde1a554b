//! Encrypted elements (W3C, "XML Encryption Syntax and Processing").
//!
//! The content is by AES-GCM, its key by RSA-OAEP. AES-CBC is not accepted: it tells forgers, by how it fails,
//! what they guessed.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
        PrivateDecryptingKey,
    },
};
use roxmltree::Node;
use world::Secret;

use super::{bytes, only, signature::DSIG};

/// The namespace of XML encryption.
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";

/// That of its version 1.1.
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// It is not encrypted in an accepted way, or not for any of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the element cannot be decrypted")]
pub(crate) struct DecryptError;

/// The text of the element that `holder` holds encrypted, for one of the private keys (PKCS #8).
pub(crate) fn decrypt(holder: Node<'_, '_>, keys: &[Secret]) -> Result<String, DecryptError> {
    let data = only(holder, (XENC, "EncryptedData")).ok_or(DecryptError)?;
    let content_key = keys.iter().find_map(|key| content_key(holder, data, key));
    let plain = content_key.and_then(|key| open(data, &key)).ok_or(DecryptError)?;
    String::from_utf8(plain).map_err(|_| DecryptError)
}

/// The key of the content, decrypted. It stands in the data's `KeyInfo`, or beside the data.
fn content_key(holder: Node<'_, '_>, data: Node<'_, '_>, key: &Secret) -> Option<Secret> {
    let inside = only(data, (DSIG, "KeyInfo")).and_then(|info| only(info, (XENC, "EncryptedKey")));
    let encrypted = inside.or_else(|| only(holder, (XENC, "EncryptedKey")))?;
    let method = only(encrypted, (XENC, "EncryptionMethod"))?;
    let algorithm = oaep(method)?;
    let key = PrivateDecryptingKey::from_pkcs8(key.expose()).ok()?;
    let key = OaepPrivateDecryptingKey::new(key).ok()?;
    let mut room = vec![0; key.min_output_size()];
    let plain = key.decrypt(algorithm, &cipher_value(encrypted)?, &mut room, None).ok()?;
    Some(Secret::new(&*plain))
}

/// RSA-OAEP with one digest for both of its uses, as the library has it.
fn oaep(method: Node<'_, '_>) -> Option<&'static OaepAlgorithm> {
    let digest = only(method, (DSIG, "DigestMethod")).and_then(|node| node.attribute("Algorithm"));
    let digest_is_sha256 = match digest {
        None | Some("http://www.w3.org/2000/09/xmldsig#sha1") => false,
        Some("http://www.w3.org/2001/04/xmlenc#sha256") => true,
        Some(_) => return None,
    };
    let mask = only(method, (XENC11, "MGF")).and_then(|node| node.attribute("Algorithm"));
    let mask_is_sha256 = match mask {
        None | Some("http://www.w3.org/2009/xmlenc11#mgf1sha1") => false,
        Some("http://www.w3.org/2009/xmlenc11#mgf1sha256") => true,
        Some(_) => return None,
    };
    match (method.attribute("Algorithm")?, digest_is_sha256, mask_is_sha256) {
        ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", false, false)
        | ("http://www.w3.org/2009/xmlenc11#rsa-oaep", false, false) => Some(&OAEP_SHA1_MGF1SHA1),
        ("http://www.w3.org/2009/xmlenc11#rsa-oaep", true, true) => Some(&OAEP_SHA256_MGF1SHA256),
        _ => None,
    }
}

/// The content: nonce, then what AES-GCM gave (XML Encryption 1.1, section 5.2.4).
fn open(data: Node<'_, '_>, key: &Secret) -> Option<Vec<u8>> {
    let algorithm: &'static Algorithm =
        match only(data, (XENC, "EncryptionMethod"))?.attribute("Algorithm")? {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => &AES_128_GCM,
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => &AES_256_GCM,
            _ => return None,
        };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key.expose()).ok()?);
    let mut sealed = cipher_value(data)?;
    if sealed.len() < NONCE_LEN {
        return None;
    }
    let mut content = sealed.split_off(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(&sealed).ok()?;
    let plain_bytes = key.open_in_place(nonce, Aad::empty(), &mut content).ok()?.len();
    content.truncate(plain_bytes);
    Some(content)
}

fn cipher_value(node: Node<'_, '_>) -> Option<Vec<u8>> {
    bytes(only(only(node, (XENC, "CipherData"))?, (XENC, "CipherValue"))?)
}
