//! Plain HTTP beside AWS's protocols: what browsers and other servers ask for by method and path.
//!
//! Nothing here was signed. A handler that wants to know who asks must find out itself.

use std::{net::IpAddr, pin::Pin};

use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    body::Bytes,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use wire::{Labels, Template};
use world::Timestamp;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The routes. None may be what an AWS protocol asks for: they are looked at first.
#[derive(Default)]
pub struct Routes {
    entries: Vec<Entry>,
}

struct Entry {
    method: Method,
    template: Template,
    body_bytes_max: usize,
    handler: Box<dyn Fn(Request) -> Reply + Send + Sync>,
}

type Reply = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send>>;

/// Bytes of a body that is read, if a route does not say otherwise.
const BODY_BYTES_MAX: usize = 64 * 1024;

impl Routes {
    /// With one more route. `path` may have labels: `/tokens/{issuer}/keys`. A route for `GET` answers
    /// `HEAD` as well.
    #[must_use]
    pub fn on<F, R>(self, method: Method, path: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Answer, Refusal>> + Send + 'static,
    {
        self.bounded(method, path, BODY_BYTES_MAX, handler)
    }

    /// The same with a bound of its own on the body, in bytes. The endpoint's bound holds as well.
    #[must_use]
    pub fn bounded<F, R>(
        mut self,
        method: Method,
        path: &'static str,
        body_bytes_max: usize,
        handler: F,
    ) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Answer, Refusal>> + Send + 'static,
    {
        let template = Template::new(path, "");
        let handler = Box::new(move |request| -> Reply { Box::pin(handler(request)) });
        self.entries.push(Entry { method, template, body_bytes_max, handler });
        self
    }

    /// With the routes of another set.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.entries.extend(other.entries);
        self
    }

    /// The way of a request, if a route has its path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<Way<'_>> {
        let found: Vec<(&Entry, Labels)> = self
            .entries
            .iter()
            .filter_map(|entry| Some((entry, entry.template.labels(path, "")?)))
            .collect();
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let closest = found
            .iter()
            .filter(|(entry, _)| entry.method == *method)
            .max_by_key(|(entry, _)| entry.template.closeness());
        if let Some((entry, labels)) = closest {
            return Some(Way::To(Found { entry, labels: labels.clone() }));
        }
        let methods: Vec<&str> = found.iter().map(|(entry, _)| entry.method.as_str()).collect();
        (!methods.is_empty()).then(|| Way::MethodNotAllowed(methods.join(", ")))
    }
}

/// Where a path leads.
pub(crate) enum Way<'a> {
    To(Found<'a>),
    /// The path is there, but for these methods.
    MethodNotAllowed(String),
}

pub(crate) struct Found<'a> {
    entry: &'a Entry,
    labels: Labels,
}

impl Way<'_> {
    /// How many bytes of the body are to be read.
    pub(crate) fn body_bytes_max(&self) -> usize {
        match self {
            Self::To(found) => found.entry.body_bytes_max,
            Self::MethodNotAllowed(_) => BODY_BYTES_MAX,
        }
    }

    /// Runs the handler, and gives its answer whatever it is.
    pub(crate) async fn answer(self, mut request: Request) -> Response<Full<Bytes>> {
        let request_id = request.request_id.clone();
        let result = match self {
            Self::To(Found { entry, labels }) => {
                request.labels = labels;
                (entry.handler)(request).await
            }
            Self::MethodNotAllowed(allowed) => {
                let refusal = Refusal::new(405, "MethodNotAllowed", "This path has other methods.");
                Ok(refusal.into_answer().with(ALLOW, &allowed))
            }
        };
        match result {
            Ok(answer) => answer.into_response(&request_id),
            Err(refusal) => refusal.into_response(&request_id),
        }
    }
}

/// A request to a route.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, still escaped.
    pub path: String,
    /// The query, still escaped; empty if there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The address that the request came from.
    pub source_ip: IpAddr,
    /// Whether it came by TLS.
    pub secure_transport: bool,
    /// A UUID that names the request in its answer and its records.
    pub request_id: String,
    /// The time that the whole request works with.
    pub now: Timestamp,
    labels: Labels,
}

impl Request {
    /// A request as it came in, before its labels are known.
    pub(crate) fn new(
        head: hyper::http::request::Parts,
        body: Bytes,
        (source_ip, secure_transport): (IpAddr, bool),
        request_id: String,
        now: Timestamp,
    ) -> Self {
        Self {
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            method: head.method,
            headers: head.headers,
            body,
            source_ip,
            secure_transport,
            request_id,
            now,
            labels: Labels::new(),
        }
    }

    /// What stands in the place of a label of the route's path, still escaped.
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| *label == name).map_or("", |(_, value)| value)
    }

    /// A header's text, if it is there and is text.
    pub fn header(&self, name: impl hyper::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON. Its content type must say so: a page of another site cannot send that type
    /// without being asked for leave first, so this keeps it from acting in a visitor's name.
    ///
    /// # Errors
    /// 415 for another content type, 400 for what is no such JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let media_type = self.header(CONTENT_TYPE).and_then(|value| value.split(';').next());
        if !media_type.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            let message = "The content type must be application/json.";
            return Err(Refusal::new(415, "UnsupportedMediaType", message));
        }
        // The parser's own message may show what was sent, such as a password.
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let message =
                format!("The body is not what it should be: line {line}, column {column}.");
            Refusal::new(400, "InvalidRequest", message)
        })
    }
}

