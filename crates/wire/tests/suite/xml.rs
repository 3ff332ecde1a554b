//! XML answers, read back by a reader of this test alone.

use proptest::prelude::*;
use wire::{Kind, OperationModel, Shape, Value, aws_query::encode, iam, sts};
use world::Timestamp;

use crate::values;

/// An element: its name, and either text or other elements in it.
#[derive(Debug)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

/// Reads the element that begins at the start of `rest`, and passes it.
fn element(rest: &mut &str) -> Element {
    let (tag, after) = rest.strip_prefix('<').unwrap().split_once('>').unwrap();
    *rest = after;
    if let Some(name) = tag.strip_suffix('/') {
        return Element { name: name.to_owned(), text: String::new(), children: Vec::new() };
    }
    let name = tag.split(' ').next().unwrap().to_owned();
    let end = format!("</{name}>");
    let (mut text, mut children) = (String::new(), Vec::new());
    while !rest.starts_with(&end) {
        if rest.starts_with('<') {
            children.push(element(rest));
        } else {
            let at = rest.find('<').unwrap();
            text.push_str(&rest[..at]);
            *rest = &rest[at..];
        }
    }
    *rest = &rest[end.len()..];
    assert!(text.is_empty() || children.is_empty(), "mixed content in {name}");
    Element { name, text: unescaped(&text), children }
}

fn unescaped(text: &str) -> String {
    assert!(!text.contains('\r'), "a parser would change a bare carriage return");
    [("&#xD;", "\r"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

fn value(shape: &Shape, element: &Element) -> Value {
    let child = |name: &str| element.children.iter().find(|child| child.name == name);
    match &shape.kind {
        Kind::Structure(members) => {
            let slot = |member: &wire::Member| Some(value(member.shape, child(member.name)?));
            Value::Structure(members.iter().map(slot).collect())
        }
        Kind::List(list) => {
            assert!(element.children.iter().all(|child| child.name == "member"));
            Value::List(element.children.iter().map(|child| value(list.member, child)).collect())
        }
        Kind::Map(map) => {
            let entry = |entry: &Element| {
                assert_eq!(entry.name, "entry");
                (entry.children[0].text.clone(), value(map.value, &entry.children[1]))
            };
            Value::Map(element.children.iter().map(entry).collect())
        }
        Kind::String(_) if shape.sensitive => Value::Sensitive(element.text.as_str().into()),
        Kind::String(_) => Value::String(element.text.clone()),
        Kind::Integer(_) | Kind::Long(_) => Value::Integer(element.text.parse().unwrap()),
        Kind::Double(_) => Value::Double(element.text.parse().unwrap()),
        Kind::Boolean => Value::Boolean(element.text.parse().unwrap()),
        Kind::Timestamp(_) => {
            let time: jiff::Timestamp = element.text.parse().unwrap();
            Value::Timestamp(Timestamp::from_micros(time.as_microsecond()))
        }
        Kind::Blob(_) => {
            use base64::{Engine, prelude::BASE64_STANDARD};
            Value::Blob(BASE64_STANDARD.decode(&element.text).unwrap().into())
        }
    }
}

// what XML 1.0 can carry
const TEXTS: &str = r"([^\x00-\x1f\x7f\u{fffe}\u{ffff}]|[\t\n\r&<>]){0,12}";

fn operations() -> Vec<OperationModel> {
    let mut all = values::mirrored(iam::MODEL.operations);
    all.extend(values::mirrored(sts::MODEL.operations));
    all
}

proptest! {
    #[test]
    fn what_is_written_can_be_read((at, output) in values::of_any(operations(), TEXTS)) {
        let operation = &operations()[at];
        let xml = encode(&iam::MODEL, operation, &output, "request");
        let mut rest = xml.as_str();
        let root = element(&mut rest);
        prop_assert_eq!(rest, "");
        prop_assert_eq!(root.name, format!("{}Response", operation.name));
        prop_assert_eq!(&root.children[0].name, "Result");
        prop_assert_eq!(value(operation.output.unwrap(), &root.children[0]), output);
        prop_assert_eq!(&root.children[1].children[0].text, "request");
    }
}
