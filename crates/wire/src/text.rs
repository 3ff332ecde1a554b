//! Scalars written as text: in forms, paths, queries and headers.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{Kind, Shape, Value, timestamp};

/// The scalar that `text` stands for, or what it should have been.
pub(crate) fn scalar(shape: &Shape, text: &str) -> Result<Value, &'static str> {
    let (value, wanted) = match shape.kind {
        Kind::Integer(_) => {
            (text.parse::<i32>().ok().map(|number| Value::Integer(number.into())), "an integer")
        }
        Kind::Long(_) => (text.parse().ok().map(Value::Integer), "an integer"),
        Kind::Double(_) => (double(text).map(Value::Double), "a number"),
        Kind::Boolean => (boolean(text).map(Value::Boolean), "true or false"),
        // clients send all of them, whatever the model says
        Kind::Timestamp(_) => (timestamp::any(text).map(Value::Timestamp), "a timestamp"),
        Kind::Blob(_) => {
            (BASE64_STANDARD.decode(text).ok().map(|bytes| Value::Blob(bytes.into())), "base64")
        }
        _ if shape.sensitive => (Some(Value::Sensitive(text.into())), "text"),
        _ => (Some(Value::String(text.to_owned())), "text"),
    };
    value.ok_or(wanted)
}

fn double(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn boolean(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}
