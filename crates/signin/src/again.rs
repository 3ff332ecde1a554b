//! What meets a conflict with others is run again.

use std::time::Duration;

use crate::Refusal;

/// How often a step that met a conflict is run in all.
const ATTEMPTS_MAX: u32 = 10;

/// How long the first pause between two attempts is; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(2);

/// The attempts at one step.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Whether running the step again may help, and there is an attempt left.
    pub(crate) fn go_on(&mut self, refusal: &Refusal) -> bool {
        self.0 += 1;
        refusal.is_conflict() && self.0 < ATTEMPTS_MAX
    }

    /// Waits a moment.
    pub(crate) async fn rest(&self) {
        tokio::time::sleep(PAUSE * (1 << self.0.min(6))).await;
    }
}

/// The result of a future, which is made and run again while it meets conflicts.
macro_rules! again {
    ($step:expr) => {{
        let mut attempts = crate::again::Attempts::default();
        loop {
            match $step.await {
                Err(refusal) if attempts.go_on(&refusal) => attempts.rest().await,
                result => break result,
            }
        }
    }};
}
