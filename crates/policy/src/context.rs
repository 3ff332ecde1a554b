//! The facts of a request that conditions and variables ask for.

use std::borrow::Cow;

/// The condition keys of a request.
///
/// Asked only for the keys that a policy names, so values that cost something can be made on demand.
pub trait Context {
    /// The values of `key`, which is in lower case; nothing if the request has no such key.
    fn get(&self, key: &str) -> Option<Values<'_>>;
}

/// The context of a request that has no condition keys.
impl Context for () {
    fn get(&self, _: &str) -> Option<Values<'_>> {
        None
    }
}

/// What a condition key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values<'a> {
    /// The value of a single-valued key.
    One(Cow<'a, str>),
    /// The values of a multivalued key. An empty list is the same as a missing key.
    Many(Vec<Cow<'a, str>>),
}

impl<'a> Values<'a> {
    /// The values, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Cow<'a, str>] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}
