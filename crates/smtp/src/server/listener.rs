//! Taking connections.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time,
};
use tokio_rustls::TlsAcceptor;

use super::{Backend, Server, admission::Admitted, conversation::Conversation};
use crate::{session::Role, stop::Stop};

/// Rest after `accept` failed, which happens when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until `shutdown` becomes true (or its sender is gone), then ends those that
/// are idle and waits for the rest. With [`Role::Submission`], TLS comes first and must be given; with
/// [`Role::Receiving`] it is offered by STARTTLS if it is given.
pub async fn listen<B: Backend>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    server: Arc<Server<B>>,
    role: Role,
    shutdown: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let mut stop = Stop::new(shutdown);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (server, tls, stop) = (Arc::clone(&server), tls.clone(), stop.clone());
                    admit(&mut connections, stream, peer.ip(), Door { server, tls, role, stop });
                }
                Err(error) => {
                    tracing::warn!(%error, ?role, "cannot accept a connection");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stop.given() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// What one connection is served with.
struct Door<B> {
    server: Arc<Server<B>>,
    tls: Option<TlsAcceptor>,
    role: Role,
    stop: Stop,
}

fn admit<B: Backend>(
    connections: &mut JoinSet<()>,
    stream: TcpStream,
    peer: IpAddr,
    door: Door<B>,
) {
    match door.server.admission.admit(peer) {
        Some(admitted) => {
            metrics::counter!("chancery_smtp_connections_total", "role" => door.role.name())
                .increment(1);
            connections.spawn(serve(stream, peer, door, admitted));
        }
        None => {
            metrics::counter!("chancery_smtp_connections_refused_total", "role" => door.role.name())
                .increment(1);
            turn_away(stream, door.role);
        }
    }
}

/// Says why without waiting: a new socket has room for a line.
fn turn_away(stream: TcpStream, role: Role) {
    if role == Role::Receiving {
        let _ = stream.try_write(b"421 4.7.0 too many connections, try again later\r\n");
    }
}

async fn serve<B: Backend>(
    mut stream: TcpStream,
    peer: IpAddr,
    door: Door<B>,
    _admitted: Admitted,
) {
    let Door { server, tls, role, stop } = door;
    let _ = stream.set_nodelay(true);
    let mut conversation = Conversation::new(server, role, peer, tls.is_some(), stop);
    let ended = match role {
        Role::Receiving => conversation.run_with_starttls(&mut stream, tls).await,
        Role::Submission => conversation.run_in_tls(&mut stream, tls).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, role = role.name(), "connection broke");
    }
    let _ = stream.shutdown().await;
}
