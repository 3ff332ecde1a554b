//! What a request is told that is not rightly signed, and in which order; and that no bytes make it panic.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;
use sigv4::{Error, PathStyle, Payload, Presented, Request, Rules, Signer, SigningKey};
use world::{Secret, Timestamp};

const NOW: Timestamp = Timestamp::from_seconds(1_440_938_160);
const TOLERANCE: Duration = Duration::from_secs(300);
const HOST: (&str, &[u8]) = ("Host", b"example.amazonaws.com");
const DATE: (&str, &[u8]) = ("X-Amz-Date", b"20150830T123600Z");

fn secret() -> Secret {
    Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
}

fn verify(request: &Request<'_>, rules: Rules) -> Result<(), Error> {
    let presented = Presented::parse(request)?.ok_or(Error::MissingAuthentication)?;
    presented.check_time(NOW, TOLERANCE)?;
    let scope = presented.check_scope(|service| match service {
        "service" => Ok(()),
        _ => Err("service"),
    })?;
    let key = SigningKey::derive(&secret(), scope.date, scope.region, scope.service);
    presented.verify(request, &key, rules)
}

fn refusal(target: &str, headers: &[(&str, &[u8])]) -> Error {
    let request = Request { method: "GET", target: target.as_bytes(), headers, body: b"" };
    verify(&request, Rules::default()).unwrap_err()
}

fn authorization(value: &str) -> Error {
    refusal("/", &[HOST, DATE, ("Authorization", value.as_bytes())])
}

#[test]
fn nothing_presented() {
    let error = refusal("/?Action=ListUsers", &[HOST]);
    assert_eq!(error, Error::MissingAuthentication);
    assert_eq!(error.to_string(), "Request is missing Authentication Token");
}

#[test]
fn a_broken_query_comes_first() {
    let error = refusal("/?a=%zz&X-Amz-Signature=x", &[HOST]);
    assert!(matches!(error, Error::MalformedQuery(_)), "{error:?}");
}

#[test]
fn two_signatures() {
    for (target, headers) in [
        ("/?X-Amz-Signature=x", &[HOST, ("Authorization", &b"AWS4-HMAC-SHA256 a=b"[..])][..]),
        ("/", &[HOST, ("Authorization", b"AWS4-HMAC-SHA256 a=b"), ("Authorization", b"x")]),
    ] {
        assert!(matches!(refusal(target, headers), Error::Signature(_)));
    }
}

#[test]
fn the_header_form_is_told_all_that_is_missing() {
    let text = |value| match authorization(value) {
        Error::Incomplete(message) => message.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(text("Basic YWJj"), "Unsupported AWS 'algorithm': 'Basic'.");
    assert_eq!(
        text("AWS4-HMAC-SHA256 Credential=a, junk"),
        "'junk' not a valid key=value pair (missing equal-sign) in Authorization header: \
         'AWS4-HMAC-SHA256 Credential=a, junk'."
    );
    assert_eq!(
        text("AWS4-HMAC-SHA256 Signature=a"),
        "Authorization header requires 'Credential' parameter. \
         Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256"
    );
    assert_eq!(
        refusal("/", &[HOST, ("Authorization", b"AWS4-HMAC-SHA256")]).to_string(),
        "Authorization header requires 'Credential' parameter. \
         Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. \
         Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
         Authorization=AWS4-HMAC-SHA256"
    );
}

#[test]
fn the_query_form_is_told_all_that_is_missing() {
    assert_eq!(
        refusal("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x&X-Amz-Expires=1", &[HOST])
            .to_string(),
        "AWS query-string parameters must include 'X-Amz-Credential'. \
         AWS query-string parameters must include 'X-Amz-Signature'. \
         AWS query-string parameters must include 'X-Amz-SignedHeaders'. \
         Re-examine the query-string parameters."
    );
}

#[test]
fn the_host_must_be_signed_before_the_date_is_read() {
    let header = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=x-amz-date, Signature=s";
    let headers = [HOST, ("X-Amz-Date", &b"201"[..]), ("Authorization", header.as_bytes())];
    assert_eq!(
        refusal("/", &headers).to_string(),
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    );
    let header = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=s";
    let headers = [HOST, ("X-Amz-Date", &b"201"[..]), ("Authorization", header.as_bytes())];
    assert_eq!(
        refusal("/", &headers),
        refusal("/", &[HOST, ("date", b"201"), ("Authorization", header.as_bytes())]),
    );
}

#[test]
fn age_comes_before_scope() {
    let header = "AWS4-HMAC-SHA256 Credential=AKID/day, SignedHeaders=host, Signature=s";
    let old = ("x-amz-date", &b"20150830T123059Z"[..]);
    assert_eq!(
        refusal("/", &[HOST, old, ("Authorization", header.as_bytes())]).to_string(),
        "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z \
         (20150830T123600Z - 5 min.)"
    );
    assert_eq!(
        authorization(header).to_string(),
        "Credential must have exactly 5 slash-delimited elements, \
         e.g. keyid/date/region/service/term, got 'AKID/day'"
    );
    let header = header.replace("AKID/day", "AKID/20150830/us-east-1/sts/aws4_request");
    assert_eq!(
        authorization(&header).to_string(),
        "Credential should be scoped to correct service: 'service'."
    );
}

fn signer(secret: &Secret) -> Signer<'_> {
    Signer {
        access_key_id: "AKIDEXAMPLE",
        secret,
        token: None,
        region: "us-east-1",
        service: "service",
        rules: Rules::default(),
        content_sha256: false,
    }
}

