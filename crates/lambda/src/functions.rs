//! The calls.

use std::sync::Arc;

use bytes::Bytes;
use errand::{
    Client, HeaderMap, Limits, Method, Reply, Request, Trust, Url,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use sigv4::{Rules, Signer};
use world::World;

use crate::{Error, FunctionArn, Settings};

const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const SOURCE_ARN: HeaderName = HeaderName::from_static("x-amz-source-arn");
const SOURCE_ACCOUNT: HeaderName = HeaderName::from_static("x-amz-source-account");

/// The name that calls are signed for.
const SIGNING_NAME: &str = "lambda";

/// Functions. A clone is cheap.
#[derive(Clone)]
pub struct Functions(Arc<Inner>);

struct Inner {
    client: Client,
    world: World,
    settings: Settings,
}

/// On whose behalf a function is called, for those who let only some in: what a function's policy in AWS sees as
/// `aws:SourceArn` and `aws:SourceAccount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The ARN of the organization.
    pub arn: String,
    /// Its account.
    pub account: String,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The reply is what it answers.
    AndWait,
    /// The reply says that it will run.
    AsEvent,
}

impl How {
    fn word(self) -> &'static str {
        match self {
            Self::AndWait => "RequestResponse",
            Self::AsEvent => "Event",
        }
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Functions {
    /// Functions that run where `settings` say, reached by `client`.
    pub fn new(client: Client, world: World, settings: Settings) -> Self {
        Self(Arc::new(Inner { client, world, settings }))
    }

    /// Calls a function once with an event in JSON, and gives what it answers.
    ///
    /// # Errors
    /// [`Error`] if it did not run, or failed.
    pub async fn call(
        &self,
        function: &FunctionArn,
        caller: Option<&Caller>,
        how: How,
        event: Bytes,
        limits: Limits,
    ) -> Result<Bytes, Error> {
        let inner = &self.0;
        let url = inner.settings.url(function);
        let url = url.ok_or_else(|| Error::NoEndpoint(function.clone()))?;
        let mut headers = headers(how, caller);
        inner.sign(function, &url, &mut headers, &event);
        let (method, trust) = (Method::POST, Trust::system());
        let request = Request { method, url, headers, body: event, trust, limits };
        judge(inner.client.run(request).await?)
    }
}

fn headers(how: How, caller: Option<&Caller>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(INVOCATION_TYPE, HeaderValue::from_static(how.word()));
    if let Some(Caller { arn, account }) = caller {
        let named = [(SOURCE_ARN, arn), (SOURCE_ACCOUNT, account)];
        for (name, value) in named {
            // ARNs and accounts are plain ASCII.
            headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
        }
    }
    headers
}

fn judge(reply: Reply) -> Result<Bytes, Error> {
    match reply.status.as_u16() {
        200..=299 if reply.headers.contains_key(FUNCTION_ERROR) => Err(Error::Failed),
        200..=299 => Ok(reply.body),
        status => Err(Error::Refused(status)),
    }
}

impl Inner {
    /// Signs a call, if the operator gave an access key for it.
    fn sign(&self, function: &FunctionArn, url: &Url, headers: &mut HeaderMap, event: &[u8]) {
        let Some(credentials) = &self.settings.credentials else { return };
        let host = url.authority();
        let mut signed: Vec<(&str, &[u8])> = vec![("host", host.as_bytes())];
        signed.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
        let request = sigv4::Request {
            method: "POST",
            target: url.target().as_bytes(),
            headers: &signed,
            body: event,
        };
        let signer = Signer {
            access_key_id: &credentials.access_key_id,
            secret: &credentials.secret,
            token: None,
            region: function.region(),
            service: SIGNING_NAME,
            rules: Rules::default(),
            content_sha256: false,
        };
        for (name, value) in signer.sign(&request, self.world.now()) {
            let value = HeaderValue::try_from(value).ok();
            headers.extend(value.map(|value| (HeaderName::from_static(name), value)));
        }
    }
}
