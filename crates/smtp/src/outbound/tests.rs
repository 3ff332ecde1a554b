//! The worker against servers that behave well and badly.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use mailflow::{
    Authentication, Incoming, Origin,
    testing::{House, Organization},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use wire::workmail::{OutboundMailFlowRuleAction, OutboundMailFlowRuleActionType};
use world::{ManualClock, OsRandom, Timestamp, World};

use super::*;

/// What a server does with one connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Take,
    /// Takes it, but in TLS.
    TakeInTls,
    /// Offers TLS and breaks off the handshake.
    SpoilTls,
    Later,
    Refuse,
    /// Refuses the second recipient.
    RefuseSecond,
    /// Reads the whole message and goes away.
    DropAfterDot,
}

/// A server that behaves as told, one mood for each connection; then it takes everything.
#[derive(Clone, Default)]
struct Fake {
    moods: Arc<Mutex<VecDeque<Mood>>>,
    messages: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    async fn start(moods: &[Mood]) -> (Self, Smarthost) {
        let fake = Self {
            moods: Arc::new(Mutex::new(moods.iter().copied().collect())),
            ..Self::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mood = server.moods.lock().unwrap().pop_front().unwrap_or(Mood::Take);
                tokio::spawn(server.clone().serve(stream, mood));
            }
        });
        (fake, Smarthost { host: "127.0.0.1".into(), port })
    }

    async fn serve(self, stream: TcpStream, mood: Mood) {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 fake\r\n").await.unwrap();
        if !self.talk(&mut stream, mood).await {
            return;
        }
        if mood == Mood::TakeInTls {
            let mut stream = BufReader::new(crate::tests::acceptor().accept(stream).await.unwrap());
            self.talk(&mut stream, Mood::Take).await;
        }
    }

    /// Until the end, or true for a handshake.
    async fn talk<S>(&self, stream: &mut S, mood: Mood) -> bool
    where
        S: AsyncBufReadExt + AsyncRead + AsyncWrite + Unpin,
    {
        let mut recipients = 0;
        loop {
            let line = read_line(stream).await;
            let verb = line.get(..4).unwrap_or("QUIT").to_owned();
            let tls = matches!(mood, Mood::TakeInTls | Mood::SpoilTls);
            recipients += usize::from(verb == "RCPT");
            let reply = match (verb.as_str(), mood) {
                ("EHLO", _) if tls => "250-fake\r\n250 STARTTLS",
                ("EHLO", _) => "250-fake\r\n250 8BITMIME",
                ("STAR", _) => {
                    stream.write_all(b"220 go\r\n").await.unwrap();
                    return true;
                }
                ("RCPT", Mood::Later) => "450 4.2.1 not now",
                ("RCPT", Mood::Refuse) => "550 5.1.1 nobody",
                ("RCPT", Mood::RefuseSecond) if recipients == 2 => "550 5.1.1 nobody",
                ("DATA", _) => {
                    stream.write_all(b"354 go\r\n").await.unwrap();
                    self.take_message(stream).await;
                    if mood == Mood::DropAfterDot {
                        return false;
                    }
                    "250 2.0.0 taken"
                }
                ("QUIT", _) => return false,
                _ => "250 ok",
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
    }

    async fn take_message<S: AsyncBufReadExt + Unpin>(&self, stream: &mut S) {
        let mut message = String::new();
        loop {
            let line = read_line(stream).await;
            if line == ".\r\n" || line.is_empty() {
                break;
            }
            message += line.strip_prefix('.').unwrap_or(&line);
        }
        self.messages.lock().unwrap().push(message);
    }
}

async fn read_line<S: AsyncBufReadExt + Unpin>(stream: &mut S) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line
}

/// Where outbound rules may send mail.
const GATEWAY: &str = "relay.example";

struct Town {
    house: House,
    clock: Arc<ManualClock>,
    acme: Organization,
    ann: String,
}

async fn town() -> Town {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
    let house = House::new(World::new(clock.clone(), Arc::new(OsRandom))).await;
    let acme = house.organization("acme").await;
    let ann = house.user(&acme, "ann").await;
    Town { house, clock, acme, ann }
}

const MESSAGE: &str = "From: ann@acme.awsapps.com\r\nSubject: x\r\n\r\n.dot\r\n";

impl Town {
    async fn submit(&self, recipients: &[&str]) {
        let incoming = Incoming {
            id: self.house.world.random_hex::<8>(),
            sender: Some("ann@acme.awsapps.com".into()),
            recipients: recipients.iter().map(|text| (*text).to_owned()).collect(),
            origin: Origin::Submitted {
                entity: self.ann.clone(),
                organization: self.acme.id.clone(),
            },
            authentication: Authentication::DISABLED,
            content: MESSAGE.into(),
            return_path_octets: 0,
            utf8: false,
        };
        self.house.flow.accept(incoming).await.unwrap();
    }

    fn outbound(&self, resolver: Smarthost) -> Arc<Outbound<Smarthost>> {
        let place = format!("{GATEWAY}:587=127.0.0.1:{}", resolver.port);
        let hosts = errand::Hosts::parse([place.as_str()]).unwrap();
        let dialer = Dialer::new(hosts, self.house.world.clone());
        Outbound::new(self.house.flow.clone(), resolver, dialer, "mx.house.example").unwrap()
    }

    /// Does what is due, at the time that it is.
    async fn work(&self, outbound: &Outbound<Smarthost>) {
        for job in self.house.flow.claim(10).await.unwrap() {
            outbound.work(&job).await;
        }
    }

