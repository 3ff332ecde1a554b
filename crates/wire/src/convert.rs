//! From values to the generated structs, and back.
//!
//! The generated code only lists names and types through the macros below; what they expand to is all
//! there is per shape, so that hundreds of shapes compile fast.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use world::{Secret, Timestamp};

use crate::{Sensitive, Value};

/// A type that stands for a shape: every generated structure and enum, and what they are made of.
pub trait Shaped: Sized {
    /// Takes a value of the shape apart. Fails only on a value that was not validated.
    fn from_value(value: Value) -> Result<Self, Mismatch>;

    /// The value of the shape.
    fn into_value(self) -> Value;
}

/// A type that stands for a member: that of a shape, or an option of it.
pub(crate) trait Slot: Sized {
    fn from_slot(slot: Option<Value>) -> Result<Self, Mismatch>;
    fn into_slot(self) -> Option<Value>;
}

/// A value is not of the shape that it should be. Validated values always are, so this is our fault.
#[derive(Debug)]
pub struct Mismatch {
    wanted: &'static str,
}

impl Mismatch {
    pub(crate) fn wanted(wanted: &'static str) -> Self {
        Self { wanted }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value is no `{}`, though it was validated", self.wanted)
    }
}

impl std::error::Error for Mismatch {}

impl<T: Shaped> Slot for T {
    fn from_slot(slot: Option<Value>) -> Result<Self, Mismatch> {
        slot.map_or(Err(Mismatch::wanted("required member")), T::from_value)
    }

    fn into_slot(self) -> Option<Value> {
        Some(self.into_value())
    }
}

impl<T: Shaped> Slot for Option<T> {
    fn from_slot(slot: Option<Value>) -> Result<Self, Mismatch> {
        slot.map(T::from_value).transpose()
    }

    fn into_slot(self) -> Option<Value> {
        self.map(T::into_value)
    }
}

impl<T: Shaped> Shaped for Vec<T> {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::List(elements) => elements.into_iter().map(T::from_value).collect(),
            _ => Err(Mismatch::wanted("list")),
        }
    }

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }
}

impl<T: Shaped> Shaped for BTreeMap<String, T> {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Map(entries) => {
                entries.into_iter().map(|(key, value)| Ok((key, T::from_value(value)?))).collect()
            }
            _ => Err(Mismatch::wanted("map")),
        }
    }

    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, value)| (key, value.into_value())).collect())
    }
}

/// An operation without output.
impl Shaped for () {
    fn from_value(_: Value) -> Result<Self, Mismatch> {
        Ok(())
    }

    fn into_value(self) -> Value {
        Value::empty(0)
    }
}

macro_rules! scalar {
    ($type:ty, $name:literal, $pattern:pat => $read:expr, $self:ident => $write:expr) => {
        impl Shaped for $type {
            fn from_value(value: Value) -> Result<Self, Mismatch> {
                match value {
                    $pattern => Ok($read),
                    _ => Err(Mismatch::wanted($name)),
                }
            }

            fn into_value($self) -> Value {
                $write
            }
        }
    };
}

scalar!(String, "string", Value::String(text) => text, self => Value::String(self));
scalar!(Sensitive, "sensitive string", Value::Sensitive(text) => text, self => Value::Sensitive(self));
scalar!(i64, "long", Value::Integer(number) => number, self => Value::Integer(self));
scalar!(f64, "double", Value::Double(number) => number, self => Value::Double(self));
scalar!(bool, "boolean", Value::Boolean(flag) => flag, self => Value::Boolean(self));
scalar!(Timestamp, "timestamp", Value::Timestamp(time) => time, self => Value::Timestamp(self));
scalar!(Vec<u8>, "blob", Value::Blob(bytes) => bytes.into(), self => Value::Blob(self.into()));
scalar!(Bytes, "large blob", Value::Blob(bytes) => bytes, self => Value::Blob(self));
scalar!(Secret, "sensitive blob", Value::Blob(bytes) => Secret::new(Vec::from(bytes)), self => Value::Blob(self.expose().to_vec().into()));

impl Shaped for i32 {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Integer(number) => {
                Self::try_from(number).map_err(|_| Mismatch::wanted("integer"))
            }
            _ => Err(Mismatch::wanted("integer")),
        }
    }

    fn into_value(self) -> Value {
        Value::Integer(self.into())
    }
}

/// A structure and its conversions. The fields stand in the order of the shape's members.
macro_rules! structure {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $(#[allow(missing_docs, reason = "the model carries no prose")] pub $field: $type,)*
        }

        impl $crate::convert::Shaped for $name {
            fn from_value(value: $crate::Value) -> Result<Self, $crate::convert::Mismatch> {
                let $crate::Value::Structure(slots) = value else {
                    return Err($crate::convert::Mismatch::wanted(stringify!($name)));
                };
                #[allow(unused_mut, unused_variables, reason = "a structure may have no members")]
                let mut slots = slots.into_iter();
                Ok(Self { $($field: $crate::convert::Slot::from_slot(slots.next().flatten())?,)* })
            }

            fn into_value(self) -> $crate::Value {
                $crate::Value::Structure(vec![$($crate::convert::Slot::into_slot(self.$field),)*])
            }
        }
    };
}

/// An enum and its conversions. The first value is the default, which only an empty struct shows.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $first:ident = $first_value:literal, $($variant:ident = $value:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the model carries no prose")]
        pub enum $name {
            #[default]
            $first,
            $($variant,)*
        }

        impl $name {
            /// Its text on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_value,
                    $(Self::$variant => $value,)*
                }
            }

            /// The value whose text is `text`; case counts.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $first_value => Some(Self::$first),
                    $($value => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::convert::Shaped for $name {
            fn from_value(value: $crate::Value) -> Result<Self, $crate::convert::Mismatch> {
                match value {
                    $crate::Value::String(text) => Self::parse(&text),
                    _ => None,
                }
                .ok_or($crate::convert::Mismatch::wanted(stringify!($name)))
            }

            fn into_value(self) -> $crate::Value {
                $crate::Value::String(self.as_str().to_owned())
            }
        }
    };
}

pub(crate) use {enumeration, structure};
