//! Errands to a server of the test's own, with certificates good and bad.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use errand::{Client, Error, Hosts, Limits, Request, StatusCode, Thumbprint, Trust, Url};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use world::World;

const NAME: &str = "idp.test";

/// A server that answers each request by its path, and counts its connections.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        answer(stream).await;
                    }
                });
            }
        });
        Self { address, connections }
    }

    fn client(&self) -> Client {
        let entry = format!("{NAME}:443={}", self.address);
        Client::new(Hosts::parse([entry.as_str()]).unwrap(), World::system())
    }
}

async fn answer(mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>) {
    let mut request = vec![0; 4096];
    loop {
        let Ok(1..) = stream.read(&mut request).await else { return };
        let text = String::from_utf8_lossy(&request).into_owned();
        let path = text.split(' ').nth(1).unwrap();
        assert!(text.to_lowercase().contains("host: idp.test\r\n"), "{text}");
        let reply = match path {
            "/large" => {
                format!("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n{}", "x".repeat(70_000))
            }
            "/redirect" => {
                "HTTP/1.1 302 Found\r\nLocation: https://idp.test/\r\nContent-Length: 0\r\n\r\n"
                    .to_owned()
            }
            "/slow" => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                return;
            }
            "/then-close" => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
                let _ = stream.shutdown().await;
                return;
            }
            "/garbage" => "garbage\r\n\r\n".to_owned(),
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        };
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn get(path: &str, trust: &Trust) -> Request {
    let url = Url::parse(&format!("https://{NAME}{path}")).unwrap();
    let limits = Limits { timeout: Duration::from_secs(2), reply_bytes: 64 * 1024 };
    Request { limits, ..Request::get(url).trusting(trust.clone()) }
}

fn self_signed(name: &str) -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().der().clone(), key)
}

fn trust(certificate: &CertificateDer<'_>) -> Trust {
    Trust::thumbprints([Thumbprint::of(certificate)])
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[tokio::test]
async fn a_reply_comes_back_over_one_connection() {
    let (certificate, key) = self_signed(NAME);
    let server = Server::start(vec![certificate.clone()], &key).await;
    let (client, trust) = (server.client(), trust(&certificate));
    for _ in 0..3 {
        let reply = client.run(get("/", &trust)).await.unwrap();
        assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, &b"ok"[..]));
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    let reply = client.run(get("/redirect", &trust)).await.unwrap();
    assert_eq!(reply.status, StatusCode::FOUND, "a redirect is not followed");
}

#[tokio::test]
async fn a_connection_that_was_closed_is_made_again() {
    let (certificate, key) = self_signed(NAME);
    let server = Server::start(vec![certificate.clone()], &key).await;
    let (client, trust) = (server.client(), trust(&certificate));
    for number in 1..=5 {
        client.run(get("/then-close", &trust)).await.unwrap();
        assert_eq!(server.connections.load(Ordering::SeqCst), number);
    }
}

#[tokio::test]
async fn what_costs_too_much_is_given_up() {
    let (certificate, key) = self_signed(NAME);
    let server = Server::start(vec![certificate.clone()], &key).await;
    let (client, trust) = (server.client(), trust(&certificate));
    let large = client.run(get("/large", &trust)).await;
    assert!(matches!(large, Err(Error::TooLarge { bytes_max: 65_536, .. })), "{large:?}");
    let slow = client.run(get("/slow", &trust)).await;
    assert!(matches!(slow, Err(Error::TimedOut { .. })), "{slow:?}");
    let garbage = client.run(get("/garbage", &trust)).await;
    assert!(matches!(garbage, Err(Error::Http { .. })), "{garbage:?}");
}

#[tokio::test]
async fn an_unknown_certificate_is_not_believed() {
    let (certificate, key) = self_signed(NAME);
    let server = Server::start(vec![certificate.clone()], &key).await;
    let client = server.client();
    let (other, _) = self_signed(NAME);
    for trust in [Trust::system(), trust(&other)] {
        let error = client.run(get("/", &trust)).await.unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    }
    // What one errand believes is nothing to the next.
    client.run(get("/", &trust(&certificate))).await.unwrap();
    assert!(client.run(get("/", &Trust::system())).await.is_err());
    let url = Url::parse(&format!("https://{NAME}/")).unwrap();
    assert_eq!(client.thumbprint(&url).await.unwrap(), Thumbprint::of(&certificate));
    assert!(client.run(get("/", &Trust::system())).await.is_err(), "nothing was learnt by it");
}

#[tokio::test]
async fn name_and_time_count_also_for_a_known_certificate() {
    let (of_another, key) = self_signed("other.test");
    let server = Server::start(vec![of_another.clone()], &key).await;
    assert!(server.client().run(get("/", &trust(&of_another))).await.is_err());
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let expired = params.self_signed(&key).unwrap().der().clone();
    let server = Server::start(vec![expired.clone()], &key).await;
    assert!(server.client().run(get("/", &trust(&expired))).await.is_err());
}

#[tokio::test]
async fn an_authority_in_the_chain_is_known_by_its_thumbprint() {
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([NAME.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap().der().clone();
    let chain = vec![certificate, authority.der().clone()];
    let server = Server::start(chain, &key).await;
    server.client().run(get("/", &trust(authority.der()))).await.unwrap();
}

#[tokio::test]
async fn a_known_certificate_that_was_only_appended_proves_nothing() {
    let authority = authority();
    let (forged, key) = self_signed(NAME);
    let server = Server::start(vec![forged, authority.der().clone()], &key).await;
    let error = server.client().run(get("/", &trust(authority.der()))).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn addresses_that_are_not_public_are_for_the_operator_to_open() {
    let client = Client::new(Hosts::default(), World::system());
    for host in
        ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "[::ffff:10.0.0.1]"]
    {
        let url = Url::parse(&format!("https://{host}/")).unwrap();
        let error = client.run(Request::get(url)).await.unwrap_err();
        assert!(matches!(error, Error::NotPublic(_)), "{host}: {error:?}");
    }
}
