//! Notices between nodes: `LISTEN` and `NOTIFY`.
//!
//! A transaction that has none sends none: at its commit, PostgreSQL lets notifying transactions pass one by one.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Socket, tls::NoTlsStream};

use crate::{Change, Error, change::Changes};

use super::errors::told;

/// Sends a notice; it is delivered when its transaction commits.
pub(super) const NOTIFY: &str = "SELECT pg_notify('chancery', $1)";

const LISTEN: &str = "LISTEN chancery";

/// Between attempts to connect again.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// The task that hears the other nodes. It ends with this value.
pub(super) struct Listener(JoinHandle<()>);

impl Listener {
    /// Starts listening; notices of transactions that commit after this returned are heard.
    pub(super) async fn start(
        config: Config,
        node: String,
        changes: Changes,
    ) -> Result<Self, Error> {
        let mut ears = Ears::open(&config).await?;
        Ok(Self(tokio::spawn(async move {
            loop {
                ears.hear(&node, &changes).await;
                ears = Ears::reopen(&config).await;
                changes.tell([Change::missed()]);
            }
        })))
    }

    pub(super) fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A connection that listens.
struct Ears {
    connection: Messages,
    /// The connection ends with it.
    _client: Client,
}

type Messages = std::pin::Pin<
    Box<dyn stream::Stream<Item = Result<AsyncMessage, tokio_postgres::Error>> + Send>,
>;

impl Ears {
    async fn open(config: &Config) -> Result<Self, Error> {
        let (client, connection) = config.connect(NoTls).await.map_err(|error| told(&error))?;
        let mut connection = messages(connection);
        {
            // The connection moves only while it is polled, so the command runs beside it.
            let listen = client.batch_execute(LISTEN);
            tokio::pin!(listen);
            loop {
                tokio::select! {
                    done = &mut listen => break done.map_err(|error| told(&error))?,
                    message = connection.next() => match message {
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return Err(told(&error)),
                        None => return Err(Error::unavailable("the connection ended")),
                    },
                }
            }
        }
        Ok(Self { connection, _client: client })
    }

    /// Tries until it works.
    async fn reopen(config: &Config) -> Self {
        loop {
            tokio::time::sleep(RECONNECT_DELAY).await;
            match Self::open(config).await {
                Ok(ears) => return ears,
                Err(error) => tracing::warn!(%error, "notices of other nodes are not heard"),
            }
        }
    }

    /// Passes notices on until the connection is lost.
    async fn hear(&mut self, node: &str, changes: &Changes) {
        while let Some(Ok(message)) = self.connection.next().await {
            let AsyncMessage::Notification(notice) = message else { continue };
            match decode(notice.payload()) {
                Some((from, _)) if from == node => {}
                Some((_, change)) => changes.tell([change]),
                None => changes.tell([Change::missed()]),
            }
        }
    }
}

fn messages(mut connection: Connection<Socket, NoTlsStream>) -> Messages {
    Box::pin(stream::poll_fn(move |context| connection.poll_message(context)))
}

/// Node, topic and key, each on a line.
pub(super) fn encode(node: &str, change: &Change) -> String {
    format!("{node}\n{}\n{}", change.topic, change.key)
}

fn decode(payload: &str) -> Option<(&str, Change)> {
    let (node, rest) = payload.split_once('\n')?;
    let (topic, key) = rest.split_once('\n')?;
    Some((node, Change::new(topic.to_owned(), key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_survive_the_way() {
        let change = Change::new("mailbox.folder", "a\nb");
        assert_eq!(decode(&encode("node", &change)), Some(("node", change)));
        assert_eq!(decode("no lines"), None);
    }
}
