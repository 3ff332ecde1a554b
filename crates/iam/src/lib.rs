//! Amazon's Identity and Access Management: accounts, users, groups, roles, policies, access keys, and the
//! door that every call of every service passes.
//!
//! [`Service`] serves the operations, a file per resource, in folders by what they are about: the account
//! itself, its identities, their permissions and credentials, identity providers, and reports on all of it.
//! [`door`] tells who calls and decides whether they may; [`trail`] keeps what they did. [`accounts`],
//! [`people`], [`passwords`] and [`root`] are for those who make accounts and sign people in, [`session`] for
//! those who make temporary credentials.
//!
//! It knows nothing of mail, of HTTP, or of how a request is written down; how a policy is read and
//! decided is the policy crate's.

mod account;
pub mod arns;
mod credentials;
pub mod door;
mod epoch;
mod federation;
mod identities;
pub mod ids;
mod names;
mod pages;
mod permissions;
mod purposes;
mod quotas;
mod reports;
mod schema;
mod service;
mod tags;
pub mod testing;
pub mod trail;

pub use account::{accounts, csv, people, root};
pub use credentials::{access_keys, fido, mfa, passwords, session, token_preferences};
pub use federation::{issuer_keys, oidc_providers, outbound_identity, saml_providers};
pub use identities::{assuming, linked_roles, service_roles, trust};
pub use permissions::{documents, managed, policies};
pub use reports::{authorization_message, explain, jobs};
pub use schema::MIGRATIONS;
pub use service::Service;

use account::{
    account_properties, aliases, delegation_requests, organizations, password_policy, summary,
};
use credentials::{
    login_profiles, owners, server_certificates, service_credentials, signing_certificates, ssh,
    ssh_keys, statuses, x509,
};
use federation::{oidc_url, providers};
use identities::{
    entity, entity_arns, groups, instance_profiles, linked_role_deletions, linked_services,
    memberships, role_templates, roles, users,
};
use permissions::{
    attachments, boundaries, identity_policies, inline_policies, policy_entities, policy_lists,
    policy_versions,
};
use reports::{
    authorization_details, context_keys, credential_report, last_accessed, simulator, subject,
};
