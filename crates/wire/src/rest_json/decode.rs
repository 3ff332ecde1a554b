//! From a request to a value.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::head;
use crate::{
    Error, Kind, Labels, Location, MAX_REQUEST_BYTES, Map, Member, OperationModel, Shape, Value,
    errors::{REQUEST_TOO_LARGE, SERIALIZATION},
    json, text,
};

/// The parts of a request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The path, still escaped.
    pub path: &'a str,
    /// The query, still escaped; empty if there is none.
    pub query: &'a str,
    /// The headers, their names in any case.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body.
    pub body: &'a [u8],
}

/// The input of an operation, not yet validated. Items, headers and members that it does not know are
/// ignored.
///
/// What is not of the type that the model says, or is given twice, is an error.
pub fn decode(operation: &OperationModel, request: Request<'_>) -> Result<Value, Error> {
    if request.body.len() > MAX_REQUEST_BYTES {
        return Err(REQUEST_TOO_LARGE.with("The request is too large."));
    }
    let members = operation.input.map(Shape::members).unwrap_or_default();
    let labels = operation.uri.labels(request.path, request.query).unwrap_or_default();
    let head = Head { labels, items: head::items(request.query)?, headers: request.headers };
    let mut slots = body(members, request.body)?;
    for (slot, member) in slots.iter_mut().zip(members) {
        if let Some(value) = head.value(member)? {
            *slot = Some(value);
        }
    }
    Ok(Value::Structure(slots))
}

/// The names of those headers of a request that become part of the operation's input, and so must be
/// signed.
pub fn read_headers<'a>(
    operation: &'static OperationModel,
    names: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    let members = operation.input.map(Shape::members).unwrap_or_default();
    names.filter(move |name| {
        members.iter().any(|member| match member.location {
            Location::Header => member.name.eq_ignore_ascii_case(name),
            Location::PrefixHeaders => without_prefix(name, member.name).is_some(),
            _ => false,
        })
    })
}

/// The slots, those filled that the body fills.
fn body(members: &[Member], bytes: &[u8]) -> Result<Vec<Option<Value>>, Error> {
    let mut slots = vec![None; members.len()];
    let payload = members.iter().position(|member| member.location == Location::Payload);
    if let Some(at) = payload {
        slots[at] = self::payload(&members[at], bytes)?;
    } else if members.iter().any(is_in_body) && !bytes.is_empty() {
        return json::decode::structure(members, is_in_body, bytes);
    }
    Ok(slots)
}

fn is_in_body(member: &Member) -> bool {
    member.location == Location::Body
}

/// The member that the body is as a whole. One that may be absent is absent where the body is empty.
fn payload(member: &Member, bytes: &[u8]) -> Result<Option<Value>, Error> {
    if bytes.is_empty() && !member.required {
        return Ok(None);
    }
    let value = match member.shape.kind {
        Kind::Blob(_) => Value::Blob(Bytes::copy_from_slice(bytes)),
        Kind::Structure(members) => {
            Value::Structure(json::decode::structure(members, |_| true, bytes)?)
        }
        _ => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| SERIALIZATION.with("The request is not UTF-8."))?;
            scalar(member, member.shape, text)?
        }
    };
    Ok(Some(value))
}

/// What a request says outside its body.
struct Head<'a> {
    labels: Labels,
    items: Vec<head::Item<'a>>,
    headers: &'a [(&'a str, &'a [u8])],
}

