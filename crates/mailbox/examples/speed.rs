//! How fast mailboxes are on this machine, on SQLite in a temporary folder, every delivery durable.
//!
//! ```text
//! cargo run --release -p mailbox --example speed [MESSAGES] [WRITERS]
//! ```

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use mailbox::{
    Columns, Cursor, Delivery, Destination, FlagAction, FlagChange, Flags, FolderId, Keywords,
    MIGRATIONS, MailboxId, Query, Role, UidSet, folders, mailboxes,
};
use store::{Engine, Options, Store};
use world::{Secret, World};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const MAILBOXES: usize = 100;
const RECIPIENTS: usize = 100;
/// How many different messages are made, before anything is measured.
const MESSAGES: usize = 100;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let messages = arguments.next().map_or(Ok(4000), |text| text.parse())?;
    let writers = arguments.next().map_or(Ok(16), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let engine = Engine::Sqlite { path: folder.path().join("store.db") };
    let blobs = folder.path().join("blobs");
    let options = Options::new(engine, blobs, Secret::new([7; 32]), World::system());
    let store = Store::open(options, &[MIGRATIONS]).await?;
    let ids = mailboxes(&store).await?;

    let corpus: Arc<[Bytes]> = (0..MESSAGES).map(|number| message(number).into()).collect();
    summarise(&corpus);
    deliver_each(&store, &ids, &corpus, messages, writers).await?;
    deliver_to_all(&store, &ids, &corpus[1]).await?;
    fill_one(&store, ids[0], &corpus[0], 1000).await?;
    read_one(&store, ids[0]).await?;
    store.close().await;
    Ok(())
}

async fn mailboxes(store: &Store) -> Outcome<Vec<MailboxId>> {
    let mut tx = store.write().await?;
    let mut ids = Vec::new();
    for number in 0..MAILBOXES {
        let owner = format!("u-{number}");
        let now = World::system().now();
        ids.push(mailboxes::provision(&mut tx, &owner, "m", 1 << 40, now).await?.id);
    }
    tx.commit().await?;
    Ok(ids)
}

/// 60 % of 4-8 KB, 30 % of 20-60 KB, 10 % of 200 KB-1 MB, as mail is.
fn message(number: usize) -> Vec<u8> {
    let size = match number % 10 {
        0..=5 => 4_000 + number * 37 % 4_000,
        6..=8 => 20_000 + number * 373 % 40_000,
        _ => 200_000 + number * 3_731 % 800_000,
    };
    let header = format!(
        "Received: from a.example.com by b.example.com; Mon, 2 Mar 2026 23:30:00 -0800\r\n\
         Date: Mon, 2 Mar 2026 23:30:00 -0800\r\nMessage-ID: <{number}@example.com>\r\n\
         From: Sender Number {number} <sender-{number}@example.com>\r\nTo: \"A, B\" <a@example.com>\r\n\
         Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {number}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n"
    );
    let mut message = header.into_bytes();
    let parts = ["text/plain; charset=utf-8", "text/html; charset=utf-8", "application/pdf"];
    for (index, kind) in parts.iter().enumerate() {
        message.extend(format!("--b{number}\r\nContent-Type: {kind}\r\n\r\n").bytes());
        while message.len() < size * (index + 1) / parts.len() {
            let word = message.len().wrapping_mul(0x9e37_79b9) ^ number;
            message.extend(format!("line {word:x} of {number} and a few words more\r\n").bytes());
        }
    }
    message.extend(format!("--b{number}--\r\n").bytes());
    message
}

fn report(what: &str, count: usize, took: Duration) {
    let each = took.as_secs_f64() * 1e6 / count as f64;
    println!("{what:<44} {count:>6} in {took:>10.2?}  {each:>9.1} us each");
}

fn summarise(corpus: &[Bytes]) {
    let start = Instant::now();
    let bytes: usize = corpus.iter().map(|m| mailbox::Summary::of(m).encode().len()).sum();
    let what = format!("summary ({} bytes stored)", bytes / corpus.len());
    report(&what, corpus.len(), start.elapsed());
}

