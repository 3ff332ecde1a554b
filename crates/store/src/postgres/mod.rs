//! The engine for those who outgrow a machine: PostgreSQL, and what speaks its protocol.
//!
//! Writers run `SERIALIZABLE`; snapshots run `REPEATABLE READ`, which sees one moment and never fails, though
//! that moment need not be one between two transactions of the serial order.

mod errors;
mod listener;
mod migrate;
mod pool;
mod sequences;
mod session;
mod values;

use std::sync::Arc;

use world::World;

use crate::{Error, change::Changes, durable::Durable, migration::Plan};

use listener::Listener;
use pool::Pool;
use sequences::Sequences;

pub(crate) use session::{ReadSession, WriteSession};
pub(crate) use values::column;

/// A PostgreSQL database that this node uses.
pub(crate) struct Postgres {
    pool: Arc<Pool>,
    shared: Arc<Shared>,
    listener: Listener,
}

/// What every writing session needs.
struct Shared {
    sequences: Sequences,
    bodies: Arc<dyn Durable>,
    changes: Changes,
    /// Marks this node's notices, which it tells itself without the detour.
    node: String,
}

impl Postgres {
    /// Connects, and brings the tables up to date. Opens at most `connections_max` connections and two more,
    /// one for notices and one for sequences.
    pub(crate) async fn open(
        url: &str,
        connections_max: usize,
        plan: &Plan<'_>,
        bodies: Arc<dyn Durable>,
        changes: Changes,
        world: &World,
    ) -> Result<Self, Error> {
        let config = pool::configure(url)?;
        let pool = Pool::new(config.clone(), connections_max);
        migrate::run(&Pool::lease(&pool).await?, plan, world).await?;
        let node = world.random_hex::<8>();
        let listener = Listener::start(config.clone(), node.clone(), changes.clone()).await?;
        let sequences = Sequences::new(Pool::new(config, 1));
        Ok(Self { pool, shared: Arc::new(Shared { sequences, bodies, changes, node }), listener })
    }

    pub(crate) async fn read(&self) -> Result<ReadSession, Error> {
        Ok(ReadSession::new(Pool::lease(&self.pool).await?))
    }

    pub(crate) async fn write(&self) -> Result<WriteSession, Error> {
        WriteSession::begin(Pool::lease(&self.pool).await?, Arc::clone(&self.shared)).await
    }

    /// Waits for the transactions that are under way and closes the connections.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
        self.shared.sequences.close().await;
        self.listener.stop();
    }
}
