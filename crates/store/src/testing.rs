//! Throw-away stores for the tests of all rooms.
//!
//! ```ignore
//! let store = store::testing::open(&[MIGRATIONS]).await;
//! let mut tx = store.write().await?;
//! ```
//!
//! They are on SQLite in a temporary folder; with the environment variable `CHANCERY_TEST_POSTGRES`, the URL
//! of a server on which databases may be made, each is a new database there, dropped at the end.

use std::{ops::Deref, path::Path};

use tempfile::TempDir;
use world::{Secret, World};

use crate::{Engine, Migration, Options, Store};

/// A store that goes away with this value.
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    folder: TempDir,
}

/// A new store with these tables, on the engine that the tests run on.
///
/// # Panics
/// If it cannot be made: then no test can run.
#[allow(clippy::expect_used)]
pub async fn open(migrations: &[&[Migration]]) -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(options(folder.path()), migrations).await.expect("a store");
    TestStore { store, folder }
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
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}
