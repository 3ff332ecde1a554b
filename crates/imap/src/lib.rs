//! The IMAP server: IMAP4rev1 (RFC 3501) with the extensions that mail clients live by.
//!
//! [`Session`] is the protocol as a pure state machine: bytes in, bytes and [`Job`]s out. [`serve_connection`]
//! and [`listen`] are its driver: they own sockets, timers and the store, and do the jobs with the mailbox.
//!
//! ```text
//! socket --bytes--> framer --command--> grammar --types--> session --Task--> driver --> mailbox
//!        <--bytes-- render <-----------Answer------------- session <-Answer- driver <--
//! ```
//!
//! Served: UIDPLUS (4315), IDLE (2177), MOVE (6851), SPECIAL-USE (6154), NAMESPACE (2342), ID (2971), UNSELECT
//! (3691), LITERAL+ (7888), ENABLE (5161), CONDSTORE (7162), SASL-IR (4959), CHILDREN (3348), LIST-EXTENDED
//! (5258), LIST-STATUS (5819), STATUS=SIZE (8438), QUOTA (2087), ACL (4314), AUTH=PLAIN (4616), AUTH=OAUTHBEARER
//! (7628), AUTH=XOAUTH2. TLS is implicit (8314).
//!
//! # What it is not
//! It holds no SQL and decides nothing about who may do what: [`Logins`] says who somebody is, and the driver asks
//! before each task what `workmail` and `mailbox` have kept of the user's rights to a folder of somebody else. It knows no \Recent: no message ever has it. It does not speak QRESYNC, UTF8=ACCEPT,
//! COMPRESS, or any other mechanism. Every bound has a name, most of them in `limits`.

mod driver;
mod grammar;
mod job;
mod limits;
mod place;
mod render;
mod session;

pub use driver::{
    Guest, Limits, Login, LoginError, LoginFuture, Logins, MailUsers, Over, Server, listen,
    serve_connection,
};
pub use grammar::acl::Grant;
pub use job::{Answer, Changes, Detail, Fetched, Job, Listed, Marks, Outcome, Task, Upload};
pub use place::Place;
pub use session::{Next, Session, Turn};
