//! Errors as AWS clients see them.

use std::{error::Error as StdError, fmt};

use crate::{Protocol, errors::INTERNAL_FAILURE};

/// An error to be sent to a client, and what lies behind it.
///
/// It is not a `std::error::Error` itself, so that `?` turns every such error into an internal failure
/// that keeps it as its [`Error::source`]. An error that the client can act upon is made with
/// [`ErrorKind::with`].
#[derive(Debug)]
pub struct Error {
    kind: &'static ErrorKind,
    message: String,
    detail: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of ours. The client learns that there was one; the source is for our log.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let message =
            "The request processing has failed because of an unknown error, exception or failure.";
        INTERNAL_FAILURE.with(message).caused_by(source)
    }

    /// The same error with what lies behind it.
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error with more for the client than AWS's text says. The query protocol has an element of
    /// its own for it, which AWS leaves empty; the JSON protocols have none.
    pub fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> &'static ErrorKind {
        self.kind
    }

    /// Whether it is of that kind.
    pub fn is(&self, kind: &ErrorKind) -> bool {
        self.kind == kind
    }

    /// The text for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// More than the text says, if there is more.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The HTTP status of the answer.
    pub fn status(&self, protocol: Protocol) -> u16 {
        self.kind.code(protocol).status
    }

    /// What lies behind it.
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.source.as_deref()
    }

    /// What lies behind it, if that is an `E`.
    pub fn source_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.source.as_deref()?.downcast_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.query.code, self.message)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        Self::internal(source)
    }
}

/// A kind of error: its code and status in each protocol, and whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorKind {
    /// In the query protocol.
    pub query: Code,
    /// In the JSON protocols that name the operation in a header.
    pub json: Code,
    /// In the REST protocol.
    pub rest: Code,
    /// Whose fault it is.
    pub fault: Fault,
}

impl ErrorKind {
    /// The client's fault, with one code and status in all protocols.
    pub const fn sender(code: &'static str, status: u16) -> Self {
        let code = Code { code, status };
        Self { query: code, json: code, rest: code, fault: Fault::Sender }
    }

    /// Our fault, with one code and status in all protocols.
    pub const fn receiver(code: &'static str, status: u16) -> Self {
        let code = Code { code, status };
        Self { query: code, json: code, rest: code, fault: Fault::Receiver }
    }

    /// The same kind with another code and status in the JSON protocols.
    pub const fn in_json(self, code: &'static str, status: u16) -> Self {
        let code = Code { code, status };
        Self { json: code, rest: code, ..self }
    }

    /// The same kind with another status in the REST protocol.
    pub const fn in_rest(self, status: u16) -> Self {
        Self { rest: Code { status, ..self.rest }, ..self }
    }

    /// An error of this kind with a text for the client.
    pub fn with(&'static self, message: impl Into<String>) -> Error {
        Error { kind: self, message: message.into(), detail: None, source: None }
    }

    /// Its code and status in a protocol.
    pub fn code(&self, protocol: Protocol) -> Code {
        match protocol {
            Protocol::Query { .. } => self.query,
            Protocol::Json { .. } => self.json,
            Protocol::RestJson => self.rest,
        }
    }
}

/// The name of an error on the wire, and the HTTP status that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `NoSuchEntity`.
    pub code: &'static str,
    /// `404`.
    pub status: u16,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client's: sending the same again will not help.
    Sender,
    /// Ours.
    Receiver,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::ACCESS_DENIED;

    const JSON: Protocol = Protocol::Json { version: "1.1", target_prefix: "T" };
    const QUERY: Protocol = Protocol::Query { xml_namespace: "urn:t" };

    fn reads_a_number(text: &str) -> Result<u8, Error> {
        Ok(text.parse()?)
    }

    #[test]
    fn any_error_becomes_an_internal_failure_that_keeps_it() {
        let error = reads_a_number("many").unwrap_err();
        assert!(error.is(&INTERNAL_FAILURE));
        assert!(error.source_ref::<std::num::ParseIntError>().is_some());
        assert!(error.source_ref::<std::fmt::Error>().is_none());
        assert!(!error.message().contains("invalid digit"), "the cause is not for the client");
    }

    #[test]
    fn each_protocol_has_its_own_code_and_status() {
        let error = ACCESS_DENIED.with("no");
        assert_eq!(error.status(QUERY), 403);
        assert_eq!(error.status(JSON), 400);
        assert_eq!(error.status(Protocol::RestJson), 403);
        assert_eq!(error.kind().code(Protocol::RestJson).code, "AccessDeniedException");
        assert_eq!(error.kind().code(JSON).code, "AccessDeniedException");
        assert_eq!(error.to_string(), "AccessDenied: no");
    }
}
