//! Stores that earlier versions wrote still open, and read the same.
//!
//! The fixture of a format is never changed. `CHANCERY_MAKE_FIXTURES=1` makes the one of the present format where it
//! is missing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{fs, path::Path};

use bytes::Bytes;
use store::{BlobRef, Migration, Options, Store, params, testing};

const TABLES: &[Migration] = &[Migration {
    name: "fixture-0001",
    sql: "CREATE TABLE letters (id INTEGER PRIMARY KEY, body BLOB NOT NULL, sealed BLOB NOT NULL)",
}];

/// Formats: rows of `store-0001-base`, records `CBR1`, references and seals of version 1.
const PRESENT: &str = "tests/fixtures/v1";

#[tokio::test]
async fn the_first_format_is_read() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(PRESENT);
    if std::env::var_os("CHANCERY_MAKE_FIXTURES").is_some() && !fixture.exists() {
        make(&fixture).await;
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture, folder.path());

    let store = Store::open(testing::options(folder.path()), &[TABLES]).await.unwrap();
    let mut snapshot = store.read().await.unwrap();
    let key = store.keyring().existing_data_key(&mut snapshot, "org").await.unwrap().unwrap();
    let sql = "SELECT body, sealed FROM letters ORDER BY id";
    let rows: Vec<(BlobRef, Vec<u8>)> = snapshot
        .rows(sql, params![], |row| Ok((BlobRef::from_bytes(row.get(0)?)?, row.get(1)?)))
        .await
        .unwrap();
    assert_eq!(rows.len(), letters().len());
    for ((body, sealed), letter) in rows.iter().zip(letters()) {
        assert_eq!(store.blobs().get(&key, body).await.unwrap(), letter);
        assert_eq!(store.keyring().open("letter", sealed).unwrap().expose(), b"sealed");
    }
    drop(snapshot);
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.next_id("letters").await.unwrap(), 3);
}

/// The second is stored compressed.
fn letters() -> [Bytes; 2] {
    [Bytes::from_static(b"a short letter"), b"a letter that repeats itself. ".repeat(100).into()]
}

async fn make(fixture: &Path) {
    fs::create_dir_all(fixture).unwrap();
    let options: Options = testing::options(fixture);
    let store = Store::open(options, &[TABLES]).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let key = store.keyring().data_key(&mut tx, "org").await.unwrap();
    for letter in letters() {
        let body = store.blobs().put(&key, letter).await.unwrap().to_bytes();
        let sealed = store.keyring().seal("letter", b"sealed").unwrap();
        let id = tx.next_id("letters").await.unwrap();
        let sql = "INSERT INTO letters (id, body, sealed) VALUES ($1, $2, $3)";
        tx.execute(sql, params![id, body, sealed]).await.unwrap();
    }
    tx.commit().await.unwrap();
    store.close().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).expect("the fixture") {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
