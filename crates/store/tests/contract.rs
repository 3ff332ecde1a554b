//! What the store promises, on every engine.

use store::{Migration, params, testing};

const TABLES: &[Migration] = &[Migration {
    name: "test-0001",
    sql: "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, note BLOB)",
}];

#[tokio::test]
async fn committed_rows_are_seen_and_dropped_ones_are_not() {
    let store = testing::open(&[TABLES]).await;
    let mut tx = store.write().await.unwrap();
    tx.execute("INSERT INTO people (id, name) VALUES ($2, $1)", params!["ann", 1_i64])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    tx.execute("INSERT INTO people (id, name) VALUES ($1, $2)", params![2_i64, "bob"])
        .await
        .unwrap();
    drop(tx);
    let mut snapshot = store.read().await.unwrap();
    let names: Vec<(i64, String)> = snapshot
        .rows("SELECT id, name FROM people", params![], |row| Ok((row.get(0)?, row.get(1)?)))
        .await
        .unwrap();
    assert_eq!(names, [(1, "ann".to_owned())]);
}
