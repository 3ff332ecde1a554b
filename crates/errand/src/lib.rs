//! Errands: HTTPS requests that this server makes of others, and connections to them for other protocols.
//!
//! Where an errand goes is often told by a stranger, so each is bounded in time and bytes, goes to public
//! addresses only, and follows no redirect ([`Client`]). An operator may say where a host is, private
//! addresses included ([`Hosts`]). Whom a server is believed to be is decided by the system's certificate
//! authorities, and by certificates that the errand itself names ([`Trust`]).
//!
//! It knows no service and reads no answer. There is no HTTP without TLS but to private
//! addresses that the operator names ([`Url::parse_trusted`]), no HTTP/2, no proxy, no cookie.

mod address;
mod client;
mod connect;
mod dialer;
mod error;
mod hosts;
mod idle;
mod trust;
mod url;
mod verify;

pub use client::{Client, Limits, Reply, Request};
pub use dialer::Dialer;
pub use error::Error;
pub use hosts::{Hosts, ParseHostError};
pub use hyper::{HeaderMap, Method, StatusCode, header};
pub use trust::{Thumbprint, Trust};
pub use url::{ParseUrlError, Url};