fn presigned(at: Timestamp, seconds: u64) -> Result<(), Error> {
    let request = Request { method: "GET", target: b"/?a=b", headers: &[HOST], body: b"" };
    let target = signer(&secret()).presign(&request, at, Duration::from_secs(seconds));
    verify(&Request { target: &target, ..request }, Rules::default())
}

#[test]
fn a_presigned_url_lives_as_long_as_it_says() {
    assert_eq!(presigned(NOW, 1), Ok(()));
    assert_eq!(presigned(NOW.saturating_sub(Duration::from_secs(604_800)), 604_800), Ok(()));
    assert_eq!(
        presigned(NOW.saturating_sub(Duration::from_secs(61)), 60).unwrap_err().to_string(),
        "Signature expired: 20150830T123459Z is now earlier than 20150830T123500Z \
         (20150830T123600Z - 1 min.)"
    );
    for seconds in [0, 604_801] {
        assert!(matches!(presigned(NOW, seconds), Err(Error::Incomplete(_))));
    }
    let early = NOW.saturating_add(TOLERANCE + Duration::from_secs(1));
    assert!(matches!(presigned(early, 60), Err(Error::Expired(_))));
}

#[test]
fn the_body_must_be_the_one_signed() {
    let secret = secret();
    let request = Request { method: "POST", target: b"/", headers: &[HOST], body: b"one" };
    for content_sha256 in [false, true] {
        let added = Signer { content_sha256, ..signer(&secret) }.sign(&request, NOW);
        let mut headers = vec![HOST];
        headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
        let signed = Request { headers: &headers, ..request };
        assert_eq!(verify(&signed, Rules::default()), Ok(()));
        let altered = Request { body: b"two", ..signed };
        assert!(matches!(verify(&altered, Rules::default()), Err(Error::Signature(_))));
    }
}

#[test]
fn an_unsigned_body_passes_only_where_it_may() {
    let secret = secret();
    let s3 = Rules { path: PathStyle::Literal, payload: Payload::MayBeUnsigned };
    let request = Request { method: "PUT", target: b"/a//b", headers: &[HOST], body: b"one" };
    let target = Signer { rules: s3, ..signer(&secret) }.presign(&request, NOW, TOLERANCE);
    let signed = Request { target: &target, ..request };
    assert_eq!(verify(&signed, s3), Ok(()));
    assert_eq!(verify(&Request { body: b"two", ..signed }, s3), Ok(()));
    let strict = Rules { payload: Payload::Signed, ..s3 };
    assert!(verify(&signed, strict).is_err());
}

