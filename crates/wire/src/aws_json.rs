//! The JSON protocols, 1.0 and 1.1: JSON in, JSON out, the operation in the header `X-Amz-Target`.
//!
//! Members that the operation does not know are ignored and `null` is the same as absent, as AWS does.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use crate::{
    Error, MAX_REQUEST_BYTES, OperationModel, Protocol, ServiceModel, Shape, Value,
    errors::{INVALID_ACTION, REQUEST_TOO_LARGE},
    json,
};

/// The operation that a request asks for by its header `X-Amz-Target`: `WorkMailService.CreateUser`.
pub fn operation(model: &ServiceModel, target: &str) -> Result<&'static OperationModel, Error> {
    let prefix = match model.protocol {
        Protocol::Json { target_prefix, .. } => target_prefix,
        Protocol::Query { .. } | Protocol::RestJson => "",
    };
    let name = target.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
    name.and_then(|name| model.operation(name))
        .ok_or_else(|| INVALID_ACTION.with("The operation is not known to the service."))
}

/// The input of an operation, not yet validated. An empty body is an empty input.
///
/// What is not JSON, has another type than the model says, or names a member twice is an error.
pub fn decode(operation: &OperationModel, body: &[u8]) -> Result<Value, Error> {
    if body.len() > MAX_REQUEST_BYTES {
        return Err(REQUEST_TOO_LARGE.with("The request is too large."));
    }
    let members = operation.input.map(Shape::members).unwrap_or_default();
    if body.is_empty() {
        return Ok(Value::empty(members.len()));
    }
    json::decode::structure(members, |_| true, body).map(Value::Structure)
}

/// The body of a successful answer, to be sent with status 200. Empty if the operation has no output.
pub fn encode(operation: &OperationModel, output: &Value) -> String {
    let mut out = String::new();
    let members = operation.output.map(Shape::members).unwrap_or_default();
    if !members.is_empty() {
        json::encode::structure(&mut out, members, output, |_| true);
    }
    out
}

/// The body of an answer that tells of an error, to be sent with [`Error::status`].
///
/// The message goes under both names that clients look for.
pub fn encode_error(error: &Error) -> String {
    let mut out = String::from("{\"__type\":");
    json::push_string(&mut out, error.kind().json.code);
    for name in [",\"message\":", ",\"Message\":"] {
        out.push_str(name);
        json::push_string(&mut out, error.message());
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workmail::MODEL;

    #[test]
    fn finds_the_operation() {
        assert_eq!(operation(&MODEL, "WorkMailService.CreateUser").unwrap().name, "CreateUser");
        for target in
            ["", "CreateUser", ".CreateUser", "WorkMailService.Fly", "WorkMailServiceCreateUser"]
        {
            let error = operation(&MODEL, target).unwrap_err();
            assert_eq!(error.kind().json.code, "UnknownOperationException");
            assert_eq!(error.status(MODEL.protocol), 400);
        }
    }
}
