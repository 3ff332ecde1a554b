//! A disk that is really full. Runs where `CHANCERY_TEST_SMALL_DISK` names a folder on a file system of a few
//! megabytes that the test may fill:
//!
//! ```sh
//! mount -t tmpfs -o size=8m none /mnt && CHANCERY_TEST_SMALL_DISK=/mnt cargo test -p store --test full_disk
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use bytes::Bytes;
use store::{BlobRef, DataKey, Error, Migration, Store, params, testing};
use world::World;

const TABLES: &[Migration] = &[Migration {
    name: "test-0001",
    sql: "CREATE TABLE letters (id INTEGER PRIMARY KEY, body BLOB NOT NULL, filler BLOB NOT NULL)",
}];

const BALLAST_BYTES: usize = 2 * 1024 * 1024;

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_with_room_it_goes_on() {
    let Some(disk) = std::env::var_os("CHANCERY_TEST_SMALL_DISK").map(PathBuf::from) else {
        eprintln!("skipped: CHANCERY_TEST_SMALL_DISK names no folder");
        return;
    };
    for filler_bytes in [10, 2_000, 30_000] {
        let folder = tempfile::tempdir_in(&disk).unwrap();
        let ballast = folder.path().join("ballast");
        std::fs::write(&ballast, vec![1; BALLAST_BYTES]).unwrap();
        let store = Store::open(testing::options(folder.path()), &[TABLES]).await.unwrap();
        let mut tx = store.write().await.unwrap();
        let key = store.keyring().data_key(&mut tx, "org").await.unwrap();
        tx.commit().await.unwrap();

        let first = fill(&store, &key, 0, filler_bytes).await;
        check(&store, &key, first).await;
        std::fs::remove_file(ballast).unwrap();
        let second = fill(&store, &key, first, filler_bytes).await;
        assert!(second > first + 10, "{first} letters, then {second}");
        check(&store, &key, second).await;
        store.close().await;
    }
}

/// Commits letters until a few in a row fail; gives the next id.
async fn fill(store: &Store, key: &DataKey, mut id: i64, filler_bytes: usize) -> i64 {
    let mut failures = 0;
    while failures < 5 {
        match add_letter(store, key, id, filler_bytes).await {
            Ok(()) => (id, failures) = (id + 1, 0),
            Err(error) => {
                assert!(error.is_full(), "{error}");
                failures += 1;
            }
        }
    }
    id
}

async fn add_letter(
    store: &Store,
    key: &DataKey,
    id: i64,
    filler_bytes: usize,
) -> Result<(), Error> {
    let body = store.blobs().put(key, letter(id)).await?;
    let mut filler = vec![0; filler_bytes];
    filler[0] = World::system().random_bytes::<1>()[0];
    let mut tx = store.write().await?;
    let sql = "INSERT INTO letters (id, body, filler) VALUES ($1, $2, $3)";
    tx.execute(sql, params![id, body.to_bytes(), filler]).await?;
    tx.commit().await
}

async fn check(store: &Store, key: &DataKey, count: i64) {
    let mut snapshot = store.read().await.unwrap();
    let sql = "SELECT id, body FROM letters ORDER BY id";
    let letters: Vec<(i64, BlobRef)> = snapshot
        .rows(sql, params![], |row| Ok((row.get(0)?, BlobRef::from_bytes(row.get(1)?)?)))
        .await
        .unwrap();
    assert_eq!(letters.len() as i64, count);
    for (id, body) in letters {
        assert_eq!(store.blobs().get(key, &body).await.unwrap(), letter(id));
    }
}

/// What cannot be made smaller.
fn letter(id: i64) -> Bytes {
    let mut state = id as u64 + 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(7_000).collect()
}
