//! Values as PostgreSQL sends and takes them, in its binary format.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::{Error, Value, row::Column, value::Datum};

type BoxedError = Box<dyn std::error::Error + Sync + Send>;

/// A value of another class than the statement asks for.
#[derive(Debug, thiserror::Error)]
#[error("a value does not fit the type `{0}`")]
pub(super) struct Unfit(Type);

/// A column of a row.
pub(crate) fn column(row: &tokio_postgres::Row, index: usize) -> Result<Column<'_>, Error> {
    let held = row.try_get::<_, Held<'_>>(index);
    held.map(|held| held.0).map_err(|error| {
        let source = std::error::Error::source(&error);
        Error::corrupt(source.map_or_else(|| error.to_string(), ToString::to_string))
    })
}

/// The engine says which type it wants for each placeholder, so one value serves several.
impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        match &self.0 {
            Datum::Null => return Ok(IsNull::Yes),
            Datum::Integer(number) => put_integer(*number, ty, out)?,
            Datum::Real(number) if *ty == Type::FLOAT8 => out.put_f64(*number),
            Datum::Text(text) if is_text(ty) => out.put_slice(text.as_bytes()),
            Datum::Blob(bytes) if *ty == Type::BYTEA => out.put_slice(bytes),
            _ => return Err(Unfit(ty.clone()).into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn put_integer(number: i64, ty: &Type, out: &mut BytesMut) -> Result<(), BoxedError> {
    match *ty {
        Type::INT8 => out.put_i64(number),
        Type::INT4 => out.put_i32(number.try_into()?),
        Type::INT2 => out.put_i16(number.try_into()?),
        Type::BOOL if matches!(number, 0 | 1) => out.put_u8(number as u8),
        Type::FLOAT8 => out.put_f64(number as f64),
        _ => return Err(Unfit(ty.clone()).into()),
    }
    Ok(())
}

fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN)
}

/// What a column holds, in the storage classes of the store.
struct Held<'a>(Column<'a>);

impl<'a> FromSql<'a> for Held<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(Self(match *ty {
            Type::INT8 => Column::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Column::Integer(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Column::Integer(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Column::Integer((raw != [0]).into()),
            Type::NUMERIC => Column::Integer(whole_number(raw).ok_or_else(|| Unfit(ty.clone()))?),
            Type::FLOAT8 => Column::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::BYTEA => Column::Blob(raw),
            _ if is_text(ty) => Column::Text(std::str::from_utf8(raw)?),
            _ => return Err(Unfit(ty.clone()).into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, BoxedError> {
        Ok(Self(Column::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A `NUMERIC`, which is what `SUM` makes of integers, if it is whole and fits. Its format: count of digits,
/// weight of the first, sign, decimals, then digits to base 10000 (`numeric_send` in PostgreSQL's `numeric.c`).
fn whole_number(raw: &[u8]) -> Option<i64> {
    const NEGATIVE: u16 = 0x4000;
    let mut fields = raw.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let count = fields.next()?;
    let weight = i32::from(fields.next()? as i16);
    let sign = fields.next()?;
    let _decimals = fields.next()?;
    if !matches!(sign, 0 | NEGATIVE) || i32::from(count) > weight + 1 {
        return None;
    }
    let mut number: i128 = 0;
    for _ in 0..=weight.min(MAX_WEIGHT) {
        number = number * 10_000 + i128::from(fields.next().unwrap_or(0));
    }
    let number = if sign == NEGATIVE { -number } else { number };
    (weight <= MAX_WEIGHT).then(|| i64::try_from(number).ok())?
}

/// The weight of the first digit of the largest 64-bit integer.
const MAX_WEIGHT: i32 = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numeric(weight: i16, sign: u16, digits: &[u16]) -> Vec<u8> {
        let fields =
            [digits.len() as u16, weight as u16, sign, 0].into_iter().chain(digits.iter().copied());
        fields.flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn sums_are_read_as_integers() {
        assert_eq!(whole_number(&numeric(0, 0, &[])), Some(0));
        assert_eq!(whole_number(&numeric(1, 0, &[1, 2])), Some(10_002));
        assert_eq!(whole_number(&numeric(1, 0x4000, &[3])), Some(-30_000));
        assert_eq!(whole_number(&numeric(4, 0, &[922, 3372, 368, 5477, 5807])), Some(i64::MAX));
        assert_eq!(whole_number(&numeric(4, 0, &[922, 3372, 368, 5477, 5808])), None);
        assert_eq!(whole_number(&numeric(0, 0, &[1, 5000])), None, "a fraction");
        assert_eq!(whole_number(&numeric(0, 0xc000, &[])), None, "not a number");
    }

    proptest! {
        #[test]
        fn strange_numbers_do_no_harm(raw in proptest::collection::vec(any::<u8>(), 0..40)) {
            whole_number(&raw);
        }
    }
}
