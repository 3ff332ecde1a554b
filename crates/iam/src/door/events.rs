//! How event records come into the trail: one for every call.
//!
//! The record of a change is inserted by the change's own transaction. Records of reads and denials, and
//! the last use of access keys and roles, go through a bounded channel to one task that writes them in
//! batches, at most [`DELAY`] behind. When the channel is full a call waits for room: memory stays bounded
//! and no record is lost while the server runs.

use std::{collections::HashMap, time::Duration};

use store::{Store, Transaction, params};
use tokio::sync::mpsc;
use world::Timestamp;

use super::{Caller, Principal};
use crate::{last_accessed::accesses::Access, roles, trail::Entry};

/// Records under way to the writing task at most.
const QUEUE_MAX: usize = 8192;

/// Records written in one transaction at most.
const BATCH_MAX: usize = 1000;

/// How far behind the batches may be.
const DELAY: Duration = Duration::from_millis(500);

/// How long the writing task rests after the store refused a batch.
const RETRY_DELAY: Duration = Duration::from_millis(250);

/// AWS notes the last use of an access key or a role this often at most.
const LAST_USED_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// Keys, roles and attempts at actions whose last time is remembered at most; past it the memory starts anew.
const LAST_USED_MAX: usize = 50_000;

/// What a call was and how it ended, as the dispatcher knows it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The service's event source, such as `iam.amazonaws.com`.
    pub event_source: &'static str,
    /// The operation.
    pub event_name: &'static str,
    /// The service as `GetAccessKeyLastUsed` names it, such as `iam`.
    pub service: &'static str,
    /// The request parameters as CloudTrail shows them: JSON, secrets hidden.
    pub request_parameters: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It succeeded; for a change, what it answered: JSON, secrets hidden.
    Succeeded {
        /// The answer's members.
        response_elements: Option<String>,
    },
    /// It failed.
    Failed {
        /// The error code that the client got.
        code: &'static str,
        /// The message that the client got.
        message: String,
    },
}

/// What the door learnt on a call's way, for its record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// ARNs of what actions were decided on, each once.
    pub(crate) resources: Vec<String>,
    /// Other accounts whose resources the call was let to, each once.
    pub(crate) owners: Vec<String>,
    /// Why the call was denied, if it was.
    pub(crate) denial: Option<serde_json::Value>,
}

impl Notes {
    /// Notes that an action on `arn` was decided.
    pub(super) fn touched(&mut self, arn: &str) {
        if arn != "*" && !self.resources.iter().any(|known| known == arn) {
            self.resources.push(arn.to_owned());
        }
    }

    /// Notes that the call was let to what belongs to another account.
    pub(super) fn let_to(&mut self, owner: &str) {
        if !self.owners.iter().any(|known| known == owner) {
            self.owners.push(owner.to_owned());
        }
    }
}

struct LastUse {
    of: Used,
    at: Timestamp,
    service: &'static str,
    region: String,
}

/// Of what the last use is noted.
enum Used {
    /// An access key, by its id.
    Key(String),
    /// A role, by its id.
    Role(String),
}

impl Used {
    /// What `caller` uses: a long-term key, or by one of its sessions a role.
    fn by(caller: &Caller) -> Option<Self> {
        match &caller.principal {
            Principal::Role(session) => Some(Self::Role(session.role_id.clone())),
            _ if caller.session.is_some() || caller.access_key_id.is_empty() => None,
            _ => Some(Self::Key(caller.access_key_id.clone())),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Key(id) | Self::Role(id) => id,
        }
    }
}

enum Message {
    Entry(Box<Entry>),
    Used(LastUse),
    Accessed(Access),
}

/// The sending end: clone-free, kept by the door.
pub(super) struct Recorder {
    sender: mpsc::Sender<Message>,
    last_used: std::sync::Mutex<HashMap<String, Timestamp>>,
}

/// The task that writes records in batches.
pub struct RecorderTask {
    store: Store,
    receiver: mpsc::Receiver<Message>,
}

pub(super) fn channel(store: Store) -> (Recorder, RecorderTask) {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    (Recorder { sender, last_used: std::sync::Mutex::default() }, RecorderTask { store, receiver })
}

