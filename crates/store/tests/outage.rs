//! PostgreSQL goes away and comes back. Runs where `CHANCERY_TEST_POSTGRES` names a server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use store::{Change, Engine, Error, Migration, Store, params, testing};
use tokio_postgres::NoTls;

const TABLES: &[Migration] =
    &[Migration { name: "test-0001", sql: "CREATE TABLE rows (id INTEGER PRIMARY KEY)" }];

#[tokio::test]
async fn lost_connections_are_told_and_made_again() {
    let Some(server) = testing::server() else { return };
    let store = testing::on_postgres(&server, &[TABLES]).await;
    let mut changes = store.subscribe();
    let mut tx = store.write().await.unwrap();
    insert(&mut tx, 1).await.unwrap();
    let mut snapshot = store.read().await.unwrap();
    assert_eq!(snapshot.rows("SELECT id FROM rows", params![], |_| Ok(())).await.unwrap().len(), 0);

    cut_all_connections(&store.options().engine).await;
    assert!(insert(&mut tx, 2).await.unwrap_err().is_unavailable());
    assert!(matches!(tx.commit().await, Err(Error::Aborted(_))));
    let lost = snapshot.rows("SELECT id FROM rows", params![], |_| Ok(())).await;
    assert!(lost.unwrap_err().is_unavailable());
    drop(snapshot);

    let mut tx = store.write().await.unwrap();
    insert(&mut tx, 3).await.unwrap();
    assert_eq!(tx.next_id("numbers").await.unwrap(), 1);
    tx.commit().await.unwrap();
    let mut snapshot = store.read().await.unwrap();
    let ids: Vec<i64> =
        snapshot.rows("SELECT id FROM rows", params![], |row| row.get(0)).await.unwrap();
    assert_eq!(ids, [3]);
    let missed =
        tokio::time::timeout(Duration::from_secs(20), changes.recv()).await.unwrap().unwrap();
    assert_eq!(missed.topic, Change::MISSED, "notices may have been lost");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_as_such() {
    let engine = Engine::Postgres { url: "postgres://nobody@127.0.0.1:1/nothing".to_owned() };
    let folder = tempfile::tempdir().unwrap();
    let options = store::Options { engine, ..testing::options(folder.path()) };
    assert!(Store::open(options, &[TABLES]).await.unwrap_err().is_unavailable());
}

async fn insert(tx: &mut store::Transaction, id: i64) -> Result<u64, Error> {
    tx.execute("INSERT INTO rows (id) VALUES ($1)", params![id]).await
}

async fn cut_all_connections(engine: &Engine) {
    let Engine::Postgres { url } = engine else { panic!("not on PostgreSQL") };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    client.query(sql, &[]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
}
