//! A value that only its holder may use.

use std::sync::{Mutex, PoisonError};

/// Makes a connection, which must not be used by two threads at once, shareable in type only: all access is
/// through `&mut`, so the mutex is never locked and futures that hold a transaction stay `Send`.
pub(crate) struct Exclusive<T>(Mutex<T>);

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn get(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
