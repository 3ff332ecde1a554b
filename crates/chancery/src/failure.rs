//! Why a command could not do its work, in words for the person at the terminal.

use std::{io, path::Path};

/// A command's failure. Its text is one line, says what was tried, and names the file or value at fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure in the given words.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// For `map_err`: an I/O failure of what was tried.
    pub(crate) fn io(tried: &str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self(format!("{tried}: {error}"))
    }

    /// For `map_err`: an I/O failure on a file.
    pub(crate) fn file(tried: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self(format!("{tried} `{}`: {error}", path.display()))
    }

    /// For `map_err`: any failure of what was tried.
    pub(crate) fn of<E: std::error::Error>(tried: &str) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{tried}: {error}"))
    }
}
