//! The cases of the contract, and what they share.

pub(crate) mod bodies;
pub(crate) mod changes;
pub(crate) mod keys;
pub(crate) mod migrations;
pub(crate) mod pool;
pub(crate) mod transactions;
pub(crate) mod values;

use store::{Error, Migration, Store, Transaction, params};

pub(crate) const TABLES: &[Migration] = &[Migration {
    name: "test-0001-tables",
    sql: "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
          CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES people (id),
                             age INTEGER CHECK (age >= 0));
          CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
          CREATE TABLE things (id INTEGER PRIMARY KEY, number INTEGER, text TEXT, bytes BLOB, real REAL);
          INSERT INTO counters (name, value) VALUES ('shared', 0)",
}];

/// Attempts of an operation that conflicts with others.
const ATTEMPTS_MAX: usize = 1000;

pub(crate) async fn add_person(tx: &mut Transaction, id: i64, name: &str) -> Result<u64, Error> {
    tx.execute("INSERT INTO people (id, name) VALUES ($1, $2)", params![id, name]).await
}

pub(crate) async fn committed_person(store: &Store, id: i64, name: &str) -> Result<(), Error> {
    for _ in 0..ATTEMPTS_MAX {
        let mut tx = store.write().await?;
        let done = match add_person(&mut tx, id, name).await {
            Ok(_) => tx.commit().await,
            Err(error) => Err(error),
        };
        match done {
            Err(error) if error.is_conflict() => tokio::task::yield_now().await,
            other => return other,
        }
    }
    panic!("always a conflict");
}

pub(crate) async fn names(store: &Store) -> Vec<String> {
    let mut snapshot = store.read().await.unwrap();
    let sql = "SELECT name FROM people ORDER BY id";
    snapshot.rows(sql, params![], |row| row.get(0)).await.unwrap()
}
