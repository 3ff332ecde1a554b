//! Calls of the AWS API, signed as its clients sign them.

use std::time::{Duration, Instant};

use serde_json::Value;
use sigv4::{Request, Rules, Signer};
use world::{Secret, Timestamp, World};

use crate::{http::Connection, outcome::Outcome};

const REGION: &str = "us-east-1";

/// An access key.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

impl Key {
    /// From what `chancery account create --json` prints.
    pub(crate) fn from_json(made: &Value) -> Outcome<Self> {
        let field = |name: &str| made[name].as_str().ok_or("an account without an access key");
        let id = field("access_key_id")?.to_owned();
        Ok(Self { id, secret: Secret::from(field("secret_access_key")?.to_owned()) })
    }
}

/// Makes calls with one key.
pub(crate) struct Client {
    pub(crate) key: Key,
    connection: Connection,
    world: World,
}

impl Client {
    pub(crate) fn new(key: Key, connection: Connection) -> Self {
        Self { key, connection, world: World::system() }
    }

    /// Calls IAM and returns its XML. The values must need no escapes but that of `/` and `:`, which may stand.
    pub(crate) fn iam(&mut self, action: &str, parameters: &[(&str, &str)]) -> Outcome<String> {
        let body = form(action, parameters);
        let request = self.signed("iam", &[FORM], body.as_bytes());
        self.call(action, &request).map(|body| String::from_utf8_lossy(&body).into_owned())
    }

    /// Calls WorkMail.
    pub(crate) fn workmail(&mut self, operation: &str, input: &Value) -> Outcome<Value> {
        let request = self.workmail_request(operation, input);
        let body = self.call(operation, &request)?;
        // Some operations answer with an empty body.
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? })
    }

    /// Calls WorkMail, and says how long after the first byte of the request the answer was there.
    pub(crate) fn timed(&mut self, operation: &str, input: &Value) -> Outcome<Duration> {
        let request = self.workmail_request(operation, input);
        let began = Instant::now();
        self.call(operation, &request)?;
        Ok(began.elapsed())
    }

    fn workmail_request(&self, operation: &str, input: &Value) -> Vec<u8> {
        let target = format!("WorkMailService.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &*target)];
        self.signed("workmail", &headers, input.to_string().as_bytes())
    }

    fn signed(&self, service: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let host = self.connection.address().to_string();
        signed(&self.key, service, &host, headers, body, self.world.now())
    }

    fn call(&mut self, name: &str, request: &[u8]) -> Outcome<Vec<u8>> {
        let answer = self.connection.exchange(request)?;
        if answer.status == 200 {
            return Ok(answer.body.to_vec());
        }
        let body = String::from_utf8_lossy(answer.body);
        Err(format!("{name} was answered with {}: {body}", answer.status).into())
    }
}

/// The content type of a call by query protocol.
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The body of a call of IAM by query protocol.
pub(crate) fn form(action: &str, parameters: &[(&str, &str)]) -> String {
    let mut body = format!("Action={action}&Version=2010-05-08");
    for (name, value) in parameters {
        body.push_str(&format!("&{name}={value}"));
    }
    body
}

/// The bytes of a request, signed at a point in time.
pub(crate) fn signed(
    key: &Key,
    service: &str,
    host: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    at: Timestamp,
) -> Vec<u8> {
    written(&signed_headers(key, service, host, headers, body, at), body)
}

/// All headers of a request but the length of its body, those of the signature among them.
pub(crate) fn signed_headers(
    key: &Key,
    service: &str,
    host: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    at: Timestamp,
) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(&str, &[u8])> = vec![("host", host.as_bytes())];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
    let request = Request { method: "POST", target: b"/", headers: &all, body };
    let signer = Signer {
        access_key_id: &key.id,
        secret: &key.secret,
        token: None,
        region: REGION,
        service,
        rules: Rules::default(),
        content_sha256: false,
    };
    let added = signer.sign(&request, at);
    all.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn written(headers: &[(String, Vec<u8>)], body: &[u8]) -> Vec<u8> {
    let mut bytes = b"POST / HTTP/1.1\r\n".to_vec();
    let length = ("content-length".to_owned(), body.len().to_string().into_bytes());
    for (name, value) in headers.iter().chain([&length]) {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}
