//! The client: one errand from its request to its reply.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Method, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{HOST, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use world::World;

use crate::{
    Error, Hosts, Thumbprint, Trust, Url,
    connect::Connector,
    idle::{Idle, Place, Sender},
};

/// Errands under way at the same time at most; more wait for their turn within their own time.
const UNDER_WAY_MAX: usize = 64;

/// Bytes of the head of a reply at most.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long an errand takes at most unless it says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of a reply's body at most unless the errand says otherwise.
const REPLY_BYTES_MAX: usize = 256 * 1024;

/// Runs errands. A clone is cheap and shares the connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    connector: Connector,
    idle: Idle,
    under_way: Semaphore,
}

/// An errand.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// Headers beside `Host`, `User-Agent` and `Content-Length`, which are added.
    pub headers: HeaderMap,
    /// What it brings.
    pub body: Bytes,
    /// Whom it believes.
    pub trust: Trust,
    /// What it may cost.
    pub limits: Limits,
}

/// What an errand may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the beginning to the last byte of the reply.
    pub timeout: Duration,
    /// Bytes of the reply's body.
    pub reply_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: TIMEOUT, reply_bytes: REPLY_BYTES_MAX }
    }
}

impl Request {
    /// Fetches what is at `url`.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            trust: Trust::system(),
            limits: Limits::default(),
        }
    }

    /// The same, believing also whom `trust` names.
    #[must_use]
    pub fn trusting(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }
}

/// What came back, whatever its status. A redirect is not followed.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// A client that finds hosts in `hosts` first.
    pub fn new(hosts: Hosts, world: World) -> Self {
        Self(Arc::new(Inner {
            connector: Connector::new(hosts, world),
            idle: Idle::default(),
            under_way: Semaphore::new(UNDER_WAY_MAX),
        }))
    }

    /// Runs an errand.
    ///
    /// # Errors
    /// An [`Error`] if no reply came within the limits. A reply that reports a failure is no error here.
    pub async fn run(&self, request: Request) -> Result<Reply, Error> {
        let (url, timeout) = (request.url.clone(), request.limits.timeout);
        let reply = tokio::time::timeout(timeout, self.0.run(request)).await;
        reply.unwrap_or(Err(Error::TimedOut { url, timeout }))
    }

    /// The thumbprint by which IAM knows a provider: that of the last certificate which the server presents, the
    /// top of its chain. Whoever answers is believed, so this is for a first acquaintance alone: nothing is sent,
    /// and nothing else is read.
    ///
    /// # Errors
    /// An [`Error`] if there is no connection within the usual time.
    pub async fn thumbprint(&self, url: &Url) -> Result<Thumbprint, Error> {
        let connect = async {
            let stream = self.0.connector.connect(url, &Trust::anybody()).await?;
            let presented = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let top = presented.last().map(|certificate| Thumbprint::of(certificate));
            let nothing = || std::io::Error::from(std::io::ErrorKind::InvalidData);
            top.ok_or_else(|| Error::Connect { url: url.clone(), source: nothing() })
        };
        let timed_out = Error::TimedOut { url: url.clone(), timeout: TIMEOUT };
        tokio::time::timeout(TIMEOUT, connect).await.unwrap_or(Err(timed_out))
    }
}

impl Inner {
    async fn run(&self, request: Request) -> Result<Reply, Error> {
        // It is never closed.
        let _turn = self.under_way.acquire().await;
        let (url, trust, limits) = (request.url.clone(), request.trust.clone(), request.limits);
        let place = Place::new(&url, &trust);
        let mut written = written(request);
        if let Some(mut sender) = self.idle.take(&place) {
            match sender.try_send_request(written).await {
                Ok(response) => return self.reply(response, (sender, place), &url, limits).await,
                Err(mut error) => match error.take_message() {
                    // The other side had closed the connection: nothing of the request was sent.
                    Some(unsent) => written = unsent,
                    None => return Err(Error::Http { url, source: error.into_error() }),
                },
            }
        }
        let mut sender = self.connect(&url, &trust).await?;
        let response = sender.send_request(written).await;
        let response = response.map_err(|source| Error::Http { url: url.clone(), source })?;
        self.reply(response, (sender, place), &url, limits).await
    }

    async fn reply(
        &self,
        response: hyper::Response<Incoming>,
        (sender, place): (Sender, Place),
        url: &Url,
        limits: Limits,
    ) -> Result<Reply, Error> {
        let (head, body) = response.into_parts();
        let body = read(body, url, limits.reply_bytes).await?;
        self.idle.keep(place, sender);
        Ok(Reply { status: head.status, headers: head.headers, body })
    }

    async fn connect(&self, url: &Url, trust: &Trust) -> Result<Sender, Error> {
        let stream = self.connector.open(url, trust).await?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| Error::Http { url: url.clone(), source })?;
        // It ends with the sender, or when the other side closes.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of an errand broke off");
            }
        });
        Ok(sender)
    }
}

/// The request as it is sent.
fn written(request: Request) -> hyper::Request<Full<Bytes>> {
    const NAME: HeaderValue =
        HeaderValue::from_static(concat!("chancery/", env!("CARGO_PKG_VERSION")));
    let authority = request.url.authority();
    let mut written = hyper::Request::new(Full::new(request.body));
    *written.method_mut() = request.method;
    // INVARIANT: a URL was made of a URI with this very target and authority.
    *written.uri_mut() = request.url.target().parse().unwrap_or_default();
    *written.headers_mut() = request.headers;
    let host = HeaderValue::try_from(authority).unwrap_or_else(|_| HeaderValue::from_static(""));
    written.headers_mut().insert(HOST, host);
    written.headers_mut().entry(USER_AGENT).or_insert(NAME);
    written
}

async fn read(body: Incoming, url: &Url, bytes_max: usize) -> Result<Bytes, Error> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Error::TooLarge { url: url.clone(), bytes_max })
        }
        Err(error) => {
            let source = std::io::Error::other(error);
            Err(Error::Connect { url: url.clone(), source })
        }
    }
}
