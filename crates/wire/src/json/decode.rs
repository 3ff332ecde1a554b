//! From JSON to a value.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::reader::{Broken, MAX_DEPTH, Reader, Token};
use crate::{
    Error, Kind, List, Map, Member, Shape, TimestampFormat, Value, errors::SERIALIZATION,
    path::Path, timestamp,
};

/// A request may hold so many values, lists and structures included.
const MAX_VALUES: usize = 100_000;

/// The members of a structure that is the whole of a body. Of its own members, not of those further down,
/// only the `taken` ones are looked for.
///
/// What is not JSON, has another type than the model says, or names a member twice is an error.
pub(crate) fn structure(
    members: &[Member],
    taken: fn(&Member) -> bool,
    body: &[u8],
) -> Result<Vec<Option<Value>>, Error> {
    let text =
        std::str::from_utf8(body).map_err(|_| SERIALIZATION.with("The request is not UTF-8."))?;
    let mut decoder = Decoder { reader: Reader::new(text), values: 0, depth: 0 };
    let slots = match decoder.reader.token()? {
        Token::Object => decoder.members(members, taken, Path::Input)?,
        other => return Err(mismatch(other, "a structure", Path::Input)),
    };
    decoder.reader.end()?;
    Ok(slots)
}

impl From<Broken> for Error {
    fn from(Broken { what, byte }: Broken) -> Self {
        SERIALIZATION.with(format!("The request is not valid JSON: {what} at byte {byte}."))
    }
}

struct Decoder<'a> {
    reader: Reader<'a>,
    values: usize,
    depth: usize,
}

