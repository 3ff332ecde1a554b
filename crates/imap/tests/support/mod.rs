//! A server on a throw-away store, and a client that follows a script.
#![allow(dead_code, unreachable_pub, clippy::expect_used, clippy::unwrap_used)]

use std::{net::IpAddr, sync::Arc, time::Duration};

use imap::{Guest, Limits, Login, LoginFuture, Logins, Server, serve_connection};
use mailbox::MailboxId;
use store::testing::TestStore;
use tokio::{
    io::{
        AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream,
        DuplexStream,
    },
    time::timeout,
};
use world::{Secret, World};

/// Long enough for a slow machine, short enough to see that something hangs.
const PATIENCE: Duration = Duration::from_secs(20);

pub const GREETING: &str = "* OK [CAPABILITY IMAP4rev1 … AUTH=XOAUTH2] Chancery is ready";

pub struct House {
    pub server: Arc<Server>,
    pub store: TestStore,
    pub mailbox: MailboxId,
}

/// One user: `ann@example.com` with the password `secret`.
struct Ann(MailboxId);

impl Logins for Ann {
    fn log_in<'a>(&'a self, login: &'a str, password: &'a Secret, _: IpAddr) -> LoginFuture<'a> {
        let known = login == "ann@example.com" && password.expose() == b"secret";
        let guest = Guest { mailbox: self.0, over: Box::pin(std::future::pending()) };
        Box::pin(async move { Ok(if known { Login::Granted(guest) } else { Login::Wrong }) })
    }

    fn log_in_by_token<'a>(
        &'a self,
        login: Option<&'a str>,
        token: &'a Secret,
        _: IpAddr,
    ) -> LoginFuture<'a> {
        let meant = login.is_none_or(|login| login == "ann@example.com");
        let known = meant && token.expose() == b"token";
        let guest = Guest { mailbox: self.0, over: Box::pin(std::future::pending()) };
        Box::pin(async move { Ok(if known { Login::Granted(guest) } else { Login::Wrong }) })
    }
}

impl House {
    pub async fn new() -> Self {
        Self::with_quota(10_000_000).await
    }

    pub async fn with_quota(quota_bytes: u64) -> Self {
        Self::with(quota_bytes, Limits::default()).await
    }

    pub async fn with(quota_bytes: u64, limits: Limits) -> Self {
        let store = store::testing::open(&[mailbox::MIGRATIONS, workmail::MIGRATIONS]).await;
        let world = World::system();
        let mut tx = store.write().await.expect("a transaction");
        let mailbox =
            mailbox::mailboxes::provision(&mut tx, "ann", "m-1", quota_bytes, world.now());
        let mailbox = mailbox.await.expect("a mailbox").id;
        tx.commit().await.expect("a commit");
        let server = Server::with_limits(store.clone(), world, Ann(mailbox), limits);
        Self { server, store, mailbox }
    }

    /// A client that has read the greeting.
    pub async fn stranger(&self) -> Client {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let peer = "192.0.2.1:1000".parse().expect("an address");
        tokio::spawn(serve_connection(far, peer, self.server.clone()));
        let mut client = Client::new(near);
        client.follow(&format!("S: {GREETING}")).await;
        client
    }

    /// A client that has logged in.
    pub async fn ann(&self) -> Client {
        let mut client = self.stranger().await;
        client.follow("C: l LOGIN ann@example.com secret\nS: l OK [CAPABILITY …] welcome").await;
        client
    }

    /// A client that has selected the inbox with these messages in it.
    pub async fn ann_with(&self, messages: &[&str]) -> Client {
        let mut client = self.ann().await;
        for message in messages {
            client.append("INBOX", message).await;
        }
        client.send("s SELECT INBOX\r\n").await;
        while !client.line().await.starts_with("s OK") {}
        client
    }
}

pub struct Client<S = DuplexStream>(BufStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(stream: S) -> Self {
        Self(BufStream::new(stream))
    }

    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("an open connection");
        self.0.flush().await.expect("an open connection");
    }

    /// The next line without its CRLF; empty at the end.
    pub async fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = timeout(PATIENCE, self.0.read_until(b'\n', &mut line)).await;
        read.expect("an answer in time").expect("an open connection");
        let line = String::from_utf8(line).expect("UTF-8");
        line.strip_suffix("\r\n").unwrap_or(&line).to_owned()
    }

    /// The next `length` bytes.
    pub async fn exact(&mut self, length: usize) -> String {
        let mut bytes = vec![0; length];
        let read = timeout(PATIENCE, self.0.read_exact(&mut bytes)).await;
        read.expect("an answer in time").expect("an open connection");
        String::from_utf8(bytes).expect("UTF-8")
    }

    pub async fn append(&mut self, folder: &str, message: &str) {
        let length = message.len();
        self.send(&format!("p APPEND {folder} {{{length}+}}\r\n{message}\r\n")).await;
        loop {
            let line = self.line().await;
            if line.starts_with("p ") {
                assert!(line.starts_with("p OK [APPENDUID "), "{line}");
                return;
            }
        }
    }

    /// Sends what follows `C: ` and expects what follows `S: `, line by line; `…` stands for anything.
    pub async fn follow(&mut self, script: &str) {
        for step in script.lines().map(str::trim_start).filter(|step| !step.is_empty()) {
            if let Some(text) = step.strip_prefix("C: ") {
                self.send(&format!("{text}\r\n")).await;
            } else if step == "C:" {
                self.send("\r\n").await;
            } else {
                let wanted = step.strip_prefix("S:").expect("a step begins with C: or S:");
                let wanted = wanted.strip_prefix(' ').unwrap_or(wanted);
                let line = self.line().await;
                assert!(
                    matches(wanted, &line),
                    "\nwanted: {wanted}\n   got: {line}\nin:\n{script}"
                );
            }
        }
    }
}

fn matches(wanted: &str, line: &str) -> bool {
    let mut parts = wanted.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
