//! Why a call of a function gave nothing.

use crate::FunctionArn;

/// Why a call of a function gave nothing. None of these carries what the function said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody said where functions run.
    #[error("no endpoint is configured for the function `{0}`")]
    NoEndpoint(FunctionArn),
    /// It could not be reached, or gave no reply in time.
    #[error(transparent)]
    Unreachable(#[from] errand::Error),
    /// The endpoint refused the call.
    #[error("the endpoint of the function answered with status {0}")]
    Refused(u16),
    /// The function ran and failed.
    #[error("the function failed")]
    Failed,
}

impl Error {
    /// Whether the endpoint was reached and would not let this caller in.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Refused(401 | 403))
    }
}
