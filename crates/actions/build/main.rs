//! Turns the tables of `models/actions/` into Rust statics, sorted for binary search.

mod tables;

use std::{collections::BTreeMap, env, error::Error, fs, path::Path};

use serde_json::Value;
use tables::Interner;

/// Files of the folder that are no service's table.
const OTHERS: [&str; 2] = ["services", "global"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../models/actions");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let json: Value = serde_json::from_str(&fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        files.insert(name, json);
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("tables.rs"), all(&files)?)?;
    Ok(())
}

fn all(files: &BTreeMap<String, Value>) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("pub(crate) static SERVICES: &[Service] = &[\n");
    let names = tables::object(files.get("services").ok_or("services.json is missing")?)?;
    for (index, (prefix, name)) in tables::sorted(names).into_iter().enumerate() {
        let tables = match files.get(prefix) {
            Some(file) if !OTHERS.contains(&prefix.as_str()) => {
                format!("Some({})", tables::service(index, file)?)
            }
            _ => "None".to_owned(),
        };
        text += &format!("Service {{ prefix: {prefix:?}, name: {name}, tables: {tables} }},\n");
    }
    let global = tables::object(files.get("global").ok_or("global.json is missing")?)?;
    let keys = Interner::default().keys(global)?;
    Ok(text + "];\npub(crate) static GLOBAL: &[ConditionKey] = &[" + &keys + "];\n")
}
