//! From parameters to a value.

use std::collections::BTreeMap;

use super::Parameters;
use crate::{
    Error, Kind, List, Map, Member, OperationModel, Shape, Value, errors::SERIALIZATION, text,
};

/// The input of an operation, not yet validated.
///
/// What cannot be read is an error: a number that is none, a list that is text, an index that is not
/// a number from one.
pub fn decode(operation: &OperationModel, parameters: &Parameters<'_>) -> Result<Value, Error> {
    let members = operation.input.map(Shape::members).unwrap_or_default();
    Decoder { parameters, name: String::new() }.structure(members)
}

struct Decoder<'a> {
    parameters: &'a Parameters<'a>,
    /// The name of the parameter that is looked for: `Tags.member.1.Key`.
    name: String,
}

impl Decoder<'_> {
    fn structure(&mut self, members: &[Member]) -> Result<Value, Error> {
        let slots = members
            .iter()
            .map(|member| self.at(member.name, |decoder| decoder.value(member.shape)));
        slots.collect::<Result<_, _>>().map(Value::Structure)
    }

    /// The value under the current name, if any parameter is part of it.
    fn value(&mut self, shape: &Shape) -> Result<Option<Value>, Error> {
        match &shape.kind {
            Kind::Structure(members) if self.has_parts() => self.structure(members).map(Some),
            Kind::Structure(_) => Ok(None),
            Kind::List(list) => self.list(list),
            Kind::Map(map) => self.map(map),
            _ => {
                let given = self.parameters.value(&self.name);
                given
                    .map(|given| text::scalar(shape, given))
                    .transpose()
                    .map_err(|wanted| self.malformed(&format!("is not {wanted}")))
            }
        }
    }

    fn list(&mut self, list: &List) -> Result<Option<Value>, Error> {
        let middle = if list.flattened { "" } else { list.member_name };
        let indexes = self.at(middle, |decoder| decoder.indexes())?;
        if indexes.is_empty() {
            return Ok(self.empty()?.then(|| Value::List(Vec::new())));
        }
        self.at(middle, |decoder| {
            let element =
                |index: u32| decoder.at(&index.to_string(), |decoder| decoder.element(list.member));
            indexes.into_iter().map(element).collect::<Result<_, _>>().map(Value::List).map(Some)
        })
    }

    fn map(&mut self, map: &Map) -> Result<Option<Value>, Error> {
        let middle = if map.flattened { "" } else { "entry" };
        let indexes = self.at(middle, |decoder| decoder.indexes())?;
        if indexes.is_empty() {
            return Ok(self.empty()?.then(|| Value::Map(BTreeMap::new())));
        }
        self.at(middle, |decoder| {
            let entry = |index: u32| decoder.at(&index.to_string(), |decoder| decoder.entry(map));
            indexes.into_iter().map(entry).collect::<Result<_, _>>().map(Value::Map).map(Some)
        })
    }

    fn entry(&mut self, map: &Map) -> Result<(String, Value), Error> {
        let key = self.at(map.key_name, |decoder| {
            let key = decoder.parameters.value(&decoder.name);
            key.map(str::to_owned).ok_or_else(|| decoder.malformed("is missing"))
        })?;
        Ok((key, self.at(map.value_name, |decoder| decoder.element(map.value))?))
    }

    /// A value that must be there, for another parameter has named it.
    fn element(&mut self, shape: &Shape) -> Result<Value, Error> {
        self.value(shape)?.ok_or_else(|| self.malformed("cannot be read"))
    }

    /// The numbers that follow the current name, in order. Gaps are closed, as AWS does.
    fn indexes(&self) -> Result<Vec<u32>, Error> {
        let mut indexes = Vec::new();
        for part in self.parameters.below(&format!("{}.", self.name)) {
            let digits = part.split_once('.').map_or(part, |(digits, _)| digits);
            indexes.push(index(digits).ok_or_else(|| self.malformed("has no index from 1"))?);
        }
        indexes.sort_unstable();
        indexes.dedup();
        Ok(indexes)
    }

    fn has_parts(&self) -> bool {
        self.parameters.below(&format!("{}.", self.name)).next().is_some()
    }

    /// `Tags=` is how an empty list or map is written.
    fn empty(&self) -> Result<bool, Error> {
        match self.parameters.value(&self.name) {
            None => Ok(false),
            Some("") => Ok(true),
            Some(_) => Err(self.malformed("must have an index")),
        }
    }

    /// Does `work` with `part` added to the current name.
    fn at<T>(&mut self, part: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.name.len();
        if length > 0 && !part.is_empty() {
            self.name.push('.');
        }
        self.name.push_str(part);
        let done = work(self);
        self.name.truncate(length);
        done
    }

    fn malformed(&self, what: &str) -> Error {
        malformed(&self.name, what)
    }
}

fn index(digits: &str) -> Option<u32> {
    let canonical = !digits.starts_with(['0', '+']);
    digits.parse().ok().filter(|_| canonical)
}

fn malformed(name: &str, what: &str) -> Error {
    SERIALIZATION.with(format!("The parameter {name} {what}."))
}
