//! What is left when the disk fails, and in which order things reach it.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;
use tokio::task::JoinSet;
use world::World;

use super::*;
use crate::{Migration, error::Cause, params};

const TABLES: &[Migration] = &[Migration {
    name: "test-0001",
    sql: "CREATE TABLE rows (id INTEGER PRIMARY KEY, filler TEXT)",
}];

/// A disk that counts its syncs and does something at each.
struct Disk<F> {
    syncs: AtomicUsize,
    at_sync: F,
}

impl<F: Fn(usize) -> Result<(), Error> + Send + Sync> Durable for Disk<F> {
    fn sync(&self) -> Result<(), Error> {
        (self.at_sync)(self.syncs.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

fn disk<F: Fn(usize) -> Result<(), Error> + Send + Sync + 'static>(at_sync: F) -> Arc<Disk<F>> {
    Arc::new(Disk { syncs: AtomicUsize::new(0), at_sync })
}

fn open(path: &Path, bodies: Arc<dyn Durable>) -> Arc<Sqlite> {
    let plan = Plan::new(&[TABLES]).unwrap();
    let world = World::system();
    Arc::new(Sqlite::open(path, 4, &plan, bodies, Changes::new(), &world).unwrap())
}

async fn insert(sqlite: &Sqlite, id: i64, filler: &str) -> Result<(), Error> {
    let mut session = sqlite.write().await?;
    session.execute("INSERT INTO rows (id, filler) VALUES ($1, $2)", params![id, filler])?;
    session.commit(Vec::new()).await
}

async fn ids(sqlite: &Sqlite) -> Vec<i64> {
    let mut session = sqlite.read().await.unwrap();
    session
        .rows("SELECT id FROM rows ORDER BY id", params![], usize::MAX, |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn after_a_failed_sync_nothing_more_is_written() {
    for failing in 1..=6 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let bodies = disk(move |sync| match sync == failing {
            true => Err(Error::Poisoned(Cause::new("the disk is gone"))),
            false => Ok(()),
        });
        let sqlite = open(&path, bodies);
        let mut acknowledged = Vec::new();
        for id in 1..=10 {
            match insert(&sqlite, id, "").await {
                Ok(()) => acknowledged.push(id),
                Err(error) => assert!(matches!(error, Error::Poisoned(_)), "{error}"),
            }
        }
        assert_eq!(acknowledged.len(), failing - 1);
        assert_eq!(ids(&sqlite).await, acknowledged, "reading goes on");
        assert_eq!(ids(&open(&path, disk(|_| Ok(())))).await, acknowledged, "opened anew");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_group_fails_for_each_of_its_members() {
    let folder = tempfile::tempdir().unwrap();
    let bodies = disk(|sync| {
        // Long enough for some to gather behind the first that fails.
        std::thread::sleep(Duration::from_millis(30));
        if sync > 1 { Err(Error::Poisoned(Cause::new("the disk is gone"))) } else { Ok(()) }
    });
    let sqlite = open(&folder.path().join("store.db"), bodies);
    insert(&sqlite, 100, "").await.unwrap();
    let mut tasks = JoinSet::new();
    for id in 0..20 {
        let sqlite = Arc::clone(&sqlite);
        tasks.spawn(async move { insert(&sqlite, id, "").await.map(|()| id) });
    }
    let failed = tasks.join_all().await;
    assert!(failed.iter().all(|done: &Result<i64, _>| matches!(done, Err(Error::Poisoned(_)))));
    assert_eq!(failed.len(), 20);
    assert_eq!(ids(&sqlite).await, [100]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_reach_the_disk_before_the_rows_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let counted = Arc::new(Mutex::new(Vec::new()));
    let (seen, other) = (Arc::clone(&counted), path.clone());
    let count = move || -> i64 {
        let connection = Connection::open(&other).unwrap();
        connection.query_row("SELECT COUNT(*) FROM rows", [], |row| row.get(0)).unwrap()
    };
    let at_sync = count.clone();
    let sqlite = open(
        &path,
        disk(move |_| {
            seen.lock().unwrap().push(at_sync());
            Ok(())
        }),
    );
    for id in 0..3 {
        insert(&sqlite, id, "").await.unwrap();
        assert_eq!(count(), id + 1, "acknowledged and committed");
    }
    assert_eq!(*counted.lock().unwrap(), [0, 1, 2], "each sync came before its row");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_share_a_sync() {
    let folder = tempfile::tempdir().unwrap();
    let bodies = disk(|_| {
        std::thread::sleep(Duration::from_millis(20));
        Ok(())
    });
    let sqlite = open(&folder.path().join("store.db"), Arc::clone(&bodies) as Arc<dyn Durable>);
    let mut tasks = JoinSet::new();
    for id in 0..100 {
        let sqlite = Arc::clone(&sqlite);
        tasks.spawn(async move { insert(&sqlite, id, "").await.unwrap() });
    }
    tasks.join_all().await;
    let syncs = bodies.syncs.load(Ordering::SeqCst);
    assert!((1..=20).contains(&syncs), "{syncs} syncs for 100 commits");
    assert_eq!(ids(&sqlite).await.len(), 100);
}

/// SQLite itself says that it is full, at any point of a statement or of the commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_acknowledged_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let sqlite = open(&path, disk(|_| Ok(())));
    let mut acknowledged = Vec::new();
    for round in 0..20 {
        limit_pages(&sqlite, 18 + round * 5).await;
        let mut tasks = JoinSet::new();
        for lane in 0..8 {
            let sqlite = Arc::clone(&sqlite);
            let id = round * 100 + lane;
            tasks.spawn(async move {
                let filler = "x".repeat(2000 * (1 + lane as usize % 4));
                insert(&sqlite, id, &filler).await.map(|()| id)
            });
        }
        for done in tasks.join_all().await {
            match done {
                Ok(id) => acknowledged.push(id),
                Err(error) => assert!(error.is_full(), "{error}"),
            }
        }
    }
    acknowledged.sort_unstable();
    assert!(acknowledged.len() < 160, "never full");
    assert_eq!(ids(&sqlite).await, acknowledged);
    limit_pages(&sqlite, 100_000).await;
    insert(&sqlite, 5000, "").await.unwrap();
}

async fn limit_pages(sqlite: &Sqlite, pages: i64) {
    let mut turn = Lane::turn(&sqlite.lane).await.unwrap();
    let connection = turn.writer().unwrap().connection.get();
    let set = format!("PRAGMA max_page_count = {pages}");
    connection.query_row(&set, [], |row| row.get::<_, i64>(0)).unwrap();
}

/// As the command line does while the server runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_may_write_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let sides = [open(&path, disk(|_| Ok(()))), open(&path, disk(|_| Ok(())))];
    let mut tasks = JoinSet::new();
    for id in 0..60 {
        let side = Arc::clone(&sides[id as usize % 2]);
        tasks.spawn(async move { insert(&side, id, "").await.unwrap() });
    }
    tasks.join_all().await;
    for side in &sides {
        assert_eq!(ids(side).await, (0..60).collect::<Vec<_>>());
    }
}

/// A caller that gives up while another process holds the database leaves no transaction open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_waiting_for_another_process_leaves_nothing_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let sqlite = open(&path, disk(|_| Ok(())));
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(20), sqlite.write()).await;
    assert!(given_up.is_err(), "the other process still writes");
    assert_eq!(ids(&sqlite).await, [0_i64; 0], "readers do not wait");
    other.execute_batch("COMMIT").unwrap();
    insert(&sqlite, 1, "").await.unwrap();
    assert_eq!(ids(&sqlite).await, [1]);
}