    async fn to_next(&self) {
        self.clock.set(self.house.flow.next_due().await.unwrap().unwrap());
    }

    async fn is_done(&self) -> bool {
        self.house.flow.next_due().await.unwrap().is_none()
    }
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again() {
    let town = town().await;
    let (fake, resolver) = Fake::start(&[Mood::Later]).await;
    let outbound = town.outbound(resolver);
    town.submit(&["a@far.example"]).await;
    town.work(&outbound).await;
    assert!(fake.messages.lock().unwrap().is_empty() && !town.is_done().await);
    town.to_next().await;
    town.work(&outbound).await;
    assert_eq!(*fake.messages.lock().unwrap(), [MESSAGE]);
    assert!(town.is_done().await && town.house.inbox(&town.ann).await.is_empty());
}

#[tokio::test]
async fn what_is_refused_is_told_to_the_sender() {
    let town = town().await;
    let (fake, resolver) = Fake::start(&[Mood::RefuseSecond]).await;
    town.submit(&["a@far.example", "b@far.example"]).await;
    town.work(&town.outbound(resolver)).await;
    assert_eq!(*fake.messages.lock().unwrap(), [MESSAGE]);
    assert!(town.is_done().await);
    let inbox = town.house.inbox(&town.ann).await;
    let notice = String::from_utf8_lossy(&inbox[0]);
    assert!(notice.contains("Final-Recipient: rfc822; b@far.example"), "{notice}");
    assert!(notice.contains("Diagnostic-Code: smtp; 550 5.1.1 nobody"), "{notice}");
    assert!(!notice.contains("a@far.example"), "{notice}");
}

#[tokio::test]
async fn all_refused_is_told_too() {
    let town = town().await;
    let (fake, resolver) = Fake::start(&[Mood::Refuse]).await;
    town.submit(&["a@far.example"]).await;
    town.work(&town.outbound(resolver)).await;
    assert!(fake.messages.lock().unwrap().is_empty() && town.is_done().await);
    assert_eq!(town.house.inbox(&town.ann).await.len(), 1);
}

/// The one case in which a message may arrive twice: the server took it and could not say so.
#[tokio::test]
async fn a_server_lost_after_the_dot_is_asked_again_later() {
    let town = town().await;
    let (fake, resolver) = Fake::start(&[Mood::DropAfterDot]).await;
    let outbound = town.outbound(resolver);
    town.submit(&["a@far.example"]).await;
    town.work(&outbound).await;
    assert_eq!(fake.messages.lock().unwrap().len(), 1);
    assert!(!town.is_done().await);
    town.to_next().await;
    town.work(&outbound).await;
    assert_eq!(fake.messages.lock().unwrap().len(), 2);
    assert!(town.is_done().await);
}

#[tokio::test]
async fn tls_is_used_and_done_without() {
    for mood in [Mood::TakeInTls, Mood::SpoilTls] {
        let town = town().await;
        let (fake, resolver) = Fake::start(&[mood]).await;
        town.submit(&["a@far.example"]).await;
        town.work(&town.outbound(resolver)).await;
        assert_eq!(*fake.messages.lock().unwrap(), [MESSAGE], "{mood:?}");
        assert!(town.is_done().await);
    }
}

#[tokio::test]
async fn nobody_there_is_no_reason_to_give_up() {
    let town = town().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    town.submit(&["a@far.example"]).await;
    town.work(&town.outbound(Smarthost { host: "127.0.0.1".into(), port })).await;
    assert!(!town.is_done().await && town.house.inbox(&town.ann).await.is_empty());
}

/// A gateway without TLS, one whose certificate nobody vouches for, one that is gone: no password is sent, nothing
/// goes in clear, and the sender is told at once.
#[tokio::test]
async fn a_gateway_that_cannot_be_trusted_or_reached_gets_nothing() {
    for (mood, status) in
        [(Some(Mood::Take), "5.7.10"), (Some(Mood::TakeInTls), "5.4.1"), (None, "5.4.1")]
    {
        let town = town().await;
        let gateway = town.house.gateway(&town.acme, GATEWAY, 587).await;
        let action = OutboundMailFlowRuleAction {
            r#type: OutboundMailFlowRuleActionType::SmtpGateway,
            smtp_gateway_id: Some(gateway),
            ..Default::default()
        };
        town.house.outbound_rule(&town.acme, "all", action, ["*", "*"]).await;
        town.submit(&["a@far.example"]).await;
        let (fake, mut resolver) = Fake::start(mood.as_slice()).await;
        if mood.is_none() {
            resolver.port = 1;
        }
        town.work(&town.outbound(resolver)).await;
        assert!(fake.messages.lock().unwrap().is_empty() && town.is_done().await);
        let inbox = town.house.inbox(&town.ann).await;
        let notice = String::from_utf8_lossy(&inbox[0]);
        assert!(notice.contains(&format!("Status: {status}\r\n")), "{mood:?} {notice}");
    }
}

#[tokio::test]
async fn the_worker_wakes_up_and_stops() {
    let town = town().await;
    let (fake, resolver) = Fake::start(&[]).await;
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(send_queue(town.outbound(resolver), stopped));
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..3 {
        town.submit(&["a@far.example", "b@near.example"]).await;
    }
    let all_there = async {
        while !town.is_done().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all_there).await.unwrap();
    assert_eq!(fake.messages.lock().unwrap().len(), 6);
    stop.send(true).unwrap();
    working.await.unwrap();
}
