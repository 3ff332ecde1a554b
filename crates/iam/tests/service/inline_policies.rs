use wire::iam::{
    CreateGroupRequest, DeleteUserPolicyRequest, GetGroupPolicyRequest, GetUserPolicyRequest,
    ListUserPoliciesRequest, PutGroupPolicyRequest, PutUserPolicyRequest,
    errors::{LIMIT_EXCEEDED, MALFORMED_POLICY_DOCUMENT, NO_SUCH_ENTITY},
};

use crate::house::{ALLOW_ALL, House, ask, refused, s};

fn put(name: &str, document: &str) -> PutUserPolicyRequest {
    PutUserPolicyRequest { user_name: s("u"), policy_name: s(name), policy_document: s(document) }
}

fn get(name: &str) -> GetUserPolicyRequest {
    GetUserPolicyRequest { user_name: s("u"), policy_name: s(name) }
}

/// A policy of that many characters, white space not counted.
fn sized(chars: usize) -> String {
    let empty = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::"}]}"#;
    let more = "x".repeat(chars - empty.len());
    empty.replace("s3:::", &format!("s3:::{more}"))
}

#[tokio::test]
async fn what_was_put_comes_back_byte_for_byte() {
    let house = House::new().await;
    house.user("u").await;
    let odd = "{\r\n \"Version\": \"2012-10-17\",\t\"Statement\": [{\"Effect\": \"Allow\", \
        \"Action\": \"s3:*\", \"Resource\": \"arn:aws:s3:::b%C3/\u{fc}+~\"}]}\n";
    ask!(house.root(), put_user_policy, put("odd", odd)).unwrap();
    let answer = ask!(house.root(), get_user_policy, get("odd")).unwrap();
    let text = answer.policy_document;
    assert!(!text.contains([' ', '"', '/', '+', '\n']), "{text}");
    assert!(text.contains("%25C3%2F%C3%BC%2B~"), "{text}");
    assert_eq!(decoded(&text), odd);
    ask!(house.root(), put_user_policy, put("odd", ALLOW_ALL)).unwrap();
    let answer = ask!(house.root(), get_user_policy, get("odd")).unwrap();
    assert_eq!(decoded(&answer.policy_document), ALLOW_ALL, "replaced");
    refused(
        ask!(house.root(), get_user_policy, get("none")),
        &NO_SUCH_ENTITY,
        "The user policy with name none cannot be found.",
    );
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().unwrap(), rest.next().unwrap()];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn the_quota_is_for_all_of_a_user_together() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    ask!(root, put_user_policy, put("a", &sized(1000))).unwrap();
    ask!(root, put_user_policy, put("b", &sized(1048))).unwrap();
    ask!(root, put_user_policy, put("b", &format!("{}    \n", sized(1048)))).unwrap();
    refused(
        ask!(root, put_user_policy, put("b", &sized(1049))),
        &LIMIT_EXCEEDED,
        "Maximum policy size of 2048 bytes exceeded for user u",
    );
    ask!(root, create_group, CreateGroupRequest { group_name: s("g"), path: None }).unwrap();
    let put = |document: String| PutGroupPolicyRequest {
        group_name: s("g"),
        policy_name: s("p"),
        policy_document: document,
    };
    ask!(root, put_group_policy, put(sized(5120))).unwrap();
    refused(
        ask!(root, put_group_policy, put(sized(5121))),
        &LIMIT_EXCEEDED,
        "Maximum policy size of 5120 bytes exceeded for group g",
    );
    let get = GetGroupPolicyRequest { group_name: s("g"), policy_name: s("p") };
    assert_eq!(ask!(root, get_group_policy, get).unwrap().group_name, "g");
}

#[tokio::test]
async fn lists_in_pages_and_deletes() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    for name in ["c", "a", "b"] {
        ask!(root, put_user_policy, put(name, ALLOW_ALL)).unwrap();
    }
    let list = |marker| ListUserPoliciesRequest { user_name: s("u"), marker, max_items: Some(2) };
    let first = ask!(root, list_user_policies, list(None)).unwrap();
    assert_eq!((first.policy_names, first.is_truncated), (vec![s("a"), s("b")], Some(true)));
    let rest = ask!(root, list_user_policies, list(first.marker)).unwrap();
    assert_eq!((rest.policy_names, rest.is_truncated), (vec![s("c")], Some(false)));
    let delete = || DeleteUserPolicyRequest { user_name: s("u"), policy_name: s("a") };
    ask!(root, delete_user_policy, delete()).unwrap();
    refused(
        ask!(root, delete_user_policy, delete()),
        &NO_SUCH_ENTITY,
        "The user policy with name a cannot be found.",
    );
}

#[tokio::test]
async fn the_user_is_looked_for_before_the_document_is_read() {
    let house = House::new().await;
    refused(
        ask!(house.root(), put_user_policy, put("p", "{")),
        &NO_SUCH_ENTITY,
        "The user with name u cannot be found.",
    );
    house.user("u").await;
    let malformed = ask!(house.root(), put_user_policy, put("p", "{\"Version\":")).unwrap_err();
    assert!(malformed.is(&MALFORMED_POLICY_DOCUMENT), "{malformed}");
    assert!(malformed.message().starts_with("Syntax errors in policy."), "{malformed}");
}
