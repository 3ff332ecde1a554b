//! Where a message really comes from.
//!
//! [`judge`] asks three questions of a message that another server brought: whether that server may send for the
//! envelope's sender (SPF, RFC 7208), which domains have signed it (DKIM, RFC 6376), and whether either speaks for
//! the domain in `From`, and what that domain wants to happen if none does (DMARC, RFC 9989).
//! [`Findings::field`] writes the answers down (RFC 8601); [`forged_results`] finds what others have written in our
//! name. [`DkimKey`] signs what leaves.
//!
//! All of it is bounded: look-ups, signatures, the header that is looked at, and [`JUDGE_TIMEOUT`] for everything.
//! A DNS that does not answer makes a temporary error, never a verdict.
//!
//! The room knows no session, no mailbox and no table; what is done about a verdict is decided elsewhere. It does
//! not sign or verify chains of forwarders (ARC), sends no reports, and asks no list of public suffixes: RFC 9989
//! finds the organization of a domain in the DNS.

mod addresses;
mod dkim;
mod dmarc;
mod domain;
mod judge;
mod message;
mod results;
mod spf;
mod tags;

pub use addresses::addresses;
pub use dkim::{DkimKey, DkimKeyError, Refused, SIGNATURES_MAX, Signed, is_published};
pub use dmarc::{Dmarc, DmarcOutcome, Policy};
pub use judge::{Findings, JUDGE_TIMEOUT, Subject, judge};
pub use message::author_domains;
pub use results::forged_results;
pub use spf::{Spf, check_host};
