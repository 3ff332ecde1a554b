//! The bounded pool of connections.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::Error;

use super::errors::told;

/// How long making a connection may take unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 512;

/// How each connection is set up. Statements are short, so compiling them costs more than it saves; who waits for
/// a lock this long runs again; and a node that hangs in a transaction does not hold up the others for ever.
const SETTINGS: &str = "SET jit = off; SET lock_timeout = '10s'; \
                        SET idle_in_transaction_session_timeout = '60s'";

/// Connections are made when first needed and kept. Who finds none free waits in line.
pub(super) struct Pool {
    config: Config,
    free: Arc<Semaphore>,
    connections_max: usize,
    idle: Mutex<Vec<Connected>>,
}

/// A connection and the statements prepared on it.
pub(super) struct Connected {
    pub(super) client: Client,
    statements: Mutex<HashMap<Box<str>, Statement>>,
}

/// A connection on loan. Dropped, it is closed, which is always safe; [`Lease::give_back`] keeps it.
pub(super) struct Lease {
    connected: Connected,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

/// The configuration in a URL, with our bounds where it sets none.
pub(super) fn configure(url: &str) -> Result<Config, Error> {
    let mut config: Config =
        url.parse().map_err(|error| Error::invalid(format_args!("the database's URL: {error}")))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name("chancery");
    }
    Ok(config)
}

impl Pool {
    pub(super) fn new(config: Config, connections_max: usize) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(connections_max));
        Arc::new(Self { config, free, connections_max, idle: Mutex::default() })
    }

    pub(super) async fn lease(pool: &Arc<Self>) -> Result<Lease, Error> {
        let permit = Arc::clone(&pool.free).acquire_owned().await;
        let permit = permit.map_err(|_| Error::unavailable("the store is closed"))?;
        let kept = pool.kept();
        let connected = match kept {
            Some(connected) => connected,
            None => pool.connect().await?,
        };
        Ok(Lease { connected, pool: Arc::clone(pool), _permit: permit })
    }

    /// Waits until all connections came back, then closes them and lends no more.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.connections_max).unwrap_or(u32::MAX);
        let all = self.free.acquire_many(all).await;
        self.free.close();
        self.idle().clear();
        drop(all);
    }

    /// A kept connection that still lives.
    fn kept(&self) -> Option<Connected> {
        let mut idle = self.idle();
        while let Some(connected) = idle.pop() {
            if !connected.client.is_closed() {
                return Some(connected);
            }
        }
        None
    }

    async fn connect(&self) -> Result<Connected, Error> {
        let (client, connection) =
            self.config.connect(NoTls).await.map_err(|error| told(&error))?;
        // Ends by itself when the client is dropped or the connection is lost; the client knows then.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a database connection was lost");
            }
        });
        client.batch_execute(SETTINGS).await.map_err(|error| told(&error))?;
        Ok(Connected { client, statements: Mutex::default() })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connected>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    pub(super) fn client(&self) -> &Client {
        &self.connected.client
    }

    /// The statement, prepared on this connection once.
    pub(super) async fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        let known = self.statements().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let prepared = self.client().prepare(sql).await.map_err(|error| told(&error))?;
        let mut statements = self.statements();
        if statements.len() >= STATEMENTS_MAX {
            statements.clear();
        }
        statements.insert(sql.into(), prepared.clone());
        Ok(prepared)
    }

    /// Forgets prepared statements, for they may rest on tables that have changed since.
    pub(super) fn forget_prepared(&self) {
        self.statements().clear();
    }

    fn statements(&self) -> MutexGuard<'_, HashMap<Box<str>, Statement>> {
        self.connected.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the connection for the next. It must not be inside a transaction.
    pub(super) fn give_back(self) {
        if !self.pool.free.is_closed() && !self.connected.client.is_closed() {
            self.pool.idle().push(self.connected);
        }
    }
}
