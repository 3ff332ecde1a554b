//! Users, groups and roles, what is alike in them, and whom a role trusts.

pub mod assuming;
pub(crate) mod entity;
pub(crate) mod entity_arns;
pub(crate) mod groups;
pub(crate) mod instance_profiles;
pub(crate) mod linked_role_deletions;
pub mod linked_roles;
pub(crate) mod linked_services;
pub(crate) mod memberships;
pub(crate) mod role_templates;
pub(crate) mod roles;
pub mod service_roles;
pub mod trust;
pub(crate) mod users;
