//! The door: who calls, and may they.
//!
//! Every API call of every service passes here. [`Door::identify`] turns an access key id (and a session
//! token) into a principal and the secret that its signature must prove; a [`Call`] then carries that
//! principal into a handler. A handler reaches data only through [`Call::read`] and [`Call::write`],
//! which decide first. So an operation that forgot to authorise has nothing to work on.
//!
//! A handler never commits. The dispatcher ends the call with [`Call::succeed`] or [`Call::fail`], so the
//! event record of a change is in the same transaction as the change, and none is missing.

mod acting;
mod asker;
mod authorize;
mod call;
mod caller;
mod console;
mod context;
mod denial;
mod events;
mod identify;
mod limits;
mod permissions;
mod target;
mod tokens;

use std::sync::Arc;

use errand::{Client, Hosts};
use store::Store;
use world::World;

pub use acting::{Actor, InRole, ServiceRoles, trusts};
pub use call::Call;
pub use caller::{
    Caller, FederatedUser, Issuer, Origin, Principal, RequestFacts, RoleSession, SessionFacts,
    SessionScope, WebIdentity,
};
pub use console::ConsoleEvent;
pub use events::{Outcome, Record, RecorderTask};
pub use identify::{Identity, Refusal};
pub use target::{Guard, Resource, Target};

pub(crate) use asker::CallAsker;
pub(crate) use context::CallContext;
pub(crate) use events::Notes;

use events::Recorder;
use permissions::PermissionCache;

use crate::issuer_keys::IssuerKeys;

/// What all calls share: the store, the world, compiled permissions, the event recorder, and the way to
/// other servers.
#[derive(Clone)]
pub struct Door {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    world: World,
    permissions: PermissionCache,
    secrets: identify::SecretCache,
    tokens: tokens::TokenCache,
    recorder: Recorder,
    around: Surroundings,
    issuer_keys: Arc<IssuerKeys>,
}

/// What lies around this server.
#[derive(Clone)]
pub struct Surroundings {
    /// The way to other servers.
    pub errands: Client,
    /// How others reach the API of this one: `https://` and a host, without a slash at the end.
    pub public_url: String,
}

impl Door {
    /// A door to `store`. The returned task writes event records in batches: run it until it ends, which
    /// it does when the last clone of the door is gone and everything is written.
    pub fn new(store: Store, world: World) -> (Self, RecorderTask) {
        let errands = Client::new(Hosts::default(), world.clone());
        let public_url = "https://localhost".to_owned();
        Self::within(store, world, Surroundings { errands, public_url })
    }

    /// The same with what lies around this server.
    pub fn within(store: Store, world: World, around: Surroundings) -> (Self, RecorderTask) {
        let (recorder, task) = events::channel(store.clone());
        let inner = Inner {
            store,
            world,
            permissions: PermissionCache::default(),
            secrets: identify::SecretCache::default(),
            tokens: tokens::TokenCache::default(),
            recorder,
            around,
            issuer_keys: Arc::default(),
        };
        (Self { inner: Arc::new(inner) }, task)
    }

    /// How others reach the API of this server.
    pub fn public_url(&self) -> &str {
        &self.inner.around.public_url
    }

    /// The clock and random source that calls work with.
    pub fn world(&self) -> &World {
        &self.inner.world
    }

    /// Records what a person did at the door of the console where that changed nothing: a batch later, as
    /// other failures.
    pub async fn record_console(&self, event: &ConsoleEvent) {
        self.inner.recorder.hand_over(event.entry(&self.inner.world)).await;
    }

    /// Records a call that ended before it reached a handler.
    pub async fn record(&self, caller: &Caller, record: Record) {
        self.inner.recorder.accessed(caller, &record).await;
        self.inner.recorder.record(caller, record, &Notes::default()).await;
    }
}
