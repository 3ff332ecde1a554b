//! The one HTTP endpoint of all AWS services.
//!
//! A request is read within bounds ([`server`]), its service and operation are found ([`route`]), its
//! signature is verified and its principal found ([`authenticate`]), and the call goes to the service;
//! then the event is recorded and the answer encoded ([`dispatch`], [`answer`]). A call that meets a
//! conflict of serialisation is run again from its snapshot on, in turn with others that did ([`turns`]).
//! Beside AWS's protocols stand routes of plain HTTP, which others bring along ([`web`]), and those for people
//! ([`sign_in`]).
//!
//! This crate knows no SQL and no rule of any service, and the formats are `wire`'s: it only joins them.

mod answer;
mod authenticate;
mod dispatch;
mod proxies;
mod route;
mod server;
pub mod sign_in;
mod turns;
pub mod web;

use std::sync::Arc;

use iam::door::Door;
use sigv4::SigningKeys;
use turns::Turns;

pub use proxies::Proxies;
pub use route::Service;
pub use server::{Limits, listen};

/// The services behind the endpoint.
pub struct Services {
    /// IAM Access Analyzer.
    pub accessanalyzer: accessanalyzer::Service,
    /// CloudTrail.
    pub cloudtrail: cloudtrail::Service,
    /// Identity and Access Management.
    pub iam: iam::Service,
    /// CloudWatch Logs.
    pub logs: logs::Service,
    /// Security Token Service.
    pub sts: sts::Service,
    /// WorkMail.
    pub workmail: workmail::Service,
    /// WorkMail Message Flow.
    pub messageflow: messageflow::Service,
}

/// All that is behind the endpoint, and the door before the services.
pub struct Api {
    door: Door,
    services: Services,
    routes: web::Routes,
    proxies: Proxies,
    signing_keys: SigningKeys,
    turns: Turns,
}

/// Signing keys kept at most: one for each access key, day, region and service in use.
const SIGNING_KEYS_MAX: usize = 10_000;

impl Api {
    /// An endpoint for the given services and the routes beside them, behind those proxies.
    pub fn new(door: Door, services: Services, routes: web::Routes, proxies: Proxies) -> Arc<Self> {
        let signing_keys = SigningKeys::new(SIGNING_KEYS_MAX);
        Arc::new(Self { door, services, routes, proxies, signing_keys, turns: Turns::default() })
    }
}
