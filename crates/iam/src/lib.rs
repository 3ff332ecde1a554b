//! Amazon's Identity and Access Management: accounts, users, groups, roles, policies, access keys, and the
//! door that every call of every service passes.
//!
//! [`Service`] serves the operations, a file per resource. [`door`] tells who calls and decides whether
//! they may; [`session`] seals temporary credentials. [`accounts`], [`people`], [`passwords`]
//! and [`root`] are for those who make accounts and sign people in.
//!
//! It knows nothing of mail, of HTTP, or of how a request is written down; how a policy is read and
//! decided is the policy crate's.

pub mod access_keys;
mod account_properties;
pub mod accounts;
mod aliases;
pub mod arns;
pub mod assuming;
mod attachments;
mod authorization_details;
pub mod authorization_message;
mod boundaries;
mod context_keys;
mod credential_report;
pub mod csv;
mod delegation_requests;
pub mod documents;
pub mod door;
mod entity;
mod entity_arns;
mod epoch;
pub mod explain;
pub mod fido;
mod groups;
mod identity_policies;
pub mod ids;
mod inline_policies;
mod instance_profiles;
pub mod issuer_keys;
pub mod jobs;
mod last_accessed;
mod linked_role_deletions;
pub mod linked_roles;
mod linked_services;
mod login_profiles;
pub mod managed;
mod memberships;
pub mod mfa;
mod names;
pub mod oidc_providers;
mod oidc_url;
mod organizations;
pub mod outbound_identity;
mod owners;
mod pages;
mod password_policy;
pub mod passwords;
pub mod people;
pub mod policies;
mod policy_entities;
mod policy_lists;
mod policy_versions;
mod providers;
mod purposes;
mod quotas;
mod role_templates;
mod roles;
pub mod root;
pub mod saml_providers;
mod schema;
mod server_certificates;
mod service;
mod service_credentials;
pub mod session;
mod signing_certificates;
mod simulator;
mod ssh;
mod ssh_keys;
mod statuses;
mod subject;
mod summary;
mod tags;
pub mod testing;
pub mod token_preferences;
pub mod trail;
pub mod trust;
mod users;
mod x509;

pub use schema::MIGRATIONS;
pub use service::Service;
