//! The listening socket: implicit TLS only (RFC 8314, section 3.2).

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::{Server, places::Place, serve_connection};
use crate::limits::HANDSHAKE_TIMEOUT;

/// How long connections get to end when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);
/// What the listener waits after the system has refused it a connection (no file handles left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves all who connect, until `shutdown` is ready; then has every connection say BYE and returns when
/// they are closed, or after 8 seconds.
pub async fn listen(
    listener: TcpListener,
    tls: TlsAcceptor,
    server: Arc<Server>,
    shutdown: impl Future<Output = ()>,
) {
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => accept(&mut connections, stream, peer, &tls, &server),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an IMAP connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    server.stop();
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(STOP_TIMEOUT, ended).await.is_err() {
        tracing::warn!("some IMAP connections did not end in time");
    }
}

fn accept(
    connections: &mut JoinSet<()>,
    stream: TcpStream,
    peer: SocketAddr,
    tls: &TlsAcceptor,
    server: &Arc<Server>,
) {
    let Some(place) = server.places.take(peer.ip()) else {
        metrics::counter!("chancery_imap_connections_refused_total").increment(1);
        return;
    };
    let (tls, server) = (tls.clone(), server.clone());
    connections.spawn(async move {
        if let Err(error) = serve(stream, peer, tls, server, place).await {
            tracing::debug!(%peer, %error, "IMAP connection ended");
        }
    });
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    tls: TlsAcceptor,
    server: Arc<Server>,
    _place: Place,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await??;
    serve_connection(stream, peer, server).await
}
