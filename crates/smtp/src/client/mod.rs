//! The other side: handing a message to another server.

mod conversation;
mod driver;
mod reply;
mod stuffing;
mod tls;

pub(crate) use conversation::{Conversation, Errand, Login, Outcome, Report, Tls};
pub(crate) use driver::{End, run};
#[cfg(test)]
pub(crate) use stuffing::dot_stuff;
pub(crate) use tls::opportunistic;
