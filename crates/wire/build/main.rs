//! Turns the compact models of `models/` into one Rust module per service.
//!
//! The generated text only lists names, types and tables. What a structure, an enum or a service is in
//! Rust is written by hand, as macros, in `src/convert.rs` and `src/service.rs`.

mod model;
mod names;
mod tables;
mod types;

use std::{env, error::Error, fs, path::Path};

use model::Model;

/// The models, and the name of each service's trait.
const SERVICES: [(&str, &str); 7] = [
    ("accessanalyzer", "AccessAnalyzer"),
    ("cloudtrail", "CloudTrail"),
    ("iam", "Iam"),
    ("logs", "Logs"),
    ("sts", "Sts"),
    ("workmail", "WorkMail"),
    ("workmailmessageflow", "WorkMailMessageFlow"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let models = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../models");
    let out = env::var("OUT_DIR")?;
    println!("cargo::rerun-if-changed=build");
    for (service, name) in SERVICES {
        let path = models.join(service).with_extension("json");
        println!("cargo::rerun-if-changed={}", path.display());
        let model = Model::read(&fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        fs::write(Path::new(&out).join(service).with_extension("rs"), module(&model, name)?)?;
    }
    Ok(())
}

fn module(model: &Model, name: &str) -> Result<String, Box<dyn Error>> {
    names::refuse_collisions(model)?;
    Ok([types::service(model, name), types::all(model)?, tables::all(model)?].concat())
}
