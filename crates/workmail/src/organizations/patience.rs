//! Calls that come while an organization is being made or deleted, and wait for it a little.
//!
//! Both are done within milliseconds unless there is much to move, and scripts use an organization right after
//! they asked for it. A call that waits holds neither snapshot nor transaction.

use std::time::Duration;

use iam::door::{Call, Resource, Target};
use store::params;
use wire::workmail::Operation;

use super::{Organization, State, require};

/// How long a call waits for the organization that it is about, or for the alias that it wants.
pub(super) const TO_USE: Duration = Duration::from_secs(2);
/// How long a call waits that only wants to know.
pub(super) const TO_LOOK: Duration = Duration::from_millis(300);

/// Pauses between two looks, each twice as long as the one before, up to the last.
const PAUSE_FIRST: Duration = Duration::from_millis(1);
const PAUSE_LAST: Duration = Duration::from_millis(32);

/// The organization, which `target` is to policies, once it is not as `awaited` says any more, or as it is when `patience` is over.
pub(super) async fn settled(
    call: &mut Call,
    (operation, target): (Operation, impl Target),
    id: &str,
    patience: Duration,
    awaited: fn(State) -> bool,
) -> Result<Organization, wire::Error> {
    let caller = call.caller();
    let mut pauses = Pauses::within(patience);
    loop {
        let snapshot = call.read(operation.action(), &target).await?;
        let organization = require(snapshot, &caller, id).await?;
        if !awaited(organization.state) {
            return Ok(organization);
        }
        let Some(pause) = pauses.next() else { return Ok(organization) };
        call.release();
        tokio::time::sleep(pause).await;
    }
}

/// Waits until no organization that is being deleted has that alias.
pub(super) async fn for_alias(
    call: &mut Call,
    operation: Operation,
    alias_key: &str,
) -> Result<(), wire::Error> {
    const SQL: &str =
        "SELECT 1 FROM organizations WHERE alias_key = $1 AND deleted_at IS NULL AND state = $2";
    for pause in Pauses::within(TO_USE) {
        let snapshot = call.read(operation.action(), Resource::any()).await?;
        let going = params![alias_key, State::Deleting.as_str()];
        if snapshot.row(SQL, going, |_| Ok(())).await?.is_none() {
            return Ok(());
        }
        call.release();
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

struct Pauses {
    next: Duration,
    left: Duration,
}

impl Pauses {
    fn within(patience: Duration) -> Self {
        Self { next: PAUSE_FIRST, left: patience }
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next;
        self.left = self.left.checked_sub(pause)?;
        self.next = (pause * 2).min(PAUSE_LAST);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_come_to_an_end_in_time() {
        let pauses: Vec<_> = Pauses::within(TO_USE).collect();
        assert_eq!(pauses.first(), Some(&PAUSE_FIRST));
        let waited: Duration = pauses.iter().sum();
        assert!(waited <= TO_USE && waited + PAUSE_LAST > TO_USE, "{waited:?}");
    }
}
