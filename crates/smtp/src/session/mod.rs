//! One SMTP conversation as a pure state machine: bytes and verdicts in, bytes and questions out.
//!
//! The caller owns the socket. It calls [`Session::advance`] with what it has read, writes what
//! [`Session::take_output`] gives, and does what the [`Step`] asks. While a question is open nothing
//! more of the input is looked at, so a peer cannot run ahead of the answers.

mod answers;
mod auth;
mod commands;
mod content;
mod line;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, sync::Arc};

use bytes::{Bytes, BytesMut};
use sasl::Mechanism;
use world::{Secret, Timestamp};

use self::{auth::Exchange, content::Chunk};
use crate::{
    budget::{Budget, Share},
    content::Content,
    data::Decoder,
    grammar::Address,
    limits::{
        COMMAND_TIMEOUT, DATA_BLOCK_TIMEOUT, Limits, MAX_ERRORS, MAX_IDLE_COMMANDS,
        MESSAGE_TIMEOUT, SESSION_TIMEOUT,
    },
    reply::Reply,
};

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Mail from other servers to our own domains (port 25): STARTTLS, no passwords.
    Receiving,
    /// Mail from our own users to anywhere (port 465, RFC 8314): TLS from the start, passwords needed.
    Submission,
}

impl Role {
    /// A word for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Submission => "submission",
        }
    }
}

/// What all sessions have in common.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our name in greetings and trace fields.
    pub host: String,
    /// Who reads mail for `<Postmaster>` without a domain (RFC 5321 section 4.5.1).
    pub postmaster: Option<Address>,
    /// The bounds that an operator may choose.
    pub limits: Limits,
    /// The memory that messages share.
    pub budget: Arc<Budget>,
}

impl Config {
    /// Our name and the bounds; no postmaster.
    pub fn new(host: impl Into<String>, limits: Limits) -> Self {
        let budget = Budget::new(limits.in_flight_octets, limits.in_flight_octets_per_address);
        Self { host: host.into(), postmaster: None, limits, budget }
    }
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it comes from.
    pub address: IpAddr,
    /// A name for the connection, unique and fit for trace fields.
    pub id: String,
    /// Whether TLS is under it already.
    pub tls: bool,
    /// Whether STARTTLS can be offered.
    pub starttls: bool,
}

/// What the caller has to do next, after writing the output.
#[derive(Debug)]
pub enum Step {
    /// Read more.
    Read,
    /// Find out, then call [`Session::answer`].
    Ask(Question),
    /// Shake hands, then call [`Session::tls_started`].
    StartTls,
    /// Close the connection.
    Close,
}

/// What the session cannot know by itself.
#[derive(Debug)]
pub enum Question {
    /// Is this the password? Accepting it logs the peer in.
    Password {
        /// User name or address, as typed.
        login: String,
        /// The password.
        password: Secret,
    },
    /// For whom does this token vouch? Accepting it logs the peer in.
    Token {
        /// Whom the peer means, if it says so.
        login: Option<String>,
        /// The token of a provider.
        token: Secret,
    },
    /// May who is logged in send as this?
    Sender(Address),
    /// Is there mail for this?
    Recipient(Address),
    /// Take charge of this. Accepting it means that it is durable.
    Deliver(Box<Mail>),
}

/// A whole message with its envelope.
#[derive(Debug)]
pub struct Mail {
    /// Names the message in trace fields and logs.
    pub id: String,
    /// Where failures are told; none for a notice.
    pub sender: Option<Address>,
    /// At least one, as they were accepted; the same one may be there twice.
    pub recipients: Vec<Address>,
    /// `Return-Path`, `Received`, then the message as it was sent.
    pub content: Bytes,
    /// Octets of the `Return-Path` line, which mail that goes on to others must not have.
    pub return_path_octets: usize,
    /// Octets of all trace fields of ours, the `Return-Path` among them.
    pub trace_octets: usize,
    /// Who brought it.
    pub peer: IpAddr,
    /// As whom the peer greeted.
    pub hello: String,
    /// Whether the sender asked for SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// Holds the memory in the budget.
    _share: Share,
}

/// An answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Accept,
    /// Name and password do not belong together, or a token is not good.
    WrongPassword,
    /// The password is right, but the user may not come like this, or not from here.
    NotAllowed,
    /// Who is logged in does not own the address that he wants to send as.
    NotYours,
    /// The domain is ours, the address is not there.
    Unknown,
    /// The domain is not ours, and mail is not passed on for strangers.
    NotOurs,
    /// A rule turns the message away, with this text.
    Blocked(String),
    /// The mailbox has no room.
    MailboxFull,
    /// The disk has no room.
    StoreFull,
    /// Not now.
    TryLater,
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    config: Arc<Config>,
    role: Role,
    peer: Peer,
    state: State,
    authenticated: bool,
    hello: Option<Hello>,
    envelope: Option<Envelope>,
    output: Vec<u8>,
    /// Refused commands since the last message.
    errors: usize,
    /// Commands since the last message that moved nothing forward.
    idle_commands: usize,
    auth_failures: usize,
    transactions: usize,
    started: Timestamp,
    touched: Timestamp,
}

