//! The store itself: opening it, and what it gives.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::broadcast;
use world::{Secret, World};

use crate::{
    Blobs, Change, Error, Keyring, Migration, Snapshot, Transaction, change::Changes,
    migration::Plan, postgres::Postgres, sqlite::Sqlite,
};

/// Which engine keeps the rows, and where.
#[derive(Clone)]
pub enum Engine {
    /// A file of this machine. Two processes may have it open; only one writes at a time.
    Sqlite {
        /// The database file; made when it is not there.
        path: PathBuf,
    },
    /// A PostgreSQL server, reached without TLS: over a local socket or a network that is trusted.
    Postgres {
        /// `postgres://user:password@host:port/database`, or the key-value form of libpq.
        url: String,
    },
}

/// Snapshots, or PostgreSQL connections, at one time unless said otherwise; more callers wait in line.
pub const CONNECTIONS_MAX: usize = 16;

/// How long a caller waits for a snapshot or a transaction.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// Attempts to leave the mark of the master key in a new store.
const MARK_TRIES_MAX: usize = 20;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the rows are.
    pub engine: Engine,
    /// The folder of the packs that hold bodies; made when it is not there.
    pub blobs: PathBuf,
    /// 32 bytes that seal everything secret. Without them what is stored cannot be read.
    pub master_key: Secret,
    /// Clock and random source.
    pub world: World,
    /// Snapshots (SQLite) or connections (PostgreSQL) at one time.
    pub connections_max: usize,
}

impl Options {
    /// With the usual bounds.
    pub fn new(
        engine: Engine,
        blobs: impl Into<PathBuf>,
        master_key: Secret,
        world: World,
    ) -> Self {
        Self { engine, blobs: blobs.into(), master_key, world, connections_max: CONNECTIONS_MAX }
    }
}

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Parts>);

struct Parts {
    rows: Rows,
    keyring: Keyring,
    blobs: Blobs,
    changes: Changes,
}

enum Rows {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the store, making it when it is not there, and applies the migrations that are pending: the
    /// store's own, then those of each room in the order given.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the place cannot be reached, [`Error::Migration`] if a newer program wrote it,
    /// [`Error::Sealed`] if it was made with another master key.
    pub async fn open(options: Options, migrations: &[&[Migration]]) -> Result<Self, Error> {
        let plan = Plan::new(migrations)?;
        let keyring = Keyring::new(&options.master_key, options.world.clone())?;
        let blobs = Blobs::open(&options.blobs, options.world.clone())?;
        let changes = Changes::new();
        let rows = Rows::open(&options, &plan, &blobs, &changes).await?;
        let store = Self(Arc::new(Parts { rows, keyring, blobs, changes }));
        store.check_master_key().await?;
        Ok(store)
    }

    /// A consistent view of what is committed. Waits when all connections are in use. Whoever holds a snapshot or a
    /// transaction must not wait for another: it may be waiting for itself.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store is closed or cannot be reached, or all is in use for
    /// [`WAIT_MAX`] long.
    pub async fn read(&self) -> Result<Snapshot, Error> {
        in_time(async {
            match &self.0.rows {
                Rows::Sqlite(sqlite) => sqlite.read().await.map(Snapshot::sqlite),
                Rows::Postgres(postgres) => postgres.read().await.map(Snapshot::postgres),
            }
        })
        .await
    }

    /// A new transaction. On SQLite it waits for its turn, in the order of the calls.
    ///
    /// # Errors
    /// [`Error::Unavailable`] as for [`read`](Self::read); [`Error::Poisoned`] after a failed sync.
    pub async fn write(&self) -> Result<Transaction, Error> {
        in_time(async {
            match &self.0.rows {
                Rows::Sqlite(sqlite) => sqlite.write().await.map(Transaction::sqlite),
                Rows::Postgres(postgres) => postgres.write().await.map(Transaction::postgres),
            }
        })
        .await
    }

    /// The notices of committed changes from now on: of this process and, on PostgreSQL, of all other nodes.
    /// A notice under [`Change::MISSED`], like a lagging receiver, means that some were lost.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// What seals secrets.
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// Where bodies are kept.
    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// Ends it in good order: waits for the transactions before this call, though not longer than [`WAIT_MAX`], and
    /// refuses later ones.
    pub async fn close(&self) {
        let closing = async {
            match &self.0.rows {
                Rows::Sqlite(sqlite) => sqlite.close().await,
                Rows::Postgres(postgres) => postgres.close().await,
            }
        };
        if tokio::time::timeout(WAIT_MAX, closing).await.is_err() {
            tracing::warn!("the store is closed though some still use it");
        }
        self.blobs().close();
    }

    /// A store remembers a seal of its first master key, so that a wrong key is found at once.
    async fn check_master_key(&self) -> Result<(), Error> {
        for _ in 0..MARK_TRIES_MAX {
            match self.try_check_master_key().await {
                // Another node opens the same new store.
                Err(error) if error.is_conflict() => tracing::debug!(%error, "marking a new store"),
                done => return done,
            }
        }
        Err(Error::unavailable("too many nodes open a new store at once"))
    }

    async fn try_check_master_key(&self) -> Result<(), Error> {
        if self.keyring().fits(&mut self.read().await?).await? {
            return Ok(());
        }
        let mut tx = self.write().await?;
        self.keyring().leave_mark(&mut tx).await?;
        tx.commit().await
    }
}

/// Gives up waiting in line when it takes too long.
async fn in_time<T>(begin: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Error::unavailable("all connections are in use for too long");
    tokio::time::timeout(WAIT_MAX, begin).await.map_err(late)?
}

impl Rows {
    async fn open(
        options: &Options,
        plan: &Plan<'_>,
        blobs: &Blobs,
        changes: &Changes,
    ) -> Result<Self, Error> {
        let (max, world) = (options.connections_max.max(1), &options.world);
        let bodies = blobs.durable();
        match &options.engine {
            // Opening and migrating read and sync files; both happen once, before anything is served.
            Engine::Sqlite { path } => {
                Sqlite::open(path, max, plan, bodies, changes.clone(), world).map(Self::Sqlite)
            }
            Engine::Postgres { url } => {
                Postgres::open(url, max, plan, bodies, changes.clone(), world)
                    .await
                    .map(Self::Postgres)
            }
        }
    }
}

/// A URL may hold a password, so it is not shown.
impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { .. } => f.debug_struct("Postgres").finish_non_exhaustive(),
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let engine = match &self.0.rows {
            Rows::Sqlite(_) => "sqlite",
            Rows::Postgres(_) => "postgres",
        };
        f.debug_struct("Store").field("engine", &engine).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_keys_are_not_shown() {
        let engine = Engine::Postgres { url: "postgres://a:hunter2@host/db".to_owned() };
        let options = Options::new(engine, "blobs", Secret::new("hunter2"), World::system());
        assert!(!format!("{options:?}").contains("hunter2"));
    }

    #[test]
    fn what_callers_hold_crosses_threads() {
        fn crosses<T: Send + Sync>() {}
        crosses::<Store>();
        crosses::<Snapshot>();
        crosses::<Transaction>();
    }
}
