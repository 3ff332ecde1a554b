//! SMTP: receiving, submission, and handing mail to other servers.
//!
//! [`Session`] and the client conversation are pure: bytes in, bytes and questions out. The drivers own
//! the sockets, and ask `mailflow` and `workmail` what the sessions cannot know. This crate holds no
//! SQL and knows nothing of mailboxes; whose an address is and where a message goes is decided below.

pub mod limits;

mod budget;
mod client;
mod content;
mod data;
mod grammar;
mod household;
mod outbound;
mod reply;
mod server;
mod session;
mod stop;
#[cfg(test)]
mod tests;
mod trace;

pub use budget::Budget;
pub use grammar::Address;
pub use limits::Limits;
pub use outbound::{
    Exchanger, MailExchangers, Outbound, ResolveError, Resolver, Smarthost, send_queue,
};
pub use server::{Backend, House, Judged, OriginJudge, Over, Server, listen};
pub use session::{Config, Mail, Peer, Question, Role, Session, Step, Verdict};
