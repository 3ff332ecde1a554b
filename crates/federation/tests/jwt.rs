//! Tokens good and bad.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use federation::jwt::{JwtError, KeySet, Signer, SigningAlgorithm, TimeError, Unverified};
use proptest::prelude::*;
use serde_json::{Value, json};
use world::Timestamp;

const NOW: i64 = 1_795_305_600;

fn signer(algorithm: SigningAlgorithm, id: &str) -> Signer {
    Signer::new(id.to_owned(), algorithm, &algorithm.generate().unwrap()).unwrap()
}

fn set(signers: &[&Signer]) -> KeySet {
    let keys: Vec<_> = signers.iter().map(|signer| signer.public().unwrap()).collect();
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    json!({ "iss": "https://idp.test", "sub": "ada", "aud": "app", "exp": NOW + 60, "iat": NOW })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// RFC 7515, appendices A.2 and A.3: made by others.
mod rfc {
    use super::*;

    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    /// The payload of the appendix lacks what we require, so it is refused for that alone: form, header and
    /// signature are read before.
    #[test]
    fn the_examples_lack_a_subject() {
        for header in ["eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJFUzI1NiJ9"] {
            let token = format!("{header}.{PAYLOAD}.AAAA");
            assert_eq!(Unverified::parse(&token).unwrap_err(), JwtError::Claim("sub"));
        }
    }
}

#[test]
fn what_was_signed_is_read() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = signer(algorithm, "k1");
        let claims = json!({ "iss": "https://idp.test", "sub": "ada", "aud": ["app", "b"],
            "azp": "c", "exp": NOW as f64 + 60.5, "iat": NOW, "more": { "a": 1 } });
        let token = signer.sign(&claims).unwrap();
        let unverified = Unverified::parse(&token).unwrap();
        assert_eq!((unverified.issuer(), unverified.key_id()), ("https://idp.test", Some("k1")));
        let verified = unverified.verify(&set(&[&signer])).unwrap();
        assert_eq!(
            (verified.subject(), verified.audiences()),
            ("ada", &["app".into(), "b".into()][..])
        );
        assert_eq!(verified.authorized_party(), Some("c"));
        assert_eq!(verified.get("more"), Some(&json!({ "a": 1 })));
        assert_eq!(verified.expires_at(), Timestamp::from_seconds(NOW + 60));
    }
}

#[test]
fn the_key_is_the_one_that_the_token_names() {
    let (first, second) =
        (signer(SigningAlgorithm::Es384, "1"), signer(SigningAlgorithm::Es384, "2"));
    let token = second.sign(&claims()).unwrap();
    let verify = |keys: &[&Signer]| Unverified::parse(&token).unwrap().verify(&set(keys));
    verify(&[&first, &second]).unwrap();
    assert_eq!(verify(&[&first]).unwrap_err(), JwtError::UnknownKey);
    // A replaced key under the old id.
    let replaced = signer(SigningAlgorithm::Es384, "2");
    assert_eq!(verify(&[&first, &replaced]).unwrap_err(), JwtError::Signature);
    assert!(set(&[&first]).has("1") && !set(&[&first]).has("2"));
}

#[test]
fn the_algorithm_is_pinned_to_the_key() {
    let (rsa, ec) = (signer(SigningAlgorithm::Rs256, "k"), signer(SigningAlgorithm::Es384, "k"));
    let token = rsa.sign(&claims()).unwrap();
    let verified = Unverified::parse(&token).unwrap().verify(&set(&[&ec]));
    assert_eq!(verified.unwrap_err(), JwtError::UnknownKey, "a key of another type under that id");
    let [_, payload, signature] = *token.split('.').collect::<Vec<_>>() else { panic!() };
    for alg in ["none", "None", "HS256", "RS1", "PS256", ""] {
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "kid": "k" }).to_string());
        for signature in [signature, ""] {
            let forged = format!("{header}.{payload}.{signature}");
            assert_eq!(Unverified::parse(&forged).unwrap_err(), JwtError::Algorithm, "{alg}");
        }
    }
    // The header says RS512, the signature is by RS256.
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS512","kid":"k"}"#);
    let forged = format!("{header}.{payload}.{signature}");
    let mut key = rsa.public().unwrap();
    let verify = |key: &Value| {
        let keys = KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes()).unwrap();
        Unverified::parse(&forged).unwrap().verify(&keys).unwrap_err()
    };
    assert_eq!(verify(&key), JwtError::UnknownKey, "the key is for RS256");
    key["alg"] = Value::Null;
    assert_eq!(verify(&key), JwtError::Signature);
}

