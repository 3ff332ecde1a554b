//! Amazon's Identity and Access Management: accounts, users, groups, policies, access keys, and the door
//! that every call of every service passes.

pub mod arns;
pub mod door;
pub mod ids;
pub mod managed;
mod purposes;
mod schema;
pub mod session;
pub mod testing;

pub use schema::MIGRATIONS;
