//! The backend that is the house itself: its users, and its flow of mail.

use std::{net::IpAddr, sync::Arc};

use mailflow::{Authentication, Error, Incoming, Mailflow, Origin, Probe, Refusal};
use workmail::{AccessAction, Authenticator, MailUser, SignIn};
use world::Secret;

use super::{Backend, OriginJudge, Over};
use crate::{
    grammar::Address,
    session::{Mail, Verdict},
};

/// Answers from the directory of users, and gives messages to the flow of mail.
pub struct House {
    flow: Mailflow,
    authenticator: Arc<Authenticator>,
    judge: Option<OriginJudge>,
}

impl House {
    /// The users that `authenticator` knows, the mail that `flow` takes.
    pub fn new(flow: Mailflow, authenticator: Arc<Authenticator>) -> Self {
        Self { flow, authenticator, judge: None }
    }

    /// Has the messages of strangers judged.
    #[must_use]
    pub fn with_judge(self, judge: OriginJudge) -> Self {
        Self { judge: Some(judge), ..self }
    }
}

impl Backend for House {
    type User = MailUser;

    async fn password(
        &self,
        login: &str,
        password: Secret,
        peer: IpAddr,
    ) -> Result<(MailUser, Over), Verdict> {
        let by = AccessAction::Smtp;
        received(self.authenticator.authenticate(login, &password, by, peer).await)
    }

    async fn token(
        &self,
        login: Option<&str>,
        token: Secret,
        peer: IpAddr,
    ) -> Result<(MailUser, Over), Verdict> {
        let by = AccessAction::Smtp;
        received(self.authenticator.authenticate_bearer(login, &token, by, peer).await)
    }

    async fn sender(&self, user: &MailUser, address: &Address) -> Verdict {
        match self.flow.may_send_as(&user.id, &address.to_string()).await {
            Ok(true) => Verdict::Accept,
            Ok(false) => Verdict::NotYours,
            Err(error) => trouble(&error),
        }
    }

    async fn recipient(&self, user: Option<&MailUser>, address: &Address) -> Verdict {
        match self.flow.probe(&address.to_string()).await {
            Ok(Probe::Fine) => Verdict::Accept,
            Ok(Probe::Full) => Verdict::MailboxFull,
            Ok(Probe::Unknown) => Verdict::Unknown,
            Ok(Probe::Elsewhere) if user.is_some() => Verdict::Accept,
            Ok(Probe::Elsewhere) => Verdict::NotOurs,
            Err(error) => trouble(&error),
        }
    }

    async fn deliver(&self, user: Option<&MailUser>, mut mail: Mail) -> Verdict {
        let authentication = match (&self.judge, user) {
            (Some(judge), None) => judge.judge(&mut mail).await,
            (Some(judge), Some(_)) => {
                // Users cannot speak in our name either.
                judge.stamp(&mut mail, "");
                Authentication::DISABLED
            }
            (None, _) => Authentication::DISABLED,
        };
        let origin = match user {
            Some(user) => Origin::Submitted {
                entity: user.id.clone(),
                organization: user.organization_id.clone(),
            },
            None => Origin::Received,
        };
        let incoming = Incoming {
            id: mail.id.clone(),
            sender: mail.sender.as_ref().map(Address::to_string),
            recipients: mail.recipients.iter().map(Address::to_string).collect(),
            origin,
            authentication,
            content: mail.content.clone(),
            return_path_octets: mail.return_path_octets,
            utf8: mail.utf8,
        };
        match self.flow.accept(incoming).await {
            Ok(()) => Verdict::Accept,
            Err(Refusal::ForeignAuthor) => Verdict::NotYours,
            Err(Refusal::MailboxFull) => Verdict::MailboxFull,
            Err(Refusal::Blocked(text)) => Verdict::Blocked(text),
            Err(Refusal::NoRecipient) => Verdict::Unknown,
            Err(Refusal::Failed(error)) => trouble(&error),
            Err(refusal) => {
                tracing::error!(%refusal, "message was not taken");
                Verdict::TryLater
            }
        }
    }
}

fn received(sign_in: Result<SignIn, workmail::Error>) -> Result<(MailUser, Over), Verdict> {
    match sign_in {
        Ok(SignIn::Granted(visit)) => Ok((visit.user().clone(), Box::pin(visit.over()))),
        Ok(SignIn::Wrong) => Err(Verdict::WrongPassword),
        Ok(SignIn::Refused) => Err(Verdict::NotAllowed),
        Err(error) => {
            tracing::error!(%error, "a login could not be judged");
            Err(Verdict::TryLater)
        }
    }
}

fn trouble(error: &Error) -> Verdict {
    tracing::error!(%error, "mail cannot be taken");
    if error.is_full() { Verdict::StoreFull } else { Verdict::TryLater }
}
