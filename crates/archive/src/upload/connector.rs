//! HTTP for the S3 client: one connection at a time, by the TLS library that all of this program uses.

use std::{
    error::Error as StdError,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_body_util::BodyExt;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
        HttpResponse, HttpResponseBody, HttpService,
    },
};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take until its answer begins: a part on a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

/// Makes the client of one export. Its connection is used again for as long as the server lets it.
#[derive(Clone)]
pub(super) struct Connector(Arc<Connection>);

struct Connection {
    endpoint: Endpoint,
    tls: Arc<ClientConfig>,
    idle: Mutex<Option<SendRequest<HttpRequestBody>>>,
}

impl Connector {
    /// For requests to `endpoint` alone.
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, rustls::Error> {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "cannot read some of the system's certificate authorities");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(Connection { endpoint, tls: Arc::new(tls), idle: Mutex::default() })))
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Connector {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.0.ask(request))
    }
}

impl Connection {
    async fn ask(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.address(&mut request)?;
        let mut sender = self.sender().await?;
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, sender.send_request(request)).await;
        let answer = answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
        let answer = answer.map_err(|error| HttpError::new(kind(&error), error))?;
        self.keep(sender);
        Ok(answer.map(|body: Incoming| {
            HttpResponseBody::new(body.map_err(|error| HttpError::new(kind(&error), error)))
        }))
    }

    /// Brings a request to the form that HTTP/1.1 has: a `Host` header, and the target without the host.
    fn address(&self, request: &mut HttpRequest) -> Result<(), HttpError> {
        let wrong = |error| HttpError::new(HttpErrorKind::Unknown, error);
        if Endpoint::of(request.uri()).as_ref() != Some(&self.endpoint) {
            return Err(wrong(io::Error::other("a request to another server")));
        }
        let authority = request.uri().authority().map_or("", |authority| authority.as_str());
        let host = HeaderValue::from_str(authority);
        let host = host.map_err(|error| wrong(io::Error::other(error)))?;
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let target = target.parse().map_err(|error| wrong(io::Error::other(error)))?;
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = target;
        Ok(())
    }

    async fn sender(&self) -> Result<SendRequest<HttpRequestBody>, HttpError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut sender) = idle
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        let failed = |error: Box<dyn StdError + Send + Sync>| {
            HttpError::new_boxed(HttpErrorKind::Connect, error)
        };
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, self.connect()).await;
        connected.map_err(|late| failed(late.into()))?.map_err(failed)
    }

    async fn connect(
        &self,
    ) -> Result<SendRequest<HttpRequestBody>, Box<dyn StdError + Send + Sync>> {
        let Endpoint { host, port, tls } = &self.endpoint;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        stream.set_nodelay(true)?;
        if !tls {
            return speak(stream).await;
        }
        let name = ServerName::try_from(host.clone())?;
        speak(TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await?).await
    }

    /// For the next request, which waits until the answer of this one was read.
    fn keep(&self, sender: SendRequest<HttpRequestBody>) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<SendRequest<HttpRequestBody>, Box<dyn StdError + Send + Sync>> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with its sender.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the S3 server ended");
        }
    });
    Ok(sender)
}

fn kind(error: &hyper::Error) -> HttpErrorKind {
    if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_parse() {
        HttpErrorKind::Decode
    } else {
        HttpErrorKind::Interrupted
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("endpoint", &self.0.endpoint).finish_non_exhaustive()
    }
}
