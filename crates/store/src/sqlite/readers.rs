//! The bounded pool of reading connections.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, exclusive::Exclusive, sqlite::connection::open_reader};

/// Connections are opened when first needed and kept. Who finds none free waits in line.
pub(super) struct Readers {
    path: PathBuf,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Exclusive<Connection>>>,
}

/// A connection on loan; it goes back when dropped.
pub(super) struct Lease {
    connection: Option<Exclusive<Connection>>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(path: &Path, readers_max: usize) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(readers_max));
        Arc::new(Self { path: path.to_owned(), free, idle: Mutex::default() })
    }

    pub(super) async fn lease(readers: &Arc<Self>) -> Result<Lease, Error> {
        let permit = Arc::clone(&readers.free).acquire_owned().await;
        let permit = permit.map_err(|_| Error::unavailable("the store is closed"))?;
        let idle = readers.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Exclusive::new(open_reader(&readers.path)?),
        };
        Ok(Lease { connection: Some(connection), readers: Arc::clone(readers), _permit: permit })
    }

    /// Lends no more; connections on loan close when they come back.
    pub(super) fn close(&self) {
        self.free.close();
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Exclusive<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    pub(super) fn connection(&mut self) -> Result<&mut Connection, Error> {
        let connection = self.connection.as_mut().map(Exclusive::get);
        connection.ok_or_else(|| Error::unavailable("the connection was given back"))
    }

    /// Closes the connection instead of giving it back.
    pub(super) fn discard(&mut self) {
        self.connection = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !self.readers.free.is_closed() {
            self.readers.idle().push(connection);
        }
    }
}
