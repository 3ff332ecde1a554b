//! Private keys that responses are encrypted for.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, PrivateDecryptingKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use world::Secret;

/// The text is no RSA private key in PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RSA private key in PEM")]
pub struct PrivateKeyError;

/// Takes an RSA private key in PEM, by PKCS #8 or PKCS #1, that is not encrypted itself; gives it in PKCS #8.
///
/// # Errors
/// [`PrivateKeyError`] for anything else.
pub fn private_key(pem: &str) -> Result<Secret, PrivateKeyError> {
    if let Some(der) = block(pem, "PRIVATE KEY") {
        PrivateDecryptingKey::from_pkcs8(der.expose()).map_err(|_| PrivateKeyError)?;
        return Ok(der);
    }
    let der = block(pem, "RSA PRIVATE KEY").ok_or(PrivateKeyError)?;
    let pair = KeyPair::from_der(der.expose()).map_err(|_| PrivateKeyError)?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| PrivateKeyError)?;
    Ok(Secret::new(pkcs8.as_ref()))
}

/// What stands between the lines of that label (RFC 7468).
fn block(pem: &str, label: &str) -> Option<Secret> {
    let rest = pem.split_once(&format!("-----BEGIN {label}-----"))?.1;
    let base64 = rest.split_once(&format!("-----END {label}-----"))?.0;
    let base64: Vec<u8> = base64.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some(Secret::new(STANDARD.decode(base64).ok()?))
}
