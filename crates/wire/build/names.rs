//! From the model's names to Rust's.

use std::{collections::BTreeMap, error::Error};

use crate::model::Model;

/// Member names that Rust keeps for itself.
const KEYWORDS: [&str; 9] =
    ["type", "match", "ref", "enum", "mod", "move", "use", "where", "static"];

/// `QRCodePNG` -> `qr_code_png`.
pub(crate) fn snake(name: &str) -> String {
    let snake = words(name).join("_").to_lowercase();
    if KEYWORDS.contains(&snake.as_str()) { format!("r#{snake}") } else { snake }
}

/// `NoSuchEntityException` -> `NO_SUCH_ENTITY_EXCEPTION`.
pub(crate) fn screaming(name: &str) -> String {
    words(name).join("_").to_uppercase()
}

/// `statusType` -> `StatusType`; `MAX_SIZE` -> `MaxSize`; `en-US` -> `EnUs`.
pub(crate) fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let pascal: String = words.map(capitalised).collect();
    match pascal.as_str() {
        "Self" => "Self_".to_owned(),
        other if other.starts_with(|c: char| c.is_ascii_digit()) => format!("V{other}"),
        _ => pascal,
    }
}

/// As AWS's messages and audit records have it, only the first letter changes: `sSHPublicKeyId`.
pub(crate) fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn capitalised(word: &str) -> String {
    let shouts = word.len() > 1 && !word.contains(|c: char| c.is_ascii_lowercase());
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let rest = letters.map(|c| if shouts { c.to_ascii_lowercase() } else { c });
    first.into_iter().chain(rest).collect()
}

/// A word begins at a capital after a small letter or digit, and at the last capital of a row that a
/// small letter follows: `MFADevice` is `MFA`, `Device`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                !before.is_ascii_uppercase() || after.is_some_and(char::is_ascii_lowercase)
            });
        if begins {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), letter.is_ascii_alphanumeric()) {
            word.push(*letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Two types of one name would overwrite each other.
pub(crate) fn refuse_collisions(model: &Model) -> Result<(), Box<dyn Error>> {
    let mut seen = BTreeMap::new();
    for name in model.shapes.iter().filter(|(_, shape)| shape.has_type()).map(|(name, _)| name) {
        if let Some(other) = seen.insert(pascal(name), name) {
            return Err(format!("shapes {other} and {name} have one name in Rust").into());
        }
    }
    Ok(())
}