/// An answer to be sent.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// Status 200 and a body of the given content type.
    pub fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status: StatusCode::OK, headers, body: body.into() }
    }

    /// Status 200 and JSON.
    ///
    /// # Errors
    /// 500 where `value` has no JSON form.
    pub fn json(value: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(value).map_err(|error| {
            tracing::error!(%error, "an answer has no JSON form");
            Refusal::internal()
        })?;
        Ok(Self::new("application/json", body))
    }

    /// Status 204 and nothing.
    pub fn empty() -> Self {
        let (status, headers) = (StatusCode::NO_CONTENT, HeaderMap::new());
        Self { status, headers, body: Bytes::new() }
    }

    /// Sends the client on to another place with a `GET` (RFC 9110, section 15.4.4).
    pub fn see_other(location: &str) -> Self {
        Self::empty().status(303).with(LOCATION, location)
    }

    /// The same answer with another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// The same answer with one more header, which may be there already (`Set-Cookie`). A text that no
    /// header can hold is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => _ = self.headers.append(name, value),
            Err(_) => tracing::error!(%name, "a header of an answer cannot be written"),
        }
        self
    }

    /// Nothing is kept or guessed about unless the handler says so.
    fn into_response(self, request_id: &str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        let headers = response.headers_mut();
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(value) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, value);
        }
        response
    }
}

/// Why a request gets no answer: a status and `{"code": .., "message": ..}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    /// A refusal. The code is for programs, the message for people; neither may hold a secret.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// A failure of ours; the cause goes to the log, not to the client.
    pub fn internal() -> Self {
        Self::new(500, "InternalFailure", "The request failed on our side.")
    }

    pub(crate) fn into_response(self, request_id: &str) -> Response<Full<Bytes>> {
        self.into_answer().into_response(request_id)
    }

    /// The same as an answer, to which headers can be added.
    pub(crate) fn into_answer(self) -> Answer {
        let body = serde_json::json!({ "code": self.code, "message": self.message });
        Answer::new("application/json", body.to_string()).status(self.status)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "a request failed on our side");
        match error.is_conflict() || error.is_full() || error.is_unavailable() {
            true => Self::new(503, "ServiceUnavailable", "Trying again later may help."),
            false => Self::internal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;

    fn routes() -> Routes {
        let greet = |request: Request| async move {
            let given: Value = request.json()?;
            Answer::json(&json!({ "to": request.label("name"), "given": given }))
        };
        let page = |_| async { Ok(Answer::new("text/html", "<p>").with(CACHE_CONTROL, "public")) };
        let lost = |_| async { Err(Refusal::from(store::Error::corrupt("secret"))) };
        let pages = Routes::default().on(Method::GET, "/people/{name}", page);
        Routes::default()
            .on(Method::POST, "/people/{name}", greet)
            .on(Method::GET, "/people/all", |_| async { Ok(Answer::see_other("/people/1")) })
            .on(Method::GET, "/lost", lost)
            .and(pages)
    }

    async fn asked(
        method: Method,
        path: &str,
        kind: &str,
        body: &'static str,
    ) -> (u16, HeaderMap, String) {
        let request =
            hyper::Request::builder().method(&method).uri(path).header(CONTENT_TYPE, kind);
        let (head, ()) = request.body(()).unwrap().into_parts();
        let from = (IpAddr::from([127, 0, 0, 1]), false);
        let now = Timestamp::from_seconds(0);
        let request = Request::new(head, Bytes::from(body), from, "id".to_owned(), now);
        let routes = routes();
        let way = routes.find(&method, request.path.as_str()).expect("a route");
        let (head, body) = way.answer(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), head.headers, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn method_and_path_lead_to_a_handler() {
        let (status, headers, body) =
            asked(Method::POST, "/people/ada?x=1", "application/json; charset=utf-8", "[1]").await;
        assert_eq!((status, body.as_str()), (200, r#"{"given":[1],"to":"ada"}"#));
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REQUEST_ID], "id");
        let (status, headers, body) = asked(Method::HEAD, "/people/ada", "", "").await;
        assert_eq!((status, body.as_str()), (200, "<p>"));
        assert_eq!(headers[CACHE_CONTROL], "public");
        assert!(routes().find(&Method::GET, "/people").is_none());
    }

    #[tokio::test]
    async fn the_closer_of_two_paths_is_meant() {
        let (status, headers, _) = asked(Method::GET, "/people/all", "", "").await;
        assert_eq!((status, &headers[LOCATION]), (303, &HeaderValue::from_static("/people/1")));
    }

    #[tokio::test]
    async fn another_method_is_told_which_there_are() {
        let (status, headers, body) = asked(Method::DELETE, "/people/ada", "", "").await;
        assert_eq!((status, &headers[ALLOW]), (405, &HeaderValue::from_static("POST, GET")));
        assert!(body.contains("\"MethodNotAllowed\""), "{body}");
    }

    #[tokio::test]
    async fn only_json_that_says_so_is_read() {
        let (status, _, body) = asked(Method::POST, "/people/ada", "text/plain", "{}").await;
        assert_eq!(status, 415, "{body}");
        let (status, _, body) =
            asked(Method::POST, "/people/ada", "application/json", r#"{"password":hunter2"#).await;
        assert_eq!(status, 400, "{body}");
        assert!(!body.contains("hunter2"), "{body}");
    }

    #[tokio::test]
    async fn a_failure_of_ours_tells_nothing() {
        let (status, _, body) = asked(Method::GET, "/lost", "", "").await;
        assert_eq!(status, 500);
        assert!(!body.contains("secret"), "{body}");
    }
}
