use wire::workmail::{errors::*, *};

use crate::house::{ACCOUNT, House, OTHER_ACCOUNT, ask, refused};

fn arn(organization: &str) -> String {
    format!("arn:aws:workmail:us-east-1:{ACCOUNT}:organization/{organization}")
}

fn tag(arn: &str, tags: &[(&str, &str)]) -> TagResourceRequest {
    let tag = |(key, value): &(&str, &str)| Tag { key: (*key).into(), value: (*value).into() };
    TagResourceRequest { resource_arn: arn.into(), tags: tags.iter().map(tag).collect() }
}

fn untag(arn: &str, keys: &[&str]) -> UntagResourceRequest {
    UntagResourceRequest {
        resource_arn: arn.into(),
        tag_keys: keys.iter().map(|key| (*key).into()).collect(),
    }
}

fn list(arn: &str) -> ListTagsForResourceRequest {
    ListTagsForResourceRequest { resource_arn: arn.into() }
}

#[tokio::test]
async fn tags_are_merged_listed_and_removed() {
    let (house, id) = House::with_organization().await;
    let arn = arn(&id);
    ask!(house, tag_resource, tag(&arn, &[("b", "1"), ("a", "1")])).unwrap();
    ask!(house, tag_resource, tag(&arn, &[("b", "2"), ("c", "")])).unwrap();
    ask!(house, untag_resource, untag(&arn, &["c", "never"])).unwrap();
    let tags = ask!(house, list_tags_for_resource, list(&arn)).unwrap().tags.unwrap();
    let tags: Vec<_> = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    assert_eq!(tags, [("a", "1"), ("b", "2")]);
}

#[tokio::test]
async fn tags_are_limited_and_some_keys_reserved() {
    let (house, id) = House::with_organization().await;
    let arn = arn(&id);
    let keys: Vec<String> = (0..50).map(|n| format!("k{n}")).collect();
    let fifty: Vec<_> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    ask!(house, tag_resource, tag(&arn, &fifty)).unwrap();
    ask!(house, tag_resource, tag(&arn, &[("k7", "w")])).unwrap();
    refused(ask!(house, tag_resource, tag(&arn, &[("k50", "v")])), &TOO_MANY_TAGS);
    refused(ask!(house, tag_resource, tag(&arn, &[("AWS:x", "v")])), &INVALID_PARAMETER);
    let twice = tag(&arn, &[("k1", "v"), ("k1", "w")]);
    refused(ask!(house, tag_resource, twice), &INVALID_PARAMETER);
    let tags = ask!(house, list_tags_for_resource, list(&arn)).unwrap().tags.unwrap();
    assert_eq!(tags.len(), 50, "what was refused changed nothing");
}

#[tokio::test]
async fn only_organizations_of_ones_own_are_tagged() {
    let (house, id) = House::with_organization().await;
    let mine = arn(&id);
    for bad in [mine.replace("m-", "m-f"), mine.replace("us-east-1", "eu-west-1"), "x".into()] {
        refused(ask!(house, tag_resource, tag(&bad, &[("a", "b")])), &RESOURCE_NOT_FOUND);
        refused(ask!(house, untag_resource, untag(&bad, &["a"])), &RESOURCE_NOT_FOUND);
        refused(ask!(house, list_tags_for_resource, list(&bad)), &RESOURCE_NOT_FOUND);
    }
    let others = house.calls_of(OTHER_ACCOUNT);
    let theirs = mine.replace(ACCOUNT, OTHER_ACCOUNT);
    for arn in [&mine, &theirs] {
        let foreign = ask!(house, &others, list_tags_for_resource, list(arn));
        refused(foreign, &RESOURCE_NOT_FOUND);
    }
    house.delete_organization(&id, false).await.unwrap();
    refused(ask!(house, tag_resource, tag(&mine, &[("a", "b")])), &ORGANIZATION_STATE);
    refused(ask!(house, list_tags_for_resource, list(&mine)), &RESOURCE_NOT_FOUND);
}
