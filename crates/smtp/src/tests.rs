//! The face in front of the real house.

use std::{net::SocketAddr, sync::Arc};

use mailflow::testing::{House as Town, Organization, PASSWORD};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;
use workmail::Authenticator;
use world::World;

use crate::{Config, House, Limits, Role, Server, client, listen};

/// TLS with a certificate that nobody has signed.
pub(crate) fn acceptor() -> TlsAcceptor {
    let certified = rcgen::generate_simple_self_signed(vec!["fake.example".into()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

struct Running {
    town: Town,
    acme: Organization,
    ann: String,
    bob: String,
    receiving: SocketAddr,
    submission: SocketAddr,
    _stop: watch::Sender<bool>,
}

async fn start() -> Running {
    let town = Town::new(World::system()).await;
    let acme = town.organization("acme").await;
    let ann = town.user(&acme, "ann").await;
    let bob = town.user(&acme, "bob").await;
    let authenticator = Arc::new(Authenticator::new((*town.store).clone(), &town.world));
    let config = Config::new("mx.house.example", Limits::default());
    let house = House::new(town.flow.clone(), authenticator);
    let server = Server::new(config, house, town.world.clone());
    let (stop, stopped) = watch::channel(false);
    let mut addresses = Vec::new();
    for role in [Role::Receiving, Role::Submission] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        tokio::spawn(listen(listener, Some(acceptor()), server.clone(), role, stopped.clone()));
    }
    let [receiving, submission] = addresses[..] else { panic!() };
    Running { town, acme, ann, bob, receiving, submission, _stop: stop }
}

/// Somebody who types.
struct Typist<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> Typist<S> {
    /// Types, and reads the codes of so many replies.
    async fn codes(&mut self, text: &str, replies: usize) -> Vec<u16> {
        self.0.write_all(text.as_bytes()).await.unwrap();
        let mut codes = Vec::new();
        while codes.len() < replies {
            let line = self.line().await;
            if line.as_bytes()[3] == b' ' {
                codes.push(line[..3].parse().unwrap());
            }
        }
        codes
    }

    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(line).unwrap()
    }
}

async fn tls(stream: TcpStream) -> Typist<impl AsyncRead + AsyncWrite + Unpin> {
    let name = ServerName::try_from("mx.house.example").unwrap();
    Typist(client::opportunistic().unwrap().connect(name, stream).await.unwrap())
}

const MESSAGE: &str = "From: Ann <ann@acme.awsapps.com>\r\nSubject: x\r\n\r\nh\u{e9}llo\r\n..\r\n";

/// What is below the trace fields.
fn below_trace(message: &[u8]) -> &str {
    let text = std::str::from_utf8(message).unwrap();
    assert!(text.starts_with("Return-Path: <"), "{text}");
    &text[text.find("From:").unwrap()..]
}

#[tokio::test]
async fn mail_from_a_stranger_arrives_byte_for_byte() {
    let running = start().await;
    running.town.alias(&running.acme, &running.ann, "sales").await;
    running.town.group(&running.acme, "all", &[&running.ann, &running.bob]).await;
    let mut typist = Typist(TcpStream::connect(running.receiving).await.unwrap());
    let stuffed = MESSAGE.replace("\r\n..", "\r\n...");
    let text = format!(
        "EHLO far.example\r\nMAIL FROM:<x@far.example> BODY=8BITMIME\r\n\
         RCPT TO:<sales@acme.awsapps.com>\r\nRCPT TO:<all@ACME.awsapps.com>\r\n\
         RCPT TO:<nobody@acme.awsapps.com>\r\nRCPT TO:<y@far.example>\r\n\
         DATA\r\n{stuffed}.\r\nQUIT\r\n"
    );
    let codes = typist.codes(&text, 10).await;
    assert_eq!(codes, [220, 250, 250, 250, 250, 550, 550, 354, 250, 221]);
    for entity in [&running.ann, &running.bob] {
        let inbox = running.town.inbox(entity).await;
        assert_eq!(inbox.len(), 1);
        assert_eq!(below_trace(&inbox[0]), MESSAGE);
        assert!(
            inbox[0].starts_with(b"Return-Path: <x@far.example>\r\nReceived: from far.example (")
        );
    }
}

#[tokio::test]
async fn starttls_is_done_on_the_wire() {
    let running = start().await;
    let mut typist = Typist(TcpStream::connect(running.receiving).await.unwrap());
    let codes = typist.codes("EHLO c\r\nSTARTTLS\r\n", 3).await;
    assert_eq!(codes, [220, 250, 220]);
    let mut typist = tls(typist.0).await;
    let text =
        "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<ann@acme.awsapps.com>\r\nBDAT 8 LAST\r\nA: b\r\n\r\n";
    assert_eq!(typist.codes(text, 4).await, [250, 250, 250, 250]);
    let inbox = running.town.inbox(&running.ann).await;
    assert!(String::from_utf8_lossy(&inbox[0]).contains(" with ESMTPS id "));
}

#[tokio::test]
async fn users_submit_under_their_own_names() {
    let running = start().await;
    let mut typist = tls(TcpStream::connect(running.submission).await.unwrap()).await;
    let encode = |text: &str| {
        use base64::{Engine, prelude::BASE64_STANDARD};
        BASE64_STANDARD.encode(text)
    };
    let wrong = encode("\0ann@acme.awsapps.com\0wrong");
    let text = format!("EHLO c\r\nMAIL FROM:<ann@acme.awsapps.com>\r\nAUTH PLAIN {wrong}\r\n");
    assert_eq!(typist.codes(&text, 4).await, [220, 250, 530, 535]);
    let (login, password) = (encode("Ann@acme.awsapps.com"), encode(PASSWORD));
    let text = format!("AUTH LOGIN\r\n{login}\r\n{password}\r\n");
    assert_eq!(typist.codes(&text, 3).await, [334, 334, 235]);
    assert_eq!(typist.codes("MAIL FROM:<bob@acme.awsapps.com>\r\n", 1).await, [550]);
    let envelope = "MAIL FROM:<ann@acme.awsapps.com>\r\nRCPT TO:<bob@acme.awsapps.com>\r\n\
                    RCPT TO:<x@far.example>\r\nDATA\r\n";
    for (from, code) in [("bob", 550), ("ann", 250)] {
        let text = format!("{envelope}From: {from}@acme.awsapps.com\r\n\r\nhello\r\n.\r\n");
        assert_eq!(typist.codes(&text, 5).await, [250, 250, 250, 354, code], "{from}");
    }
    assert_eq!(running.town.inbox(&running.bob).await.len(), 1);
    let jobs = running.town.flow.claim(10).await.unwrap();
    assert_eq!((jobs.len(), jobs[0].domain.as_str()), (1, "far.example"));
    let sent = running.town.flow.load(&jobs[0]).await.unwrap();
    assert!(sent.starts_with(b"Received: from c (") && sent.ends_with(b"\r\nhello\r\n"));
}