async fn deliver(store: &Store, mailboxes: &[MailboxId], message: &Bytes) -> Outcome<()> {
    let prepared = mailbox::prepare(store, "m", message.clone()).await?;
    let now = World::system().now();
    let deliveries: Vec<_> = mailboxes
        .iter()
        .map(|mailbox| Delivery {
            mailbox: *mailbox,
            destination: Destination::Inbox,
            flags: Flags::NONE,
            keywords: const { &Keywords::none() },
            received_at: now,
            now,
        })
        .collect();
    let mut tx = store.write().await?;
    let body = mailbox::insert_body(&mut tx, &prepared).await?;
    for outcome in mailbox::deliver_all(&mut tx, &body, &deliveries).await? {
        outcome?;
    }
    Ok(tx.commit().await?)
}

async fn deliver_each(
    store: &Store,
    ids: &[MailboxId],
    corpus: &Arc<[Bytes]>,
    messages: usize,
    writers: usize,
) -> Outcome<()> {
    let ids: Arc<[MailboxId]> = ids.into();
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (store, ids, corpus) = (store.clone(), ids.clone(), corpus.clone());
            tokio::spawn(async move {
                for number in (writer..messages).step_by(writers) {
                    // A message of each size for each mailbox, not one size for one.
                    let message = &corpus[(number + number / ids.len()) % corpus.len()];
                    deliver(&store, &[ids[number % ids.len()]], message).await?;
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let took = start.elapsed();
    report(&format!("delivered durably, {writers} writers"), messages, took);
    println!("{:<44} {:>6.0} a second", "", messages as f64 / took.as_secs_f64());
    Ok(())
}

async fn deliver_to_all(store: &Store, ids: &[MailboxId], message: &Bytes) -> Outcome<()> {
    let start = Instant::now();
    deliver(store, &ids[..RECIPIENTS], message).await?;
    report("one message to many recipients", RECIPIENTS, start.elapsed());
    Ok(())
}

async fn fill_one(store: &Store, id: MailboxId, message: &Bytes, count: usize) -> Outcome<()> {
    for _ in 0..count {
        deliver(store, &[id], message).await?;
    }
    Ok(())
}

async fn inbox(store: &Store, id: MailboxId) -> Outcome<FolderId> {
    Ok(folders::by_role(&mut store.read().await?, id, Role::Inbox).await?.id)
}

async fn read_one(store: &Store, id: MailboxId) -> Outcome<()> {
    let folder = inbox(store, id).await?;
    let start = Instant::now();
    let opened = mailbox::open(&mut store.read().await?, folder).await?;
    report("open a folder", opened.entries.len(), start.elapsed());

    let start = Instant::now();
    let mut cursor = Cursor::new(folder, (1..=1000).map(mailbox::Uid).collect(), Columns::Summary);
    let mut count = 0;
    while let Some(batch) = cursor.next(&mut store.read().await?).await? {
        count += batch.len();
    }
    report("rows with summaries", count, start.elapsed());

    let start = Instant::now();
    let mut tx = store.write().await?;
    let (flags, keywords) = (Flags::SEEN, Keywords::none());
    let change = FlagChange { action: FlagAction::Add, flags, keywords };
    let all = UidSet::all();
    let done = mailbox::change_flags(&mut tx, folder, &all, &change, None).await?;
    tx.commit().await?;
    report("marked as seen", done.messages.len(), start.elapsed());

    for (what, query) in [
        ("searched by flag", Query::without(Flags::SEEN)),
        ("searched by subject", Query::Header("Subject".to_owned(), "grüße 0".to_owned())),
        ("searched by body", Query::Body("not there".to_owned())),
    ] {
        let start = Instant::now();
        mailbox::search(store, folder, &query).await?;
        report(what, opened.entries.len(), start.elapsed());
    }

    let start = Instant::now();
    let trash = folders::by_role(&mut store.read().await?, id, Role::Trash).await?.id;
    let mut tx = store.write().await?;
    let moved = mailbox::r#move(&mut tx, folder, &all, trash, World::system().now()).await?;
    tx.commit().await?;
    report("moved", moved.pairs.len(), start.elapsed());
    Ok(())
}
