//! What intake could reach at best: the same bodies, written by the layers below one after the other.
//!
//! - the disk: bodies as they are, appended to one file, one `fdatasync` for all that wait;
//! - the store: bodies compressed, sealed and packed, and five rows a message, committed in groups;
//! - the mailbox: the same with its own tables, and each message read for its summary.
//!
//! What they write stays in the scratch folder: to remove it at once would burden the disk for the next.

use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Instant,
};

use mailbox::{Delivery, Destination, Flags, Keywords, MailboxId};
use store::{Engine, Migration, Store, params};
use tempfile::TempDir;
use tokio::{runtime::Runtime, task::JoinHandle};
use world::{Secret, World};

use crate::{
    messages::Pool,
    outcome::{Outcome, joined},
    pace::Pace,
    process::Cpu,
    smtp::{Intake, MAILBOXES, WRITERS, Work},
};

/// The organization whose mailboxes they are.
const ORGANIZATION: &str = "m-bench";

/// Larger than any load.
const QUOTA_BYTES: i64 = 1 << 40;

/// What a message costs in rows: a body, a message with two more indexes, and three counters.
const ROWS: &[Migration] = &[Migration {
    name: "bench-0001-rows",
    sql: "
CREATE TABLE boxes (id INTEGER PRIMARY KEY, used INTEGER NOT NULL, changes INTEGER NOT NULL);
CREATE TABLE bodies (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, blob BLOB NOT NULL, summary BLOB NOT NULL);
CREATE TABLE messages (
    box_id INTEGER NOT NULL REFERENCES boxes (id),
    uid INTEGER NOT NULL,
    body_id INTEGER NOT NULL REFERENCES bodies (id),
    change INTEGER NOT NULL,
    PRIMARY KEY (box_id, uid)
) WITHOUT ROWID;
CREATE INDEX messages_by_change ON messages (box_id, change);
CREATE INDEX messages_by_body ON messages (body_id);
",
}];

/// Bytes of a summary of a usual message.
const SUMMARY_BYTES: usize = 400;

/// Bodies appended to a file and synced in groups.
pub(crate) fn disk(scratch: &Path, pool: &Arc<Pool>, messages: usize) -> Outcome<Intake> {
    let folder = TempDir::with_prefix_in("disk-", scratch)?.keep();
    let log = Arc::new(Log::new(File::create(folder.join("log"))?));
    let work = Arc::new(Work::new(messages));
    let before = Cpu::of(std::process::id())?;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| (Arc::clone(&log), Arc::clone(pool), Arc::clone(&work)))
        .map(|(log, pool, work)| thread::spawn(move || append_all(&log, &pool, &work)))
        .collect();
    let mut intake = work.gather(writers.into_iter().map(|writer| joined(writer.join())))?;
    intake.cpu = Cpu::of(std::process::id())?.since(before);
    Ok(intake)
}

fn append_all(log: &Log, pool: &Pool, work: &Work) -> Outcome<(Pace, usize)> {
    let (mut pace, mut bytes, mut message) = (Pace::default(), 0, Vec::new());
    while let Some(number) = work.next() {
        pool.write(number, &mut message);
        let began = Instant::now();
        log.append(&message)?;
        pace.add(began.elapsed());
        bytes += message.len();
    }
    Ok((pace, bytes))
}

/// A file with a group sync: who finds none under way syncs for all that have written.
struct Log {
    file: File,
    state: Mutex<LogState>,
    synced: Condvar,
}

#[derive(Default)]
struct LogState {
    written: u64,
    durable: u64,
    syncing: bool,
}

impl Log {
    fn new(file: File) -> Self {
        Self { file, state: Mutex::default(), synced: Condvar::new() }
    }

    /// Returns when the bytes are durable.
    fn append(&self, bytes: &[u8]) -> Outcome<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (&self.file).write_all(bytes)?;
        state.written += 1;
        let mine = state.written;
        while state.durable < mine {
            if state.syncing {
                state = self.synced.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.syncing = true;
            let written = state.written;
            drop(state);
            let done = self.file.sync_data();
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.syncing = false;
            state.durable = state.durable.max(written);
            self.synced.notify_all();
            done?;
        }
        Ok(())
    }
}

/// Bodies and rows through the store, as many of them as a delivery has.
pub(crate) fn store(scratch: &Path, pool: &Arc<Pool>, messages: usize) -> Outcome<Intake> {
    let bench = Bench::open(scratch, ROWS)?;
    bench.runtime.block_on(async {
        let mut tx = bench.store.write().await?;
        for id in 0..MAILBOXES {
            let sql = "INSERT INTO boxes (id, used, changes) VALUES ($1, 0, 0)";
            tx.execute(sql, params![id as i64]).await?;
        }
        tx.commit().await
    })?;
    bench.load(messages, pool, |store, pool, work| async move {
        let (mut pace, mut bytes) = (Pace::default(), 0);
        while let Some(number) = work.next() {
            let message = pool.message(number);
            bytes += message.len();
            let began = Instant::now();
            write_rows(&store, number, message).await?;
            pace.add(began.elapsed());
        }
        Ok((pace, bytes))
    })
}

