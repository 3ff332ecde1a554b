//! A process that is killed loses nothing that it acknowledged.
//!
//! A child process commits and says so, line by line; it is killed at some moment; what it said must be there. The
//! kill takes the process, not the machine, so what this proves is that nothing waits in memory of ours after an
//! acknowledgement, and that a store opens after any interruption. The order in which things reach the disk is
//! tested where the engine is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use store::{BlobRef, Migration, Store, params, testing};
use tokio::task::JoinSet;
use world::World;

const TABLES: &[Migration] = &[Migration {
    name: "test-0001",
    sql: "CREATE TABLE letters (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
          CREATE TABLE names (letter INTEGER PRIMARY KEY REFERENCES letters (id), name TEXT NOT NULL)",
}];

/// Where the child finds its store.
const FOLDER: &str = "CHANCERY_CRASH_FOLDER";

const ROUNDS: u64 = 20;

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<i64> = Vec::new();
    for round in 0..ROUNDS {
        acknowledged.extend(run_and_kill(folder.path(), Duration::from_millis(3 * round)));
        check(folder.path(), &acknowledged).await;
    }
    assert!(acknowledged.len() > ROUNDS as usize, "the children did no work");
}

/// The ids that a child acknowledged before it was killed, a while after its first.
fn run_and_kill(folder: &Path, while_running: Duration) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_commits_until_it_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let id = |line: Option<std::io::Result<String>>| -> Option<Option<i64>> {
        // A line that the kill cut short acknowledges nothing.
        let line = line?.ok()?;
        Some(line.strip_prefix("acknowledged ").and_then(|id| id.strip_suffix('.')?.parse().ok()))
    };
    let mut acknowledged = Vec::new();
    while acknowledged.is_empty() {
        acknowledged.extend(id(lines.next()).expect("the child commits something"));
    }
    std::thread::sleep(while_running);
    child.kill().unwrap();
    child.wait().unwrap();
    while let Some(more) = id(lines.next()) {
        acknowledged.extend(more);
    }
    acknowledged
}

/// Every acknowledged letter is there; every letter that is there is whole.
async fn check(folder: &Path, acknowledged: &[i64]) {
    let store = Store::open(testing::options(folder), &[TABLES]).await.unwrap();
    let mut snapshot = store.read().await.unwrap();
    let key = store.keyring().existing_data_key(&mut snapshot, "org").await.unwrap().unwrap();
    let sql = "SELECT id, body, name FROM letters LEFT JOIN names ON letter = id";
    let letters: Vec<(i64, BlobRef, String)> = snapshot
        .rows(sql, params![], |row| {
            Ok((row.get(0)?, BlobRef::from_bytes(row.get(1)?)?, row.get(2)?))
        })
        .await
        .unwrap();
    drop(snapshot);
    for id in acknowledged {
        assert!(letters.iter().any(|letter| letter.0 == *id), "letter {id} was lost");
    }
    for (id, body, name) in letters {
        assert_eq!(store.blobs().get(&key, &body).await.unwrap(), letter(id));
        assert_eq!(name, id.to_string());
    }
    store.close().await;
}

fn letter(id: i64) -> Bytes {
    format!("letter {id}, ").repeat(1 + id as usize % 3000).into()
}

/// Does nothing unless it is started as the child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_commits_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = Store::open(testing::options(Path::new(&folder)), &[TABLES]).await.unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        writers.spawn(async move {
            loop {
                println!("acknowledged {}.", commit_letter(&store).await);
            }
        });
    }
    writers.join_all().await;
}

async fn commit_letter(store: &Store) -> i64 {
    let id = i64::from(u32::from_le_bytes(World::system().random_bytes()));
    let mut tx = store.write().await.unwrap();
    let key = store.keyring().data_key(&mut tx, "org").await.unwrap();
    tx.commit().await.unwrap();
    let body = store.blobs().put(&key, letter(id)).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let sql = "INSERT INTO letters (id, body) VALUES ($1, $2)";
    tx.execute(sql, params![id, body.to_bytes()]).await.unwrap();
    let sql = "INSERT INTO names (letter, name) VALUES ($1, $2)";
    tx.execute(sql, params![id, id.to_string()]).await.unwrap();
    tx.commit().await.unwrap();
    id
}
