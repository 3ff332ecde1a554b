//! Amazon's Identity and Access Management: accounts, users, groups, policies, access keys, and the door
//! that every call of every service passes.
//!
//! The door's files lie in `door/` and are joined to the build when the rooms below them stand.

pub mod arns;
pub mod ids;
pub mod managed;
