//! Sending mail on: takes what is due from the queue and hands it to the servers of its recipients.

mod attempt;
mod gateway;
mod resolve;
mod sign;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;

use errand::Dialer;
use mailflow::Mailflow;
use tokio_rustls::TlsConnector;

use crate::client;
pub use {
    resolve::{Exchanger, MailExchangers, ResolveError, Resolver, Smarthost},
    worker::send_queue,
};

/// What a worker of the queue needs.
pub struct Outbound<R> {
    flow: Mailflow,
    resolver: R,
    /// Our own name, for `EHLO`.
    host: String,
    tls: TlsConnector,
    /// The way to gateways.
    dialer: Dialer,
}

impl<R: Resolver> Outbound<R> {
    /// A worker on the queue of `flow`, which finds its way by `resolver`, and to gateways by `dialer`.
    ///
    /// # Errors
    /// If the cryptography of TLS cannot be set up.
    pub fn new(
        flow: Mailflow,
        resolver: R,
        dialer: Dialer,
        host: impl Into<String>,
    ) -> Result<Arc<Self>, rustls::Error> {
        let tls = client::opportunistic()?;
        Ok(Arc::new(Self { flow, resolver, host: host.into(), tls, dialer }))
    }
}
