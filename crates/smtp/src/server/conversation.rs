//! One connection: moves bytes between the stream and the session, and questions to the backend.

use std::{
    io::{self, ErrorKind},
    net::IpAddr,
    sync::Arc,
};

use bytes::{BufMut, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time,
};
use tokio_rustls::TlsAcceptor;

use super::{Backend, Over, Server};
use crate::{
    limits::{
        AUTH_FAILURE_PAUSE, HANDSHAKE_TIMEOUT, LINGER_OCTETS, LINGER_TIMEOUT, READ_OCTETS,
        WRITE_TIMEOUT,
    },
    session::{Peer, Question, Role, Session, Step, Verdict},
    stop::Stop,
};

/// Read at once while nothing is under way, so that an idle connection costs little.
const IDLE_READ_OCTETS: usize = 1024;

pub(super) struct Conversation<B: Backend> {
    server: Arc<Server<B>>,
    session: Session,
    user: Option<B::User>,
    /// The end of the user's stay.
    over: Option<Over>,
    peer: IpAddr,
    role: Role,
    input: BytesMut,
    stop: Stop,
}

/// Why a run over one stream ended.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    Closed,
    StartTls,
}

impl<B: Backend> Conversation<B> {
    pub(super) fn new(
        server: Arc<Server<B>>,
        role: Role,
        peer: IpAddr,
        tls: bool,
        stop: Stop,
    ) -> Self {
        let session_peer = Peer {
            address: peer,
            id: server.world.random_hex::<8>(),
            tls: role == Role::Submission,
            starttls: tls && role == Role::Receiving,
        };
        let now = server.world.now();
        let session = Session::new(Arc::clone(&server.config), role, session_peer, now);
        Self { server, session, user: None, over: None, peer, role, input: BytesMut::new(), stop }
    }

    /// Starts in clear, and goes on in TLS if the peer asks for it.
    pub(super) async fn run_with_starttls<S>(
        &mut self,
        mut stream: S,
        tls: Option<TlsAcceptor>,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        match self.run(&mut stream).await? {
            End::Closed => Ok(()),
            End::StartTls => {
                let mut stream = shake_hands(stream, tls).await?;
                self.session.tls_started();
                self.run(&mut stream).await.map(drop)
            }
        }
    }

    /// Implicit TLS (RFC 8314 section 3).
    pub(super) async fn run_in_tls<S>(
        &mut self,
        stream: S,
        tls: Option<TlsAcceptor>,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut stream = shake_hands(stream, tls).await?;
        self.run(&mut stream).await.map(drop)
    }

    async fn run<S>(&mut self, stream: &mut S) -> io::Result<End>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        loop {
            match self.session.advance(&mut self.input, self.server.world.now()) {
                // Replies to commands that came together leave together (RFC 2920 section 3.2).
                Step::Ask(question) => {
                    let verdict = self.find_out(question).await;
                    self.session.answer(verdict);
                }
                Step::Read => {
                    self.flush(stream).await?;
                    if !self.read(stream).await? {
                        return Ok(End::Closed);
                    }
                }
                Step::StartTls => {
                    self.flush(stream).await?;
                    return Ok(End::StartTls);
                }
                Step::Close => {
                    self.flush(stream).await?;
                    linger(stream).await;
                    return Ok(End::Closed);
                }
            }
        }
    }

    async fn flush<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        let output = self.session.take_output();
        if output.is_empty() {
            return Ok(());
        }
        let write = async {
            stream.write_all(&output).await?;
            stream.flush().await
        };
        time::timeout(WRITE_TIMEOUT, write).await?
    }

    /// Reads, or tells the session that time is up, the user must go or the server stops. False at the end of
    /// input.
    async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<bool> {
        let stopping = self.stop.is_given();
        if stopping && self.session.stop() {
            return Ok(true);
        }
        let octets = self.make_room();
        let wait = self.session.deadline().since(self.server.world.now());
        let mut buffer = (&mut self.input).limit(octets);
        tokio::select! {
            () = ended(&mut self.over) => {
                self.session.end_stay();
                Ok(true)
            }
            read = stream.read_buf(&mut buffer) => Ok(read? > 0),
            () = time::sleep(wait) => {
                self.session.expire();
                Ok(true)
            }
            () = self.stop.given(), if !stopping => Ok(true),
        }
    }

    /// Prepares the buffer for the next read; a quiet connection gets a small one.
    fn make_room(&mut self) -> usize {
        if self.session.is_in_transaction() {
            self.input.reserve(READ_OCTETS);
            return READ_OCTETS;
        }
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        self.input.reserve(IDLE_READ_OCTETS);
        IDLE_READ_OCTETS
    }

    async fn find_out(&mut self, question: Question) -> Verdict {
        let backend = &self.server.backend;
        match question {
            Question::Password { login, password } => {
                let found = backend.password(&login, password, self.peer).await;
                self.logged_in(&login, found).await
            }
            Question::Token { login, token } => {
                let login = login.as_deref();
                let found = backend.token(login, token, self.peer).await;
                self.logged_in(login.unwrap_or("(token)"), found).await
            }
            Question::Sender(address) => match &self.user {
                Some(user) => backend.sender(user, &address).await,
                None => Verdict::NotYours,
            },
            Question::Recipient(address) => backend.recipient(self.user.as_ref(), &address).await,
            Question::Deliver(mail) => {
                let (id, octets) = (mail.id.clone(), mail.content.len());
                let verdict = backend.deliver(self.user.as_ref(), *mail).await;
                self.note(&id, octets, &verdict);
                verdict
            }
        }
    }

    async fn logged_in(&mut self, login: &str, found: Result<(B::User, Over), Verdict>) -> Verdict {
        match found {
            Ok((user, over)) => {
                (self.user, self.over) = (Some(user), Some(over));
                Verdict::Accept
            }
            Err(verdict) => {
                tracing::info!(%login, peer = %self.peer, ?verdict, "login refused");
                metrics::counter!("chancery_smtp_logins_refused_total").increment(1);
                time::sleep(AUTH_FAILURE_PAUSE).await;
                verdict
            }
        }
    }

    fn note(&self, id: &str, octets: usize, verdict: &Verdict) {
        let (role, peer) = (self.role.name(), self.peer);
        let taken = if *verdict == Verdict::Accept { "true" } else { "false" };
        metrics::counter!("chancery_smtp_messages_total", "role" => role, "taken" => taken)
            .increment(1);
        tracing::info!(%id, %peer, role, octets, ?verdict, "message");
    }
}

/// Waits for the end of the user's stay. A stranger's does not end like this.
async fn ended(over: &mut Option<Over>) {
    match over {
        Some(end) => end.await,
        None => std::future::pending().await,
    }
    *over = None;
}

async fn shake_hands<S>(
    stream: S,
    tls: Option<TlsAcceptor>,
) -> io::Result<tokio_rustls::server::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(tls) = tls else {
        return Err(io::Error::new(ErrorKind::Unsupported, "no certificate is configured"));
    };
    time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await?
}

/// Reads on for a moment: to close with octets unread would reset the connection, and the peer might
/// never see the last reply.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let read_on = async {
        stream.shutdown().await?;
        let mut scratch = vec![0; IDLE_READ_OCTETS];
        let mut total = 0;
        while total < LINGER_OCTETS {
            match stream.read(&mut scratch).await? {
                0 => break,
                octets => total += octets,
            }
        }
        io::Result::Ok(())
    };
    let _ = time::timeout(LINGER_TIMEOUT, read_on).await;
}
