//! Connections: bounded in number, in time and in bytes.

use std::{
    convert::Infallible,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use wire::{
    Error,
    errors::{REQUEST_TOO_LARGE, SERIALIZATION},
};

use crate::{Api, answer, dispatch, dispatch::Incoming as Call, proxies::Origin, route, web};

/// The bounds of the endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; a further one waits.
    pub connections: usize,
    /// The largest body that is read, in bytes.
    pub body_bytes: usize,
    /// The largest head that is read, in bytes.
    pub head_bytes: usize,
    /// How long a client may take over the handshake of TLS.
    pub handshake_timeout: Duration,
    /// How long a client may take to send a request's head, and how long a connection may be idle.
    pub head_timeout: Duration,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
    /// How long connections may go on after the end was asked for.
    pub stop_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            body_bytes: 1024 * 1024,
            head_bytes: 64 * 1024,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(8),
        }
    }
}

/// How long to rest when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `api` on `listener`, by TLS if there is a certificate, until `stop` is done; then lets what is in
/// flight finish, in bounded time.
pub async fn listen(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    api: Arc<Api>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some((stream, peer, place)) = accept(&listener, &places) => {
                let (api, tls, watcher) = (Arc::clone(&api), tls.clone(), graceful.watcher());
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, peer, tls, api, limits, watcher).await {
                        tracing::debug!(%peer, %error, "an API connection ended early");
                    }
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.stop_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("API connections were still open at the end");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are small and written at once: waiting to fill packets only delays them.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, place))
        }
        Err(error) => {
            tracing::warn!(%error, "cannot accept an API connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    api: Arc<Api>,
    limits: Limits,
    watcher: Watcher,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let peer = Origin { address: peer.ip(), secure: tls.is_some() };
    let Some(tls) = tls else {
        return Ok(watcher.watch(connection(stream, peer, api, limits)).await?);
    };
    let stream = tokio::time::timeout(limits.handshake_timeout, tls.accept(stream)).await??;
    Ok(watcher.watch(connection(stream, peer, api, limits)).await?)
}

fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Origin,
    api: Arc<Api>,
    limits: Limits,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    let service = service_fn(move |request| {
        let api = Arc::clone(&api);
        async move { Ok::<_, Infallible>(serve(request, peer, api, limits).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), service)
}

async fn serve(
    request: Request<Incoming>,
    peer: Origin,
    api: Arc<Api>,
    limits: Limits,
) -> Response<Full<Bytes>> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let request_id = api.door.world().ordered_uuid();
    let origin = api.proxies.origin(peer, &head.headers);
    let response = match api.routes.find(&head.method, head.uri.path()) {
        Some(way) => visit(&api, way, (head, body), origin, limits, request_id).await,
        None => call(&api, (head, body), origin, limits, request_id).await,
    };
    metrics::histogram!("chancery_api_request_seconds").record(started.elapsed().as_secs_f64());
    response
}

/// Answers a request of one of AWS's protocols.
async fn call(
    api: &Api,
    (head, body): (Parts, Incoming),
    origin: Origin,
    limits: Limits,
    request_id: String,
) -> Response<Full<Bytes>> {
    let model = route::spoken(&head);
    let body = match read_body(body, limits.body_bytes, limits.body_timeout).await {
        Ok(body) => body,
        Err(lost) => return answer::failure(model, &lost.into(), &request_id),
    };
    let call = Call { head, body, origin, request_id: request_id.clone() };
    // A panic is a defect of ours, but it must not cost the client its connection without a word. What it
    // had begun is rolled back as its transaction is dropped.
    AssertUnwindSafe(dispatch::dispatch(api, call))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| answer::failure(model, &Error::internal("panic"), &request_id))
}

/// Answers a request to one of the routes.
async fn visit(
    api: &Api,
    way: web::Way<'_>,
    (head, body): (Parts, Incoming),
    origin: Origin,
    limits: Limits,
    request_id: String,
) -> Response<Full<Bytes>> {
    let bytes_max = way.body_bytes_max().min(limits.body_bytes);
    let body = match read_body(body, bytes_max, limits.body_timeout).await {
        Ok(body) => body,
        Err(lost) => return web::Refusal::from(lost).into_response(&request_id),
    };
    let now = api.door.world().now();
    let from = (origin.address, origin.secure);
    let request = web::Request::new(head, body, from, request_id.clone(), now);
    AssertUnwindSafe(way.answer(request))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| web::Refusal::internal().into_response(&request_id))
}

async fn read_body(body: Incoming, bytes_max: usize, timeout: Duration) -> Result<Bytes, LostBody> {
    match tokio::time::timeout(timeout, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(LostBody::TooLarge { bytes_max }),
        Ok(Err(_)) | Err(_) => Err(LostBody::Broken),
    }
}

/// Why a body was not read.
enum LostBody {
    TooLarge { bytes_max: usize },
    Broken,
}

impl std::fmt::Display for LostBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { bytes_max } => {
                write!(f, "Request must be smaller than {bytes_max} bytes.")
            }
            Self::Broken => f.write_str("The request body did not arrive whole."),
        }
    }
}

impl From<LostBody> for Error {
    fn from(lost: LostBody) -> Self {
        match lost {
            LostBody::TooLarge { .. } => REQUEST_TOO_LARGE.with(lost.to_string()),
            LostBody::Broken => SERIALIZATION.with(lost.to_string()),
        }
    }
}

impl From<LostBody> for web::Refusal {
    fn from(lost: LostBody) -> Self {
        match lost {
            LostBody::TooLarge { .. } => Self::new(413, "RequestTooLarge", lost.to_string()),
            LostBody::Broken => Self::new(400, "InvalidRequest", lost.to_string()),
        }
    }
}
