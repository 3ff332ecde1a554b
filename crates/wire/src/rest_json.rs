//! The REST protocol: the operation in the method and the path, members in the path, the query, the
//! headers and the body, which is JSON or the bytes themselves.
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>

mod decode;
mod encode;
mod head;

pub use decode::{Request, decode, read_headers};
pub use encode::{Answer, encode, encode_error};

use crate::{Error, OperationModel, ServiceModel, errors::INVALID_ACTION};

/// The operation that method and path ask for. `path` and `query` are still escaped.
pub fn operation(
    model: &ServiceModel,
    method: &str,
    path: &str,
    query: &str,
) -> Result<&'static OperationModel, Error> {
    let matching = |operation: &&OperationModel| {
        operation.method == method && operation.uri.labels(path, query).is_some()
    };
    let closest = model.operations.iter().filter(matching).max_by_key(|op| op.uri.closeness());
    closest.ok_or_else(|| INVALID_ACTION.with("The operation is not known to the service."))
}
