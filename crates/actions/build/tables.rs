//! One service's table as the text of a Rust value.

use std::{collections::BTreeMap, error::Error};

use serde_json::{Map, Value};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Numbers for the names of one service: keys and resource types by their place, lists by first use.
#[derive(Default)]
pub(crate) struct Interner {
    keys: BTreeMap<String, usize>,
    resources: BTreeMap<String, usize>,
    lists: Vec<String>,
}

/// The text of `Tables` for the service at place `index`.
pub(crate) fn service(index: usize, file: &Value) -> Result<String> {
    let part = |name: &str| object(file.get(name).ok_or_else(|| format!("{name} is missing"))?);
    let (keys, resources, actions) = (part("keys")?, part("resources")?, part("actions")?);
    let mut interner = Interner::default();
    let keys = interner.keys(keys)?;
    let resources = interner.resource_types(index, resources)?;
    let actions = interner.actions(index, actions)?;
    let lists = interner.lists.join(", ");
    Ok(format!(
        "Tables {{\nkeys: &[{keys}],\nresources: &[{resources}],\nactions: &[{actions}],\nlists: &[{lists}] }}"
    ))
}

impl Interner {
    pub(crate) fn keys(&mut self, keys: &Map<String, Value>) -> Result<String> {
        let mut text = String::new();
        for (place, (name, kind)) in sorted(keys).into_iter().enumerate() {
            let kind = string(kind)?;
            text += &format!("ConditionKey {{ name: {name:?}, kind: KeyKind::{kind} }},\n");
            self.keys.insert(name.clone(), place);
        }
        Ok(text)
    }

    fn resource_types(&mut self, index: usize, types: &Map<String, Value>) -> Result<String> {
        let mut text = String::new();
        for (place, (name, row)) in sorted(types).into_iter().enumerate() {
            let [arn, keys] = array(row)?;
            let keys = self.list(keys)?;
            text += &format!(
                "ResourceType {{ service: {index}, name: {name:?}, arn: {arn}, keys: {keys} }},\n"
            );
            self.resources.insert(name.clone(), place);
        }
        Ok(text)
    }

    fn actions(&mut self, index: usize, actions: &Map<String, Value>) -> Result<String> {
        let mut text = String::new();
        for (name, row) in sorted(actions) {
            let [access, uses, keys] = array(row)?;
            let access = string(access)?.replace(" management", "Management");
            let mut resources = String::new();
            for item in uses.as_array().ok_or("resource types are no list")? {
                let [name, required, keys] = array(item)?;
                let keys = self.list(keys)?;
                let resource =
                    self.resources.get(string(name)?).ok_or("an unknown resource type")?;
                resources +=
                    &format!("Use {{ resource: {resource}, required: {required}, keys: {keys} }},");
            }
            let keys = self.list(keys)?;
            text += &format!(
                "Action {{ service: {index}, name: {name:?}, access: Access::{access}, \
                 resources: &[{resources}], keys: {keys} }},\n"
            );
        }
        Ok(text)
    }

    /// The number of a list of keys; the same list has the same number.
    fn list(&mut self, keys: &Value) -> Result<usize> {
        let mut places = Vec::new();
        for key in keys.as_array().ok_or("keys are no list")? {
            places.push(*self.keys.get(string(key)?).ok_or_else(|| format!("unknown key {key}"))?);
        }
        let text = format!("&{places:?}");
        let known = self.lists.iter().position(|list| *list == text);
        Ok(known.unwrap_or_else(|| {
            self.lists.push(text);
            self.lists.len() - 1
        }))
    }
}

/// The members in the order in which they are looked up: by name without case.
pub(crate) fn sorted(object: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    members
}

pub(crate) fn object(value: &Value) -> Result<&Map<String, Value>> {
    Ok(value.as_object().ok_or("no object")?)
}

fn string(value: &Value) -> Result<&str> {
    Ok(value.as_str().ok_or("no string")?)
}

fn array<const N: usize>(value: &Value) -> Result<&[Value; N]> {
    Ok(value.as_array().and_then(|items| items.as_slice().try_into().ok()).ok_or("a row is cut")?)
}
