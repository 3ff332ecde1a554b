//! Throw-away stores for the tests of all rooms.
//!
//! ```ignore
//! let store = store::testing::open(&[MIGRATIONS]).await;
//! let mut tx = store.write().await?;
//! ```
//!
//! They are on SQLite in a temporary folder. With the environment variable `CHANCERY_TEST_POSTGRES`, the URL of a
//! server on which databases may be made, each is a new database there, dropped at the end; `tests/with-postgres`
//! starts such a server for a command.
//!
//! What cannot be set up panics: then no test can run.
#![allow(clippy::expect_used)]

use std::{ops::Deref, path::Path, thread};

use tempfile::TempDir;
use tokio_postgres::NoTls;
use world::{Secret, World};

use crate::{Engine, Migration, Options, Store};

/// Names the server that tests may use.
const SERVER: &str = "CHANCERY_TEST_POSTGRES";

/// A store that goes away with this value. Drop its snapshots and transactions first.
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    options: Options,
    folder: TempDir,
    /// Dropped last, when nothing is connected any more.
    _database: Option<Database>,
}

/// A database on the server for tests.
#[derive(Debug)]
struct Database {
    server: String,
    name: String,
}

/// A new store with these tables, on the engine that the tests run on.
pub async fn open(migrations: &[&[Migration]]) -> TestStore {
    match server() {
        Some(server) => on_postgres(&server, migrations).await,
        None => on_sqlite(migrations).await,
    }
}

/// A new store with these tables, on SQLite.
pub async fn on_sqlite(migrations: &[&[Migration]]) -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = options(folder.path());
    let store = Store::open(options.clone(), migrations).await.expect("a store on SQLite");
    TestStore { store, options, folder, _database: None }
}

/// A new store with these tables, on the PostgreSQL server at a URL.
pub async fn on_postgres(server: &str, migrations: &[&[Migration]]) -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = format!("chancery_test_{}", World::system().random_hex::<8>());
    run(server, &format!("CREATE DATABASE {name}")).await;
    let (start, _) = server.rsplit_once('/').expect("a URL that ends with a database");
    let engine = Engine::Postgres { url: format!("{start}/{name}") };
    let options = Options { engine, ..options(folder.path()) };
    let store = Store::open(options.clone(), migrations).await.expect("a store on PostgreSQL");
    let database = Some(Database { server: server.to_owned(), name });
    TestStore { store, options, folder, _database: database }
}

/// The URL of the PostgreSQL server that tests may use, if there is one.
pub fn server() -> Option<String> {
    std::env::var(SERVER).ok().filter(|server| !server.is_empty())
}

/// Options for a SQLite store in a folder, with a fixed master key.
pub fn options(folder: &Path) -> Options {
    let engine = Engine::Sqlite { path: folder.join("store.db") };
    Options::new(engine, folder.join("blobs"), Secret::new([7; 32]), World::system())
}

impl TestStore {
    /// The folder that goes away with the store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How to open the same store once more.
    pub fn options(&self) -> Options {
        self.options.clone()
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Drop for Database {
    /// On a thread of its own, for this one may be inside a runtime.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            runtime.expect("a runtime").block_on(run(&server, &drop));
        });
        dropping.join().ok();
    }
}

async fn run(server: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, NoTls).await.expect("the PostgreSQL server for tests");
    let driven = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("a database on the server for tests");
    drop(client);
    driven.await.ok();
}
