//! Handing a message to a gateway that an organization has named.

use std::io;

use bytes::Bytes;
use mailflow::{Error, Job, Outcome as Settled};
use tokio::{net::TcpStream, time};
use tokio_rustls::client::TlsStream;
use workmail::smtp_gateways::{self, Gateway};

use super::{
    Outbound, Resolver,
    attempt::{ATTEMPT_TIMEOUT, CONNECT_TIMEOUT, for_all, settled},
};
use crate::{
    client::{self, Conversation, End, Errand, Login, Tls},
    limits::HANDSHAKE_TIMEOUT,
};

impl<R: Resolver> Outbound<R> {
    /// What became of each recipient. A gateway that cannot be reached is not waited for, as with AWS: the sender is
    /// told. What a gateway puts off itself is tried again.
    pub(super) async fn relay(&self, job: &Job, content: &Bytes, id: &str) -> Vec<Settled> {
        let gateway = match self.gateway(job, id).await {
            Ok(Some(gateway)) => gateway,
            Ok(None) => {
                let text = "5.4.4 the gateway was deleted";
                return for_all(job, &Settled::Failed(text.to_owned()));
            }
            Err(error) => return for_all(job, &Settled::Later(format!("4.3.0 {error}"))),
        };
        let mut conversation = Conversation::new(self.errand_to(job, content, &gateway));
        let talk = self.talk_to(&gateway, &mut conversation, content);
        let talked = time::timeout(ATTEMPT_TIMEOUT, talk).await;
        let lost = talked.map_err(io::Error::from).flatten().err();
        let report = conversation.report();
        tracing::info!(
            message = %job.message, gateway = %gateway.host, outcomes = ?report.outcomes,
            trouble = ?report.trouble, ?lost, "tried to hand on"
        );
        let undecided = match (lost, report.trouble) {
            (Some(error), _) if !report.was_sent => Settled::Failed(format!(
                "5.4.1 the gateway {} is out of reach: {error}",
                gateway.host
            )),
            // It may have the message, or has said something else than yes and no.
            (_, trouble) => {
                Settled::Later(trouble.unwrap_or_else(|| "4.4.2 it broke off".to_owned()))
            }
        };
        let outcome = |outcome: Option<client::Outcome>| outcome.map_or(undecided.clone(), settled);
        report.outcomes.into_iter().map(outcome).collect()
    }

    async fn gateway(&self, job: &Job, id: &str) -> Result<Option<Gateway>, Error> {
        let store = self.flow.store();
        let mut snapshot = store.read().await?;
        let organization = &job.organization;
        Ok(smtp_gateways::find(&mut snapshot, store.keyring(), organization, id).await?)
    }

    fn errand_to(&self, job: &Job, content: &Bytes, gateway: &Gateway) -> Errand {
        Errand {
            host: self.host.clone(),
            sender: job.sender.clone(),
            recipients: job.recipients.iter().map(|(recipient, _)| recipient.clone()).collect(),
            octets: content.len(),
            eight_bit: !content.is_ascii(),
            utf8: job.utf8,
            tls: if gateway.implicit_tls { Tls::Already } else { Tls::Required },
            login: Some(Login {
                username: gateway.username.clone(),
                password: gateway.password.clone(),
            }),
        }
    }

    async fn talk_to(
        &self,
        gateway: &Gateway,
        conversation: &mut Conversation,
        content: &Bytes,
    ) -> io::Result<()> {
        let connect = self.dialer.connect(&gateway.host, gateway.port);
        let mut stream = time::timeout(CONNECT_TIMEOUT, connect).await??;
        let _ = stream.set_nodelay(true);
        let begins_in_clear = !gateway.implicit_tls;
        if begins_in_clear && client::run(conversation, &mut stream, content).await? == End::Done {
            return Ok(());
        }
        let mut stream = self.secure(gateway, stream).await?;
        if begins_in_clear {
            conversation.tls_started();
        }
        client::run(conversation, &mut stream, content).await?;
        Ok(())
    }

    async fn secure(
        &self,
        gateway: &Gateway,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        time::timeout(HANDSHAKE_TIMEOUT, self.dialer.secure(&gateway.host, stream)).await?
    }
}
