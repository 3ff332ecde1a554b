//! What several tests need: condition keys from JSON, and policies from statements.

#![allow(dead_code, reason = "not every test needs everything")]

use std::{borrow::Cow, sync::Arc};

use policy::{Context, Kind, PolicySet, ResourcePolicy, Source, Values, parse};
use serde_json::{Value, json};

/// The request's condition keys; a list is a multivalued key.
pub(crate) struct Keys(pub(crate) Value);

impl Context for Keys {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        let text = |value: &Value| Cow::Owned(value.as_str().unwrap().to_owned());
        match self.0.get(key)? {
            Value::Array(items) => Some(Values::Many(items.iter().map(text).collect())),
            one => Some(Values::One(text(one))),
        }
    }
}

pub(crate) fn source(id: &str, document: &Value, kind: Kind) -> Source {
    let document = parse(&document.to_string(), kind).unwrap_or_else(|e| panic!("{document}: {e}"));
    Source { id: id.into(), document: Arc::new(document) }
}

/// A document of the new version with these statements.
pub(crate) fn of(id: &str, statements: Value, kind: Kind) -> Source {
    source(id, &json!({"Version": "2012-10-17", "Statement": statements}), kind)
}

/// One policy of an asker's own.
pub(crate) fn set(id: &str, statements: Value) -> PolicySet {
    PolicySet::new([of(id, statements, Kind::Managed)])
}

/// The policy of a resource.
pub(crate) fn resource(statements: Value, kind: Kind) -> ResourcePolicy {
    ResourcePolicy::new(of("arn:aws:s3:::b", statements, kind))
}
