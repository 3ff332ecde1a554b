//! The one HTTP endpoint of all AWS services.
//!
//! A request is read within bounds ([`server`]), its service and operation are found ([`route`]), its
//! signature is verified and its principal found ([`authenticate`]), and the call goes to the service;
//! then the event is recorded and the answer encoded ([`dispatch`], [`answer`]). A call that meets a
//! conflict of serialisation is run again from its snapshot on, in turn with others that did ([`turns`]).
//!
//! This crate knows no SQL and no rule of any service, and the formats are `wire`'s: it only joins them.

mod answer;
mod authenticate;
mod dispatch;
mod route;
mod server;
mod turns;

use std::sync::Arc;

use iam::door::Door;
use sigv4::SigningKeys;
use turns::Turns;

pub use route::Service;
pub use server::{Limits, listen};

/// The services behind the endpoint, and the door before them.
pub struct Api {
    door: Door,
    iam: iam::Service,
    sts: sts::Service,
    workmail: workmail::Service,
    signing_keys: SigningKeys,
    turns: Turns,
}

/// Signing keys kept at most: one for each access key, day, region and service in use.
const SIGNING_KEYS_MAX: usize = 10_000;

impl Api {
    /// An endpoint for the given services.
    pub fn new(
        door: Door,
        iam: iam::Service,
        sts: sts::Service,
        workmail: workmail::Service,
    ) -> Arc<Self> {
        let signing_keys = SigningKeys::new(SIGNING_KEYS_MAX);
        Arc::new(Self { door, iam, sts, workmail, signing_keys, turns: Turns::default() })
    }
}
