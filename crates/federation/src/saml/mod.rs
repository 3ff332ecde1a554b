//! SAML 2.0: metadata of identity providers, and the responses that browsers bring from them.
//!
//! [`Metadata`] is read when a provider is registered. [`verify`] proves a response by it and gives the one
//! [`Assertion`] that was signed: what it reads is the element that the signature covers, so nothing that was
//! put around it counts.

mod assertion;
mod metadata;
mod private_key;
mod response;

pub use assertion::{Assertion, NameId};
pub use metadata::{Metadata, MetadataError};
pub use private_key::{PrivateKeyError, private_key};
pub use response::{Expected, RESPONSE_CHARS_MAX, SamlError, verify};

/// The namespace of assertions.
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// The namespace of requests and responses.
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// The namespace of metadata.
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// A time as SAML has it: `xs:dateTime` in UTC (SAML Core, section 1.3.3).
fn time(text: &str) -> Option<world::Timestamp> {
    let time: jiff::Timestamp = text.trim().parse().ok()?;
    Some(world::Timestamp::from_micros(time.as_microsecond()))
}
