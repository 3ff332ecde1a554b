//! From results to HTTP.

use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION},
};
use wire::{Error, OperationModel, Protocol, ServiceModel, Value, aws_json, aws_query, rest_json};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Where AWS sends a client whose method is none of the protocol's.
const PAGES: &str = "https://aws.amazon.com/iam";

/// The answer to a call that succeeded.
pub(crate) fn success(
    model: &ServiceModel,
    operation: &OperationModel,
    output: &Value,
    request_id: &str,
) -> Response<Full<Bytes>> {
    let body = match model.protocol {
        Protocol::Query { .. } => aws_query::encode(model, operation, output, request_id),
        Protocol::Json { .. } => aws_json::encode(operation, output),
        Protocol::RestJson => return rest(rest_json::encode(operation, output), request_id),
    };
    response(StatusCode::OK, model.content_type(), body, request_id)
}

fn rest(answer: rest_json::Answer, request_id: &str) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = response(status, answer.content_type, answer.body, request_id);
    for (name, value) in answer.headers {
        match (HeaderName::try_from(&name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => _ = response.headers_mut().insert(name, value),
            _ => tracing::error!(request_id, name, "a header of an answer cannot be written"),
        }
    }
    response
}

/// The answer to a call that failed, or that never became one.
pub(crate) fn failure(
    model: &ServiceModel,
    error: &Error,
    request_id: &str,
) -> Response<Full<Bytes>> {
    let code = error.kind().code(model.protocol);
    let status = StatusCode::from_u16(code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = match model.protocol {
        Protocol::Query { .. } => aws_query::encode_error(model, error, request_id),
        Protocol::Json { .. } => aws_json::encode_error(error),
        Protocol::RestJson => rest_json::encode_error(error),
    };
    let mut response = response(status, model.content_type(), body, request_id);
    if let Protocol::Json { .. } | Protocol::RestJson = model.protocol {
        response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(code.code));
    }
    response
}

/// The answer to a method or path that no protocol has.
pub(crate) fn redirect(request_id: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(PAGES));
    name(&mut response, request_id);
    response
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
    request_id: &str,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    name(&mut response, request_id);
    response
}

fn name(response: &mut Response<Full<Bytes>>, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}
