//! From a value, or an error, to XML.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::xml::Xml;
use crate::{
    Error, Fault, Kind, List, Map, Member, OperationModel, Protocol, ServiceModel, Shape,
    TimestampFormat, Value, timestamp,
};

/// Most answers fit.
const USUAL_BYTES: usize = 1_024;

/// The body of a successful answer, to be sent with status 200.
pub fn encode(
    model: &ServiceModel,
    operation: &OperationModel,
    output: &Value,
    request_id: &str,
) -> String {
    let mut xml = Xml { text: String::with_capacity(USUAL_BYTES) };
    begin(&mut xml, operation.name, "Response", model);
    if let Some(shape) = operation.output {
        xml.element(operation.result_wrapper, |xml| structure(xml, shape.members(), output));
    }
    xml.element("ResponseMetadata", |xml| xml.leaf("RequestId", request_id));
    end(&mut xml, operation.name, "Response");
    xml.text
}

/// The body of an answer that tells of an error, to be sent with [`Error::status`].
pub fn encode_error(model: &ServiceModel, error: &Error, request_id: &str) -> String {
    let mut xml = Xml { text: String::with_capacity(USUAL_BYTES) };
    begin(&mut xml, "ErrorResponse", "", model);
    let fault = match error.kind().fault {
        Fault::Sender => "Sender",
        Fault::Receiver => "Receiver",
    };
    xml.element("Error", |xml| {
        xml.leaf("Type", fault);
        xml.leaf("Code", error.kind().query.code);
        xml.leaf("Message", error.message());
        if let Some(detail) = error.detail() {
            xml.leaf("Detail", detail);
        }
    });
    xml.leaf("RequestId", request_id);
    end(&mut xml, "ErrorResponse", "");
    xml.text
}

fn begin(xml: &mut Xml, name: &str, suffix: &str, model: &ServiceModel) {
    let namespace = match model.protocol {
        Protocol::Query { xml_namespace } => xml_namespace,
        Protocol::Json { .. } | Protocol::RestJson => "",
    };
    for part in ["<", name, suffix, " xmlns=\"", namespace, "\">"] {
        xml.text.push_str(part);
    }
}

fn end(xml: &mut Xml, name: &str, suffix: &str) {
    for part in ["</", name, suffix, ">"] {
        xml.text.push_str(part);
    }
}

fn structure(xml: &mut Xml, members: &[Member], value: &Value) {
    for (slot, member) in members.iter().enumerate() {
        if let Some(value) = value.member(slot) {
            element(xml, member.name, member.shape, value);
        }
    }
}

fn element(xml: &mut Xml, name: &str, shape: &Shape, value: &Value) {
    match (&shape.kind, value) {
        (Kind::List(list), Value::List(elements)) if list.flattened => {
            for value in elements {
                element(xml, name, list.member, value);
            }
        }
        (Kind::Map(map), Value::Map(entries)) if map.flattened => {
            for (key, value) in entries {
                entry(xml, name, map, key, value);
            }
        }
        _ => xml.element(name, |xml| content(xml, shape, value)),
    }
}

fn content(xml: &mut Xml, shape: &Shape, value: &Value) {
    match (&shape.kind, value) {
        (Kind::Structure(members), _) => structure(xml, members, value),
        (Kind::List(List { member, member_name, .. }), Value::List(elements)) => {
            for value in elements {
                element(xml, member_name, member, value);
            }
        }
        (Kind::Map(map), Value::Map(entries)) => {
            for (key, value) in entries {
                entry(xml, "entry", map, key, value);
            }
        }
        (Kind::Timestamp(Some(TimestampFormat::EpochSeconds)), Value::Timestamp(time)) => {
            timestamp::push_seconds(&mut xml.text, *time);
        }
        _ => scalar(xml, value),
    }
}

fn entry(xml: &mut Xml, name: &str, map: &Map, key: &str, value: &Value) {
    xml.element(name, |xml| {
        xml.leaf(map.key_name, key);
        element(xml, map.value_name, map.value, value);
    });
}

fn scalar(xml: &mut Xml, value: &Value) {
    match value {
        Value::String(text) => xml.escaped(text),
        Value::Sensitive(text) => xml.escaped(text.expose()),
        Value::Boolean(flag) => xml.text.push_str(if *flag { "true" } else { "false" }),
        Value::Timestamp(time) => xml.text.push_str(&time.iso8601()),
        Value::Blob(bytes) => BASE64_STANDARD.encode_string(bytes, &mut xml.text),
        // writing to a string cannot fail
        Value::Integer(number) => _ = write!(xml.text, "{number}"),
        Value::Double(number) => _ = write!(xml.text, "{number}"),
        Value::Structure(_) | Value::List(_) | Value::Map(_) => {
            debug_assert!(false, "the value is not of its shape");
        }
    }
}
