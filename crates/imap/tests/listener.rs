//! The listening socket: TLS, bounds, and the end.
#![allow(clippy::unwrap_used)]

mod support;

use std::{net::SocketAddr, sync::Arc};

use imap::{Limits, listen};
use rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::ServerName};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

use support::{Client, GREETING, House};

/// A certificate for both sides.
fn tls() -> (TlsAcceptor, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server).into(), Arc::new(client).into())
}

async fn connect(
    tls: &TlsConnector,
    address: SocketAddr,
) -> std::io::Result<Client<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    Ok(Client::new(tls.connect(name, stream).await?))
}

#[tokio::test]
async fn clients_are_served_up_to_the_bound_and_told_of_the_end() {
    let house = House::with(1_000, Limits { connections: 5, connections_per_address: 2 }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (acceptor, connector) = tls();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let serving = tokio::spawn(listen(listener, acceptor, house.server.clone(), shutdown));

    let greeting = format!("S: {GREETING}");
    let mut first = connect(&connector, address).await.unwrap();
    first.follow(&greeting).await;
    let mut second = connect(&connector, address).await.unwrap();
    second.follow(&greeting).await;
    assert!(connect(&connector, address).await.is_err(), "two from one address are enough");

    second.follow("C: a LOGOUT\nS: * BYE …\nS: a OK …\nS:").await;
    let mut third = connect(&connector, address).await;
    while third.is_err() {
        // The place is given back when the server has closed its side.
        tokio::task::yield_now().await;
        third = connect(&connector, address).await;
    }
    third.unwrap().follow(&greeting).await;

    stop.send(()).unwrap();
    first.follow("S: * BYE the server is stopping\nS:").await;
    serving.await.unwrap();
    assert!(connect(&connector, address).await.is_err());
}
