//! The operations through their real handlers, on a store of their own, as root of an account calls them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod access;
mod addresses;
mod availability;
mod devices;
mod dmarc;
mod domains;
mod entities;
mod exports;
mod flow_rules;
mod groups;
mod house;
mod identity_provider;
mod impersonation;
mod isolation;
mod journaling;
mod life;
mod lists;
mod mail_domain_details;
mod mail_side;
mod mailboxes;
mod migration_admin;
mod mobile_devices;
mod model;
mod organizations;
mod passwords;
mod permissions;
mod personal_tokens;
mod policies;
mod resources;
mod retention;
mod search_members;
mod tags;
