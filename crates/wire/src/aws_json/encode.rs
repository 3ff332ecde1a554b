//! From a value, or an error, to JSON.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    Error, Kind, OperationModel, Shape, TimestampFormat, Value,
    json::{enclosed, push_double, push_string},
    timestamp::push_seconds,
};

/// The body of a successful answer, to be sent with status 200. Empty if the operation has no output.
pub fn encode(operation: &OperationModel, output: &Value) -> String {
    let mut out = String::new();
    if let Some(shape) = operation.output.filter(|shape| !shape.members().is_empty()) {
        push(&mut out, shape, output);
    }
    out
}

/// The body of an answer that tells of an error, to be sent with [`Error::status`].
///
/// The message goes under both names that clients look for.
pub fn encode_error(error: &Error) -> String {
    let mut out = String::from("{\"__type\":");
    push_string(&mut out, error.kind().json.code);
    for name in [",\"message\":", ",\"Message\":"] {
        out.push_str(name);
        push_string(&mut out, error.message());
    }
    out.push('}');
    out
}

fn push(out: &mut String, shape: &Shape, value: &Value) {
    match (&shape.kind, value) {
        (Kind::Structure(members), Value::Structure(slots)) => {
            let there = members.iter().zip(slots).filter_map(|(m, slot)| Some((m, slot.as_ref()?)));
            enclosed(out, ('{', '}'), there, |out, (member, value)| {
                push_string(out, member.name);
                out.push(':');
                push(out, member.shape, value);
            });
        }
        (Kind::List(list), Value::List(elements)) => {
            enclosed(out, ('[', ']'), elements.iter(), |out, value| push(out, list.member, value));
        }
        (Kind::Map(map), Value::Map(entries)) => {
            enclosed(out, ('{', '}'), entries.iter(), |out, (key, value)| {
                push_string(out, key);
                out.push(':');
                push(out, map.value, value);
            });
        }
        (Kind::Timestamp(TimestampFormat::Iso8601), Value::Timestamp(time)) => {
            push_string(out, &time.iso8601());
        }
        _ => push_scalar(out, value),
    }
}

fn push_scalar(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => push_string(out, text),
        Value::Sensitive(text) => push_string(out, text.expose()),
        Value::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Timestamp(time) => push_seconds(out, *time),
        Value::Double(number) => push_double(out, *number),
        // writing to a string cannot fail
        Value::Integer(number) => _ = write!(out, "{number}"),
        Value::Blob(bytes) => {
            out.push('"');
            BASE64_STANDARD.encode_string(bytes, out);
            out.push('"');
        }
        Value::Structure(_) | Value::List(_) | Value::Map(_) => {
            debug_assert!(false, "the value is not of its shape");
        }
    }
}
