//! What people and programs prove themselves with: keys, passwords, second factors, certificates, sessions.

pub mod access_keys;
pub mod fido;
pub(crate) mod login_profiles;
pub mod mfa;
pub(crate) mod owners;
pub mod passwords;
pub(crate) mod server_certificates;
pub(crate) mod service_credentials;
pub mod session;
pub(crate) mod signing_certificates;
pub(crate) mod ssh;
pub(crate) mod ssh_keys;
pub(crate) mod statuses;
pub mod token_preferences;
pub(crate) mod x509;
