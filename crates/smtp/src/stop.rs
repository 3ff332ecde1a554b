//! The signal to stop. A sender that is gone counts as one, for nobody could give it any more.

use tokio::sync::watch;

#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new(signal: watch::Receiver<bool>) -> Self {
        Self(signal)
    }

    pub(crate) fn is_given(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for the signal.
    pub(crate) async fn given(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
