//! Who met a conflict takes turns with the others that did.
//!
//! Every change in an account's IAM touches the account's own row, so of many at once all but one meet a
//! conflict. Were they all to run again at once, most would meet the next one.

use tokio::sync::{Mutex, MutexGuard};

/// Lines to wait in; accounts are spread over them.
const LINES: usize = 64;

/// The lines of this server's calls. Those of another server on the same store are not in them.
pub(crate) struct Turns {
    lines: [Mutex<()>; LINES],
}

impl Default for Turns {
    fn default() -> Self {
        Self { lines: [const { Mutex::const_new(()) }; LINES] }
    }
}

impl Turns {
    /// Waits for a turn among the calls of `account`, first come, first served. It lasts until it is
    /// dropped.
    pub(crate) async fn wait(&self, account: &str) -> MutexGuard<'_, ()> {
        let line = account.bytes().map(usize::from).sum::<usize>() % LINES;
        #[allow(clippy::indexing_slicing, reason = "a remainder of the length")]
        self.lines[line].lock().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_of_an_account_at_a_time() {
        let turns = Turns::default();
        let first = turns.wait("123456789012").await;
        assert!(turns.wait("123456789012").now_or_never().is_none());
        assert!(turns.wait("123456789013").now_or_never().is_some());
        drop(first);
        assert!(turns.wait("123456789012").now_or_never().is_some());
    }
}
