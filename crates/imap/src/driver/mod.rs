//! Connections: sockets, time and the store around a pure [`crate::Session`].

mod access;
mod acl;
mod connection;
mod hub;
mod large;
mod listener;
mod places;
mod shared;
mod tasks;
mod users;

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use mailbox::MailboxId;
use store::Store;
use tokio::sync::watch;
use world::{Secret, World};

pub use connection::serve_connection;
pub use listener::listen;
pub use places::Limits;
pub use users::MailUsers;

use hub::Hub;
use large::LargePlaces;
use places::Places;

/// What [`Logins::log_in`] comes to.
pub type LoginFuture<'a> = Pin<Box<dyn Future<Output = Result<Login, LoginError>> + Send + 'a>>;

/// Becomes ready when a user who has logged in may no longer be here.
pub type Over = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a try to log in comes to.
pub enum Login {
    /// Come in.
    Granted(Guest),
    /// There is no such user, or the password is wrong.
    Wrong,
    /// The password is right, but the user may not come like this, or not from here.
    Refused,
}

/// Somebody who has logged in.
pub struct Guest {
    /// The user's mailbox.
    pub mailbox: MailboxId,
    /// The end of the stay, whatever the user does.
    pub over: Over,
}

/// Why a login could not be judged.
pub type LoginError = Box<dyn std::error::Error + Send + Sync>;

/// Who may log in.
pub trait Logins: Send + Sync + 'static {
    /// The user with this address and password, who comes from `peer`.
    fn log_in<'a>(&'a self, login: &'a str, password: &'a Secret, peer: IpAddr) -> LoginFuture<'a>;

    /// The user for whom the token of a provider vouches, who must be the one with the address `login` if the
    /// client gives one.
    fn log_in_by_token<'a>(
        &'a self,
        login: Option<&'a str>,
        token: &'a Secret,
        peer: IpAddr,
    ) -> LoginFuture<'a>;
}

/// What all connections share.
pub struct Server {
    store: Store,
    world: World,
    logins: Box<dyn Logins>,
    hub: Arc<Hub>,
    places: Arc<Places>,
    /// Places for large commands that are coming in.
    large: LargePlaces,
    /// Places for large bodies that are going out.
    bodies: LargePlaces,
    stop: watch::Sender<bool>,
}

impl Server {
    /// A server of the mailboxes in `store`. Called within a tokio runtime: it follows the store's changes.
    pub fn new(store: Store, world: World, logins: impl Logins) -> Arc<Self> {
        Self::with_limits(store, world, logins, Limits::default())
    }

    /// As [`Self::new`], with bounds of one's own.
    pub fn with_limits(
        store: Store,
        world: World,
        logins: impl Logins,
        limits: Limits,
    ) -> Arc<Self> {
        let hub = Hub::following(store.subscribe());
        let (stop, _) = watch::channel(false);
        let (logins, places) = (Box::new(logins), Places::new(limits));
        let (large, bodies) = (LargePlaces::new(), LargePlaces::new());
        Arc::new(Self { store, world, logins, hub, places, large, bodies, stop })
    }

    /// Makes every connection say BYE and close.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
