//! What the DNS says: the one resolver that the whole house asks.
//!
//! [`Dns`] asks the servers that the operator names, or those of the system. Every look-up is bounded in time
//! ([`LOOKUP_TIMEOUT`]) and in what is taken of the answer ([`RECORDS_MAX`]). Names are always whole: the search
//! list of the system is for people. Answers are kept for as long as their time to live says;
//! [`Dns::fresh`] asks anew each time, for what somebody has just changed.
//!
//! It knows no mail and no policy. There is no DNSSEC here and no transport but UDP and TCP: who wants either
//! names a resolver of their own.

mod error;
mod resolver;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::{LookupError, SetupError};
pub use resolver::{Dns, LOOKUP_TIMEOUT, MailHost, RECORDS_MAX};