impl Decoder<'_> {
    /// The value at the reader's place; nothing for `null`.
    fn value(&mut self, shape: &Shape, path: Path<'_>) -> Result<Option<Value>, Error> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(SERIALIZATION.with(format!("More than {MAX_VALUES} values are given.")));
        }
        let token = self.reader.token()?;
        if token == Token::Null {
            self.reader.word("null")?;
            return Ok(None);
        }
        match (&shape.kind, token) {
            (Kind::Structure(members), Token::Object) => {
                self.members(members, |_| true, path).map(Value::Structure)
            }
            (Kind::List(list), Token::Array) => self.list(list, path),
            (Kind::Map(map), Token::Object) => self.map(map, path),
            (_, Token::String) => self.string(shape, path),
            (_, Token::Number) => self.number(shape, path),
            (Kind::Boolean, Token::Boolean(flag)) => {
                self.reader.word(if flag { "true" } else { "false" })?;
                Ok(Value::Boolean(flag))
            }
            (_, token) => Err(mismatch(token, type_name(shape), path)),
        }
        .map(Some)
    }

    fn members(
        &mut self,
        members: &[Member],
        taken: fn(&Member) -> bool,
        path: Path<'_>,
    ) -> Result<Vec<Option<Value>>, Error> {
        // a member that was given, even as `null`, is `Some`
        let mut given: Vec<Option<Option<Value>>> = vec![None; members.len()];
        self.parts(b'}', |decoder| {
            let name = decoder.reader.name()?;
            let mut slots = given.iter_mut().zip(members);
            let found = slots.find(|(_, member)| member.name == name && taken(member));
            let Some((slot, member)) = found else {
                return Ok(decoder.reader.skip(decoder.depth + 1)?);
            };
            let path = Path::Member(&path, member.camel);
            if slot.is_some() {
                return Err(given_twice(path));
            }
            *slot = Some(decoder.value(member.shape, path)?);
            Ok(())
        })?;
        Ok(given.into_iter().map(Option::flatten).collect())
    }

    fn list(&mut self, list: &List, path: Path<'_>) -> Result<Value, Error> {
        let mut elements = Vec::new();
        self.parts(b']', |decoder| {
            let path = Path::Element(&path, elements.len());
            elements.push(decoder.value(list.member, path)?.ok_or_else(|| null(path))?);
            Ok(())
        })?;
        Ok(Value::List(elements))
    }

    fn map(&mut self, map: &Map, path: Path<'_>) -> Result<Value, Error> {
        let mut entries = BTreeMap::new();
        self.parts(b'}', |decoder| {
            let key = decoder.reader.name()?.into_owned();
            let path = Path::Entry(&path, &key);
            let value = decoder.value(map.value, path)?.ok_or_else(|| null(path))?;
            if entries.contains_key(&key) {
                return Err(given_twice(path));
            }
            entries.insert(key, value);
            Ok(())
        })?;
        Ok(Value::Map(entries))
    }

    /// Does `each` for every part of the object or array that begins here.
    fn parts(
        &mut self,
        close: u8,
        mut each: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.reader.broken("values lie too deep in each other").map_err(Error::from);
        }
        self.reader.open();
        let mut first = true;
        while self.reader.another(first, close)? {
            each(self)?;
            first = false;
        }
        self.depth -= 1;
        Ok(())
    }

    fn string(&mut self, shape: &Shape, path: Path<'_>) -> Result<Value, Error> {
        let text = self.reader.string()?;
        match shape.kind {
            Kind::String(_) if shape.sensitive => Ok(Value::Sensitive(text.into_owned().into())),
            Kind::String(_) => Ok(Value::String(text.into_owned())),
            Kind::Blob(_) => {
                let bytes = BASE64_STANDARD.decode(text.as_bytes()).map_err(|_| {
                    SERIALIZATION.with(format!("STRING_VALUE at '{path}' is not valid base64"))
                })?;
                Ok(Value::Blob(bytes.into()))
            }
            Kind::Timestamp(Some(TimestampFormat::Iso8601 | TimestampFormat::HttpDate)) => {
                timestamp::written(&text)
                    .map(Value::Timestamp)
                    .ok_or_else(|| mismatch(Token::String, type_name(shape), path))
            }
            _ => Err(mismatch(Token::String, type_name(shape), path)),
        }
    }

    /// Whole numbers must be written as such and fit, so that no number changes on its way.
    fn number(&mut self, shape: &Shape, path: Path<'_>) -> Result<Value, Error> {
        let text = self.reader.number()?;
        let value = match shape.kind {
            Kind::Integer(_) => {
                text.parse::<i32>().ok().map(|number| Value::Integer(number.into()))
            }
            Kind::Long(_) => text.parse().ok().map(Value::Integer),
            Kind::Double(_) => finite(text).map(Value::Double),
            Kind::Timestamp(None | Some(TimestampFormat::EpochSeconds)) => {
                timestamp::seconds(text).map(Value::Timestamp)
            }
            _ => None,
        };
        value.ok_or_else(|| mismatch(Token::Number, type_name(shape), path))
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn type_name(shape: &Shape) -> &'static str {
    match shape.kind {
        Kind::Structure(_) => "a structure",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a map",
        Kind::String(_) => "a String",
        Kind::Integer(_) => "an Integer",
        Kind::Long(_) => "a Long",
        Kind::Double(_) => "a Double",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp(_) => "a Timestamp",
        Kind::Blob(_) => "a Blob",
    }
}

/// `NUMBER_VALUE can not be converted to a String`, as AWS says it, and where.
fn mismatch(token: Token, wanted: &str, path: Path<'_>) -> Error {
    let found = match token {
        Token::Object => "START_OBJECT",
        Token::Array => "START_ARRAY",
        Token::String => "STRING_VALUE",
        Token::Number => "NUMBER_VALUE",
        Token::Boolean(true) => "TRUE_VALUE",
        Token::Boolean(false) => "FALSE_VALUE",
        Token::Null => "NULL_VALUE",
    };
    SERIALIZATION.with(match path {
        Path::Input => format!("{found} can not be converted to {wanted}"),
        _ => format!("{found} can not be converted to {wanted} at '{path}'"),
    })
}

fn null(path: Path<'_>) -> Error {
    SERIALIZATION.with(format!("null at '{path}' is not allowed"))
}

fn given_twice(path: Path<'_>) -> Error {
    SERIALIZATION.with(format!("'{path}' is given more than once"))
}
