//! SMTP: receiving, submission, and handing mail to other servers.
//!
//! [`Session`] and the client conversation are pure: bytes in, bytes and questions out. The drivers own
//! the sockets, and ask `mailflow` and `workmail` what the sessions cannot know. This crate holds no
//! SQL and knows nothing of mailboxes; whose an address is and where a message goes is decided below.

pub mod limits;

mod budget;
#[allow(dead_code, unused_imports, reason = "the outbound worker comes next")]
mod client;
mod content;
mod data;
mod grammar;
mod reply;
mod server;
mod session;
mod trace;

pub use budget::Budget;
pub use grammar::Address;
pub use limits::Limits;
pub use server::{Backend, Server, listen};
pub use session::{Config, Mail, Peer, Question, Role, Session, Step, Verdict};
