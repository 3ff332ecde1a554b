//! What callers are told. The service model gives each error one general sentence; ours name the thing.

use wire::{
    Error,
    workmail::{
        EntityState,
        errors::{
            EMAIL_ADDRESS_IN_USE, ENTITY_NOT_FOUND, ENTITY_STATE, INVALID_PARAMETER,
            MAIL_DOMAIN_NOT_FOUND, NAME_AVAILABILITY, RESOURCE_NOT_FOUND,
        },
    },
};

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    INVALID_PARAMETER.with(message)
}

pub(crate) fn no_entity(given: &str) -> Error {
    ENTITY_NOT_FOUND.with(format!("The entity with the identifier {given} cannot be found."))
}

pub(crate) fn state(name: &str, state: EntityState, wanted: &str) -> Error {
    let state = state.as_str();
    ENTITY_STATE.with(format!("The entity {name} is in the state {state}; it must be {wanted}."))
}

pub(crate) fn name_taken(name: &str) -> Error {
    NAME_AVAILABILITY.with(format!("The name {name} is already in use in this organization."))
}

pub(crate) fn address_taken(address: &str) -> Error {
    EMAIL_ADDRESS_IN_USE.with(format!("The email address {address} is already in use."))
}

pub(crate) fn no_domain(domain: &str) -> Error {
    MAIL_DOMAIN_NOT_FOUND
        .with(format!("The mail domain {domain} cannot be found in this organization."))
}

pub(crate) fn no_resource(arn: &str) -> Error {
    RESOURCE_NOT_FOUND.with(format!("The resource {arn} cannot be found."))
}
