//! One connection's conversation: bytes in, bytes and jobs out.
//!
//! A [`Session`] does no input or output and reads no clock. Its driver feeds it what the client sends,
//! sends what it says, runs the one [`Job`] it may have, and tells it of changes and of time. The same input
//! gives the same output however it is split.

mod acl;
mod append;
mod auth;
mod copy;
mod expunge;
mod fetch;
mod folders;
mod list;
mod reply;
mod search;
mod select;
mod store;
#[cfg(test)]
mod tests;
mod updates;
mod view;

use bytes::Bytes;
use mailbox::MailboxId;
use sasl::Mechanism;
use world::Timestamp;

use crate::{
    grammar::{
        command::{Command, Tagged},
        framer::{Frame, Framer},
    },
    job::{Job, Outcome, Task},
    limits::{COMMAND_TIMEOUT, IDLE_TIMEOUT, LOGIN_TIMEOUT},
    render::out::Out,
};
use select::Selected;

/// What the driver does next: first send, then this.
#[derive(Debug)]
pub struct Turn {
    /// Bytes for the client.
    pub send: Vec<Bytes>,
    /// What to do when they are sent.
    pub next: Next,
}

/// What the driver does after sending.
#[derive(Debug)]
pub enum Next {
    /// Read from the client, and watch for changes and the deadline.
    Read,
    /// Run this, reading nothing meanwhile, and give the outcome to [`Session::complete`].
    Run(Job),
    /// Close the connection.
    Close,
}

/// The conversation with one client.
pub struct Session {
    framer: Framer,
    out: Out,
    awaiting: Awaiting,
    running: Option<Then>,
    user: Option<MailboxId>,
    selected: Option<Selected>,
    /// Whether the client understands MODSEQ (RFC 7162, section 3.1).
    condstore: bool,
    /// Whether something may have changed in the mailbox since the client was last told.
    changed: bool,
    bad_commands: u32,
    login_failures: u32,
    deadline: Timestamp,
    now: Timestamp,
}

/// What goes on when the job at hand is done.
type Then = Box<dyn FnOnce(&mut Session, Outcome) -> Flow + Send>;

/// What a step of the session leads to.
enum Flow {
    /// The next input of the client.
    Next,
    /// A job, and what follows it.
    Run(Job, Then),
    /// The end.
    Close,
}

/// What the next line of the client is.
enum Awaiting {
    Command,
    /// The response to a challenge of AUTHENTICATE.
    Credentials {
        tag: String,
        /// The mechanism, if it is not PLAIN.
        by: Option<Mechanism>,
    },
    /// The answer to the refusal of a token.
    Resignation {
        tag: String,
    },
    /// DONE, which ends IDLE.
    Done {
        tag: String,
    },
}

impl Session {
    /// A session with a client that has just connected, and the greeting for it.
    pub fn new(now: Timestamp) -> (Self, Turn) {
        let mut session = Self {
            framer: Framer::default(),
            out: Out::default(),
            awaiting: Awaiting::Command,
            running: None,
            user: None,
            selected: None,
            condstore: false,
            changed: false,
            bad_commands: 0,
            login_failures: 0,
            deadline: now.saturating_add(LOGIN_TIMEOUT),
            now,
        };
        session.greet();
        let turn = session.turn(Flow::Next);
        (session, turn)
    }

    /// Takes in what the client has sent. While a job runs, this is only kept for later: the driver must
    /// not read without bound then.
    pub fn feed(&mut self, bytes: &[u8], now: Timestamp) -> Turn {
        self.now = now;
        self.framer.push(bytes);
        self.extend_deadline();
        if self.running.is_some() {
            return Turn { send: Vec::new(), next: Next::Read };
        }
        self.turn(Flow::Next)
    }

    /// Takes in what came of the job that the last turn asked for.
    pub fn complete(&mut self, outcome: Outcome, now: Timestamp) -> Turn {
        self.now = now;
        self.extend_deadline();
        let flow = match self.running.take() {
            Some(then) => then(self, outcome),
            None => Flow::Next,
        };
        self.turn(flow)
    }

