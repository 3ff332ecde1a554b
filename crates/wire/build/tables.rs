//! The tables that the codecs walk: the service, its operations, errors and shapes.

use std::{error::Error, fmt::Write};

use crate::{
    model::{Fault, Kind, Member, Model, Operation, Pattern, Reference, Shape},
    names::{lower_camel, screaming},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) fn all(model: &Model) -> Result<String> {
    let mut out = service(model)?;
    out.push_str("/// The errors that the model declares.\npub mod errors {\n");
    for (name, fault) in &model.errors {
        out.push_str(&error(model, name, fault)?);
    }
    out.push_str("}\n\n");
    out.push_str("#[allow(non_upper_case_globals, reason = \"shapes keep the model's names\")]\n");
    out.push_str("mod shapes {\n");
    for (name, shape) in &model.shapes {
        let table = table(name, shape);
        writeln!(out, "    pub(super) static {name}: crate::Shape = {table};")?;
    }
    out.push_str("}\n");
    Ok(out)
}

fn service(model: &Model) -> Result<String> {
    let mut out = String::from("/// The service's tables.\n");
    writeln!(out, "pub static MODEL: crate::ServiceModel = crate::ServiceModel {{")?;
    writeln!(out, "    service: {:?},", model.service)?;
    writeln!(out, "    protocol: crate::Protocol::{},", protocol(model)?)?;
    writeln!(out, "    api_version: {:?},", model.api_version)?;
    writeln!(out, "    endpoint_prefix: {:?},", model.endpoint_prefix)?;
    writeln!(out, "    signing_name: {:?},", model.signing_name)?;
    writeln!(out, "    operations: &[")?;
    for (name, operation) in &model.operations {
        writeln!(out, "        {},", operation_row(model, name, operation))?;
    }
    out.push_str("    ],\n};\n\n");
    Ok(out)
}

fn protocol(model: &Model) -> Result<String> {
    Ok(match model.protocol.as_str() {
        "query" => format!("Query {{ xml_namespace: {:?} }}", model.xml_namespace),
        "json" => format!(
            "Json {{ version: {:?}, target_prefix: {:?} }}",
            model.json_version, model.target_prefix
        ),
        "rest-json" => "RestJson".to_owned(),
        other => return Err(format!("protocol {other} has no codec").into()),
    })
}

fn operation_row(model: &Model, name: &str, operation: &Operation) -> String {
    let shape = |side: &Option<String>| match side {
        Some(name) => format!("Some(&shapes::{name})"),
        None => "None".to_owned(),
    };
    let errors: Vec<String> = operation
        .errors
        .iter()
        .map(|name| format!("&errors::{}", error_name(model, name)))
        .collect();
    let Operation { method, status, unsigned, .. } = operation;
    let (path, query) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
    format!(
        "crate::OperationModel {{ name: {name:?}, action: \"{}:{name}\", input: {}, output: {}, \
         result_wrapper: {:?}, method: {method:?}, uri: crate::Template::new({path:?}, {query:?}), \
         status: {status}, unsigned: {unsigned}, errors: &[{}] }}",
        model.service,
        shape(&operation.input),
        shape(&operation.output),
        operation.wrapper,
        errors.join(", ")
    )
}

fn error(model: &Model, name: &str, fault: &Fault) -> Result<String> {
    let side = if fault.sender { "sender" } else { "receiver" };
    let mut out = String::new();
    writeln!(out, "    /// The model's `{name}`.")?;
    writeln!(
        out,
        "    pub static {}: crate::ErrorKind = crate::ErrorKind::{side}({:?}, {});",
        error_name(model, name),
        // JSON clients find the shape by its name; the code is for query alone
        if model.protocol == "query" { &fault.code } else { name },
        fault.status
    )?;
    Ok(out)
}

/// `NoSuchEntityException` -> `NO_SUCH_ENTITY`, unless there is a `NoSuchEntity` besides.
fn error_name(model: &Model, shape: &str) -> String {
    let short = shape.strip_suffix("Exception").filter(|short| !model.errors.contains_key(*short));
    screaming(short.unwrap_or(shape))
}

fn table(name: &str, shape: &Shape) -> String {
    format!(
        "crate::Shape {{ name: {name:?}, sensitive: {}, kind: crate::Kind::{} }}",
        shape.sensitive,
        kind(shape)
    )
}

fn kind(shape: &Shape) -> String {
    let bounds = bounds(shape);
    match &shape.kind {
        Kind::Structure(members) => structure(members),
        Kind::List { member, flattened } => format!(
            "List(crate::List {{ member: {}, member_name: {:?}, flattened: {flattened}, length: {bounds} }})",
            reference(member),
            member.name.as_deref().unwrap_or("member"),
        ),
        Kind::Map { key, value, flattened } => format!(
            "Map(crate::Map {{ key: {}, value: {}, key_name: {:?}, value_name: {:?}, flattened: {flattened}, length: {bounds} }})",
            reference(key),
            reference(value),
            key.name.as_deref().unwrap_or("key"),
            value.name.as_deref().unwrap_or("value"),
        ),
        Kind::String { pattern, values } => format!(
            "String(crate::Text {{ length: {bounds}, pattern: {}, values: &{values:?} }})",
            pattern.as_ref().map_or("None".to_owned(), pattern_table)
        ),
        Kind::Integer => format!("Integer({bounds})"),
        Kind::Long => format!("Long({bounds})"),
        Kind::Double => format!("Double({bounds})"),
        Kind::Boolean => "Boolean".to_owned(),
        Kind::Timestamp { format } => format!("Timestamp({})", timestamp(format.as_deref())),
        Kind::Blob => format!("Blob({bounds})"),
    }
}

fn structure(members: &[Member]) -> String {
    let rows: Vec<String> = members
        .iter()
        .map(|member| {
            format!(
                "crate::Member {{ name: {:?}, camel: {:?}, shape: {}, required: {}, \
                 location: crate::Location::{} }}",
                member.reference.name.as_ref().unwrap_or(&member.name),
                lower_camel(&member.name),
                reference(&member.reference),
                member.required,
                location(member)
            )
        })
        .collect();
    format!("Structure(&[{}])", rows.join(", "))
}

fn location(member: &Member) -> &'static str {
    match member.location.as_deref() {
        None => "Body",
        Some("uri") => "Label",
        Some("querystring") => "Query",
        Some("header") => "Header",
        Some("headers") => "PrefixHeaders",
        Some("statusCode") => "Status",
        Some(_) => "Payload",
    }
}

fn reference(reference: &Reference) -> String {
    format!("&{}", reference.shape)
}

fn bounds(shape: &Shape) -> String {
    format!("crate::Bounds {{ min: {:?}, max: {:?} }}", shape.bounds.0, shape.bounds.1)
}

fn pattern_table(pattern: &Pattern) -> String {
    let Pattern { text, regex, not_regex, said } = pattern;
    format!("Some(crate::Pattern::new({text:?}, {regex:?}, {not_regex:?}, {said:?}))")
}

fn timestamp(format: Option<&str>) -> &'static str {
    match format {
        None => "None",
        Some("unixTimestamp") => "Some(crate::TimestampFormat::EpochSeconds)",
        Some("rfc822") => "Some(crate::TimestampFormat::HttpDate)",
        Some(_) => "Some(crate::TimestampFormat::Iso8601)",
    }
}
