//! From a value, or an error, to an answer.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;

use super::head;
use crate::{
    Error, Kind, Location, Member, OperationModel, Shape, TimestampFormat, Value, json, timestamp,
};

/// A successful answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The content type of the body, unless one of the headers says otherwise.
    pub content_type: &'static str,
    /// The headers that members are in.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// The answer that `output` makes.
pub fn encode(operation: &OperationModel, output: &Value) -> Answer {
    let members = operation.output.map(Shape::members).unwrap_or_default();
    let (content_type, body) = body(members, output);
    let mut answer = Answer { status: operation.status, content_type, headers: Vec::new(), body };
    for (slot, member) in members.iter().enumerate() {
        let Some(value) = output.member(slot) else { continue };
        match (member.location, value) {
            (Location::Header, _) => {
                answer.headers.push((member.name.to_owned(), header(member.shape, value)));
            }
            (Location::PrefixHeaders, Value::Map(entries)) => {
                let named = entries.iter().map(|(key, value)| {
                    (format!("{}{key}", member.name), header_scalar(member.shape, value))
                });
                answer.headers.extend(named);
            }
            (Location::Status, Value::Integer(status)) => {
                answer.status = u16::try_from(*status).unwrap_or(operation.status);
            }
            _ => {}
        }
    }
    answer
}

/// The body of an answer that tells of an error, to be sent with [`Error::status`] and the code in the
/// header `x-amzn-ErrorType`.
pub fn encode_error(error: &Error) -> String {
    let mut out = String::from("{\"message\":");
    json::push_string(&mut out, error.message());
    out.push('}');
    out
}

fn body(members: &[Member], output: &Value) -> (&'static str, Bytes) {
    const JSON: &str = "application/json";
    let payload = members.iter().position(|member| member.location == Location::Payload);
    let Some(slot) = payload else {
        let mut out = String::new();
        if members.iter().any(|member| member.location == Location::Body) {
            json::encode::structure(&mut out, members, output, |member| {
                member.location == Location::Body
            });
        }
        return (JSON, out.into());
    };
    match (members.get(slot).map(|member| member.shape), output.member(slot)) {
        (_, Some(Value::Blob(bytes))) => ("application/octet-stream", bytes.clone()),
        (_, Some(Value::String(text))) => ("text/plain", text.clone().into()),
        (Some(shape), Some(value)) => {
            let mut out = String::new();
            json::encode::structure(&mut out, shape.members(), value, |_| true);
            (JSON, out.into())
        }
        _ => (JSON, Bytes::new()),
    }
}

fn header(shape: &Shape, value: &Value) -> String {
    let (Kind::List(list), Value::List(elements)) = (&shape.kind, value) else {
        return header_scalar(shape, value);
    };
    let mut out = String::new();
    for (at, element) in elements.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        let text = header_scalar(list.member, element);
        match list.member.kind {
            // a date has a comma, but goes without quotes
            Kind::Timestamp(_) => out.push_str(&text),
            _ => head::push_element(&mut out, &text),
        }
    }
    out
}

fn header_scalar(shape: &Shape, value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::String(text) => out.push_str(text),
        Value::Sensitive(text) => out.push_str(text.expose()),
        Value::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Timestamp(time) => match shape.kind {
            Kind::Timestamp(Some(TimestampFormat::EpochSeconds)) => {
                timestamp::push_seconds(&mut out, *time);
            }
            Kind::Timestamp(Some(TimestampFormat::Iso8601)) => out.push_str(&time.iso8601()),
            _ => out.push_str(&timestamp::http_date(*time)),
        },
        Value::Blob(bytes) => BASE64_STANDARD.encode_string(bytes, &mut out),
        // writing to a string cannot fail
        Value::Integer(number) => _ = write!(out, "{number}"),
        Value::Double(number) => _ = write!(out, "{number}"),
        Value::Structure(_) | Value::List(_) | Value::Map(_) => {
            debug_assert!(false, "the value is not of its shape");
        }
    }
    out
}