    /// Something may have changed in the user's mailbox. Called only between jobs.
    pub fn changed(&mut self, now: Timestamp) -> Turn {
        self.now = now;
        self.changed = true;
        self.turn(Flow::Next)
    }

    /// Time has passed; ends the session if its deadline has.
    pub fn tick(&mut self, now: Timestamp) -> Turn {
        self.now = now;
        if now < self.deadline {
            return self.turn(Flow::Next);
        }
        let flow = self.bye("you have been silent for too long");
        self.turn(flow)
    }

    /// The user may no longer be here.
    pub fn end_stay(&mut self) -> Turn {
        let flow = self.bye("your organization no longer allows this access");
        self.turn(flow)
    }

    /// The server is going to stop.
    pub fn shut_down(&mut self) -> Turn {
        let flow = self.bye("the server is stopping");
        self.turn(flow)
    }

    /// When the session ends unless the client says something.
    pub fn deadline(&self) -> Timestamp {
        self.deadline
    }

    /// How many bytes of a command that is not complete the session holds.
    pub fn held_bytes(&self) -> usize {
        self.framer.held_bytes()
    }

    /// The mailbox of the user who has logged in: whose changes the session wants to know.
    pub fn mailbox(&self) -> Option<MailboxId> {
        self.user
    }

    /// The mailbox of somebody else in which a folder is selected: its changes matter too, and so does what the
    /// user may do with it.
    pub fn foreign_mailbox(&self) -> Option<MailboxId> {
        let selected = self.selected.as_ref().map(|selected| selected.mailbox);
        selected.filter(|mailbox| Some(*mailbox) != self.user)
    }

    fn turn(&mut self, mut flow: Flow) -> Turn {
        let next = loop {
            flow = match flow {
                Flow::Next => match self.next_input() {
                    Some(flow) => flow,
                    None => break Next::Read,
                },
                Flow::Run(job, then) => {
                    self.running = Some(then);
                    break Next::Run(job);
                }
                Flow::Close => break Next::Close,
            };
        };
        Turn { send: self.out.take(), next }
    }

    /// A stranger's deadline stands; a user's moves with all that the user says.
    fn extend_deadline(&mut self) {
        if self.user.is_none() {
            return;
        }
        let idle = if self.framer.is_amid() { COMMAND_TIMEOUT } else { IDLE_TIMEOUT };
        self.deadline = self.now.saturating_add(idle);
    }

    fn next_input(&mut self) -> Option<Flow> {
        match std::mem::replace(&mut self.awaiting, Awaiting::Command) {
            Awaiting::Command => {
                let frame = self.framer.command();
                self.take(frame, Self::command)
            }
            Awaiting::Credentials { tag, by } => {
                let frame = self.framer.line();
                if frame == Frame::Incomplete {
                    self.awaiting = Awaiting::Credentials { tag, by };
                    return None;
                }
                self.take(frame, move |session, line| session.credentials(&tag, by, &line))
            }
            Awaiting::Resignation { tag } => {
                let frame = self.framer.line();
                if frame == Frame::Incomplete {
                    self.awaiting = Awaiting::Resignation { tag };
                    return None;
                }
                self.take(frame, move |session, _| session.resigned(&tag))
            }
            Awaiting::Done { tag } => self.while_idle(tag),
        }
    }

    fn take(&mut self, frame: Frame, whole: impl FnOnce(&mut Self, Bytes) -> Flow) -> Option<Flow> {
        match frame {
            Frame::Incomplete => None,
            Frame::Continue => {
                self.out.line("+ go ahead");
                Some(Flow::Next)
            }
            Frame::Whole(bytes) => Some(whole(self, bytes)),
            Frame::Malformed { start, why } => Some(self.bad(&Tagged::tag_of(start), why)),
            Frame::Refused { start } => {
                let refusal = reply::Refusal::new("TOOBIG", "the literal is too large");
                Some(self.no(&Tagged::tag_of(start), refusal))
            }
            Frame::Flood => Some(self.bye("[TOOBIG] the literal cannot be taken")),
        }
    }

