use wire::iam::{
    CreatePolicyRequest, ListPolicyTagsRequest, ListUserTagsRequest, Tag, TagPolicyRequest,
    TagUserRequest, UntagPolicyRequest, UntagUserRequest,
    errors::{INVALID_INPUT, LIMIT_EXCEEDED, NO_SUCH_ENTITY},
};

use crate::house::{ALLOW_ALL, House, ask, refused, s};

fn tags(pairs: &[(&str, &str)]) -> Vec<Tag> {
    pairs.iter().map(|(key, value)| Tag { key: s(key), value: s(value) }).collect()
}

fn tag(pairs: &[(&str, &str)]) -> TagUserRequest {
    TagUserRequest { user_name: s("u"), tags: tags(pairs) }
}

fn list() -> ListUserTagsRequest {
    ListUserTagsRequest { user_name: s("u"), ..Default::default() }
}

#[tokio::test]
async fn tags_are_added_replaced_and_taken_off() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    ask!(root, tag_user, tag(&[("b", "2"), ("a", "1")])).unwrap();
    ask!(root, tag_user, tag(&[("B", "3"), ("c", "")])).unwrap();
    let found = ask!(root, list_user_tags, list()).unwrap();
    assert_eq!(found.tags, tags(&[("B", "3"), ("a", "1"), ("c", "")]));
    assert_eq!(found.is_truncated, Some(false));
    let page = |marker| ListUserTagsRequest { marker, max_items: Some(2), ..list() };
    let first = ask!(root, list_user_tags, page(None)).unwrap();
    assert_eq!((first.tags.len(), first.is_truncated), (2, Some(true)));
    let rest = ask!(root, list_user_tags, page(first.marker)).unwrap();
    assert_eq!(rest.tags, tags(&[("c", "")]));
    let untag = UntagUserRequest { user_name: s("u"), tag_keys: vec![s("b"), s("none")] };
    ask!(root, untag_user, untag).unwrap();
    assert_eq!(ask!(root, list_user_tags, list()).unwrap().tags, tags(&[("a", "1"), ("c", "")]));
}

#[tokio::test]
async fn one_bad_tag_fails_them_all() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    refused(
        ask!(root, tag_user, tag(&[("a", "1"), ("A", "2")])),
        &INVALID_INPUT,
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
    assert!(ask!(root, tag_user, tag(&[("ok", "1"), ("aws:x", "2")])).is_err());
    assert!(ask!(root, list_user_tags, list()).unwrap().tags.is_empty());
    let many: Vec<_> = (0..50).map(|number| (format!("k{number}"), s(""))).collect();
    let many: Vec<_> = many.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    ask!(root, tag_user, tag(&many)).unwrap();
    ask!(root, tag_user, tag(&[("K7", "again")])).unwrap();
    refused(
        ask!(root, tag_user, tag(&[("one more", "")])),
        &LIMIT_EXCEEDED,
        "Cannot exceed quota for TagsPerUser: 50",
    );
}

#[tokio::test]
async fn policies_bear_tags_too_but_not_those_of_aws() {
    let house = House::new().await;
    let root = house.root();
    let policy = CreatePolicyRequest {
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
        tags: Some(tags(&[("a", "1")])),
        ..Default::default()
    };
    let policy = ask!(root, create_policy, policy).unwrap().policy.unwrap();
    assert_eq!(policy.tags, Some(tags(&[("a", "1")])));
    let arn = policy.arn.unwrap();
    let tag = |arn: &str| TagPolicyRequest { policy_arn: s(arn), tags: tags(&[("b", "2")]) };
    ask!(root, tag_policy, tag(&arn)).unwrap();
    let untag = UntagPolicyRequest { policy_arn: arn.clone(), tag_keys: vec![s("A")] };
    ask!(root, untag_policy, untag).unwrap();
    let list = |arn: &str| ListPolicyTagsRequest { policy_arn: s(arn), ..Default::default() };
    assert_eq!(ask!(root, list_policy_tags, list(&arn)).unwrap().tags, tags(&[("b", "2")]));
    let aws = "arn:aws:iam::aws:policy/AdministratorAccess";
    assert!(ask!(root, list_policy_tags, list(aws)).unwrap().tags.is_empty());
    assert!(ask!(root, tag_policy, tag(aws)).unwrap_err().is(&wire::errors::ACCESS_DENIED));
    let none = "arn:aws:iam::123456789012:policy/none";
    refused(
        ask!(root, tag_policy, tag(none)),
        &NO_SUCH_ENTITY,
        &format!("Policy {none} was not found."),
    );
}
