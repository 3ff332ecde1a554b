//! Identity providers outside, and this account as one for others.

pub mod issuer_keys;
pub mod oidc_providers;
pub(crate) mod oidc_url;
pub mod outbound_identity;
pub(crate) mod providers;
pub mod saml_providers;
