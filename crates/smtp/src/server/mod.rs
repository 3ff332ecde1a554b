//! The driver of the sessions: sockets, TLS, time, and the bounds on all of them together.

mod admission;
mod conversation;
mod house;
mod listener;
mod origin;
#[cfg(test)]
mod tests;

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use world::{Secret, World};

use self::admission::Admission;
pub use self::{
    house::House,
    listener::listen,
    origin::{Judged, OriginJudge},
};
use crate::{
    grammar::Address,
    session::{Config, Mail, Verdict},
};

/// Becomes ready when a user who has logged in may no longer be here.
pub type Over = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who answers what the sessions ask.
pub trait Backend: Send + Sync + 'static {
    /// Somebody who is logged in.
    type User: Send + Sync;

    /// Whose password is it? And how long may the user, who comes from `peer`, stay?
    fn password(
        &self,
        login: &str,
        password: Secret,
        peer: IpAddr,
    ) -> impl Future<Output = Result<(Self::User, Over), Verdict>> + Send;

    /// For whom does this token vouch, who must be `login` if that is given? And how long may the user stay?
    fn token(
        &self,
        login: Option<&str>,
        token: Secret,
        peer: IpAddr,
    ) -> impl Future<Output = Result<(Self::User, Over), Verdict>> + Send;

    /// May `user` send as this?
    fn sender(&self, user: &Self::User, address: &Address) -> impl Future<Output = Verdict> + Send;

    /// Is there mail for this, from `user` or, without one, from a stranger?
    fn recipient(
        &self,
        user: Option<&Self::User>,
        address: &Address,
    ) -> impl Future<Output = Verdict> + Send;

    /// Takes charge of a message. `Accept` means that it is durable.
    fn deliver(
        &self,
        user: Option<&Self::User>,
        mail: Mail,
    ) -> impl Future<Output = Verdict> + Send;
}

/// What the listeners share.
#[derive(Debug)]
pub struct Server<B> {
    config: Arc<Config>,
    backend: B,
    world: World,
    admission: Admission,
}

impl<B: Backend> Server<B> {
    /// A server that asks `backend`.
    pub fn new(config: Config, backend: B, world: World) -> Arc<Self> {
        let admission =
            Admission::new(config.limits.connections, config.limits.connections_per_address);
        Arc::new(Self { config: Arc::new(config), backend, world, admission })
    }
}