async fn write_rows(store: &Store, number: usize, message: bytes::Bytes) -> Outcome<()> {
    let keyring = store.keyring();
    let key = keyring.existing_data_key(&mut store.read().await?, ORGANIZATION).await?;
    let size = message.len();
    let blob = store.blobs().put(&key.ok_or("no data key")?, message).await?.to_bytes();
    let box_id = (number % MAILBOXES) as i64;
    let mut tx = store.write().await?;
    let body = tx.next_id("bodies").await?;
    let sql = "INSERT INTO bodies (id, size, blob, summary) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![body, size as i64, &blob, &[7; SUMMARY_BYTES][..]]).await?;
    let sql = "UPDATE boxes SET used = used + $2, changes = changes + 1 WHERE id = $1 \
               RETURNING changes";
    let change = tx.row(sql, params![box_id, size as i64], |row| row.get::<i64>(0)).await?;
    let sql = "UPDATE boxes SET used = used + $2 WHERE id = $1";
    tx.execute(sql, params![box_id, 0]).await?;
    let sql = "INSERT INTO messages (box_id, uid, body_id, change) VALUES ($1, $2, $3, $4)";
    let change = change.ok_or("no such box")?;
    tx.execute(sql, params![box_id, change, body, change]).await?;
    Ok(tx.commit().await?)
}

/// Messages prepared and delivered by the room that keeps mailboxes.
pub(crate) fn mailbox(scratch: &Path, pool: &Arc<Pool>, messages: usize) -> Outcome<Intake> {
    let bench = Bench::open(scratch, mailbox::MIGRATIONS)?;
    let mailboxes: Arc<Vec<MailboxId>> = Arc::new(bench.runtime.block_on(provision(&bench.store))?);
    bench.load(messages, pool, move |store, pool, work| {
        let mailboxes = Arc::clone(&mailboxes);
        async move {
            let (mut pace, mut bytes) = (Pace::default(), 0);
            while let Some(number) = work.next() {
                let message = pool.message(number);
                bytes += message.len();
                let began = Instant::now();
                deliver(&store, mailboxes[number % mailboxes.len()], message).await?;
                pace.add(began.elapsed());
            }
            Ok((pace, bytes))
        }
    })
}

async fn provision(store: &Store) -> Outcome<Vec<MailboxId>> {
    let mut tx = store.write().await?;
    let mut ids = Vec::new();
    for number in 0..MAILBOXES {
        let owner = format!("u-{number}");
        let now = World::system().now();
        let made =
            mailbox::mailboxes::provision(&mut tx, &owner, ORGANIZATION, QUOTA_BYTES as u64, now);
        ids.push(made.await?.id);
    }
    tx.commit().await?;
    Ok(ids)
}

async fn deliver(store: &Store, mailbox: MailboxId, message: bytes::Bytes) -> Outcome<()> {
    let prepared = mailbox::prepare(store, ORGANIZATION, message).await?;
    let now = World::system().now();
    let delivery = Delivery {
        mailbox,
        destination: Destination::Inbox,
        flags: Flags::NONE,
        keywords: &Keywords::none(),
        received_at: now,
        now,
    };
    let mut tx = store.write().await?;
    let body = mailbox::insert_body(&mut tx, &prepared).await?;
    mailbox::deliver(&mut tx, &body, &delivery).await?;
    Ok(tx.commit().await?)
}

/// A store on the disk to be measured, and the threads that use it.
struct Bench {
    runtime: Runtime,
    store: Store,
}

impl Bench {
    /// Opens a new store that has the organization's key.
    fn open(scratch: &Path, tables: &[Migration]) -> Outcome<Self> {
        let folder = TempDir::with_prefix_in("store-", scratch)?.keep();
        let engine = Engine::Sqlite { path: folder.join("store.db") };
        let key = Secret::new([7; 32]);
        let blobs = folder.join("blobs");
        let runtime = Runtime::new()?;
        let store = runtime.block_on(async {
            let options = store::Options::new(engine, blobs, key, World::system());
            let store = Store::open(options, &[tables]).await?;
            let mut tx = store.write().await?;
            store.keyring().data_key(&mut tx, ORGANIZATION).await?;
            tx.commit().await?;
            Ok::<_, store::Error>(store)
        })?;
        Ok(Self { runtime, store })
    }

    /// Lets the writers write until there is no work left.
    fn load<W>(
        &self,
        messages: usize,
        pool: &Arc<Pool>,
        writer: impl Fn(Store, Arc<Pool>, Arc<Work>) -> W,
    ) -> Outcome<Intake>
    where
        W: Future<Output = Outcome<(Pace, usize)>> + Send + 'static,
    {
        let work = Arc::new(Work::new(messages));
        let before = Cpu::of(std::process::id())?;
        let start = || {
            let task = writer(self.store.clone(), Arc::clone(pool), Arc::clone(&work));
            self.runtime.spawn(task)
        };
        let writers: Vec<JoinHandle<_>> = (0..WRITERS).map(|_| start()).collect();
        let joined = writers.into_iter().map(|writer| self.runtime.block_on(writer)?);
        let mut intake = work.gather(joined)?;
        intake.cpu = Cpu::of(std::process::id())?.since(before);
        self.runtime.block_on(self.store.close());
        Ok(intake)
    }
}
