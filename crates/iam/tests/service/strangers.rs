//! Bytes that strangers choose: markers and session tokens.

use proptest::prelude::*;
use tokio::runtime::Runtime;
use wire::{errors::VALIDATION, iam::ListUsersRequest};

use crate::house::{House, ask};

#[test]
fn no_marker_but_ours_is_taken() {
    let runtime = Runtime::new().unwrap();
    let house = runtime.block_on(House::new());
    proptest!(ProptestConfig::with_cases(128), |(marker in "[A-Za-z0-9+/=]{1,320}|\\PC{1,320}")| {
        let input = ListUsersRequest { marker: Some(marker), ..Default::default() };
        let error = runtime.block_on(async { ask!(house.root(), list_users, input) }).unwrap_err();
        prop_assert!(error.is(&VALIDATION), "{}", error);
    });
}

#[test]
fn no_session_token_but_ours_is_taken() {
    let runtime = Runtime::new().unwrap();
    let house = runtime.block_on(House::new());
    let keyring = house.store.keyring();
    proptest!(|(token in "([A-Za-z0-9+/]{4}){0,200}|\\PC{0,5000}")| {
        prop_assert!(iam::session::open(keyring, &token).is_err());
    });
}
