//! Tokens of providers, key sets and SASL's initial responses. No token holds without a key.
#![no_main]

use federation::jwt::{KeySet, Unverified};
use libfuzzer_sys::fuzz_target;
use sasl::Mechanism;
use world::Secret;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(keys) = KeySet::parse(bytes) {
        drop(Unverified::parse("e30.e30.").map(|token| token.verify(&keys)));
    }
    for name in ["OAUTHBEARER", "XOAUTH2"] {
        if let Some(mechanism) = Mechanism::by_name(name) {
            drop(mechanism.read(&Secret::new(bytes.to_vec())));
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(none) = KeySet::parse(br#"{"keys":[]}"#) else { return };
    if let Ok(token) = Unverified::parse(text) {
        let _ = (token.issuer(), token.key_id());
        assert!(token.verify(&none).is_err());
    }
});
