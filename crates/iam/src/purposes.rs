//! What each sealed thing is bound to, so that one can never be opened as another.

/// The purpose under which the secret of an access key is sealed.
pub(crate) fn access_key(id: &str) -> String {
    format!("access-key/{id}")
}

/// The purpose under which the seed of a virtual MFA device is sealed; the device is named by its serial number.
pub(crate) fn mfa_seed(serial: &str) -> String {
    format!("mfa-seed/{serial}")
}

/// The purpose under which the private key of a server certificate is sealed.
pub(crate) fn server_certificate_key(id: &str) -> String {
    format!("server-certificate-key/{id}")
}

/// The purpose under which session tokens are sealed.
pub(crate) const SESSION_TOKEN: &str = "session-token";

/// The purpose under which authorization messages for an account are sealed.
pub(crate) fn authorization(account: &str) -> String {
    format!("authorization-message/{account}")
}

/// The purpose under which the private key of a SAML provider is sealed.
pub(crate) fn saml_private_key(id: &str) -> String {
    format!("saml-private-key/{id}")
}

/// The purpose under which a key that signs outbound tokens is sealed.
pub(crate) fn outbound_key(id: &str) -> String {
    format!("outbound-key/{id}")
}
