//! AWS's test suite, and the same requests with one byte changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reference;

use std::time::Duration;

use serde_json::Value;
use sigv4::{Error, PathStyle, Presented, Request, Rules, Signer, SigningKey};
use world::{Secret, Timestamp};

/// When the suite was signed; both forms.
const FORMS: [&str; 2] = ["header", "query"];
const TOLERANCE: Duration = Duration::from_secs(300);

#[derive(Clone, Debug, PartialEq)]
struct Owned {
    method: Vec<u8>,
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

impl Owned {
    fn read(value: &Value) -> Self {
        let bytes = |value: &Value| value.as_str().unwrap().as_bytes().to_vec();
        let headers = value["headers"].as_array().unwrap();
        Self {
            method: bytes(&value["method"]),
            target: bytes(&value["target"]),
            headers: headers.iter().map(|pair| (bytes(&pair[0]), bytes(&pair[1]))).collect(),
            body: bytes(&value["body"]),
        }
    }

    /// Gives the request to `f`, or `None` if it is none: HTTP's method and header names are ASCII.
    fn with<T>(&self, f: impl FnOnce(&Request<'_>) -> T) -> Option<T> {
        let headers: Option<Vec<(&str, &[u8])>> = self
            .headers
            .iter()
            .map(|(name, value)| Some((std::str::from_utf8(name).ok()?, value.as_slice())))
            .collect();
        let method = std::str::from_utf8(&self.method).ok()?;
        let (target, body) = (self.target.as_slice(), self.body.as_slice());
        Some(f(&Request { method, target, headers: &headers?, body }))
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| value.as_slice())
    }

    /// Every byte of the request, in order.
    fn bytes_mut(&mut self) -> impl Iterator<Item = &mut u8> {
        let headers =
            self.headers.iter_mut().flat_map(|(name, value)| name.iter_mut().chain(value));
        self.method.iter_mut().chain(&mut self.target).chain(headers).chain(&mut self.body)
    }
}

#[derive(Clone)]
struct Case {
    name: String,
    rules: Rules,
    access_key_id: &'static str,
    secret: Secret,
    value: Value,
}

fn cases() -> Vec<Case> {
    let suite: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let case = |value: &Value| Case {
        name: value["name"].as_str().unwrap().to_owned(),
        rules: Rules {
            path: match value["normalize"].as_bool().unwrap() {
                true => PathStyle::Normalized,
                false => PathStyle::Literal,
            },
            ..Rules::default()
        },
        access_key_id: match value["name"].as_str().unwrap() {
            "double-encode-path" => "ANOTREAL",
            _ => "AKIDEXAMPLE",
        },
        secret: Secret::new(value["secret"].as_str().unwrap()),
        value: value.clone(),
    };
    suite["cases"].as_array().unwrap().iter().map(case).collect()
}

/// All the checks, as a server makes them that knows one key.
fn verify(request: &Request<'_>, case: &Case, now: Timestamp) -> Result<(), Error> {
    let presented = Presented::parse(request)?.ok_or(Error::MissingAuthentication)?;
    presented.check_time(now, TOLERANCE)?;
    let scope = presented.check_scope(|_| Ok(()))?;
    if scope.access_key_id != case.access_key_id {
        return Err(Error::MissingAuthentication); // stands for an unknown key
    }
    let key = SigningKey::derive(&case.secret, scope.date, scope.region, scope.service);
    presented.verify(request, &key, case.rules)
}

fn signed_at(request: &Owned) -> Timestamp {
    request.with(|request| Presented::parse(request).unwrap().unwrap().signed_at()).unwrap()
}

fn signed_forms() -> impl Iterator<Item = (Case, &'static str, Owned)> {
    cases().into_iter().flat_map(|case| {
        FORMS.into_iter().filter_map(move |form| {
            let request = case.value[form].is_object().then(|| Owned::read(&case.value[form]))?;
            Some((case.clone(), form, request))
        })
    })
}

#[test]
fn every_vector_is_verified() {
    let mut verified = 0;
    for (case, form, request) in signed_forms() {
        let now = signed_at(&request);
        let verdict = request.with(|request| verify(request, &case, now)).unwrap();
        assert_eq!(verdict, Ok(()), "{} {form}", case.name);
        verified += 1;
    }
    assert_eq!(verified, 38 * 2 + 2, "the suite has 40 cases, all but two in both forms");
}

#[test]
fn the_signer_makes_what_the_suite_holds() {
    for case in cases().into_iter().filter(|case| !case.name.starts_with("double-")) {
        let at = Timestamp::from_seconds(1_440_938_160);
        let unsigned = Owned::read(&case.value["unsigned"]);
        let token_signed = case.value["token_signed"].as_bool().unwrap();
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE",
            secret: &case.secret,
            token: case.value["token"].as_str().filter(|_| token_signed),
            region: "us-east-1",
            service: "service",
            rules: case.rules,
            content_sha256: case.value["sign_body"].as_bool().unwrap(),
        };
        let added = unsigned.with(|request| signer.sign(request, at)).unwrap();
        let expected = Owned::read(&case.value["header"]);
        for (name, value) in &added {
            assert_eq!(expected.header(name).unwrap(), value.as_bytes(), "{} {name}", case.name);
        }
        if token_signed {
            let hour = Duration::from_secs(3600);
            let target = unsigned.with(|request| signer.presign(request, at, hour)).unwrap();
            let expected = Owned::read(&case.value["query"]).target;
            assert_eq!(
                String::from_utf8_lossy(&target),
                String::from_utf8_lossy(&expected),
                "{}",
                case.name
            );
        }
    }
}

/// Each byte of each request changed in four ways: refused, unless the request still means the same or the
/// byte is of a header that is not signed. What means the same is told by a reference of its own.
#[test]
fn any_byte_changed_is_refused() {
    let mut refused = 0;
    for (case, form, request) in signed_forms() {
        let now = signed_at(&request);
        let token_signed = case.value["token_signed"].as_bool().unwrap();
        let meaning = |request: &Owned| reference::meaning(request, case.rules.path, token_signed);
        let original = meaning(&request);
        let length = request.clone().bytes_mut().count();
        for (at, flip) in (0..length).flat_map(|at| [1, 2, 0x20, 0x80].map(|flip| (at, flip))) {
            let mut changed = request.clone();
            *changed.bytes_mut().nth(at).unwrap() ^= flip;
            let Some(verdict) = changed.with(|request| verify(request, &case, now)) else {
                continue;
            };
            if meaning(&changed) == original {
                continue;
            }
            assert!(verdict.is_err(), "{} {form}: byte {at} ^ {flip}: {changed:?}", case.name);
            refused += 1;
        }
    }
    assert!(refused > 90_000, "{refused}");
}
