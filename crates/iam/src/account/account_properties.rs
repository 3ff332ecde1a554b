//! Account properties: settings of features that an account turns on as a whole. None of those features is
//! here, so no property has a value and none can be given one.

use std::collections::BTreeMap;

use wire::iam::{
    GetAccountPropertiesRequest, GetAccountPropertiesResponse, PutAccountPropertiesRequest,
    PutAccountPropertiesResponse, errors::INVALID_INPUT,
};

use crate::door::{Call, Resource};

pub(crate) async fn get(
    call: &mut Call,
    _: GetAccountPropertiesRequest,
) -> Result<GetAccountPropertiesResponse, wire::Error> {
    call.read("iam:GetAccountProperties", Resource::any()).await?;
    Ok(GetAccountPropertiesResponse { properties: Some(BTreeMap::new()) })
}

pub(crate) async fn put(
    call: &mut Call,
    input: PutAccountPropertiesRequest,
) -> Result<PutAccountPropertiesResponse, wire::Error> {
    call.read("iam:PutAccountProperties", Resource::any()).await?;
    Err(refusal(&input.properties))
}

/// Why properties cannot be set: their form, or that there are no such ones.
fn refusal(properties: &BTreeMap<String, String>) -> wire::Error {
    let mut namespaces = Vec::new();
    for key in properties.keys() {
        match key.split_once('/') {
            Some((space, name)) if !space.is_empty() && !name.is_empty() && !name.contains('/') => {
                namespaces.push(space);
            }
            _ => {
                let rule = "must have the form Namespace/PropertyName";
                return INVALID_INPUT.with(format!("The property key {key} {rule}."));
            }
        }
    }
    namespaces.dedup();
    match namespaces.as_slice() {
        [] => INVALID_INPUT.with("At least one property is required."),
        [namespace] => {
            INVALID_INPUT.with(format!("The property namespace {namespace} is not supported."))
        }
        _ => INVALID_INPUT.with("All properties must belong to the same namespace."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_properties_has_its_reason() {
        for (keys, reason) in [
            (&[][..], "At least one property is required."),
            (&["A/b"], "The property namespace A is not supported."),
            (&["A/b", "A/c"], "The property namespace A is not supported."),
            (&["A/b", "B/b"], "All properties must belong to the same namespace."),
            (&["Ab"], "The property key Ab must have the form Namespace/PropertyName."),
            (&["A/"], "The property key A/ must have the form Namespace/PropertyName."),
            (&["A/b/c"], "The property key A/b/c must have the form Namespace/PropertyName."),
        ] {
            let properties = keys.iter().map(|key| ((*key).to_owned(), "true".to_owned()));
            assert_eq!(refusal(&properties.collect()).message(), reason);
        }
    }
}
