//! What can go wrong on the mail side.

use iam::issuer_keys::KeysError;

use crate::passwords::HashError;

/// Why a question of the mail side was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed; a conflict asks for the whole transaction to be run again.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Passwords cannot be verified.
    #[error("passwords cannot be verified: {0}")]
    Passwords(PasswordsError),
    /// The keys of an OpenID Connect provider are not to be had.
    #[error(transparent)]
    Provider(#[from] KeysError),
    /// A group reaches more users than are delivered to at once.
    #[error("the group reaches more than {limit} users")]
    GroupTooLarge {
        /// [`EXPANSION_MAX`](crate::EXPANSION_MAX).
        limit: usize,
    },
}

/// Why passwords cannot be verified, for the operator.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct PasswordsError(HashError);

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        Self::Passwords(PasswordsError(error))
    }
}
