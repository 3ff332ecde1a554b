//! Bodies of API calls: the first byte chooses the operation. What is decoded is validated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::{ServiceModel, aws_json, aws_query, validate};

const JSON: [&ServiceModel; 2] = [&wire::workmail::MODEL, &wire::cloudtrail::MODEL];
const QUERY: [&ServiceModel; 2] = [&wire::iam::MODEL, &wire::sts::MODEL];

fuzz_target!(|input: (u16, &[u8])| {
    let (choice, body) = input;
    for model in JSON {
        let operation = &model.operations[usize::from(choice) % model.operations.len()];
        let Some(shape) = operation.input else { continue };
        if let Ok(value) = aws_json::decode(operation, body) {
            drop(validate(shape, &value, model.telling()));
        }
    }
    for model in QUERY {
        let operation = &model.operations[usize::from(choice) % model.operations.len()];
        let Some(shape) = operation.input else { continue };
        let Ok(parameters) = aws_query::Parameters::parse("", body) else { continue };
        if let Ok(value) = aws_query::decode(operation, &parameters) {
            drop(validate(shape, &value, model.telling()));
        }
    }
});