/// Writes the record of a change into the change's own transaction.
pub(super) async fn insert(
    transaction: &mut Transaction,
    caller: &Caller,
    record: &Record,
    notes: &Notes,
) -> Result<(), store::Error> {
    for entry in Entry::of_call(caller, record, notes) {
        entry.insert(transaction).await?;
    }
    Ok(())
}

impl Recorder {
    /// Hands a record of a read or a failed call to the writing task.
    pub(super) async fn record(&self, caller: &Caller, record: Record, notes: &Notes) {
        for entry in Entry::of_call(caller, &record, notes) {
            self.hand_over(entry).await;
        }
    }

    /// Hands a record that is ready to the writing task.
    pub(super) async fn hand_over(&self, entry: Entry) {
        self.send(Message::Entry(Box::new(entry))).await;
    }

    /// Notes that the caller's access key, or its role, was used, unless that was noted lately.
    pub(super) async fn used(&self, caller: &Caller, record: &Record) {
        let now = caller.request.now;
        let Some(of) = Used::by(caller).filter(|used| self.is_due(used.id(), now)) else { return };
        let region = caller.request.region.clone();
        let last_use = LastUse { of, at: now, service: record.service, region };
        self.send(Message::Used(last_use)).await;
    }

    /// Notes that the user or role tried this action, unless that was noted lately.
    pub(super) async fn accessed(&self, caller: &Caller, record: &Record) {
        let Some(access) = Access::of_call(caller, record) else { return };
        if self.is_due(&access.key(), access.at) {
            self.send(Message::Accessed(access)).await;
        }
    }

    fn is_due(&self, id: &str, now: Timestamp) -> bool {
        let mut known = self.last_used.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(last) = known.get(id)
            && now.since(*last) < LAST_USED_INTERVAL
        {
            return false;
        }
        if known.len() >= LAST_USED_MAX {
            known.clear();
        }
        known.insert(id.to_owned(), now);
        true
    }

    async fn send(&self, message: Message) {
        if self.sender.send(message).await.is_err() {
            tracing::error!("an event record came after the recorder had ended");
        }
    }
}

impl RecorderTask {
    /// Writes batches until the last sender is gone and everything is written.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        while self.receiver.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.fill(&mut batch).await;
            while let Err(error) = write(&self.store, &batch).await {
                tracing::warn!(%error, records = batch.len(), "event records wait to be written");
                tokio::time::sleep(RETRY_DELAY).await;
            }
            batch.clear();
        }
    }

    /// Waits a little for more, so that a batch is worth its transaction.
    async fn fill(&mut self, batch: &mut Vec<Message>) {
        let deadline = tokio::time::Instant::now() + DELAY;
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            let more = self.receiver.recv_many(batch, room);
            match tokio::time::timeout_at(deadline, more).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        }
    }
}

async fn write(store: &Store, batch: &[Message]) -> Result<(), store::Error> {
    let mut transaction = store.write().await?;
    let entries = batch.iter().filter_map(|message| match message {
        Message::Entry(entry) => Some(&**entry),
        Message::Used(_) | Message::Accessed(_) => None,
    });
    Entry::insert_all(&entries.collect::<Vec<_>>(), &mut transaction).await?;
    for message in batch {
        match message {
            Message::Entry(_) => {}
            Message::Used(last_use) => last_use.update(&mut transaction).await?,
            Message::Accessed(access) => access.write(&mut transaction).await?,
        }
    }
    transaction.commit().await
}

impl LastUse {
    async fn update(&self, transaction: &mut Transaction) -> Result<(), store::Error> {
        const SQL: &str = "UPDATE access_keys SET last_used_at = $2, last_used_service = $3, \
            last_used_region = $4 WHERE id = $1";
        match &self.of {
            Used::Key(id) => {
                let params = params![id, self.at, self.service, &self.region];
                transaction.execute(SQL, params).await.map(drop)
            }
            Used::Role(id) => roles::note_use(transaction, id, self.at, &self.region).await,
        }
    }
}