    fn command(&mut self, bytes: Bytes) -> Flow {
        match Tagged::parse(bytes) {
            Ok(Tagged { tag, command }) => {
                let before = self.bad_commands;
                let flow = self.dispatch(tag, command);
                if self.bad_commands == before {
                    self.bad_commands = 0;
                }
                flow
            }
            Err(malformed) => self.bad(&malformed.tag, malformed.why.0),
        }
    }

    /// Commands of any state (RFC 3501, section 6.1) and of strangers (section 6.2).
    fn dispatch(&mut self, tag: String, command: Command) -> Flow {
        match command {
            Command::Capability => self.capability(&tag),
            Command::Noop => self.poll(tag, "NOOP completed"),
            Command::Logout => self.logout(&tag),
            Command::Id => self.id(&tag),
            Command::Login { .. } | Command::Authenticate { .. } if self.user.is_some() => {
                self.bad(&tag, "you are logged in already")
            }
            Command::Login { login, password } => self.login(tag, &login, password),
            Command::Authenticate { mechanism, initial } => {
                self.authenticate(tag, &mechanism, initial.as_deref())
            }
            command if self.user.is_some() => self.dispatch_user(tag, command),
            _ => self.bad(&tag, "log in first"),
        }
    }

    /// Commands of those who have logged in (RFC 3501, section 6.3).
    fn dispatch_user(&mut self, tag: String, command: Command) -> Flow {
        match command {
            Command::Enable(names) => self.enable(&tag, &names),
            Command::Namespace => self.namespace(&tag),
            Command::Select { mailbox, read_only, condstore } => {
                self.select(tag, &mailbox, read_only, condstore)
            }
            Command::Create { mailbox, special_use } => self.create(tag, &mailbox, special_use),
            Command::Delete(mailbox) => self.delete(tag, &mailbox),
            Command::Rename { from, to } => self.rename(tag, &from, &to),
            Command::Subscribe { mailbox, subscribed } => self.subscribe(tag, &mailbox, subscribed),
            Command::List(list) => self.list(tag, list),
            Command::Lsub(list) => self.lsub(tag, list),
            Command::Status { mailbox, items } => self.status(tag, &mailbox, items),
            Command::Append(append) => self.append(tag, append),
            Command::GetQuota(root) => self.get_quota(tag, &root),
            Command::GetQuotaRoot(mailbox) => self.get_quota_root(tag, &mailbox),
            Command::Acl(acl) => self.acl(tag, acl),
            Command::Idle => self.idle(tag),
            command if self.selected.is_some() => self.dispatch_selected(tag, command),
            _ => self.bad(&tag, "select a mailbox first"),
        }
    }

    /// Commands that need a selected mailbox (RFC 3501, section 6.4).
    fn dispatch_selected(&mut self, tag: String, command: Command) -> Flow {
        match command {
            Command::Check => self.poll(tag, "CHECK completed"),
            Command::Close => self.close(tag),
            Command::Unselect => self.unselect(&tag),
            Command::Expunge(set) => self.expunge(tag, set),
            Command::Search { search, by_uid } => self.search(tag, search, by_uid),
            Command::Fetch { fetch, by_uid } => self.fetch(tag, fetch, by_uid),
            Command::Store { store, by_uid } => self.store(tag, store, by_uid),
            Command::Copy { set, mailbox, by_uid, moves } => {
                self.copy(tag, &set, &mailbox, by_uid, moves)
            }
            _ => self.bad(&tag, "an unknown command"),
        }
    }

    /// Has a task done for the user.
    fn run(
        &mut self,
        task: Task,
        then: impl FnOnce(&mut Self, Outcome) -> Flow + Send + 'static,
    ) -> Flow {
        match self.user {
            Some(user) => Flow::Run(Job::Mailbox(user, task), Box::new(then)),
            None => self.bye("the server has lost track"),
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("user", &self.user).finish_non_exhaustive()
    }
}
