//! Every operation through its real handler, on a real store: what it answers, and each of its errors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access_keys;
mod account;
mod accounts;
mod acting;
mod attachments;
mod boundaries;
mod certificates;
mod explain;
mod fido;
mod groups;
mod house;
mod inline_policies;
mod instance_profiles;
mod isolation;
mod last_accessed;
mod linked_roles;
mod login_profiles;
mod mfa;
mod oidc_providers;
mod permissions;
mod policies;
mod races;
mod reports;
mod roles;
mod saml_providers;
mod simulator;
mod strangers;
mod tags;
mod trust;
mod user_credentials;
mod users;
