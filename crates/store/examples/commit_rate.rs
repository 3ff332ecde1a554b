//! How many durable commits per second: `cargo run --release -p store --example commit_rate [FOLDER]`.
//!
//! Each commit keeps one body of 38 KB and three rows, as the delivery of a message would. Writers run at once, each
//! waiting for its commit before the next. One line per number of writers; then what a snapshot costs.
//! The folder should be on the disk that is to be measured; it is left empty.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use bytes::Bytes;
use store::{DataKey, Engine, Error, Migration, Options, Store, params};
use tokio::task::JoinSet;
use world::{Secret, World};

const TABLES: &[Migration] = &[Migration {
    name: "bench-0001",
    sql: "CREATE TABLE messages (id INTEGER PRIMARY KEY, body BLOB NOT NULL, size INTEGER NOT NULL);
          CREATE TABLE items (folder INTEGER NOT NULL, uid INTEGER NOT NULL, message INTEGER NOT NULL
                              REFERENCES messages (id), PRIMARY KEY (folder, uid)) WITHOUT ROWID;
          CREATE TABLE folders (id INTEGER PRIMARY KEY, uid_next INTEGER NOT NULL)",
}];

const RUN: Duration = Duration::from_secs(3);
const BODY_BYTES: usize = 38 * 1024;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let base = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    for writers in [1, 4, 16, 64] {
        let folder = base.join(format!("chancery-commit-rate-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        measure(&folder, writers).await?;
        std::fs::remove_dir_all(&folder).unwrap();
    }
    Ok(())
}

async fn measure(folder: &std::path::Path, writers: i64) -> Result<(), Error> {
    let engine = match std::env::var("CHANCERY_TEST_POSTGRES") {
        Ok(url) => Engine::Postgres { url },
        Err(_) => Engine::Sqlite { path: folder.join("store.db") },
    };
    let options = Options::new(engine, folder.join("blobs"), Secret::new([7; 32]), World::system());
    let store = Store::open(options, &[TABLES]).await?;
    let mut tx = store.write().await?;
    let key = store.keyring().data_key(&mut tx, "bench").await?;
    for table in ["items", "messages", "folders"] {
        tx.execute(&format!("DELETE FROM {table}"), params![]).await?;
    }
    for folder in 0..writers {
        tx.execute("INSERT INTO folders (id, uid_next) VALUES ($1, 1)", params![folder]).await?;
    }
    tx.commit().await?;
    let commits = commit_for_a_while(&store, &key, writers).await;
    let per_second = commits as f64 / RUN.as_secs_f64();
    println!("{writers:3} writers: {per_second:7.0} commits/s, {:5.2} ms each", {
        1000.0 * writers as f64 / per_second
    });
    time_snapshots(&store).await?;
    store.close().await;
    Ok(())
}

async fn commit_for_a_while(store: &Store, key: &DataKey, writers: i64) -> usize {
    let end = Instant::now() + RUN;
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let (store, key) = (store.clone(), key.clone());
        tasks.spawn(async move {
            let mut commits = 0;
            while Instant::now() < end {
                match deliver(&store, &key, writer, commits).await {
                    Ok(()) => commits += 1,
                    Err(error) => assert!(error.is_conflict(), "{error}"),
                }
            }
            commits as usize
        });
    }
    tasks.join_all().await.into_iter().sum()
}

async fn deliver(store: &Store, key: &DataKey, folder: i64, count: i64) -> Result<(), Error> {
    let body = store.blobs().put(key, letter()).await?;
    let mut tx = store.write().await?;
    let sql = "UPDATE folders SET uid_next = uid_next + 1 WHERE id = $1 RETURNING uid_next";
    let uid: Option<i64> = tx.row(sql, params![folder], |row| row.get(0)).await?;
    let id = folder * 1_000_000 + count;
    let sql = "INSERT INTO messages (id, body, size) VALUES ($1, $2, $3)";
    tx.execute(sql, params![id, body.to_bytes(), body.len()]).await?;
    let sql = "INSERT INTO items (folder, uid, message) VALUES ($1, $2, $3)";
    tx.execute(sql, params![folder, uid, id]).await?;
    tx.commit().await
}

/// Half noise, half words: about as compressible as mail.
fn letter() -> Bytes {
    let noise = World::system().random_bytes::<{ BODY_BYTES / 2 }>();
    let words = b"and the letter went on, ".iter().copied().cycle();
    noise.into_iter().chain(words).take(BODY_BYTES).collect()
}

async fn time_snapshots(store: &Store) -> Result<(), Error> {
    const READS: u32 = 20_000;
    let start = Instant::now();
    for id in 0..READS {
        let mut snapshot = store.read().await?;
        let sql = "SELECT size FROM messages WHERE id = $1";
        snapshot.row(sql, params![id % 100], |row| row.get::<i64>(0)).await?;
    }
    println!(
        "             {:.2} µs for a snapshot and a row",
        start.elapsed().as_secs_f64() * 1e6 / f64::from(READS)
    );
    Ok(())
}
