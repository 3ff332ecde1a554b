//! The driver against real sockets and a backend that is easy to please.

use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use super::*;
use crate::{limits::Limits, session::Role, stop::Stop};

#[derive(Default)]
struct Fake {
    mails: Arc<Mutex<Vec<Mail>>>,
    delay: Duration,
    asked: AtomicUsize,
}

impl Backend for Fake {
    type User = String;

    async fn password(&self, login: &str, _: Secret, _: IpAddr) -> Result<(String, Over), Verdict> {
        Ok((login.to_owned(), Box::pin(std::future::pending())))
    }

    async fn token(
        &self,
        login: Option<&str>,
        _: Secret,
        _: IpAddr,
    ) -> Result<(String, Over), Verdict> {
        Ok((login.unwrap_or_default().to_owned(), Box::pin(std::future::pending())))
    }

    async fn sender(&self, _: &String, _: &Address) -> Verdict {
        Verdict::Accept
    }

    async fn recipient(&self, _: Option<&String>, address: &Address) -> Verdict {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if address.domain() == "ours.example" { Verdict::Accept } else { Verdict::NotOurs }
    }

    async fn deliver(&self, _: Option<&String>, mail: Mail) -> Verdict {
        tokio::time::sleep(self.delay).await;
        self.mails.lock().unwrap().push(mail);
        Verdict::Accept
    }
}

struct Running {
    address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
    stop: watch::Sender<bool>,
    listening: JoinHandle<()>,
}

async fn start(limits: Limits, delay: Duration) -> Running {
    let backend = Fake { delay, ..Fake::default() };
    let mails = Arc::clone(&backend.mails);
    let config = Config::new("mx.example", limits);
    let server = Server::new(config, backend, World::system());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let listening = tokio::spawn(listen(listener, None, server, Role::Receiving, stopped));
    Running { address, mails, stop, listening }
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    let mut piece = [0; 1024];
    while !text.ends_with(end.as_bytes()) {
        match stream.read(&mut piece).await.unwrap() {
            0 => break,
            octets => text.extend_from_slice(&piece[..octets]),
        }
    }
    String::from_utf8(text).unwrap()
}

const MAIL: &[u8] = b"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@ours.example>\r\nDATA\r\n";

#[tokio::test]
async fn a_message_over_a_socket() {
    let running = start(Limits::default(), Duration::ZERO).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let message = format!("A: b\r\n\r\n{}", "0123456789\r\n".repeat(20_000));
    stream.write_all(&[MAIL, message.as_bytes(), b".\r\nQUIT\r\n"].concat()).await.unwrap();
    let replies = read_until(&mut stream, "goodbye\r\n").await;
    assert!(replies.starts_with("220 mx.example ESMTP ready\r\n"), "{replies}");
    let mails = running.mails.lock().unwrap();
    assert!(mails[0].content.ends_with(message.as_bytes()));
}

#[tokio::test]
async fn too_many_connections_are_turned_away() {
    let limits = Limits { connections_per_address: 1, ..Limits::default() };
    let running = start(limits, Duration::ZERO).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    assert!(read_until(&mut first, "\r\n").await.starts_with("220"));
    let mut second = TcpStream::connect(running.address).await.unwrap();
    assert!(read_until(&mut second, "\r\n").await.starts_with("421 4.7.0"));
    first.write_all(b"QUIT\r\n").await.unwrap();
    assert!(read_until(&mut first, "goodbye\r\n").await.starts_with("221"));
}

#[tokio::test]
async fn a_stop_ends_the_idle_and_finishes_the_rest() {
    let running = start(Limits::default(), Duration::from_millis(200)).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    read_until(&mut idle, "\r\n").await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(&[MAIL, b"A: b\r\n\r\n"].concat()).await.unwrap();
    read_until(&mut busy, "by itself\r\n").await;
    running.stop.send(true).unwrap();
    assert!(read_until(&mut idle, "\r\n").await.starts_with("421 4.3.2"));
    busy.write_all(b".\r\n").await.unwrap();
    let rest = read_until(&mut busy, "stopping\r\n").await;
    assert!(rest.starts_with("250 2.0.0 taken") && rest.contains("421 4.3.2"), "{rest}");
    drop((idle, busy));
    running.listening.await.unwrap();
    assert_eq!(running.mails.lock().unwrap().len(), 1);
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn silence_is_ended() {
    let backend = Fake::default();
    let config = Config::new("mx.example", Limits::default());
    let server = Server::new(config, backend, World::system());
    let (mut ours, mut theirs) = tokio::io::duplex(1 << 16);
    let (_stop, stopped) = watch::channel(false);
    let peer = "192.0.2.1".parse().unwrap();
    let mut conversation =
        conversation::Conversation::new(server, Role::Receiving, peer, false, Stop::new(stopped));
    conversation.run_with_starttls(&mut theirs, None).await.unwrap();
    drop(theirs);
    let mut text = String::new();
    ours.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("421 4.4.2 time is up, closing\r\n"), "{text}");
}
