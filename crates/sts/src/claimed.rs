//! What an identity provider gives the session of a role: tags, and who stands behind it.

use federation::jwt::Claims;
use serde_json::Value;
use wire::{
    ErrorKind,
    sts::{Tag, errors::INVALID_IDENTITY_TOKEN},
};

use crate::scope::Wish;

/// The claim with session tags, as an object; or the beginning of the names of such claims, one for each tag.
const TAGS: &str = "https://aws.amazon.com/tags";

/// The claim with the source identity.
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// Tags of a session at most.
const TAGS_MAX: usize = 50;

/// Characters of a tag's key and of its value at most.
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

/// What the claims of a token give the session (IAM User Guide, "Pass session tags in AWS STS").
pub(crate) fn wish(claims: &Claims) -> Result<Wish, wire::Error> {
    let mut tags = Vec::new();
    let mut transitive = Vec::new();
    if let Some(nested) = claims.get(TAGS) {
        for (key, value) in nested["principal_tags"].as_object().into_iter().flatten() {
            tags.push((key.clone(), one_text(key, value)?));
        }
        transitive.extend(texts(&nested["transitive_tag_keys"]).unwrap_or_default());
    }
    for (name, value) in claims.iter() {
        let Some(rest) = name.strip_prefix(TAGS).and_then(|rest| rest.strip_prefix('/')) else {
            continue;
        };
        if let Some(key) = rest.strip_prefix("principal_tags/") {
            tags.push((key.to_owned(), one_text(key, value)?));
        } else if rest == "transitive_tag_keys" {
            transitive.extend(texts(value).unwrap_or_default());
        }
    }
    let source_identity =
        claims.get(SOURCE_IDENTITY).map(|value| one_text("", value)).transpose()?;
    checked(tags, transitive, source_identity)
}

/// The wish for tags and a source identity that a provider gives, each of which must be one that a request
/// could give as well.
pub(crate) fn checked(
    tags: Vec<(String, String)>,
    transitive_tag_keys: Vec<String>,
    source_identity: Option<String>,
) -> Result<Wish, wire::Error> {
    if tags.len() > TAGS_MAX || transitive_tag_keys.len() > TAGS_MAX {
        return Err(INVALID_IDENTITY_TOKEN.with("The token has too many session tags"));
    }
    for (key, value) in &tags {
        let key_chars = key.chars().count();
        let is_good = (1..=KEY_CHARS_MAX).contains(&key_chars)
            && value.chars().count() <= VALUE_CHARS_MAX
            && key.chars().chain(value.chars()).all(is_tag_char);
        if !is_good {
            return Err(INVALID_IDENTITY_TOKEN.with(format!("The session tag {key} is invalid")));
        }
    }
    if source_identity.as_deref().is_some_and(|identity| !is_source_identity(identity)) {
        return Err(INVALID_IDENTITY_TOKEN.with(
            "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
        ));
    }
    let tags: Vec<_> = tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    Ok(Wish {
        tags: (!tags.is_empty()).then_some(tags),
        transitive_tag_keys: (!transitive_tag_keys.is_empty()).then_some(transitive_tag_keys),
        source_identity,
        ..Wish::default()
    })
}

/// Whether it could be the name of a session, or a source identity: `[\w+=,.@-]{2,64}`.
pub(crate) fn is_session_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

fn is_source_identity(text: &str) -> bool {
    is_session_name(text) && !text.to_ascii_lowercase().starts_with("aws:")
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`
fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || c.is_whitespace() && !c.is_control() || "_.:/=+-@".contains(c)
}

/// The text that a claim is, or the only one that it holds.
fn one_text(name: &str, value: &Value) -> Result<String, wire::Error> {
    let mut texts = texts(value).unwrap_or_default().into_iter();
    match (texts.next(), texts.next()) {
        (Some(text), None) => Ok(text),
        _ => Err(bad_value(&INVALID_IDENTITY_TOKEN, name)),
    }
}

fn bad_value(kind: &'static ErrorKind, name: &str) -> wire::Error {
    kind.with(format!("The session tag {name} must have exactly one value"))
}

/// The texts of a claim: one or several of texts, numbers and truths; none if it is anything else.
pub(crate) fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        value => Some(vec![text(value)?]),
    }
}