impl Head<'_> {
    fn value(&self, member: &Member) -> Result<Option<Value>, Error> {
        match (member.location, &member.shape.kind) {
            (Location::Label, _) => self.label(member),
            (Location::Query, Kind::Map(map)) => self.all_items(member, map),
            (Location::Query, _) => {
                let given = self.items.iter().filter(|(name, _)| name == member.name);
                plain(member, given.map(|(_, value)| value.as_ref()))
            }
            (Location::Header, _) => self.header(member),
            (Location::PrefixHeaders, Kind::Map(map)) => self.prefixed_headers(member, map),
            _ => Ok(None),
        }
    }

    fn label(&self, member: &Member) -> Result<Option<Value>, Error> {
        let Some((_, escaped)) = self.labels.iter().find(|(name, _)| *name == member.name) else {
            return Ok(None);
        };
        let text = head::label(escaped)
            .ok_or_else(|| malformed(member, "has a bad percent escape or is not UTF-8"))?;
        scalar(member, member.shape, &text).map(Some)
    }

    /// Every item of the query that no one else reads.
    fn all_items(&self, member: &Member, map: &Map) -> Result<Option<Value>, Error> {
        let mut entries: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let is_list = matches!(map.value.kind, Kind::List(_));
        let element = match &map.value.kind {
            Kind::List(list) => list.member,
            _ => map.value,
        };
        for (name, value) in self.items.iter().filter(|(name, _)| !name.starts_with("X-Amz-")) {
            let values = entries.entry(name.to_string()).or_default();
            if !is_list && !values.is_empty() {
                return Err(given_twice(name));
            }
            values.push(scalar(member, element, value)?);
        }
        let one_or_all = |mut values: Vec<Value>| match (is_list, values.pop()) {
            (false, Some(value)) => value,
            (_, last) => {
                values.extend(last);
                Value::List(values)
            }
        };
        let entries: BTreeMap<_, _> =
            entries.into_iter().map(|(name, values)| (name, one_or_all(values))).collect();
        Ok((!entries.is_empty()).then_some(Value::Map(entries)))
    }

    fn header(&self, member: &Member) -> Result<Option<Value>, Error> {
        let named = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(member.name));
        let texts: Vec<&str> =
            named.map(|(name, value)| header_text(name, value)).collect::<Result<_, _>>()?;
        let Kind::List(list) = &member.shape.kind else {
            return plain(member, texts.into_iter());
        };
        if texts.is_empty() {
            return Ok(None);
        }
        let whole = texts.join(",");
        let elements = match list.member.kind {
            Kind::Timestamp(_) => head::dates(&whole).into_iter().map(str::to_owned).collect(),
            _ => head::elements(&whole)?,
        };
        let elements = elements.iter().map(|element| scalar(member, list.member, element));
        elements.collect::<Result<_, _>>().map(Value::List).map(Some)
    }

    /// The headers whose names begin with the member's; the rest of the name, in small letters, is the key.
    fn prefixed_headers(&self, member: &Member, map: &Map) -> Result<Option<Value>, Error> {
        let mut entries = BTreeMap::new();
        for (name, value) in self.headers {
            let Some(key) = without_prefix(name, member.name) else { continue };
            let value = scalar(member, map.value, header_text(name, value)?)?;
            if entries.insert(key.to_ascii_lowercase(), value).is_some() {
                return Err(given_twice(name));
            }
        }
        Ok((!entries.is_empty()).then_some(Value::Map(entries)))
    }
}

fn header_text<'a>(name: &str, value: &'a [u8]) -> Result<&'a str, Error> {
    let text = std::str::from_utf8(value);
    text.map(str::trim).map_err(|_| SERIALIZATION.with(format!("The header {name} is not UTF-8.")))
}

fn without_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    (start.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
}

/// A list out of all texts, or a scalar out of the only one.
fn plain<'a>(
    member: &Member,
    mut texts: impl Iterator<Item = &'a str>,
) -> Result<Option<Value>, Error> {
    if let Kind::List(list) = &member.shape.kind {
        let elements = texts.map(|text| scalar(member, list.member, text));
        let elements: Vec<Value> = elements.collect::<Result<_, _>>()?;
        return Ok((!elements.is_empty()).then_some(Value::List(elements)));
    }
    let Some(text) = texts.next() else { return Ok(None) };
    if texts.next().is_some() {
        return Err(given_twice(member.name));
    }
    scalar(member, member.shape, text).map(Some)
}

fn scalar(member: &Member, shape: &Shape, text: &str) -> Result<Value, Error> {
    text::scalar(shape, text).map_err(|wanted| malformed(member, &format!("is not {wanted}")))
}

fn malformed(member: &Member, what: &str) -> Error {
    SERIALIZATION.with(format!("'{}' {what}", member.camel))
}

fn given_twice(name: &str) -> Error {
    SERIALIZATION.with(format!("'{name}' is given more than once"))
}
