//! One connection: carries bytes, jobs, notices and time between a session and the rest.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use mailbox::MailboxId;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Guest, Login, LoginError, Over, Server,
    hub::Watch,
    large::{LargePlace, LargePlaces},
    tasks::{self, Recent},
};
use crate::{
    job::{Answer, Job, Outcome},
    limits::{
        ACCESS_INTERVAL, LARGE_COMMAND_BYTES, MIN_READ_BYTES_PER_SECOND, READ_BYTES, WRITE_TIMEOUT,
    },
    session::{Next, Session, Turn},
};

/// Bytes that the client must take within the write timeout.
const WRITE_BYTES: usize = 64 * 1024;
/// How long the last words may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Speaks IMAP over `stream`, which has TLS done already, until one side ends it.
///
/// # Errors
/// What the stream says, and a client that does not take what is sent to it.
pub async fn serve_connection<S>(stream: S, peer: SocketAddr, server: Arc<Server>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (session, greeting) = Session::new(server.world.now());
    let stop = server.stop.subscribe();
    let (watch, over, foreign, recent, large) = (None, None, None, None, None);
    let mut connection =
        Connection { stream, session, peer, server, stop, watch, over, foreign, recent, large };
    let mut turn = greeting;
    while connection.perform(turn).await? {
        match connection.next_turn().await? {
            Some(next) => turn = next,
            None => return Ok(()),
        }
    }
    // The client need not wait for us to be polite.
    let _ = timeout(CLOSE_TIMEOUT, connection.stream.shutdown()).await;
    Ok(())
}

struct Connection<S> {
    stream: S,
    session: Session,
    peer: SocketAddr,
    server: Arc<Server>,
    stop: watch::Receiver<bool>,
    watch: Option<Watch>,
    /// The end of the user's stay.
    over: Option<Over>,
    /// Over the mailbox of somebody else in which a folder is selected.
    foreign: Option<(MailboxId, Watch)>,
    /// A large body that was fetched just now.
    recent: Option<Recent>,
    /// The place of a large command that is coming in.
    large: Option<LargePlace>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Does what the turn, and the turns that its jobs lead to, ask for; false if the connection ends.
    async fn perform(&mut self, mut turn: Turn) -> io::Result<bool> {
        loop {
            self.send(&turn.send).await?;
            let job = match turn.next {
                Next::Read => return Ok(true),
                Next::Close => return Ok(false),
                Next::Run(job) => job,
            };
            // A client that has always something to do would not be told otherwise.
            if is_over(&mut self.over).await {
                turn = self.session.end_stay();
                continue;
            }
            let outcome = self.run(job).await;
            turn = self.session.complete(outcome, self.server.world.now());
        }
    }

    /// A client that reads nothing is dropped soon, and one that reads by drops before it has held what is
    /// sent to it for too long.
    async fn send(&mut self, parts: &[Bytes]) -> io::Result<()> {
        let bytes: usize = parts.iter().map(Bytes::len).sum();
        if bytes == 0 {
            return Ok(());
        }
        let seconds = u64::try_from(bytes / MIN_READ_BYTES_PER_SECOND).unwrap_or(u64::MAX);
        timeout(WRITE_TIMEOUT + Duration::from_secs(seconds), self.write(parts)).await?
    }

    async fn write(&mut self, parts: &[Bytes]) -> io::Result<()> {
        for chunk in parts.iter().flat_map(|part| part.chunks(WRITE_BYTES)) {
            timeout(WRITE_TIMEOUT, self.stream.write_all(chunk)).await??;
        }
        timeout(WRITE_TIMEOUT, self.stream.flush()).await?
    }

    async fn run(&mut self, job: Job) -> Outcome {
        match job {
            Job::Pause(duration) => {
                sleep(duration).await;
                Ok(Answer::Done)
            }
            Job::Login { login, password } => {
                let server = &self.server;
                let found = server.logins.log_in(&login, &password, self.peer.ip()).await;
                self.logged_in(&login, found)
            }
            Job::LoginByToken { login, token } => {
                let (server, login) = (&self.server, login.as_deref());
                let found = server.logins.log_in_by_token(login, &token, self.peer.ip()).await;
                self.logged_in(login.unwrap_or("(token)"), found)
            }
            Job::Mailbox(mailbox, task) => {
                // On the heap, so that a connection that waits does not hold room for it.
                let work = Box::pin(tasks::run(&self.server, mailbox, task, &mut self.recent));
                let outcome = work.await;
                if let Err(error @ (mailbox::Error::Store(_) | mailbox::Error::Damaged(_))) =
                    &outcome
                {
                    tracing::error!(%error, mailbox = mailbox.0, "an IMAP command failed");
                }
                outcome
            }
        }
    }