#[derive(Debug)]
enum State {
    Command,
    Auth(Exchange),
    Data { decoder: Decoder, content: Content },
    Chunk(Chunk),
    Asked(Asked),
    Handshake,
    Closed,
}

/// What was asked, as far as the answer needs it.
#[derive(Debug)]
enum Asked {
    Password,
    Token(Mechanism),
    Sender(Envelope),
    Recipient(Address),
    Deliver,
}

#[derive(Debug)]
struct Hello {
    extended: bool,
    name: String,
}

#[derive(Debug)]
struct Envelope {
    sender: Option<Address>,
    recipients: Vec<Address>,
    declared_octets: u64,
    utf8: bool,
    since: Timestamp,
    /// What came by `BDAT` so far.
    chunks: Option<content::Chunked>,
}

impl Session {
    /// A new conversation, with the greeting as its first output.
    pub fn new(config: Arc<Config>, role: Role, peer: Peer, now: Timestamp) -> Self {
        let mut session = Self {
            config,
            role,
            peer,
            state: State::Command,
            authenticated: false,
            hello: None,
            envelope: None,
            output: Vec::new(),
            errors: 0,
            idle_commands: 0,
            auth_failures: 0,
            transactions: 0,
            started: now,
            touched: now,
        };
        let greeting = format!("{} ESMTP ready", session.config.host);
        Reply::new(220, "", greeting).write(&mut session.output);
        session
    }

    /// Takes from `input` what can be understood. What remains has to be given again, with more
    /// behind it; it is never longer than [`MAX_LINE_OCTETS`](crate::limits::MAX_LINE_OCTETS).
    pub fn advance(&mut self, input: &mut BytesMut, now: Timestamp) -> Step {
        let held = input.len();
        let step = self.take_in(input, now);
        // Part of a command is no sign of life: it could come octet by octet for hours.
        if input.len() < held {
            self.touched = now;
        }
        step
    }

    fn take_in(&mut self, input: &mut BytesMut, now: Timestamp) -> Step {
        loop {
            let step = match self.state {
                State::Command => self.read_command(input, now),
                State::Auth(_) => self.read_response(input),
                State::Data { .. } => self.read_data(input),
                State::Chunk(_) => self.read_chunk(input),
                State::Asked(_) | State::Handshake => Some(Step::Read),
                State::Closed => Some(Step::Close),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// What has to be written.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// When the peer's time is up (RFC 5321 section 4.5.3.2).
    pub fn deadline(&self) -> Timestamp {
        let wait = match &self.state {
            State::Data { .. } | State::Chunk(_) => DATA_BLOCK_TIMEOUT,
            _ => COMMAND_TIMEOUT,
        };
        let silent = self.touched.saturating_add(wait);
        let long = self.started.saturating_add(SESSION_TIMEOUT);
        let slow = self.envelope.as_ref().map(|envelope| envelope.since);
        let slow = slow.map_or(long, |since| since.saturating_add(MESSAGE_TIMEOUT));
        silent.min(long).min(slow)
    }

    /// The peer's time is up.
    pub fn expire(&mut self) {
        self.hang_up(&Reply::new(421, "4.4.2", "time is up, closing"));
    }

    /// The user may no longer be here; a message that is not yet whole is not taken.
    pub fn end_stay(&mut self) {
        self.hang_up(&Reply::new(421, "4.7.0", "your organization no longer allows this access"));
    }

    /// The server stops. A transaction that is under way may go on; call again when it is over.
    /// Tells whether the session is closed.
    pub fn stop(&mut self) -> bool {
        if matches!(self.state, State::Command) && self.envelope.is_none() {
            self.hang_up(&Reply::new(421, "4.3.2", "server is stopping"));
        }
        matches!(self.state, State::Closed)
    }

    /// The handshake is done: all that was said before is forgotten (RFC 3207 section 4.2).
    pub fn tls_started(&mut self) {
        self.peer.tls = true;
        self.hello = None;
        self.envelope = None;
        self.state = State::Command;
    }

    /// Whether a message is under way.
    pub fn is_in_transaction(&self) -> bool {
        self.envelope.is_some() || !matches!(self.state, State::Command | State::Closed)
    }

    fn say(&mut self, reply: &Reply) {
        reply.write(&mut self.output);
    }

    /// Refuses a command; too many, and the connection ends (RFC 5321 section 7.8 leaves that to us).
    fn refuse(&mut self, reply: &Reply) {
        debug_assert!(reply.is_refusal());
        self.say(reply);
        self.errors += 1;
        if self.errors > MAX_ERRORS {
            self.hang_up(&Reply::new(421, "4.7.0", "too many errors, closing"));
        }
    }

    /// Counts a command that moves nothing forward.
    fn count_idle(&mut self) {
        self.idle_commands += 1;
        if self.idle_commands > MAX_IDLE_COMMANDS {
            self.hang_up(&Reply::new(421, "4.7.0", "too many commands without mail, closing"));
        }
    }

    fn hang_up(&mut self, reply: &Reply) {
        self.say(reply);
        self.envelope = None;
        self.state = State::Closed;
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }
}
