//! The store's mailboxes against a plain model in memory: after any series of operations both hold the same, and
//! a client that knew any earlier state comes by its changes to the present one.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod operation;
mod plain;
mod real;

use proptest::{prelude::*, test_runner::TestCaseError};
use tokio::runtime::Runtime;

use operation::{Operation, operation};
use plain::Plain;
use real::Real;

/// Runs the operations on both and compares after each.
async fn run(real: &mut Real, operations: &[Operation]) -> Result<(), TestCaseError> {
    let mut plain = Plain::new();
    let mut known = vec![real.know().await];
    for (step, operation) in operations.iter().enumerate() {
        let expected = if operation.is_dropped() {
            plain.clone().apply(operation)
        } else {
            plain.apply(operation)
        };
        let outcome = real.apply(operation).await;
        prop_assert_eq!(&outcome, &expected, "step {}: {:?}", step, operation);
        let now = real.know().await;
        plain.compare(&now).map_err(|what| TestCaseError::fail(format!("step {step}: {what}")))?;
        now.assert_later_than(&known[known.len() - 1]);
        known.push(now);
    }
    for state in &known {
        real.assert_caught_up(state).await;
    }
    real.assert_garbage_is_collected(&plain).await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does(operations in prop::collection::vec(operation(), 1..30)) {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async { run(&mut Real::open().await, &operations).await })?;
    }
}
