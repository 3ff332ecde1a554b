//! Amazon WorkMail: organizations, domains, users, groups, resources, addresses, and whose mail is whose.
//!
//! [`Service`] serves the operations of the model, a file per resource. Each is a function that authorises,
//! reads and changes rows, and answers; the dispatcher commits. What the mail side asks stands beside it as
//! plain functions: [`resolve`], [`expand_group`], [`addresses_of`], [`is_local_domain`],
//! [`permissions::of`] and [`permissions::standing`] for who may act for whom, and [`Authenticator`] for passwords.
//! Who signs in stays for as long as the access rules allow it: [`Visit`].
//!
//! Where AWS's behaviour is not known, `docs/workmail-decisions.md` says what was chosen.
//!
//! The room knows no wire format, no mail protocol, no message and no folder: mailboxes are asked of the room
//! `mailbox` by the id of their owner. Of the DNS it asks what proves that a domain is its
//! organization's ([`Verification`]).
//!
//! Invariants, kept by the tables or in one place each:
//! - a living entity has a name that no other of its organization has; letter case does not count;
//! - an address belongs to one entity, in a domain of its organization; only ENABLED entities have any, and each
//!   of them has one that is primary;
//! - a domain belongs to one organization;
//! - no group is inside itself.

mod access;
mod address;
mod addresses;
mod aliases;
mod availability;
mod bearer;
mod client_tokens;
pub mod devices;
pub mod dmarc;
mod domain_name;
mod domains;
mod entities;
mod error;
pub mod exports;
pub mod flow_rules;
mod groups;
mod identity_center;
mod identity_provider;
pub mod impersonation;
pub mod journaling;
mod login;
mod mailboxes;
mod means;
mod migration_admin;
pub mod monitoring;
mod organizations;
mod page;
mod passwords;
pub mod permissions;
mod personal_tokens;
#[cfg(test)]
mod plan;
mod recipients;
mod refusal;
mod registration;
mod resources;
mod retention;
mod schema;
mod search_members;
mod service;
pub mod smtp_gateways;
mod tags;
mod users;
mod verdict;

pub use access::{AccessAction, Visit, permits};
pub use bearer::{IdentityCenter, Providers};
pub use domains::{
    Look, Seen, SigningKey, Verification, check_domains, look, signing_key, work_on_domains,
};
pub use error::{Error, PasswordsError};
pub use login::{Authenticator, SignIn};
pub use organizations::{home_of, is_deleted, settle_organizations, work_on_organizations};
pub use personal_tokens::{MadeToken, TokenError, TokenWish};
pub use recipients::{
    EXPANSION_MAX, MailGroup, MailUser, Recipient, addresses_of, expand_group, is_local_domain,
    resolve,
};
pub use retention::{Expired, expire_messages};
pub use schema::MIGRATIONS;
pub use service::{Service, Settings};
pub use verdict::Effect;
