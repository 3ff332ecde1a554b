//! The part of a module that its users see: structs, enums, the operations and the trait.

use std::error::Error;

use crate::{
    model::{Kind, Member, Model},
    names::{pascal, snake},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// `crate::service::service! { Iam "iam" CreateUser => create_user(CreateUserRequest) -> ...; }`
pub(crate) fn service(model: &Model, name: &str) -> String {
    let type_name = |shape: &Option<String>| shape.as_deref().map(pascal);
    let operations: String = model
        .operations
        .iter()
        .map(|(name, operation)| {
            let input = type_name(&operation.input).unwrap_or_default();
            let output = type_name(&operation.output).unwrap_or("()".to_owned());
            format!("    {name} => {}({input}) -> {output};\n", snake(name))
        })
        .collect();
    format!("crate::service::service! {{\n    {name} {:?}\n{operations}}}\n\n", model.service)
}

/// All structures and enums.
pub(crate) fn all(model: &Model) -> Result<String> {
    let mut out = String::new();
    for (name, shape) in &model.shapes {
        match &shape.kind {
            Kind::Structure(members) => out.push_str(&structure(model, name, members)?),
            Kind::String { values, .. } if !values.is_empty() => {
                out.push_str(&enumeration(name, values));
            }
            _ => {}
        }
    }
    Ok(out)
}

fn structure(model: &Model, name: &str, members: &[Member]) -> Result<String> {
    let mut fields = String::new();
    for member in members {
        let plain = rust_type(model, &member.reference.shape)?;
        let field = if member.required { plain } else { format!("Option<{plain}>") };
        fields.push_str(&format!("    {}: {field},\n", snake(&member.name)));
    }
    Ok(format!(
        "crate::convert::structure! {{\n    /// The model's `{name}`.\n    {} {{\n{fields}}} }}\n\n",
        pascal(name)
    ))
}

fn enumeration(name: &str, values: &[String]) -> String {
    let variants: String =
        values.iter().map(|value| format!("    {} = {value:?},\n", pascal(value))).collect();
    format!(
        "crate::convert::enumeration! {{\n    /// The model's `{name}`.\n    {} {{\n{variants}}} }}\n\n",
        pascal(name)
    )
}

/// The type of a value of that shape.
fn rust_type(model: &Model, name: &str) -> Result<String> {
    let shape = model.shape(name)?;
    Ok(match &shape.kind {
        Kind::Structure(_) => pascal(name),
        Kind::List { member, .. } => format!("Vec<{}>", rust_type(model, &member.shape)?),
        Kind::Map { value, .. } => {
            format!("std::collections::BTreeMap<String, {}>", rust_type(model, &value.shape)?)
        }
        Kind::String { .. } if shape.sensitive => "crate::Sensitive".to_owned(),
        Kind::String { values, .. } if !values.is_empty() => pascal(name),
        Kind::String { .. } => "String".to_owned(),
        Kind::Integer => "i32".to_owned(),
        Kind::Long => "i64".to_owned(),
        Kind::Double => "f64".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Timestamp { .. } => "world::Timestamp".to_owned(),
        Kind::Blob if shape.sensitive => "world::Secret".to_owned(),
        Kind::Blob if shape.streaming => "bytes::Bytes".to_owned(),
        Kind::Blob => "Vec<u8>".to_owned(),
    })
}
