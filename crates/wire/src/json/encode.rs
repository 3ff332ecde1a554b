//! From a value to JSON.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{enclosed, push_double, push_string};
use crate::{
    Kind, Member, Shape, TimestampFormat, Value,
    timestamp::{http_date, push_seconds},
};

/// Adds a structure: of its own members, not of those further down, only the `taken` ones.
pub(crate) fn structure(
    out: &mut String,
    members: &[Member],
    value: &Value,
    taken: fn(&Member) -> bool,
) {
    let slots = (0..members.len()).map(|slot| value.member(slot));
    let there = members.iter().zip(slots).filter_map(|(member, slot)| Some((member, slot?)));
    let there = there.filter(|(member, _)| taken(member));
    enclosed(out, ('{', '}'), there, |out, (member, value)| {
        push_string(out, member.name);
        out.push(':');
        push(out, member.shape, value);
    });
}

fn push(out: &mut String, shape: &Shape, value: &Value) {
    match (&shape.kind, value) {
        (Kind::Structure(members), Value::Structure(_)) => structure(out, members, value, |_| true),
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
        (Kind::Timestamp(Some(TimestampFormat::Iso8601)), Value::Timestamp(time)) => {
            push_string(out, &time.iso8601());
        }
        (Kind::Timestamp(Some(TimestampFormat::HttpDate)), Value::Timestamp(time)) => {
            push_string(out, &http_date(*time));
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
