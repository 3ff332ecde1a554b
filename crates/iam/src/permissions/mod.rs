//! Policies and where they are attached: managed and inline ones, their versions, boundaries.

pub(crate) mod attachments;
pub(crate) mod boundaries;
pub mod documents;
pub(crate) mod identity_policies;
pub(crate) mod inline_policies;
pub mod managed;
pub mod policies;
pub(crate) mod policy_entities;
pub(crate) mod policy_lists;
pub(crate) mod policy_versions;
