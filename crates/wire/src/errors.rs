//! The errors that all services share, with their code and status in each protocol.
//!
//! Those of one service are in its own module: [`crate::iam::errors`] and its siblings.

use crate::ErrorKind;

/// No policy allows the call, or one denies it.
pub static ACCESS_DENIED: ErrorKind =
    ErrorKind::sender("AccessDenied", 403).in_json("AccessDeniedException", 400).in_rest(403);

/// A parameter breaks a constraint of the model.
pub static VALIDATION: ErrorKind =
    ErrorKind::sender("ValidationError", 400).in_json("ValidationException", 400);

/// The request cannot be read: bad JSON, a number that is none, a key given twice.
pub static SERIALIZATION: ErrorKind =
    ErrorKind::sender("MalformedInput", 400).in_json("SerializationException", 400);

/// The query string breaks its grammar.
pub static MALFORMED_QUERY_STRING: ErrorKind = ErrorKind::sender("MalformedQueryString", 400);

/// No such operation, or not in that version of the API.
pub static INVALID_ACTION: ErrorKind =
    ErrorKind::sender("InvalidAction", 400).in_json("UnknownOperationException", 400).in_rest(404);

/// The request names no operation.
pub static MISSING_ACTION: ErrorKind =
    ErrorKind::sender("MissingAction", 400).in_json("UnknownOperationException", 400).in_rest(404);

/// The request is larger than is read.
pub static REQUEST_TOO_LARGE: ErrorKind =
    ErrorKind::sender("RequestEntityTooLarge", 413).in_json("RequestEntityTooLargeException", 413);

/// The request is not signed.
pub static MISSING_AUTHENTICATION_TOKEN: ErrorKind =
    ErrorKind::sender("MissingAuthenticationToken", 403)
        .in_json("MissingAuthenticationTokenException", 400)
        .in_rest(403);

/// The signature's parts are missing or malformed.
pub static INCOMPLETE_SIGNATURE: ErrorKind = ErrorKind::sender("IncompleteSignature", 400)
    .in_json("IncompleteSignatureException", 400)
    .in_rest(403);

/// The access key or the session token is unknown, or not active.
pub static INVALID_CLIENT_TOKEN_ID: ErrorKind = ErrorKind::sender("InvalidClientTokenId", 403)
    .in_json("UnrecognizedClientException", 400)
    .in_rest(403);

/// The signature is not the one we calculate, or its time or scope is wrong.
pub static SIGNATURE_DOES_NOT_MATCH: ErrorKind = ErrorKind::sender("SignatureDoesNotMatch", 403)
    .in_json("InvalidSignatureException", 400)
    .in_rest(403);

/// The session token is past its time.
pub static EXPIRED_TOKEN: ErrorKind =
    ErrorKind::sender("ExpiredToken", 403).in_json("ExpiredTokenException", 400).in_rest(403);

/// Too many calls.
pub static THROTTLING: ErrorKind =
    ErrorKind::sender("Throttling", 400).in_json("ThrottlingException", 400).in_rest(429);

/// A failure of ours.
pub static INTERNAL_FAILURE: ErrorKind = ErrorKind::receiver("InternalFailure", 500);

/// We are starting, stopping or overloaded; trying again later may help.
pub static SERVICE_UNAVAILABLE: ErrorKind =
    ErrorKind::receiver("ServiceUnavailable", 503).in_json("ServiceUnavailableException", 503);
