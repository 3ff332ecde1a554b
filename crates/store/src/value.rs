//! Values that go into statements.

use std::borrow::Cow;

use world::Timestamp;

use crate::Error;

/// One value for a `$N` placeholder. Made with `From`, usually by [`params!`](crate::params).
#[derive(Debug, Clone, PartialEq)]
pub struct Value<'a>(pub(crate) Datum<'a>);

/// The four storage classes and null; a number that fits none of them is kept to be refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Blob(Cow<'a, [u8]>),
    TooLarge(u64),
}

/// The values of a statement, in the order of their placeholders: `params![name, 7, Some(&bytes)]`.
///
/// Takes text (`&str`, `String`), integers, `bool` (0 or 1), `f64`, [`Timestamp`]
/// (microseconds), bytes (`&[u8]`, `Vec<u8>`) and `Option`s of them (null).
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::Value::from($value)),*]
    };
}

impl Value<'_> {
    /// Null, where the type of an `Option` would have to be spelled out.
    pub const NULL: Value<'static> = Value(Datum::Null);

    /// Refuses what one of the engines could not keep: a NUL in text (PostgreSQL has none), an integer past
    /// 63 bits. Checked for both, so that no program works on one engine only.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.0 {
            Datum::Text(text) if text.contains('\0') => {
                Err(Error::invalid("text holds a NUL character"))
            }
            // SQLite would keep null.
            Datum::Real(number) if number.is_nan() => Err(Error::invalid("not a number")),
            Datum::TooLarge(number) => {
                Err(Error::invalid(format_args!("`{number}` is past 63 bits")))
            }
            _ => Ok(()),
        }
    }
}

macro_rules! from {
    ($($source:ty, $lifetime:lifetime: $value:ident => $datum:expr;)*) => {
        $(impl<$lifetime> From<$source> for Value<$lifetime> {
            fn from($value: $source) -> Self {
                Value($datum)
            }
        })*
    };
}

from! {
    &'a str, 'a: value => Datum::Text(Cow::Borrowed(value));
    &'a String, 'a: value => Datum::Text(Cow::Borrowed(value));
    String, 'a: value => Datum::Text(Cow::Owned(value));
    Cow<'a, str>, 'a: value => Datum::Text(value);
    &'a [u8], 'a: value => Datum::Blob(Cow::Borrowed(value));
    &'a Vec<u8>, 'a: value => Datum::Blob(Cow::Borrowed(value));
    Vec<u8>, 'a: value => Datum::Blob(Cow::Owned(value));
    Timestamp, 'a: value => Datum::Integer(value.as_micros());
    bool, 'a: value => Datum::Integer(value.into());
    i64, 'a: value => Datum::Integer(value);
    i32, 'a: value => Datum::Integer(value.into());
    u16, 'a: value => Datum::Integer(value.into());
    u32, 'a: value => Datum::Integer(value.into());
    f64, 'a: value => Datum::Real(value);
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Value(Datum::Blob(Cow::Borrowed(value)))
    }
}

/// A number past `i64::MAX` is refused when the statement runs.
impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Value(i64::try_from(value).map_or(Datum::TooLarge(value), Datum::Integer))
    }
}

/// A number past `i64::MAX` is refused when the statement runs.
impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Value::from(value as u64)
    }
}

impl<'a, T> From<Option<T>> for Value<'a>
where
    Value<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Value(Datum::Null), Value::from)
    }
}

/// `params![*value]` without the star: small copies behind a reference.
macro_rules! from_reference {
    ($($source:ty),*) => {
        $(impl From<&$source> for Value<'_> {
            fn from(value: &$source) -> Self {
                Value::from(*value)
            }
        })*
    };
}

from_reference!(i64, i32, u32, u64, usize, bool, Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_its_storage_class() {
        let name = String::from("n");
        let values: &[Value<'_>] =
            params!["a", &name, 1_i64, 2_u32, true, None::<i64>, Some("b"), b"xy"];
        assert_eq!(values[4], Value(Datum::Integer(1)));
        assert_eq!(values[5], Value::NULL);
        assert_eq!(values[6], Value::from("b"));
        assert_eq!(values[7], Value(Datum::Blob(Cow::Borrowed(b"xy"))));
    }

    #[test]
    fn refuses_what_an_engine_could_not_keep() {
        assert!(Value::from("a\0b").check().is_err());
        assert!(Value::from(u64::MAX).check().is_err());
        assert!(Value::from(f64::NAN).check().is_err());
        assert!(Value::from(i64::MAX as u64).check().is_ok());
        assert!(Value::from(&b"a\0b"[..]).check().is_ok());
    }
}
