//! Slow, idle, large and many: what a stranger may do to the endpoint without a signature.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::{net::SocketAddr, time::Duration};

use api::{Api, Limits, Proxies, Services, web::Routes};
use iam::door::Door;
use store::testing::TestStore;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use workmail::Settings;
use world::World;

/// Long enough for a slow machine, short enough to see that something hangs.
const PATIENCE: Duration = Duration::from_secs(20);

const SHORT: Duration = Duration::from_millis(200);

const WHOLE: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nfish";

struct House {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _store: TestStore,
}

impl House {
    async fn new(limits: Limits) -> Self {
        let store = store::testing::on_sqlite(&[iam::MIGRATIONS]).await;
        let (door, recorder) = Door::new(store.clone(), World::system());
        tokio::spawn(recorder.run());
        let workmail = workmail::Service::new(Settings::new("mail.example"));
        let flow = mailflow::Mailflow::new(store.clone(), World::system(), "mail.example");
        let services = Services {
            accessanalyzer: accessanalyzer::Service,
            cloudtrail: cloudtrail::Service,
            logs: logs::Service,
            iam: iam::Service,
            sts: sts::Service,
            workmail,
            messageflow: messageflow::Service::new(flow, messageflow::Content::nowhere()),
        };
        let api = Api::new(door, services, Routes::default(), Proxies::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = async { _ = stopped.await };
        let serving = tokio::spawn(api::listen(listener, None, api, limits, ended));
        Self { address, stop, serving, _store: store }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// Sends bytes, and gives all that is answered until the server closes.
async fn told(stream: &mut TcpStream, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    rest(stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end too: the server may close before it has read all.
    _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server hangs");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn who_sends_no_head_is_cut_off() {
    let house = House::new(Limits { head_timeout: SHORT, ..Limits::default() }).await;
    assert_eq!(told(&mut house.connect().await, b"").await, "");
    told(&mut house.connect().await, b"POST / HTTP/1.1\r\nHost:").await;
    let idle = told(&mut house.connect().await, WHOLE).await;
    assert!(idle.starts_with("HTTP/1.1 403"), "served, then idle: {idle}");
}

#[tokio::test]
async fn who_sends_no_body_is_answered() {
    let house = House::new(Limits { body_timeout: SHORT, ..Limits::default() }).await;
    let mut stream = house.connect().await;
    let answer =
        told(&mut stream, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nfish").await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn a_head_is_bounded() {
    let house = House::new(Limits { head_bytes: 8 * 1024, ..Limits::default() }).await;
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(16 * 1024));
    let answer = told(&mut house.connect().await, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_body_is_bounded_though_its_length_is_not_told() {
    let house = House::new(Limits { body_bytes: 1000, ..Limits::default() }).await;
    let head =
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = format!("7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000));
    let answer = told(&mut house.connect().await, (head.to_owned() + &body).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("smaller than 1000 bytes"), "{answer}");
}

#[tokio::test]
async fn one_too_many_waits_for_a_place() {
    let house = House::new(Limits { connections: 1, ..Limits::default() }).await;
    let first = house.connect().await;
    let mut second = house.connect().await;
    second.write_all(WHOLE).await.unwrap();
    assert!(timeout(SHORT, second.readable()).await.is_err(), "answered beyond the bound");
    drop(first);
    let mut start = [0; 12];
    timeout(PATIENCE, second.read_exact(&mut start)).await.unwrap().unwrap();
    assert_eq!(&start, b"HTTP/1.1 403");
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let house = House::new(Limits { stop_timeout: SHORT, ..Limits::default() }).await;
    let mut stuck = house.connect().await;
    stuck.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nfish").await.unwrap();
    let mut idle = house.connect().await;
    idle.write_all(WHOLE).await.unwrap();
    idle.readable().await.unwrap();
    house.stop.send(()).unwrap();
    timeout(PATIENCE, house.serving).await.expect("the server does not end").unwrap();
    assert!(rest(&mut idle).await.starts_with("HTTP/1.1 403"));
    assert!(TcpStream::connect(house.address).await.is_err());
}
