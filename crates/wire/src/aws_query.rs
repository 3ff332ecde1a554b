//! The query protocol: form parameters in, XML out.
//!
//! A request is `Action`, `Version` and the input's members as parameters, `Tags.member.1.Key` for
//! those inside others, in the body of a POST or the query string of a GET. Parameters that the
//! operation does not know are ignored, as AWS does.
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

mod decode;
mod encode;
mod parameters;
mod xml;

pub use decode::decode;
pub use encode::{encode, encode_error};
pub use parameters::Parameters;

use crate::{
    Error, OperationModel, ServiceModel,
    errors::{INVALID_ACTION, MISSING_ACTION},
};

/// The operation that a request asks for by `Action` and `Version`.
pub fn operation(
    model: &ServiceModel,
    parameters: &Parameters<'_>,
) -> Result<&'static OperationModel, Error> {
    let action =
        parameters.value("Action").filter(|action| !action.is_empty()).ok_or_else(|| {
            MISSING_ACTION.with("The request is missing an action or a required parameter.")
        })?;
    let version = parameters.value("Version").unwrap_or("NO_VERSION_SPECIFIED");
    let found = model.operation(action).filter(|_| version == model.api_version);
    found.ok_or_else(|| {
        INVALID_ACTION.with(format!("Could not find operation {action} for version {version}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::MODEL;

    fn asked(query: &str) -> Result<&'static str, String> {
        let parameters = Parameters::parse(query, b"").unwrap();
        operation(&MODEL, &parameters)
            .map(|operation| operation.name)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn finds_the_operation_of_the_right_version() {
        assert_eq!(asked("Action=GetUser&Version=2010-05-08"), Ok("GetUser"));
        for (query, error) in [
            (
                "Action=Fly&Version=2010-05-08",
                "InvalidAction: Could not find operation Fly for version 2010-05-08",
            ),
            (
                "Action=GetUser&Version=2011-06-15",
                "InvalidAction: Could not find operation GetUser for version 2011-06-15",
            ),
            (
                "Action=GetUser",
                "InvalidAction: Could not find operation GetUser for version NO_VERSION_SPECIFIED",
            ),
            (
                "Version=2010-05-08",
                "MissingAction: The request is missing an action or a required parameter.",
            ),
        ] {
            assert_eq!(asked(query), Err(error.to_owned()));
        }
    }
}
