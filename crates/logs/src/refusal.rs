//! What callers are told, in AWS's words where they are known.

use wire::{
    Error,
    logs::errors::{INVALID_PARAMETER, RESOURCE_ALREADY_EXISTS, RESOURCE_NOT_FOUND},
};

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    INVALID_PARAMETER.with(message)
}

pub(crate) fn no_group() -> Error {
    RESOURCE_NOT_FOUND.with("The specified log group does not exist.")
}

pub(crate) fn no_stream() -> Error {
    RESOURCE_NOT_FOUND.with("The specified log stream does not exist.")
}

pub(crate) fn group_exists() -> Error {
    RESOURCE_ALREADY_EXISTS.with("The specified log group already exists")
}

pub(crate) fn stream_exists() -> Error {
    RESOURCE_ALREADY_EXISTS.with("The specified log stream already exists")
}
