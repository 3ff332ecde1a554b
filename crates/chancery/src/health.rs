//! `/healthz` and Prometheus' `/metrics`, on a loopback port of their own.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use store::Store;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use crate::{
    failure::Failure,
    serve::{Shutdown, requested},
};

/// Connections served at once; a further one waits.
const CONNECTIONS_MAX: usize = 32;

/// How long a client may take to send its request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How often old samples of the histograms are folded together.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// What the two pages show.
pub(crate) struct Health {
    /// The store whose answer makes the server healthy.
    pub(crate) store: Store,
    /// The metrics of the whole process.
    pub(crate) metrics: PrometheusHandle,
}

/// Starts collecting the metrics of the whole process.
pub(crate) fn install_metrics() -> Result<PrometheusHandle, Failure> {
    PrometheusBuilder::new().install_recorder().map_err(Failure::of("cannot collect metrics"))
}

/// Serves both pages until `shutdown`.
pub(crate) async fn listen(listener: TcpListener, health: Arc<Health>, shutdown: Shutdown) {
    let mut stop = std::pin::pin!(requested(shutdown));
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut upkeep = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = upkeep.tick() => health.metrics.run_upkeep(),
            Ok((stream, _)) = listener.accept() => {
                let Ok(place) = Arc::clone(&connections).acquire_owned().await else { return };
                let health = Arc::clone(&health);
                tokio::spawn(async move {
                    serve(stream, health).await;
                    drop(place);
                });
            }
        }
    }
}

async fn serve(stream: TcpStream, health: Arc<Health>) {
    let service = service_fn(move |request| {
        let health = Arc::clone(&health);
        async move { Ok::<_, Infallible>(answer(&request, &health).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a health connection ended early");
    }
}

async fn answer(request: &Request<Incoming>, health: &Health) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => match health.store.read().await {
            Ok(_) => page(StatusCode::OK, "ok\n".to_owned()),
            Err(error) => page(StatusCode::SERVICE_UNAVAILABLE, format!("store: {error}\n")),
        },
        (&Method::GET, "/metrics") => page(StatusCode::OK, health.metrics.render()),
        (_, "/healthz" | "/metrics") => {
            page(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here\n".to_owned())
        }
        _ => page(StatusCode::NOT_FOUND, "there are /healthz and /metrics\n".to_owned()),
    }
}

fn page(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    response
}