#[test]
fn a_token_is_found_in_either_form() {
    let secret = secret();
    let signer = Signer { token: Some("to/ken="), ..signer(&secret) };
    let request = Request { method: "GET", target: b"/", headers: &[HOST], body: b"" };
    let target = signer.presign(&request, NOW, TOLERANCE);
    let by_query = Request { target: &target, ..request };
    assert_eq!(verify(&by_query, Rules::default()), Ok(()));
    assert_eq!(Presented::parse(&by_query).unwrap().unwrap().token(), Some("to/ken="));

    let added = signer.sign(&request, NOW);
    let mut headers = vec![HOST];
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    let by_header = Request { headers: &headers, ..request };
    assert_eq!(verify(&by_header, Rules::default()), Ok(()));
    assert_eq!(Presented::parse(&by_header).unwrap().unwrap().token(), Some("to/ken="));
}

#[test]
fn signing_too_many_headers_is_refused() {
    let names = "host;".repeat(101);
    let header = format!(
        "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/service/aws4_request, \
         SignedHeaders={names}, Signature=s"
    );
    assert!(matches!(authorization(&header), Error::Signature(_)));
}

/// Bytes that look like the real thing often enough to get past the first checks.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let near = prop_oneof![
        Just(
            "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/service/aws4_request, \
              SignedHeaders=host;x-amz-date, Signature=00"
        ),
        Just("Credential="),
        Just("SignedHeaders=host"),
        Just("Signature=,"),
        Just("20150830T123600Z"),
        Just("UNSIGNED-PAYLOAD"),
        Just("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2Fb&X-Amz-Date=20150830T123600Z"),
        Just("&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=%00"),
    ];
    let piece = prop_oneof![
        near.prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "authorization",
        "Host",
        "X-Amz-Date",
        "date",
        "x-amz-content-sha256",
        "x-amz-security-token",
        "",
    ])
}

proptest! {
    /// No bytes make a check panic, and none is a signature.
    #[test]
    fn no_bytes_pass(
        method in ".{0,8}",
        path in bytes(),
        query in bytes(),
        headers in prop::collection::vec((name(), bytes()), 0..6),
        body in bytes(),
        literal: bool,
        unsigned: bool,
    ) {
        let rules = Rules {
            path: if literal { PathStyle::Literal } else { PathStyle::Normalized },
            payload: if unsigned { Payload::MayBeUnsigned } else { Payload::Signed },
        };
        let target = [&path[..], b"?", &query].concat();
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        let request = Request { method: &method, target: &target, headers: &headers, body: &body };
        prop_assert!(verify(&request, rules).is_err());
    }

    /// What the signer signs is verified, whatever the bytes.
    #[test]
    fn what_is_signed_is_verified(
        path in prop::collection::vec(any::<u8>(), 0..40),
        query in "[a-c=&+%20/~]{0,20}".prop_map(|text| text.replace('%', "%25")),
        value in bytes(),
        body in bytes(),
        literal: bool,
    ) {
        let rules = Rules {
            path: if literal { PathStyle::Literal } else { PathStyle::Normalized },
            payload: Payload::Signed,
        };
        let path: Vec<u8> = path.into_iter().filter(|byte| *byte != b'?').collect();
        let target = [b"/", &path[..], b"?", query.as_bytes()].concat();
        let mut headers = vec![HOST, ("x-other", value.as_slice())];
        let request = Request { method: "POST", target: &target, headers: &headers, body: &body };
        let secret = secret();
        let signer = Signer { rules, ..signer(&secret) };
        let presigned = signer.presign(&request, NOW, TOLERANCE);
        let added = signer.sign(&request, NOW);
        prop_assert_eq!(verify(&Request { target: &presigned, ..request }, rules), Ok(()));
        headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
        let request = Request { method: "POST", target: &target, headers: &headers, body: &body };
        prop_assert_eq!(verify(&request, rules), Ok(()));
    }
}

#[test]
fn a_header_is_known_to_be_signed() {
    let value =
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host;x-amz-target, Signature=f";
    let headers = [HOST, DATE, ("Authorization", value.as_bytes())];
    let request = Request { method: "POST", target: b"/", headers: &headers, body: b"" };
    let presented = Presented::parse(&request).unwrap().unwrap();
    assert_eq!(presented.check_signed("X-Amz-Target"), Ok(()));
    assert_eq!(
        presented.check_signed("X-Amz").unwrap_err().to_string(),
        "'X-Amz' must be a 'SignedHeader' in the AWS Authorization."
    );
}
