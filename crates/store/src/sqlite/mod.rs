//! The embedded engine: SQLite, one writer whose commits are grouped, and a pool of readers.

mod committer;
mod connection;
mod errors;
#[cfg(test)]
mod faults;
mod lane;
mod migrate;
mod readers;
mod session;
mod statement;

use std::{path::Path, sync::Arc};

use world::World;

use crate::{Error, change::Changes, durable::Durable, migration::Plan};

use lane::Lane;
use readers::Readers;

pub(crate) use session::{ReadSession, WriteSession};
pub(crate) use statement::column;

/// An open SQLite database.
pub(crate) struct Sqlite {
    lane: Arc<Lane>,
    readers: Arc<Readers>,
}

impl Sqlite {
    /// Opens the database file, making it when it is not there, and brings its tables up to date.
    pub(crate) fn open(
        path: &Path,
        readers_max: usize,
        plan: &Plan<'_>,
        bodies: Arc<dyn Durable>,
        changes: Changes,
        world: &World,
    ) -> Result<Self, Error> {
        let mut writer = connection::open_writer(path)?;
        migrate::run(&mut writer, plan, world)?;
        let readers = Readers::new(path, readers_max);
        Ok(Self { lane: Lane::start(writer, bodies, changes, world.clone())?, readers })
    }

    pub(crate) async fn read(&self) -> Result<ReadSession, Error> {
        ReadSession::begin(Readers::lease(&self.readers).await?)
    }

    pub(crate) async fn write(&self) -> Result<WriteSession, Error> {
        WriteSession::begin(Lane::turn(&self.lane).await?).await
    }

    /// Waits for the transactions that are under way and closes the files.
    pub(crate) async fn close(&self) {
        self.lane.close().await;
        self.readers.close();
    }
}
