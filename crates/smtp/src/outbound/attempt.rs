//! One attempt to hand a message to the servers of a domain.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use mailflow::{Job, Outcome as Settled};
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time};

use super::{Exchanger, Outbound, ResolveError, Resolver};
use crate::{
    client::{self, Conversation, End, Errand, Outcome, Report, Tls},
    limits::HANDSHAKE_TIMEOUT,
};

/// Time for one attempt, well within the lease of its job.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// Wait for a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections of one attempt.
const MAX_CONNECTIONS: usize = 6;

/// What is known of each recipient of a job.
struct Progress {
    outcomes: Vec<Option<Settled>>,
    trouble: String,
}

impl<R: Resolver> Outbound<R> {
    /// What became of each recipient of the job.
    pub(super) async fn attempt(&self, job: &Job, content: &Bytes) -> Vec<Settled> {
        if let Some(gateway) = &job.gateway {
            return self.relay(job, content, gateway).await;
        }
        let deadline = time::Instant::now() + ATTEMPT_TIMEOUT;
        let exchangers = match self.resolver.exchangers(&job.domain).await {
            Ok(exchangers) => exchangers,
            Err(ResolveError::Never(why)) => return for_all(job, &Settled::Failed(why)),
            Err(ResolveError::Later(why)) => return for_all(job, &Settled::Later(why)),
        };
        let mut progress = Progress {
            outcomes: vec![None; job.recipients.len()],
            trouble: "4.4.1 no server answered".to_owned(),
        };
        for (exchanger, address) in places(&exchangers) {
            let visit = self.visit(job, content, &progress, exchanger, address);
            let Ok(report) = time::timeout_at(deadline, visit).await else {
                progress.trouble = "4.4.7 took too long".to_owned();
                break;
            };
            if !progress.take(report) {
                break;
            }
        }
        progress.finish()
    }

    /// Talks to one server about the recipients that are undecided; in clear if TLS fails.
    async fn visit(
        &self,
        job: &Job,
        content: &Bytes,
        progress: &Progress,
        exchanger: &Exchanger,
        address: SocketAddr,
    ) -> Report {
        let mut errand = self.errand(job, content, progress);
        let mut conversation = Conversation::new(errand.clone());
        let mut result = self.talk(&mut conversation, content, exchanger, address).await;
        if let Err(Broken::Handshake(error)) = result {
            tracing::warn!(server = %exchanger.name, %error, "TLS failed, going on in clear");
            errand.tls = Tls::Without;
            conversation = Conversation::new(errand);
            result = self.talk(&mut conversation, content, exchanger, address).await;
        }
        if let Err(Broken::Handshake(error) | Broken::Connection(error)) = result {
            conversation.lost(format!("4.4.2 {} ({address}): {error}", exchanger.name));
        }
        let report = conversation.report();
        tracing::info!(
            message = %job.message, server = %exchanger.name, %address,
            outcomes = ?report.outcomes, trouble = ?report.trouble, "tried to send on"
        );
        report
    }

    fn errand(&self, job: &Job, content: &Bytes, progress: &Progress) -> Errand {
        Errand {
            host: self.host.clone(),
            sender: job.sender.clone(),
            recipients: progress.undecided(job),
            octets: content.len(),
            eight_bit: !content.is_ascii(),
            utf8: job.utf8,
            tls: Tls::IfOffered,
            login: None,
        }
    }

    async fn talk(
        &self,
        conversation: &mut Conversation,
        content: &Bytes,
        exchanger: &Exchanger,
        address: SocketAddr,
    ) -> Result<(), Broken> {
        let connect = time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address));
        let mut stream = connect.await.map_err(io::Error::from)??;
        let _ = stream.set_nodelay(true);
        if client::run(conversation, &mut stream, content).await? == End::Done {
            return Ok(());
        }
        let name = ServerName::try_from(exchanger.name.trim_end_matches('.').to_owned())
            .unwrap_or_else(|_| ServerName::from(address.ip()));
        let handshake = time::timeout(HANDSHAKE_TIMEOUT, self.tls.connect(name, stream));
        let shaken = handshake.await.map_err(io::Error::from).flatten();
        let mut stream = shaken.map_err(Broken::Handshake)?;
        tracing::debug!(server = %exchanger.name, verified = false, "in TLS");
        conversation.tls_started();
        client::run(conversation, &mut stream, content).await?;
        Ok(())
    }
}

/// Every address of every server, best first, as many as are tried.
fn places(exchangers: &[Exchanger]) -> Vec<(&Exchanger, SocketAddr)> {
    let mut places = Vec::new();
    for exchanger in exchangers {
        places.extend(exchanger.addresses.iter().map(|address| (exchanger, *address)));
    }
    places.truncate(MAX_CONNECTIONS);
    places
}

/// How a connection ended early.
enum Broken {
    Handshake(io::Error),
    Connection(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

impl Progress {
    fn undecided(&self, job: &Job) -> Vec<String> {
        let both = job.recipients.iter().zip(&self.outcomes);
        both.filter(|(_, outcome)| outcome.is_none()).map(|((name, _), _)| name.clone()).collect()
    }

    /// Notes what a server said; tells whether another one should be asked.
    fn take(&mut self, report: Report) -> bool {
        let open = self.outcomes.iter_mut().filter(|outcome| outcome.is_none());
        for (slot, outcome) in open.zip(report.outcomes) {
            *slot = outcome.map(settled);
        }
        if let Some(trouble) = report.trouble {
            self.trouble = trouble;
        }
        // The server may have taken the message before it was lost. To ask another one at once would
        // most likely double it; asked later, the same one may know it by its Message-ID.
        !report.was_sent && self.outcomes.iter().any(Option::is_none)
    }

    fn finish(self) -> Vec<Settled> {
        let later = Settled::Later(self.trouble);
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| later.clone())).collect()
    }
}

pub(super) fn settled(outcome: Outcome) -> Settled {
    match outcome {
        Outcome::Taken(_) => Settled::Sent,
        Outcome::Later(said) => Settled::Later(said),
        Outcome::Refused(said) => Settled::Failed(said),
    }
}

pub(super) fn for_all(job: &Job, outcome: &Settled) -> Vec<Settled> {
    vec![outcome.clone(); job.recipients.len()]
}
