//! The other side: handing a message to another server.

mod conversation;
mod reply;
mod stuffing;

pub(crate) use conversation::{Conversation, Errand, Outcome, Report, Step};
pub(crate) use stuffing::dot_stuff;
