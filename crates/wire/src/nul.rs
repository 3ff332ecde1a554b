//! Texts with the character U+0000, which no store keeps: PostgreSQL has no form for it. Most patterns of
//! the models forbid it, but not every text has a pattern.

use crate::{Error, Kind, Shape, Value, errors::VALIDATION, path::Path};

/// Refuses a value with U+0000 in one of its texts.
pub(crate) fn refuse(shape: &Shape, value: &Value, path: Path<'_>) -> Result<(), Error> {
    match (&shape.kind, value) {
        (Kind::Structure(members), Value::Structure(slots)) => {
            for (member, slot) in members.iter().zip(slots) {
                if let Some(value) = slot {
                    refuse(member.shape, value, Path::Member(&path, member.camel))?;
                }
            }
        }
        (Kind::List(list), Value::List(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                refuse(list.member, element, Path::Element(&path, index))?;
            }
        }
        (Kind::Map(map), Value::Map(entries)) => {
            for (key, value) in entries {
                refuse_text(key, path)?;
                refuse(map.value, value, Path::Entry(&path, key))?;
            }
        }
        (_, Value::String(text)) => refuse_text(text, path)?,
        (_, Value::Sensitive(text)) => refuse_text(text.expose(), path)?,
        _ => {}
    }
    Ok(())
}

fn refuse_text(text: &str, path: Path<'_>) -> Result<(), Error> {
    if !text.contains('\0') {
        return Ok(());
    }
    Err(VALIDATION.with(format!(
        "1 validation error detected: Value at '{path}' failed to satisfy constraint: Member must not \
         hold the character U+0000"
    )))
}

#[cfg(test)]
mod tests {
    use crate::{Value, aws_json, validate, workmail::MODEL};

    #[test]
    fn a_text_without_a_pattern_is_looked_at_too() {
        let operation = MODEL.operation("TagResource").unwrap();
        let told = |key: &str, value: &str| {
            let body = format!(
                r#"{{"ResourceARN":"arn:aws:workmail:us-east-1:111122223333:organization/m-0","Tags":[{{"Key":"{key}","Value":"{value}"}}]}}"#
            );
            let input: Value = aws_json::decode(operation, body.as_bytes()).unwrap();
            let result = validate(operation.input.unwrap(), &input, MODEL.telling());
            result.err().map(|error| error.message().to_owned())
        };
        assert_eq!(told("a", "b"), None);
        let message = told("a", r"b\u0000").unwrap();
        assert!(message.contains("Value at 'tags.1.member.value'"), "{message}");
        assert!(told(r"\u0000", "b").is_some());
    }
}
