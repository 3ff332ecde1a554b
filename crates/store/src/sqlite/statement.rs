//! Running one statement.

use rusqlite::{
    CachedStatement, Connection, Statement,
    types::{ToSqlOutput, ValueRef},
};

use crate::{
    Error,
    row::{Column, Row, Source},
    sqlite::errors::told,
    value::{Datum, Value},
};

/// Runs a statement that answers with rows, and maps at most `limit` of them.
pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: &[Value<'_>],
    limit: usize,
    mut map: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut statement = prepare(connection, sql, params)?;
    let mut rows = statement.raw_query();
    let mut mapped = Vec::new();
    while mapped.len() < limit {
        let Some(row) = rows.next().map_err(|error| told(&error))? else { break };
        mapped.push(map(&Row(Source::Sqlite(row)))?);
    }
    Ok(mapped)
}

/// Runs a statement that answers with a count of changed rows.
pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    params: &[Value<'_>],
) -> Result<u64, Error> {
    let mut statement = prepare(connection, sql, params)?;
    if statement.column_count() > 0 {
        return Err(Error::invalid("a statement that answers with rows"));
    }
    let changed = statement.raw_execute().map_err(|error| told(&error))?;
    Ok(changed as u64)
}

/// Runs a statement of transaction control, which is prepared once and takes no values.
pub(super) fn control(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// A column of SQLite's current row.
pub(crate) fn column<'a>(row: &'a rusqlite::Row<'_>, index: usize) -> Result<Column<'a>, Error> {
    let value = row.get_ref(index).map_err(Error::corrupt)?;
    Ok(match value {
        ValueRef::Null => Column::Null,
        ValueRef::Integer(number) => Column::Integer(number),
        ValueRef::Real(number) => Column::Real(number),
        ValueRef::Text(bytes) => Column::Text(std::str::from_utf8(bytes).map_err(|_| {
            Error::corrupt(format_args!("column {index} holds text that is not UTF-8"))
        })?),
        ValueRef::Blob(bytes) => Column::Blob(bytes),
    })
}

fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
    params: &[Value<'_>],
) -> Result<CachedStatement<'c>, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| told(&error))?;
    bind(&mut statement, params)?;
    Ok(statement)
}

/// To SQLite `$1` is a name like any other, numbered by first appearance, so the text goes through unchanged
/// and each value is bound by the number in the name.
fn bind(statement: &mut Statement<'_>, params: &[Value<'_>]) -> Result<(), Error> {
    let count = statement.parameter_count();
    if count != params.len() {
        return Err(Error::invalid(format_args!(
            "{} values for {count} placeholders",
            params.len()
        )));
    }
    for index in 1..=count {
        let number =
            statement.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse().ok());
        let value = number.and_then(|number: usize| params.get(number.checked_sub(1)?));
        let value = value.ok_or_else(|| Error::invalid("a placeholder without a value"))?;
        value.check()?;
        statement.raw_bind_parameter(index, value).map_err(|error| told(&error))?;
    }
    Ok(())
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match &self.0 {
            Datum::Integer(number) => ValueRef::Integer(*number),
            Datum::Real(number) => ValueRef::Real(*number),
            Datum::Text(text) => ValueRef::Text(text.as_bytes()),
            Datum::Blob(bytes) => ValueRef::Blob(bytes),
            // Refused by `Value::check` before it comes here.
            Datum::Null | Datum::TooLarge(_) => ValueRef::Null,
        }))
    }
}
