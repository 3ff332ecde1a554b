//! Why a request is refused, in AWS's words.

use std::{borrow::Cow, fmt};

/// Why a request is refused. Each protocol has its own code for each variant; the text is the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request is not signed at all (`MissingAuthenticationToken`).
    #[error("Request is missing Authentication Token")]
    MissingAuthentication,
    /// The query holds a broken `%` escape (`MalformedQueryString`).
    #[error("{0}")]
    MalformedQuery(Message),
    /// Parts of the signature are missing or unreadable (`IncompleteSignature`).
    #[error("{0}")]
    Incomplete(Message),
    /// The signature is too old or of the future (`SignatureDoesNotMatch`; EC2: `RequestExpired`).
    #[error("{0}")]
    Expired(Message),
    /// The signature, or what it is scoped to, is not right (`SignatureDoesNotMatch`).
    #[error("{0}")]
    Signature(Message),
}

/// The text that AWS answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(Cow<'static, str>);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error {
    pub(crate) fn malformed_query(text: impl Into<Cow<'static, str>>) -> Self {
        Self::MalformedQuery(Message(text.into()))
    }

    pub(crate) fn incomplete(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Incomplete(Message(text.into()))
    }

    pub(crate) fn expired(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Expired(Message(text.into()))
    }

    pub(crate) fn signature(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Signature(Message(text.into()))
    }

    /// The calculated signature is not the one presented; says no more, so that nobody learns why.
    pub(crate) fn mismatch() -> Self {
        Self::signature(
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. \
             Consult the service documentation for details.",
        )
    }
}
