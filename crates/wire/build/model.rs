//! The compact model as the generator reads it. The form is described in `models/make.py`.

use std::{collections::BTreeMap, error::Error};

use serde_json::{Map, Value as Json};

type Object = Map<String, Json>;
type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) struct Model {
    pub(crate) service: String,
    pub(crate) protocol: String,
    pub(crate) api_version: String,
    pub(crate) endpoint_prefix: String,
    pub(crate) signing_name: String,
    pub(crate) json_version: String,
    pub(crate) target_prefix: String,
    pub(crate) xml_namespace: String,
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) errors: BTreeMap<String, Fault>,
    pub(crate) shapes: BTreeMap<String, Shape>,
}

pub(crate) struct Operation {
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) wrapper: String,
    pub(crate) errors: Vec<String>,
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) status: u64,
    pub(crate) unsigned: bool,
}

pub(crate) struct Fault {
    pub(crate) code: String,
    pub(crate) status: u64,
    pub(crate) sender: bool,
}

pub(crate) struct Shape {
    pub(crate) kind: Kind,
    pub(crate) sensitive: bool,
    /// Whether it may be large: bytes that are not copied on their way.
    pub(crate) streaming: bool,
    pub(crate) bounds: (Option<i64>, Option<i64>),
}

pub(crate) enum Kind {
    Structure(Vec<Member>),
    List { member: Reference, flattened: bool },
    Map { key: Reference, value: Reference, flattened: bool },
    String { pattern: Option<Pattern>, values: Vec<String> },
    Integer,
    Long,
    Double,
    Boolean,
    Timestamp { format: Option<String> },
    Blob,
}

pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) reference: Reference,
    pub(crate) required: bool,
    /// `uri`, `querystring`, `header`, `headers`, `statusCode`; `payload` if it is the whole body.
    pub(crate) location: Option<String>,
}

pub(crate) struct Reference {
    pub(crate) shape: String,
    /// Its name on the wire, where that differs.
    pub(crate) name: Option<String>,
}

pub(crate) struct Pattern {
    pub(crate) text: String,
    pub(crate) regex: String,
    pub(crate) not_regex: Option<String>,
    pub(crate) said: Option<String>,
}

impl Model {
    pub(crate) fn read(text: &str) -> Result<Self> {
        let json: Json = serde_json::from_str(text)?;
        let root = json.as_object().ok_or("the model is no object")?;
        let text_or_none = |key| optional_text(root, key).unwrap_or_default();
        Ok(Self {
            service: required_text(root, "service")?,
            protocol: required_text(root, "protocol")?,
            api_version: required_text(root, "api_version")?,
            endpoint_prefix: required_text(root, "endpoint_prefix")?,
            signing_name: required_text(root, "signing_name")?,
            json_version: text_or_none("json_version"),
            target_prefix: text_or_none("target_prefix"),
            xml_namespace: text_or_none("xml_namespace"),
            operations: table(root, "operations", |_, row| Ok(Operation::read(row)))?,
            errors: table(root, "errors", Fault::read)?,
            shapes: table(root, "shapes", Shape::read)?,
        })
    }

    pub(crate) fn shape(&self, name: &str) -> Result<&Shape> {
        self.shapes.get(name).ok_or_else(|| format!("no shape is named {name}").into())
    }
}

impl Operation {
    fn read(row: &Object) -> Self {
        let http = |key| optional_text(row.get("http")?.as_object()?, key);
        Self {
            input: optional_text(row, "input"),
            output: optional_text(row, "output"),
            wrapper: optional_text(row, "wrapper").unwrap_or_default(),
            errors: texts(row, "errors"),
            method: http("method").unwrap_or_else(|| "POST".to_owned()),
            uri: http("uri").unwrap_or_else(|| "/".to_owned()),
            status: row.get("http").and_then(|http| http.get("status")?.as_u64()).unwrap_or(200),
            unsigned: optional_text(row, "auth").is_some_and(|auth| auth == "none"),
        }
    }
}

impl Fault {
    fn read(name: &str, row: &Object) -> Result<Self> {
        Ok(Self {
            code: optional_text(row, "code").unwrap_or_else(|| name.to_owned()),
            status: row.get("status").and_then(Json::as_u64).ok_or("an error has no status")?,
            sender: required_text(row, "fault")? == "sender",
        })
    }
}

