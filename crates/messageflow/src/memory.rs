//! A bound on the messages that are in memory at once, while clients read them or we look at them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::errors::THROTTLING;

/// Bytes of messages in memory at once: six of the largest.
const BYTES_MAX: usize = 256 * 1024 * 1024;

/// What the bytes are counted in, so that the number of units is small enough for a semaphore.
const UNIT_BYTES: usize = 1024;

/// How long a call waits for room.
const PATIENCE: Duration = Duration::from_secs(10);

/// The room that there is. A clone shares it.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

/// Room that is taken, until it is dropped.
pub(crate) struct Room(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BYTES_MAX / UNIT_BYTES)))
    }
}

impl Memory {
    /// Room for so many bytes, as soon as there is.
    ///
    /// # Errors
    /// `ThrottlingException` if others take it all for too long; clients then try again.
    pub(crate) async fn room(&self, bytes: usize) -> Result<Room, wire::Error> {
        let units = bytes.div_ceil(UNIT_BYTES).clamp(1, BYTES_MAX / UNIT_BYTES);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.0).acquire_many_owned(units);
        match tokio::time::timeout(PATIENCE, permit).await {
            Ok(Ok(permit)) => Ok(Room(permit)),
            _ => Err(THROTTLING.with("Too many messages are being read at once.")),
        }
    }
}

impl Room {
    /// The bytes, which from now on keep the room until they are dropped: until the answer that they are in was sent.
    pub(crate) fn around(self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Roomed { bytes, _room: self })
    }
}

struct Roomed {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Roomed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_keeps_its_room_until_it_is_dropped() {
        let memory = Memory::default();
        let answer = memory.room(BYTES_MAX).await.unwrap().around(Bytes::from_static(b"text"));
        let shared = answer.slice(1..);
        drop(answer);
        assert!(memory.room(1).await.is_err(), "part of the answer is still there");
        assert_eq!(shared, "ext");
        drop(shared);
        assert!(memory.room(BYTES_MAX * 2).await.is_ok(), "no message asks for more than all");
    }
}
