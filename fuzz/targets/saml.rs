//! SAML: metadata and responses, which come from browsers. Nothing unsigned is ever believed.
#![no_main]

use std::sync::LazyLock;

use federation::saml::{Expected, Metadata, verify};
use libfuzzer_sys::fuzz_target;
use world::Timestamp;

/// A provider whose private key nobody has, so that no response can be its own.
static PROVIDER: LazyLock<Option<Metadata>> =
    LazyLock::new(|| Metadata::parse(include_str!("../../crates/federation/tests/documents/rsa-metadata.xml")).ok());

fuzz_target!(|text: &str| {
    drop(Metadata::parse(text));
    let Some(metadata) = PROVIDER.as_ref() else { panic!("the seed is no metadata") };
    let expected = Expected {
        metadata,
        private_keys: &[],
        must_be_encrypted: false,
        audiences: &["https://signin.example/saml".to_owned()],
        now: Timestamp::from_seconds(1_800_000_000),
    };
    assert!(verify(&base64(text.as_bytes()), &expected).is_err());
    assert!(verify(text, &expected).is_err());
});

/// What browsers send, so that the fuzzer works on the XML inside.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(group >> (18 - 6 * place) & 63).unwrap_or_default();
            text.push(if place <= chunk.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}
