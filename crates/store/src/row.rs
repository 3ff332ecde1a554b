//! Values that come out of rows.

use world::Timestamp;

use crate::Error;

/// One row of an answer, valid while the mapping function looks at it.
pub struct Row<'a>(pub(crate) Source<'a>);

pub(crate) enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of a column, counted from 0. `Option<T>` for a column that may be null.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if there is no such column or it holds another type.
    pub fn get<'r, T: FromColumn<'r>>(&'r self, index: usize) -> Result<T, Error> {
        let column = match &self.0 {
            Source::Sqlite(row) => crate::sqlite::column(row, index),
            Source::Postgres(row) => crate::postgres::column(row, index),
        }?;
        T::from_column(column)
            .ok_or_else(|| Error::corrupt(format_args!("column {index} holds {}", column.class())))
    }
}

/// What a column holds, borrowed from the row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Column<'a> {
    /// Nothing.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl Column<'_> {
    fn class(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "an integer that does not fit or another type was expected",
            Self::Real(_) => "a floating-point number",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
        }
    }
}

/// A type that a column can be read as.
pub trait FromColumn<'a>: Sized {
    /// The value, or `None` if the column holds something else.
    fn from_column(column: Column<'a>) -> Option<Self>;
}

macro_rules! from_integer {
    ($($target:ty),*) => {
        $(impl FromColumn<'_> for $target {
            fn from_column(column: Column<'_>) -> Option<Self> {
                match column {
                    Column::Integer(value) => value.try_into().ok(),
                    _ => None,
                }
            }
        })*
    };
}

from_integer!(i64, i32, u16, u32, u64, usize);

impl FromColumn<'_> for bool {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Integer(0) => Some(false),
            Column::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl FromColumn<'_> for Timestamp {
    fn from_column(column: Column<'_>) -> Option<Self> {
        i64::from_column(column).map(Self::from_micros)
    }
}

impl FromColumn<'_> for f64 {
    fn from_column(column: Column<'_>) -> Option<Self> {
        match column {
            Column::Real(value) => Some(value),
            _ => None,
        }
    }
}

impl<'a> FromColumn<'a> for &'a str {
    fn from_column(column: Column<'a>) -> Option<Self> {
        match column {
            Column::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> FromColumn<'a> for &'a [u8] {
    fn from_column(column: Column<'a>) -> Option<Self> {
        match column {
            Column::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl FromColumn<'_> for String {
    fn from_column(column: Column<'_>) -> Option<Self> {
        <&str>::from_column(column).map(str::to_owned)
    }
}

impl FromColumn<'_> for Vec<u8> {
    fn from_column(column: Column<'_>) -> Option<Self> {
        <&[u8]>::from_column(column).map(<[u8]>::to_vec)
    }
}

impl<'a, T: FromColumn<'a>> FromColumn<'a> for Option<T> {
    fn from_column(column: Column<'a>) -> Option<Self> {
        match column {
            Column::Null => Some(None),
            held => T::from_column(held).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        assert_eq!(u32::from_column(Column::Integer(-1)), None);
        assert_eq!(i32::from_column(Column::Integer(i64::MAX)), None);
        assert_eq!(u64::from_column(Column::Integer(i64::MAX)), Some(i64::MAX as u64));
        assert_eq!(bool::from_column(Column::Integer(2)), None);
    }

    #[test]
    fn null_is_only_for_options() {
        assert_eq!(String::from_column(Column::Null), None);
        assert_eq!(Option::<String>::from_column(Column::Null), Some(None));
        assert_eq!(Option::<i64>::from_column(Column::Text("1")), None);
    }
}
