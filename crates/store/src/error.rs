//! What can go wrong, told the same way by both engines.

use std::{fmt, sync::Arc};

/// Why the store did not do what it was asked. Cheap to clone: one failed group commit is told to many.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that must be unique is taken already. Final: doing it again fails again.
    #[error("a value that must be unique is taken already: {0}")]
    Unique(Cause),
    /// A row refers to a row that is not there, or a row that others refer to would go.
    #[error("a reference between rows would be broken: {0}")]
    ForeignKey(Cause),
    /// A value breaks another rule of its table: null, type or check.
    #[error("a value breaks a rule of its table: {0}")]
    Constraint(Cause),
    /// Another transaction was there first. Run the whole operation again in a new transaction.
    #[error("another transaction changed the same data: {0}")]
    Conflict(Cause),
    /// The disk is full. Nothing of the transaction is kept; the store goes on.
    #[error("the disk is full: {0}")]
    Full(Cause),
    /// The database cannot be reached, is closed, or has too many callers waiting.
    #[error("the database is unavailable: {0}")]
    Unavailable(Cause),
    /// A sync to disk failed, so nobody knows what the disk holds: the store writes no more until it is
    /// opened anew. A transaction that ends with this error may or may not have been kept.
    #[error("the store refuses writes since a sync to disk failed: {0}")]
    Poisoned(Cause),
    /// An earlier statement of this transaction failed, so it can only be dropped.
    #[error("the transaction failed earlier: {0}")]
    Aborted(Cause),
    /// A statement or a value that no engine could take: a fault of the program.
    #[error("a statement or value is not acceptable: {0}")]
    Invalid(Cause),
    /// What is stored is not what was written, or not of the type that was asked for.
    #[error("stored data is not as it should be: {0}")]
    Corrupt(Cause),
    /// A seal did not open: wrong key, wrong purpose, or changed bytes.
    #[error("a seal cannot be opened: {0}")]
    Sealed(Cause),
    /// The database was written by another version of the program, or a migration is wrong.
    #[error("the database cannot be brought to this version: {0}")]
    Migration(Cause),
    /// The engine failed in a way of its own.
    #[error("the database engine failed: {0}")]
    Engine(Cause),
}

/// The engine's own words about a failure, for the operator; never for a client.
#[derive(Clone)]
pub struct Cause(Arc<str>);

impl Cause {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string().into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Error {
    /// For the owner of a table who reads in it what it never wrote there.
    pub fn corrupt(message: impl fmt::Display) -> Self {
        Self::Corrupt(Cause::new(message))
    }

    /// Whether a unique constraint was broken.
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Unique(_))
    }

    /// Whether a foreign key was broken.
    pub fn is_foreign_key(&self) -> bool {
        matches!(self, Self::ForeignKey(_))
    }

    /// Whether the whole operation should be run again in a new transaction.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the same call may succeed later without anything being changed by hand.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether a statement that ends so takes its transaction with it. What the store itself refuses, before or
    /// after the engine saw it, does not.
    pub(crate) fn aborts(&self) -> bool {
        !matches!(self, Self::Invalid(_) | Self::Corrupt(_) | Self::Aborted(_))
    }

    pub(crate) fn sealed(message: impl fmt::Display) -> Self {
        Self::Sealed(Cause::new(message))
    }

    pub(crate) fn unavailable(message: impl fmt::Display) -> Self {
        Self::Unavailable(Cause::new(message))
    }

    pub(crate) fn invalid(message: impl fmt::Display) -> Self {
        Self::Invalid(Cause::new(message))
    }

    pub(crate) fn migration(message: impl fmt::Display) -> Self {
        Self::Migration(Cause::new(message))
    }

    /// A failed file operation on `what`.
    pub(crate) fn file(what: impl fmt::Display, error: &std::io::Error) -> Self {
        let cause = Cause::new(format_args!("{what}: {error}"));
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Full(cause)
            }
            _ => Self::Engine(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_in_lower_case_and_keeps_the_engines_words() {
        let error = Error::corrupt("column `2` holds text");
        assert_eq!(error.to_string(), "stored data is not as it should be: column `2` holds text");
        assert!(!error.is_conflict());
    }

    #[test]
    fn a_full_disk_is_known_as_such() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(Error::file("pack `x`", &full).is_full());
    }
}
