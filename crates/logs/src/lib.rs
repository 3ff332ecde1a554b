//! Amazon CloudWatch Logs: groups of streams of events, kept for as long as the group says.
//!
//! [`Service`] serves the operations, a file per resource. Rooms that write events of their own use
//! [`Place`], as part of their own transaction; [`clear`] is for housekeeping.
//!
//! There are no queries (Logs Insights), metric filters, subscriptions, deliveries, exports or live tails here, and
//! one class of groups. It knows nothing of mail.
//!
//! # Limits
//! - A request holds 1 MiB like all others, so the largest batches that AWS takes are refused: what JSON adds
//!   to them counts here.
//! - How many bytes a group holds is not counted, and not shown.

pub mod arns;
mod events;
mod filter_events;
mod get_events;
mod group_lists;
mod groups;
mod pages;
mod pattern;
mod place;
mod protection;
mod put_events;
mod reading;
mod refusal;
mod retention;
mod schema;
mod service;
mod stream_lists;
mod streams;
mod tags;
mod targets;
mod worker;

pub use events::NewEvent;
pub use groups::exists;
pub use place::Place;
pub use schema::MIGRATIONS;
pub use service::Service;
pub use worker::clear;
