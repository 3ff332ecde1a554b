//! How measuring fails: whatever went wrong ends the program, with words.

use std::error::Error;

/// What a step gives, or why it failed.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Any failure; nobody here tells one from another.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// What a thread of the load gave.
pub(crate) fn joined<T>(thread: std::thread::Result<Outcome<T>>) -> Outcome<T> {
    thread.map_err(|_| "a thread of the load panicked")?
}
