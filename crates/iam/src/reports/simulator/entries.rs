//! Context entries: condition keys with typed values.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use wire::iam::{ContextEntry, ContextKeyTypeEnum as Type, errors::INVALID_INPUT};

use crate::subject::{Given, GivenValues};

/// The condition keys that the call gives.
///
/// # Errors
/// `InvalidInput` for an entry without name or type, or with values that are not of its type.
pub(super) fn read(entries: Vec<ContextEntry>) -> Result<Given, wire::Error> {
    let mut given = Given::default();
    for entry in entries {
        let (name, values) = checked(entry)?;
        if given.0.insert(name.to_lowercase(), values).is_some() {
            return Err(INVALID_INPUT.with(format!("The context key {name} is given twice.")));
        }
    }
    Ok(given)
}

fn checked(entry: ContextEntry) -> Result<(String, GivenValues), wire::Error> {
    let Some(name) = entry.context_key_name else {
        return Err(INVALID_INPUT.with("A context entry has no ContextKeyName."));
    };
    let Some(kind) = entry.context_key_type else {
        return Err(INVALID_INPUT.with(format!("The context key {name} has no ContextKeyType.")));
    };
    let values = entry.context_key_values.unwrap_or_default();
    if let Some(wrong) = values.iter().find(|value| !fits(kind, value)) {
        let kind = kind.as_str();
        let message = format!("The value {wrong} of the context key {name} is not of type {kind}.");
        return Err(INVALID_INPUT.with(message));
    }
    if is_list(kind) {
        return Ok((name, GivenValues::Many(values)));
    }
    match <[String; 1]>::try_from(values) {
        Ok([value]) => Ok((name, GivenValues::One(value))),
        Err(_) => {
            Err(INVALID_INPUT.with(format!("The context key {name} must have exactly one value.")))
        }
    }
}

fn is_list(kind: Type) -> bool {
    match kind {
        Type::String | Type::Numeric | Type::Boolean | Type::Ip | Type::Binary | Type::Date => {
            false
        }
        Type::StringList
        | Type::NumericList
        | Type::BooleanList
        | Type::IpList
        | Type::BinaryList
        | Type::DateList => true,
    }
}

fn fits(kind: Type, value: &str) -> bool {
    match kind {
        Type::String | Type::StringList => true,
        Type::Numeric | Type::NumericList => policy::is_number(value),
        Type::Boolean | Type::BooleanList => {
            value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
        }
        Type::Ip | Type::IpList => value.parse::<IpAddr>().is_ok(),
        Type::Binary | Type::BinaryList => STANDARD.decode(value).is_ok(),
        Type::Date | Type::DateList => policy::is_date(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Type, values: &[&str]) -> Result<Given, wire::Error> {
        read(vec![ContextEntry {
            context_key_name: Some("aws:Key".to_owned()),
            context_key_values: Some(values.iter().map(ToString::to_string).collect()),
            context_key_type: Some(kind),
        }])
    }

    #[test]
    fn values_are_of_their_type() {
        for (kind, good, bad) in [
            (Type::Numeric, "-1.5", "x"),
            (Type::Boolean, "TRUE", "1"),
            (Type::Ip, "2001:db8::1", "192.0.2"),
            (Type::Binary, "AAE=", "?"),
            (Type::Date, "2026-11-22T00:00:00Z", "yesterday"),
            (Type::Date, "1795305600", "2026-13-01"),
        ] {
            assert!(entry(kind, &[good]).is_ok(), "{good}");
            assert!(entry(kind, &[bad]).unwrap_err().is(&INVALID_INPUT), "{bad}");
        }
    }

    #[test]
    fn only_lists_hold_none_or_several() {
        assert!(entry(Type::String, &[]).is_err());
        assert!(entry(Type::String, &["a", "b"]).is_err());
        let list = entry(Type::StringList, &["a", "b"]).unwrap();
        assert!(
            matches!(list.0.get("aws:key"), Some(GivenValues::Many(values)) if values.len() == 2)
        );
        assert!(entry(Type::StringList, &[]).is_ok());
    }
}
