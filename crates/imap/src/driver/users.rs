//! Those who have a mailbox at an organization, as the ones who may log in.

use std::{net::IpAddr, sync::Arc};

use mailbox::mailboxes;
use store::Store;
use workmail::{AccessAction, Authenticator, SignIn};
use world::Secret;

use super::{Guest, Login, LoginError, LoginFuture, Logins};

/// Registered users of all organizations, by address and password.
pub struct MailUsers {
    store: Store,
    authenticator: Arc<Authenticator>,
}

impl MailUsers {
    /// The users in `store`, who are verified by an authenticator that other servers may share.
    pub fn new(store: Store, authenticator: Arc<Authenticator>) -> Self {
        Self { store, authenticator }
    }

    async fn find(
        &self,
        login: &str,
        password: &Secret,
        peer: IpAddr,
    ) -> Result<Login, LoginError> {
        let by = AccessAction::Imap;
        self.receive(self.authenticator.authenticate(login, password, by, peer).await?).await
    }

    async fn find_by_token(
        &self,
        login: Option<&str>,
        token: &Secret,
        peer: IpAddr,
    ) -> Result<Login, LoginError> {
        let by = AccessAction::Imap;
        self.receive(self.authenticator.authenticate_bearer(login, token, by, peer).await?).await
    }

    async fn receive(&self, sign_in: SignIn) -> Result<Login, LoginError> {
        let visit = match sign_in {
            SignIn::Granted(visit) => visit,
            SignIn::Wrong => return Ok(Login::Wrong),
            SignIn::Refused => return Ok(Login::Refused),
        };
        let mut snapshot = self.store.read().await?;
        let mailbox = mailboxes::find(&mut snapshot, &visit.user().id).await?;
        Ok(match mailbox.filter(mailboxes::Mailbox::is_active) {
            Some(mailbox) => {
                Login::Granted(Guest { mailbox: mailbox.id, over: Box::pin(visit.over()) })
            }
            None => Login::Wrong,
        })
    }
}

impl Logins for MailUsers {
    fn log_in<'a>(&'a self, login: &'a str, password: &'a Secret, peer: IpAddr) -> LoginFuture<'a> {
        Box::pin(self.find(login, password, peer))
    }

    fn log_in_by_token<'a>(
        &'a self,
        login: Option<&'a str>,
        token: &'a Secret,
        peer: IpAddr,
    ) -> LoginFuture<'a> {
        Box::pin(self.find_by_token(login, token, peer))
    }
}
