//! The account itself: its name and address, its root user, its settings, who signs in to it.

pub(crate) mod account_properties;
pub mod accounts;
pub(crate) mod aliases;
pub mod csv;
pub(crate) mod delegation_requests;
pub(crate) mod organizations;
pub(crate) mod password_policy;
pub mod people;
pub mod root;
pub(crate) mod summary;
