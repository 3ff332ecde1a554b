//! The JSON protocols, 1.0 and 1.1: JSON in, JSON out, the operation in the header `X-Amz-Target`.
//!
//! Members that the operation does not know are ignored and `null` is the same as absent, as AWS does.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

mod decode;
mod encode;
mod reader;

pub use decode::decode;
pub use encode::{encode, encode_error};

use crate::{Error, OperationModel, Protocol, ServiceModel, errors::INVALID_ACTION};

/// The operation that a request asks for by its header `X-Amz-Target`: `WorkMailService.CreateUser`.
pub fn operation(model: &ServiceModel, target: &str) -> Result<&'static OperationModel, Error> {
    let prefix = match model.protocol {
        Protocol::Json { target_prefix, .. } => target_prefix,
        Protocol::Query { .. } => "",
    };
    let name = target.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
    name.and_then(|name| model.operation(name))
        .ok_or_else(|| INVALID_ACTION.with("The operation is not known to the service."))
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
