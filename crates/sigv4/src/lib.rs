//! AWS Signature Version 4: who signed this request, and is the signature true?
//!
//! Bytes go in, a verdict comes out. A caller walks a request through the checks in the order in which
//! AWS makes them, looking up the secret between two of them:
//!
//! ```
//! # fn main() -> Result<(), sigv4::Error> {
//! use std::time::Duration;
//! use sigv4::{Presented, Request, Rules, Signer, SigningKey};
//! # let secret = world::Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
//! # let now = world::Timestamp::from_seconds(1_440_938_160);
//! # let headers: Vec<(&str, &[u8])> = vec![("host", b"iam.example.com")];
//! # let request = Request { method: "POST", target: b"/", headers: &headers, body: b"" };
//! # let signer = Signer { access_key_id: "AKID", secret: &secret, token: None, region: "us-east-1",
//! #     service: "iam", rules: Rules::default(), content_sha256: false };
//! # let signed = signer.sign(&request, now);
//! # let all: Vec<(&str, &[u8])> = headers.iter().copied()
//! #     .chain(signed.iter().map(|(name, value)| (*name, value.as_bytes()))).collect();
//! # let request = Request { headers: &all, ..request };
//! let presented = Presented::parse(&request)?.ok_or(sigv4::Error::MissingAuthentication)?;
//! presented.check_time(now, Duration::from_secs(15 * 60))?;
//! let scope = presented.check_scope(|service| if service == "iam" { Ok(()) } else { Err("iam") })?;
//! // here the caller finds the secret of `scope.access_key_id` and checks the token
//! let key = SigningKey::derive(&secret, scope.date, scope.region, scope.service);
//! presented.verify(&request, &key, Rules::default())?;
//! # Ok(())
//! # }
//! ```
//!
//! The rules are those of "Create a signed AWS API request" in the IAM User Guide and of AWS's test suite.
//! This crate knows no accounts, no keys but the one it is handed, no services by name, no clock and no
//! HTTP library. It does not know chunked (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`) bodies or SigV4A.

mod canonical;
mod encode;
mod error;
mod header;
mod key;
mod presented;
mod query;
mod request;
mod scope;
mod signer;
mod time;

pub use canonical::{PathStyle, Payload, Rules};
pub use error::{Error, Message};
pub use key::{SigningKey, SigningKeys};
pub use presented::Presented;
pub use request::Request;
pub use scope::Scope;
pub use signer::Signer;

/// The one algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What every credential scope ends in.
const TERMINATOR: &str = "aws4_request";
