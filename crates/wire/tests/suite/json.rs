//! JSON requests and answers.

use proptest::prelude::*;
use wire::{
    Error, OperationModel, Value,
    aws_json::{decode, encode, encode_error},
    errors::{ACCESS_DENIED, INTERNAL_FAILURE},
    iam, workmail,
};

use crate::values;

fn workmail(operation: &str, body: &str) -> Result<Value, Error> {
    decode(workmail::MODEL.operation(operation).unwrap(), body.as_bytes())
}

fn refusal(operation: &str, body: &str) -> String {
    let error = workmail(operation, body).unwrap_err();
    assert_eq!(error.kind().json.code, "SerializationException");
    error.message().to_owned()
}

#[test]
fn members_go_to_their_slots_and_strangers_nowhere() {
    let body = r#" { "Other": [{"deep": null}], "Alias" : "corp", "DirectoryId": null } "#;
    let input = workmail("CreateOrganization", body).unwrap();
    let operation = workmail::MODEL.operation("CreateOrganization").unwrap();
    for (slot, member) in operation.input.unwrap().members().iter().enumerate() {
        let value = (member.name == "Alias").then(|| Value::String("corp".to_owned()));
        assert_eq!(input.member(slot), value.as_ref(), "{}", member.name);
    }
}

#[test]
fn an_empty_body_is_an_empty_input() {
    assert_eq!(
        workmail("ListOrganizations", "").unwrap(),
        workmail("ListOrganizations", "{}").unwrap()
    );
}

#[test]
fn other_types_are_refused() {
    for (operation, body, told) in [
        ("ListUsers", "[]", "START_ARRAY can not be converted to a structure"),
        ("ListUsers", "null", "NULL_VALUE can not be converted to a structure"),
        (
            "ListUsers",
            r#"{"MaxResults":"5"}"#,
            "STRING_VALUE can not be converted to an Integer at 'maxResults'",
        ),
        (
            "ListUsers",
            r#"{"MaxResults":5.0}"#,
            "NUMBER_VALUE can not be converted to an Integer at 'maxResults'",
        ),
        (
            "ListUsers",
            r#"{"MaxResults":2147483648}"#,
            "NUMBER_VALUE can not be converted to an Integer at 'maxResults'",
        ),
        (
            "ListUsers",
            r#"{"OrganizationId":7}"#,
            "NUMBER_VALUE can not be converted to a String at 'organizationId'",
        ),
        (
            "ListUsers",
            r#"{"OrganizationId":{}}"#,
            "START_OBJECT can not be converted to a String at 'organizationId'",
        ),
        (
            "ListUsers",
            r#"{"Filters":true}"#,
            "TRUE_VALUE can not be converted to a structure at 'filters'",
        ),
        ("TagResource", r#"{"Tags":{}}"#, "START_OBJECT can not be converted to a list at 'tags'"),
        ("TagResource", r#"{"Tags":[null]}"#, "null at 'tags.1.member' is not allowed"),
        (
            "TagResource",
            r#"{"Tags":[{},{"Key":[]}]}"#,
            "START_ARRAY can not be converted to a String at 'tags.2.member.key'",
        ),
        ("TagResource", r#"{"Tags":[],"Tags":null}"#, "'tags' is given more than once"),
    ] {
        assert_eq!(refusal(operation, body), told);
    }
}

#[test]
fn what_is_no_json_is_refused_without_being_shown() {
    let told = refusal("ResetPassword", r#"{"Password":"hunter2" "UserId":"u"}"#);
    assert_eq!(
        told,
        "The request is not valid JSON: a comma or a closing bracket is expected at byte 22."
    );
    assert_eq!(
        refusal("ListUsers", "{}{}"),
        "The request is not valid JSON: something follows the value at byte 2."
    );
    let list_users = workmail::MODEL.operation("ListUsers").unwrap();
    assert_eq!(
        decode(list_users, b"{\"\xff\":1}").unwrap_err().message(),
        "The request is not UTF-8."
    );
}

#[test]
fn size_and_number_are_bounded() {
    let list_users = workmail::MODEL.operation("ListUsers").unwrap();
    let large = vec![b' '; wire::MAX_REQUEST_BYTES + 1];
    assert_eq!(decode(list_users, &large).unwrap_err().kind().json.status, 413);
    let many = format!(r#"{{"Tags":[{}{{}}]}}"#, "{},".repeat(100_000));
    assert_eq!(refusal("TagResource", &many), "More than 100000 values are given.");
    let deep = format!(r#"{{"Tags":[{{"x":{}"#, "[".repeat(100));
    assert!(refusal("TagResource", &deep).contains("too deep"));
}

#[test]
fn an_operation_without_output_has_an_empty_body() {
    let delete_user = workmail::MODEL.operation("DeleteUser").unwrap();
    assert_eq!(encode(delete_user, &Value::empty(0)), "");
    let list_users = workmail::MODEL.operation("ListUsers").unwrap();
    assert_eq!(encode(list_users, &Value::empty(2)), "{}");
}

#[test]
fn errors_say_it_under_both_names() {
    assert_eq!(
        encode_error(&ACCESS_DENIED.with("no \"entry\"")),
        r#"{"__type":"AccessDeniedException","message":"no \"entry\"","Message":"no \"entry\""}"#
    );
    assert!(INTERNAL_FAILURE.with("").status(workmail::MODEL.protocol) == 500);
}

const TEXTS: &str = r"(.|[\x00-\x1f\x7f\u{fffe}]){0,12}";

/// Of all services: JSON can carry any shape.
fn operations() -> Vec<OperationModel> {
    let mut all = values::mirrored(workmail::MODEL.operations);
    all.extend(values::mirrored(iam::MODEL.operations));
    all
}

proptest! {
    #[test]
    fn what_is_written_is_read((at, value) in values::of_any(operations(), TEXTS)) {
        let operation = &operations()[at];
        let written = encode(operation, &value);
        if operation.output.is_some_and(|shape| !shape.members().is_empty()) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok(), "{}", written);
        }
        prop_assert_eq!(decode(operation, written.as_bytes()).unwrap(), value);
    }

    #[test]
    fn any_body_is_read_or_refused(
        at in 0..operations().len(),
        parts in prop::collection::vec(r#"(\{|\}|\[|\]|,|:|"(Tags|Key|MaxResults|Filters)"|"|\\u|null|-?[0-9e.]{1,4}| )"#, 0..24),
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let _ = decode(&operations()[at], parts.concat().as_bytes());
        let _ = decode(&operations()[at], &bytes);
    }
}
