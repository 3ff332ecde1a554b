//! The flow of mail: who a message is for, and how it gets there.
//!
//! [`Mailflow::accept`] takes charge of a message. It decides what is to happen for each recipient, finds the
//! mailboxes behind them (aliases, groups in groups, each mailbox once), files the message in all of them, and puts what is for other
//! servers into the queue, all in one transaction: when it returns, the message is durable and will be
//! neither lost nor doubled. What cannot be delivered comes back to its sender as a notice, in the same
//! transaction.
//!
//! What the house itself has to say to somebody is written with [`Mailflow::write`] and handed out with
//! [`Mailflow::post`], as part of the caller's own transaction.
//!
//! The queue: [`Mailflow::claim`] hands out what is due under a lease, so that two workers never send the
//! same at once; [`Mailflow::settle`] records what became of it.
//!
//! This room speaks no SMTP and opens no connection. It knows folders only by their purpose, and
//! passwords not at all.
//!
//! # Limits
//! - A lease that its worker outlives lets another one send the same again; workers keep well within
//!   [`LEASE`].
//! - A server that takes a message and is lost before it says so is sent it again, as SMTP has it.

mod accept;
mod authentication;
mod author;
mod dmarc;
mod error;
pub mod events;
mod flow_rules;
mod journal;
mod notice;
mod orphans;
mod own_mail;
mod parcel;
mod postmaster;
mod probe;
mod queue;
mod retry;
mod route;
mod schedule;
mod schema;
mod settle;
mod shipment;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod transit;
mod treatment;

use std::sync::Arc;

use store::Store;
use workmail::{flow_rules::KnownRules, monitoring::EventLog};
use world::World;

pub use accept::{Incoming, Origin, Refusal};
pub use authentication::{Authentication, DmarcPolicy, Verdict};
pub use error::Error;
pub use notice::Failure;
pub use orphans::forget_orphans;
pub use own_mail::{OwnMail, Packed};
pub use probe::Probe;
pub use queue::{Job, LEASE, QUEUE_TOPIC};
pub use schedule::LIFETIME;
pub use schema::MIGRATIONS;
pub use settle::Outcome;

/// The room, with what it works on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailflow {
    store: Store,
    world: World,
    /// Our own name, for notices.
    host: Arc<str>,
    /// Who reads mail for `postmaster` where nobody in the domain does.
    postmaster: Option<Arc<str>>,
    rules: KnownRules,
    /// Where organizations are told what happens to their mail.
    log: EventLog,
}

impl Mailflow {
    /// A flow of mail over `store`; `host` signs the notices.
    pub fn new(store: Store, world: World, host: impl Into<Arc<str>>) -> Self {
        Self {
            store,
            world,
            host: host.into(),
            postmaster: None,
            rules: KnownRules::default(),
            log: EventLog::default(),
        }
    }

    /// Gives mail for `postmaster` in domains where nobody has that address to `reader`, an address of ours.
    #[must_use]
    pub fn with_postmaster(self, reader: Option<&str>) -> Self {
        Self { postmaster: reader.map(Arc::from), ..self }
    }

    /// The store that it works on.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Its clock and random source.
    pub fn world(&self) -> &World {
        &self.world
    }
}
