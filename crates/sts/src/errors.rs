//! Errors that STS gives and its model does not name.

use wire::ErrorKind;

/// A tag or another parameter is not acceptable, though its form is.
pub(crate) static INVALID_PARAMETER_VALUE: ErrorKind =
    ErrorKind::sender("InvalidParameterValue", 400);
