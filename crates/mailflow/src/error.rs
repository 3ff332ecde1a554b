//! What can go wrong with the flow of mail.

/// Why an operation was not done. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A mailbox or body could not be read or written.
    #[error(transparent)]
    Mailbox(mailbox::Error),
    /// What is kept of a call of a function cannot be read or written.
    #[error("a call of a function is damaged")]
    Order(#[source] serde_json::Error),
    /// Somebody else worked on the same message meanwhile.
    #[error("the message was changed meanwhile")]
    Overtaken,
    /// Other transactions were always faster.
    #[error("gave up after {0} conflicts with other transactions")]
    Contended(usize),
}

impl From<mailbox::Error> for Error {
    fn from(error: mailbox::Error) -> Self {
        match error {
            mailbox::Error::Store(error) => Self::Store(error),
            other => Self::Mailbox(other),
        }
    }
}

impl Error {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_full())
    }

    /// Whether the whole operation should be run again.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}
