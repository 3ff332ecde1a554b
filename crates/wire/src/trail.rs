//! Inputs and outputs as audit records hold them: JSON with the names of CloudTrail, without secrets.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    Kind, Shape, Value,
    json::{enclosed, push_double, push_string},
};

/// What stands in place of a secret.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// `value` as JSON: member names begin with a small letter, sensitive values are replaced by [`HIDDEN`].
pub fn json(shape: &Shape, value: &Value) -> String {
    let mut out = String::new();
    push(&mut out, shape, value);
    out
}

fn push(out: &mut String, shape: &Shape, value: &Value) {
    if shape.sensitive {
        return push_string(out, HIDDEN);
    }
    match (&shape.kind, value) {
        (Kind::Structure(members), Value::Structure(slots)) => {
            let there = members.iter().zip(slots).filter_map(|(m, slot)| Some((m, slot.as_ref()?)));
            enclosed(out, ('{', '}'), there, |out, (member, value)| {
                push_string(out, member.camel);
                out.push(':');
                push(out, member.shape, value);
            });
        }
        (Kind::List(list), Value::List(elements)) => {
            enclosed(out, ('[', ']'), elements.iter(), |out, value| push(out, list.member, value));
        }
        (Kind::Map(map), Value::Map(entries)) => {
            enclosed(out, ('{', '}'), entries.iter(), |out, (key, value)| {
                push_string(out, if map.key.sensitive { HIDDEN } else { key });
                out.push(':');
                push(out, map.value, value);
            });
        }
        _ => push_scalar(out, value),
    }
}

fn push_scalar(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => push_string(out, text),
        Value::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        // as CloudTrail writes it
        Value::Timestamp(time) => push_string(out, &time.civil("%b %-d, %Y %-I:%M:%S %p")),
        Value::Double(number) => push_double(out, *number),
        // writing to a string cannot fail
        Value::Integer(number) => _ = write!(out, "{number}"),
        Value::Blob(bytes) => push_string(out, &BASE64_STANDARD.encode(bytes)),
        // a secret whose shape does not say so, or a value not of its shape: nothing is shown
        Value::Sensitive(_) | Value::Structure(_) | Value::List(_) | Value::Map(_) => {
            push_string(out, HIDDEN);
        }
    }
}