    fn logged_in(&mut self, login: &str, found: Result<Login, LoginError>) -> Outcome {
        let result = match &found {
            Ok(Login::Granted(_)) => "granted",
            Ok(Login::Wrong) => "denied",
            Ok(Login::Refused) => "refused",
            Err(_) => "failed",
        };
        metrics::counter!("chancery_imap_logins_total", "result" => result).increment(1);
        match found {
            Ok(found) => {
                tracing::info!(peer = %self.peer, login, result, "IMAP login");
                Ok(self.welcome(found))
            }
            Err(error) => {
                tracing::error!(%error, "an IMAP login could not be judged");
                Ok(Answer::Unavailable)
            }
        }
    }

    fn welcome(&mut self, login: Login) -> Answer {
        match login {
            Login::Granted(Guest { mailbox, over }) => {
                self.watch = Some(self.server.hub.watch(mailbox));
                self.over = Some(over);
                Answer::User(Some(mailbox))
            }
            Login::Wrong => Answer::User(None),
            Login::Refused => Answer::Refused,
        }
    }

    /// Watches the mailbox of the folder that is selected now, if it is somebody else's.
    fn watch_foreign(&mut self) {
        let wanted = self.session.foreign_mailbox();
        if wanted != self.foreign.as_ref().map(|(mailbox, _)| *mailbox) {
            self.foreign = wanted.map(|mailbox| (mailbox, self.server.hub.watch(mailbox)));
        }
    }

    /// Waits for whatever comes first: the client, a change, the deadline, the end of the user's stay or of the
    /// server.
    async fn next_turn(&mut self) -> io::Result<Option<Turn>> {
        self.watch_foreign();
        let Self { stream, session, stop, watch, over, foreign, recent, large, server, .. } = self;
        let world = &server.world;
        let left = session.deadline().since(world.now());
        let large_of = session.mailbox().filter(|_| session.held_bytes() > LARGE_COMMAND_BYTES);
        let forget = recent.as_ref().map_or(left, |recent| left.min(recent.left(world.now())));
        tokio::select! {
            turn = async {
                reserve(large, large_of, &server.large).await;
                read(stream, |bytes| session.feed(bytes, world.now())).await
            } => turn,
            () = changed(watch.as_ref()) => Ok(Some(session.changed(world.now()))),
            () = foreign_changed(foreign.as_ref()) => Ok(Some(session.changed(world.now()))),
            () = sleep(forget) => {
                recent.take_if(|recent| recent.left(world.now()).is_zero());
                Ok(Some(session.tick(world.now())))
            }
            () = ended(over) => Ok(Some(session.end_stay())),
            _ = stop.wait_for(|stop| *stop) => Ok(Some(session.shut_down())),
        }
    }
}

/// Takes a place for a large command, waiting for one if need be, or gives it back.
async fn reserve(place: &mut Option<LargePlace>, mailbox: Option<MailboxId>, places: &LargePlaces) {
    match mailbox {
        None => *place = None,
        Some(mailbox) if place.is_none() => *place = places.take(mailbox).await,
        Some(_) => {}
    }
}

/// Reads once and has the bytes taken in; nothing at the end of the stream. The room for the bytes is on the
/// stack of the poll, so that a connection that waits holds none.
async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    mut take: impl FnMut(&[u8]) -> Turn,
) -> io::Result<Option<Turn>> {
    poll_fn(|context| {
        let mut space = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
        let bytes = buffer.filled();
        Poll::Ready(Ok((!bytes.is_empty()).then(|| take(bytes))))
    })
    .await
}

/// Waits for the end of the user's stay. A stranger's does not end like this.
async fn ended(over: &mut Option<Over>) {
    match over {
        Some(end) => end.await,
        None => std::future::pending().await,
    }
    *over = None;
}

/// Whether the user's stay is over, without waiting for it.
async fn is_over(over: &mut Option<Over>) -> bool {
    let mut ended = std::pin::pin!(ended(over));
    poll_fn(|context| Poll::Ready(ended.as_mut().poll(context).is_ready())).await
}

/// A change, or the time to look again whether the user may still see the folder: that depends on more than the
/// mailbox, such as who is in which group.
async fn foreign_changed(foreign: Option<&(MailboxId, Watch)>) {
    match foreign {
        // Either is reason enough to look.
        Some((_, watch)) => drop(timeout(ACCESS_INTERVAL, watch.changed()).await),
        None => std::future::pending().await,
    }
}

async fn changed(watch: Option<&Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}
