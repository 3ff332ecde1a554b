//! Signatures of domains (RFC 6376, with RFC 8301 and RFC 8463).

mod canonical;
mod key;
mod sign;
mod signature;
mod verify;

pub use sign::{DkimKey, DkimKeyError};
pub(crate) use signature::claimed;
pub use verify::is_published;
pub(crate) use verify::{prepare, verify};

/// Signatures of one message that are looked at, from the top: those of the last who handled it.
pub const SIGNATURES_MAX: usize = 8;

/// What a signature came to. The texts are the reasons of RFC 8601, section 2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not formed as the standard has it.
    #[error("malformed signature")]
    Malformed,
    /// An algorithm that is unknown, or proves nothing any more.
    #[error("unsupported algorithm")]
    Unsupported,
    /// The header is too large to be looked at.
    #[error("header too large")]
    Flood,
    /// It covers the beginning of the body only, to which anybody can add.
    #[error("body signed in part")]
    Partial,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// The body was changed.
    #[error("body hash did not verify")]
    Body,
    /// The header was changed, or another key signed.
    #[error("signature did not verify")]
    Signature,
    /// The domain has no such key.
    #[error("no key for signature")]
    NoKey,
    /// The domain has taken the key back.
    #[error("key revoked")]
    Revoked,
    /// The key cannot be looked up now.
    #[error("key lookup failed")]
    Lookup,
}

/// A signature, with what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who claims to have signed, if that can be read.
    pub domain: Option<String>,
    /// Which of the domain's keys.
    pub selector: Option<String>,
    /// Whether that holds.
    pub outcome: Result<(), Refused>,
}
