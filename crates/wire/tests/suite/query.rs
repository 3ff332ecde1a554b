//! Query requests.

use proptest::prelude::*;
use wire::{
    Error, Kind, OperationModel, Shape, Value,
    aws_query::{Parameters, decode},
    iam, sts,
};

use crate::values;

fn iam(operation: &str, body: &str) -> Result<Value, Error> {
    let operation = iam::MODEL.operation(operation).unwrap();
    decode(operation, &Parameters::parse("", body.as_bytes()).unwrap())
}

fn refusal(operation: &str, body: &str) -> String {
    iam(operation, body).unwrap_err().to_string()
}

fn text(text: &str) -> Option<Value> {
    Some(Value::String(text.to_owned()))
}

fn list(texts: &[&str]) -> Option<Value> {
    Some(Value::List(texts.iter().filter_map(|element| text(element)).collect()))
}

#[test]
fn members_go_to_their_slots_and_strangers_nowhere() {
    let input = iam("GetUser", "Action=GetUser&UserName=ada+l&X-Amz-Date=1&UserName.x=2").unwrap();
    assert_eq!(input, Value::Structure(vec![text("ada l")]));
    assert_eq!(iam("GetAccountSummary", "Action=GetAccountSummary&a=b").unwrap(), Value::empty(0));
}

#[test]
fn lists_are_read_by_number() {
    let keys = |body: &str| iam("UntagUser", body).unwrap().member(1).cloned();
    let body = "TagKeys.member.10=c&TagKeys.member.2=b&TagKeys.member.1=a&TagKeys.other=x";
    assert_eq!(keys(body), list(&["a", "b", "c"]));
    assert_eq!(keys("TagKeys="), list(&[]));
    assert_eq!(keys("UserName=u"), None);
}

#[test]
fn structures_lie_in_lists() {
    let body = "Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=l";
    let tag = |key, value| Value::Structure(vec![text(key), value]);
    let tags = Value::List(vec![tag("k", text("v")), tag("l", None)]);
    assert_eq!(iam("TagUser", body).unwrap(), Value::Structure(vec![None, Some(tags)]));
}

#[test]
fn numbers_and_booleans_are_read_strictly() {
    let items = |text: &str| iam("ListUsers", &format!("MaxItems={text}"));
    assert_eq!(items("25").unwrap().member(2), Some(&Value::Integer(25)));
    for text in ["", "x", "1.0", "2147483648", "1e2", "%201"] {
        assert_eq!(
            items(text).unwrap_err().to_string(),
            "MalformedInput: The parameter MaxItems is not an integer."
        );
    }
    let reset = |text: &str| iam("CreateLoginProfile", &format!("PasswordResetRequired={text}"));
    assert_eq!(reset("True").unwrap().member(2), Some(&Value::Boolean(true)));
    assert!(reset("yes").is_err());
}

#[test]
fn what_cannot_be_a_list_is_refused() {
    for body in [
        "TagKeys=a",
        "TagKeys.member.0=a",
        "TagKeys.member.01=a",
        "TagKeys.member.x=a",
        "TagKeys.member.99999999999=a",
        "TagKeys.member.1.Key=a",
    ] {
        assert!(refusal("UntagUser", body).starts_with("MalformedInput: "), "{body}");
    }
}

#[test]
fn passwords_are_taken_as_such() {
    let input = iam("CreateLoginProfile", "UserName=u&Password=hunter2").unwrap();
    assert_eq!(input.member(1), Some(&Value::Sensitive("hunter2".into())));
}

/// What a client does: the reverse of the decoder.
fn form(shape: &Shape, value: &Value, name: &str, out: &mut String) {
    let dotted =
        |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match (&shape.kind, value) {
        (Kind::Structure(members), Value::Structure(slots)) => {
            for (member, slot) in members.iter().zip(slots) {
                if let Some(value) = slot {
                    form(member.shape, value, &dotted(member.name), out);
                }
            }
        }
        (Kind::List(list), Value::List(elements)) if !elements.is_empty() => {
            for (index, element) in elements.iter().enumerate() {
                form(list.member, element, &dotted(&format!("member.{}", index + 1)), out);
            }
        }
        (Kind::Map(map), Value::Map(entries)) if !entries.is_empty() => {
            for (index, (key, value)) in entries.iter().enumerate() {
                let entry = dotted(&format!("entry.{}", index + 1));
                let key = Value::String(key.clone());
                form(map.key, &key, &format!("{entry}.key"), out);
                form(map.value, value, &format!("{entry}.value"), out);
            }
        }
        _ => {
            let escaped: String =
                scalar(value).bytes().map(|byte| format!("%{byte:02x}")).collect();
            out.push_str(&format!("&{name}={escaped}"));
        }
    }
}

fn scalar(value: &Value) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    match value {
        Value::String(text) => text.clone(),
        Value::Sensitive(text) => text.expose().to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Timestamp(time) => time.iso8601(),
        Value::Blob(bytes) => BASE64_STANDARD.encode(bytes),
        _ => String::new(),
    }
}

const TEXTS: &str = ".{0,12}";

fn operations() -> Vec<OperationModel> {
    let mut all = values::mirrored(iam::MODEL.operations);
    all.extend(values::mirrored(sts::MODEL.operations));
    all
}

/// An absent structure and one with nothing in it are written alike; so is a list of nothing but those.
fn normal(value: Value) -> Option<Value> {
    match value {
        Value::Structure(slots) => {
            let slots: Vec<_> = slots.into_iter().map(|slot| slot.and_then(normal)).collect();
            slots.iter().any(Option::is_some).then_some(Value::Structure(slots))
        }
        Value::List(elements) => {
            let was_empty = elements.is_empty();
            let elements: Vec<_> = elements.into_iter().filter_map(normal).collect();
            (was_empty || !elements.is_empty()).then_some(Value::List(elements))
        }
        other => Some(other),
    }
}

proptest! {
    #[test]
    fn what_a_client_writes_is_read((at, value) in values::of_any(operations(), TEXTS)) {
        let operation = &operations()[at];
        let mut body = String::new();
        form(operation.input.unwrap(), &value, "", &mut body);
        let parameters = Parameters::parse("", body.as_bytes()).unwrap();
        let read = decode(operation, &parameters).unwrap();
        prop_assert_eq!(normal(read), normal(value));
    }

    #[test]
    fn any_parameters_are_read_or_refused(
        at in 0..operations().len(),
        parts in prop::collection::vec("(Tags|TagKeys|Key|member|entry|MaxItems|[0-9]{1,3}|[.=&%a-z])", 0..24),
    ) {
        if let Ok(parameters) = Parameters::parse("", parts.concat().as_bytes()) {
            let _ = decode(&operations()[at], &parameters);
        }
    }
}
