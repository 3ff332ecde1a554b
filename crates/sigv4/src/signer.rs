//! The other side: signing a request, for tests, benches and calls to others.

use std::time::Duration;

use world::{Secret, Timestamp};

use crate::{
    ALGORITHM, Request, Rules, SigningKey, TERMINATOR,
    canonical::{self, Omitted},
    encode,
};

/// Signs requests for one access key, region and service.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The access key.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a Secret,
    /// Its session token, which is signed too.
    pub token: Option<&'a str>,
    /// The region to sign for.
    pub region: &'a str,
    /// The signing name of the service.
    pub service: &'a str,
    /// How the service reads what is signed.
    pub rules: Rules,
    /// Whether to send (and sign) `x-amz-content-sha256`.
    pub content_sha256: bool,
}

impl Signer<'_> {
    /// The headers to add. All that `request` has are signed; `host` must be among them.
    pub fn sign(&self, request: &Request<'_>, at: Timestamp) -> Vec<(&'static str, String)> {
        let mut added = vec![("x-amz-date", at.iso8601_basic())];
        added.extend(self.token.map(|token| ("x-amz-security-token", token.to_owned())));
        let hash = canonical::sha256_hex(request.body);
        if self.content_sha256 {
            added.push(("x-amz-content-sha256", text(&hash)));
        }
        let mut headers = request.headers.to_vec();
        headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
        let request = Request { headers: &headers, ..*request };
        let names = signed_headers(&request);
        let signature = self.signature(&request, &names, &hash, at);
        let credential = self.credential(at);
        added.push((
            "authorization",
            format!(
                "{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
            ),
        ));
        added
    }

    /// The target of a presigned URL that lives for `expires` (whole seconds, at most seven days).
    pub fn presign(&self, request: &Request<'_>, at: Timestamp, expires: Duration) -> Vec<u8> {
        let names = signed_headers(request);
        let mut target = request.target.to_vec();
        let mut add = |name: &str, value: &str| {
            target.push(if target.contains(&b'?') { b'&' } else { b'?' });
            target.extend_from_slice(name.as_bytes());
            target.push(b'=');
            encode::percent(value.as_bytes(), None, &mut target);
        };
        add("X-Amz-Algorithm", ALGORITHM);
        add("X-Amz-Credential", &self.credential(at));
        add("X-Amz-Date", &at.iso8601_basic());
        add("X-Amz-SignedHeaders", &names);
        add("X-Amz-Expires", &expires.as_secs().to_string());
        if let Some(token) = self.token {
            add("X-Amz-Security-Token", token);
        }
        let payload = canonical::payload(request, true, self.rules.payload).unwrap_or_default();
        let presigned = Request { target: &target, ..*request };
        let signature = self.signature(&presigned, &names, &payload, at);
        target.extend_from_slice(b"&X-Amz-Signature=");
        target.extend_from_slice(signature.as_bytes());
        target
    }

    fn credential(&self, at: Timestamp) -> String {
        format!("{}/{}", self.access_key_id, self.scope(at))
    }

    fn scope(&self, at: Timestamp) -> String {
        format!("{}/{}/{}/{TERMINATOR}", at.civil("%Y%m%d"), self.region, self.service)
    }

    fn signature(&self, request: &Request<'_>, names: &str, hash: &[u8], at: Timestamp) -> String {
        let path = self.rules.path;
        // the names are those of the request's own headers, so none is missing
        let canonical = canonical::request(request, names, hash, path, Omitted::Signature);
        let scope = self.scope(at);
        let text_to_sign =
            canonical::string_to_sign(&at.iso8601_basic(), &scope, &canonical.unwrap_or_default());
        let key = SigningKey::derive(self.secret, &at.civil("%Y%m%d"), self.region, self.service);
        text(&key.sign(&text_to_sign))
    }
}

fn signed_headers(request: &Request<'_>) -> String {
    let mut names: Vec<String> =
        request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

fn text(digits: &[u8; 64]) -> String {
    digits.iter().copied().map(char::from).collect()
}