impl Shape {
    fn read(name: &str, row: &Object) -> Result<Self> {
        let bound = |key| row.get(key).and_then(Json::as_i64);
        Ok(Self {
            kind: Kind::read(row).map_err(|error| format!("shape {name}: {error}"))?,
            sensitive: flag(row, "sensitive"),
            streaming: flag(row, "streaming"),
            bounds: (bound("min"), bound("max")),
        })
    }

    /// Whether it becomes a Rust type of its own: structures and enums do.
    pub(crate) fn has_type(&self) -> bool {
        match &self.kind {
            Kind::Structure(_) => true,
            Kind::String { values, .. } => !values.is_empty(),
            _ => false,
        }
    }
}

impl Kind {
    fn read(row: &Object) -> Result<Self> {
        let flattened = flag(row, "flattened");
        Ok(match required_text(row, "type")?.as_str() {
            "structure" => Self::Structure(members(row)?),
            "list" => Self::List { member: Reference::part(row, "member")?, flattened },
            "map" => Self::Map {
                key: Reference::part(row, "key")?,
                value: Reference::part(row, "value")?,
                flattened,
            },
            "string" => Self::String { pattern: Pattern::read(row), values: texts(row, "enum") },
            "integer" => Self::Integer,
            "long" => Self::Long,
            "double" | "float" => Self::Double,
            "boolean" => Self::Boolean,
            "timestamp" => Self::Timestamp { format: optional_text(row, "timestampFormat") },
            "blob" => Self::Blob,
            other => return Err(format!("type {other} is not known").into()),
        })
    }
}

fn members(row: &Object) -> Result<Vec<Member>> {
    let (required, payload) = (texts(row, "required"), optional_text(row, "payload"));
    let pairs = row.get("members").and_then(Json::as_array).ok_or("a structure has no members")?;
    let member = |pair: &Json| {
        let name = pair.get(0).and_then(Json::as_str).ok_or("a member has no name")?.to_owned();
        let json = pair.get(1).ok_or("a member has no shape")?;
        let location = match payload.as_ref() == Some(&name) {
            true => Some("payload".to_owned()),
            false => json.as_object().and_then(|row| optional_text(row, "location")),
        };
        let reference = Reference::read(json)?;
        Ok(Member { required: required.contains(&name), name, reference, location })
    };
    pairs.iter().map(member).collect()
}

impl Reference {
    fn part(row: &Object, part: &str) -> Result<Self> {
        Self::read(row.get(part).ok_or_else(|| format!("no {part}"))?)
    }

    fn read(json: &Json) -> Result<Self> {
        match json {
            Json::String(shape) => Ok(Self { shape: shape.clone(), name: None }),
            Json::Object(row) => Ok(Self {
                shape: required_text(row, "shape")?,
                name: optional_text(row, "locationName"),
            }),
            _ => Err("a reference is neither a name nor an object".into()),
        }
    }
}

impl Pattern {
    fn read(row: &Object) -> Option<Self> {
        let text = optional_text(row, "pattern")?;
        let regex = optional_text(row, "regex").unwrap_or_else(|| text.clone());
        let (not_regex, said) = (optional_text(row, "not_regex"), optional_text(row, "said"));
        Some(Self { text, regex, not_regex, said })
    }
}

fn table<T>(
    root: &Object,
    key: &str,
    read: impl Fn(&str, &Object) -> Result<T>,
) -> Result<BTreeMap<String, T>> {
    let rows = root.get(key).and_then(Json::as_object).ok_or_else(|| format!("no {key}"))?;
    let row = |(name, row): (&String, &Json)| {
        let row = row.as_object().ok_or_else(|| format!("{name} is no object"))?;
        Ok((name.clone(), read(name, row)?))
    };
    rows.iter().map(row).collect()
}

fn required_text(row: &Object, key: &str) -> Result<String> {
    optional_text(row, key).ok_or_else(|| format!("no {key}").into())
}

fn optional_text(row: &Object, key: &str) -> Option<String> {
    row.get(key).and_then(Json::as_str).map(str::to_owned)
}

fn texts(row: &Object, key: &str) -> Vec<String> {
    let texts = row.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    texts.iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn flag(row: &Object, key: &str) -> bool {
    row.get(key).and_then(Json::as_bool).unwrap_or(false)
}
