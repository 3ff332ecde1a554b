//! What must be on disk before a commit.

use crate::Error;

/// Something beside the database that a commit makes durable first: the bodies that its rows name.
pub(crate) trait Durable: Send + Sync {
    /// Returns when all that was written before the call would survive a power cut. Blocks.
    fn sync(&self) -> Result<(), Error>;
}