#[test]
fn a_token_that_names_no_key_must_leave_no_choice() {
    let (first, second) =
        (signer(SigningAlgorithm::Es384, "1"), signer(SigningAlgorithm::Es384, "2"));
    let rsa = signer(SigningAlgorithm::Rs256, "3");
    let sets = [set(&[&first, &rsa]), set(&[&first, &second])];
    let token = first.sign(&claims()).unwrap();
    let rest = token.split_once('.').unwrap().1;
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES384"}"#);
    let token = format!("{header}.{rest}");
    let verify = |keys: &KeySet| Unverified::parse(&token).unwrap().verify(keys).unwrap_err();
    assert_eq!(verify(&sets[0]), JwtError::Signature, "the key is found; the header was altered");
    assert_eq!(verify(&sets[1]), JwtError::UnknownKey);
}

#[test]
fn every_altered_character_is_noticed() {
    let signer = signer(SigningAlgorithm::Es384, "k");
    let keys = set(&[&signer]);
    let token = signer.sign(&claims()).unwrap();
    for at in 0..token.len() {
        for other in ["A", "B", "."] {
            let mut altered = token.clone();
            altered.replace_range(at..=at, other);
            let verified = Unverified::parse(&altered).and_then(|token| token.verify(&keys));
            assert!(altered == token || verified.is_err(), "{at} {other}");
        }
    }
}

#[test]
fn claims_that_must_be_there() {
    let signer = signer(SigningAlgorithm::Es384, "k");
    let bad = [
        ("iss", json!("")),
        ("sub", json!(7)),
        ("sub", Value::Null),
        ("aud", json!([])),
        ("aud", json!(["app", 7])),
        ("exp", json!("soon")),
        ("iat", Value::Null),
        ("nbf", json!([])),
    ];
    for (name, value) in bad {
        let token = signer.sign(&with(name, value)).unwrap();
        assert_eq!(Unverified::parse(&token).unwrap_err(), JwtError::Claim(name));
    }
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES384","crit":["b64"],"b64":false}"#);
    let token = format!("{header}.{}.AAAA", URL_SAFE_NO_PAD.encode(claims().to_string()));
    assert_eq!(Unverified::parse(&token).unwrap_err(), JwtError::Critical);
}

#[test]
fn time_is_checked_with_leeway() {
    let signer = signer(SigningAlgorithm::Es384, "k");
    let keys = set(&[&signer]);
    let check = |claims: Value, now: i64| {
        let token = signer.sign(&claims).unwrap();
        let claims = Unverified::parse(&token).unwrap().verify(&keys).unwrap();
        claims.check_time(Timestamp::from_seconds(now), Duration::from_secs(30))
    };
    assert_eq!(check(claims(), NOW), Ok(()));
    assert_eq!(check(claims(), NOW - 30), Ok(()));
    assert_eq!(check(claims(), NOW - 31), Err(TimeError::NotYet));
    assert_eq!(check(claims(), NOW + 89), Ok(()));
    assert_eq!(check(claims(), NOW + 90), Err(TimeError::Expired));
    assert_eq!(check(with("nbf", json!(NOW + 40)), NOW), Err(TimeError::NotYet));
    assert_eq!(check(with("exp", json!(1e300)), NOW), Ok(()));
    assert_eq!(check(with("exp", json!(-1e300)), NOW), Err(TimeError::Expired));
}

#[test]
fn key_sets_are_read_with_patience_and_bounds() {
    let good = signer(SigningAlgorithm::Rs256, "good").public().unwrap();
    let keys = json!({ "keys": [
        { "kty": "oct", "kid": "secret", "k": "AAAA" }, { "kid": "no type" }, 7,
        { "kty": "EC", "crv": "P-256", "kid": "short", "x": "AAAA", "y": "AAAA" },
        { "kty": "RSA", "use": "enc", "kid": "use", "n": "AAAA", "e": "AQAB" },
        good,
    ]});
    let set = KeySet::parse(keys.to_string().as_bytes()).unwrap();
    assert!(set.has("good"));
    assert!(["secret", "no type", "short", "use"].iter().all(|id| !set.has(id)));
    let many = json!({ "keys": vec![json!({}); 201] }).to_string();
    assert!(KeySet::parse(many.as_bytes()).is_err());
    assert!(KeySet::parse(b"[]").is_err());
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        prop_assert!(Unverified::parse(&text).is_err());
    }

    #[test]
    fn any_parts_are_survived(header in "\\PC{0,60}", payload in "\\PC{0,60}", signature in any::<Vec<u8>>()) {
        let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
        let token = format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(signature));
        prop_assert!(Unverified::parse(&token).is_err());
    }

    #[test]
    fn any_key_set_is_survived(json in any::<Vec<u8>>(), n in any::<Vec<u8>>(), x in any::<Vec<u8>>()) {
        let _ = KeySet::parse(&json);
        let [n, x] = [n, x].map(|part| URL_SAFE_NO_PAD.encode(part));
        let keys = json!({ "keys": [{ "kty": "RSA", "n": n, "e": x }, { "kty": "EC", "crv": "P-521", "x": n, "y": x }] });
        KeySet::parse(keys.to_string().as_bytes()).unwrap();
    }
}
