//! Why an archive could not be written or read.

use std::io;

/// A failure of an export or an import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The mailbox could not be read or written.
    #[error(transparent)]
    Mailbox(#[from] mailbox::Error),
    /// The destination did not take what was written. The words are fit for whoever asked for the export.
    #[error("{0}")]
    Destination(String),
    /// What was to be read is not an archive that can be read, and why.
    #[error("{0}")]
    Source(String),
    /// A file of this machine could not be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Error {
    /// Whether the same work may succeed later without anything being changed by hand.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Mailbox(mailbox::Error::Store(error)) => {
                error.is_conflict() || error.is_unavailable()
            }
            _ => false,
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Mailbox(error.into())
    }
}
