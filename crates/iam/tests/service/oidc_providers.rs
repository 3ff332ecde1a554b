use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    iam::{
        AddClientIDToOpenIDConnectProviderRequest, CreateOpenIDConnectProviderRequest,
        DeleteOpenIDConnectProviderRequest, GetOpenIDConnectProviderRequest,
        GetOpenIDConnectProviderResponse, ListOpenIDConnectProviderTagsRequest,
        ListOpenIDConnectProvidersRequest, PutUserPolicyRequest,
        RemoveClientIDFromOpenIDConnectProviderRequest, Tag, TagOpenIDConnectProviderRequest,
        UntagOpenIDConnectProviderRequest, UpdateOpenIDConnectProviderThumbprintRequest,
        errors::{ENTITY_ALREADY_EXISTS, INVALID_INPUT, LIMIT_EXCEEDED, NO_SUCH_ENTITY},
    },
};

use crate::house::{House, ask, refused, s};

const ARN: &str = "arn:aws:iam::123456789012:oidc-provider/idp.example.com/Path";
const THUMBPRINT: &str = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280";

fn new(url: &str) -> CreateOpenIDConnectProviderRequest {
    CreateOpenIDConnectProviderRequest {
        url: s(url),
        client_id_list: Some(vec![s("app")]),
        thumbprint_list: Some(vec![s(THUMBPRINT)]),
        tags: None,
    }
}

async fn create(house: &House) {
    ask!(house.root(), create_open_id_connect_provider, new("https://idp.example.com/Path"))
        .unwrap();
}

async fn get(house: &House) -> GetOpenIDConnectProviderResponse {
    let input = GetOpenIDConnectProviderRequest { open_id_connect_provider_arn: s(ARN) };
    ask!(house.root(), get_open_id_connect_provider, input).unwrap()
}

#[tokio::test]
async fn a_provider_is_made_shown_listed_and_deleted() {
    let house = House::new().await;
    let root = house.root();
    let made = ask!(root, create_open_id_connect_provider, new("https://idp.example.com/Path"));
    let made = made.unwrap();
    assert_eq!((made.open_id_connect_provider_arn.as_deref(), made.tags), (Some(ARN), None));
    let shown = get(&house).await;
    assert_eq!(shown.url.as_deref(), Some("idp.example.com/Path"));
    assert_eq!(shown.client_id_list, Some(vec![s("app")]));
    assert_eq!(shown.thumbprint_list, Some(vec![s(THUMBPRINT)]));
    assert_eq!(shown.tags, Some(vec![]));
    assert_eq!(shown.create_date, Some(house.world.now()));
    let again = ask!(root, create_open_id_connect_provider, new("https://idp.example.com/Path"));
    let message = "Provider with url https://idp.example.com/Path already exists.";
    refused(again, &ENTITY_ALREADY_EXISTS, message);
    // The path is of another case, and so of another issuer.
    ask!(root, create_open_id_connect_provider, new("https://idp.example.com/path")).unwrap();
    let list = || ListOpenIDConnectProvidersRequest::default();
    let listed = ask!(root, list_open_id_connect_providers, list()).unwrap();
    assert_eq!(listed.open_id_connect_provider_list.unwrap().len(), 2);
    let stranger = house.neighbour().await;
    let listed = ask!(stranger, list_open_id_connect_providers, list()).unwrap();
    assert_eq!(listed.open_id_connect_provider_list, Some(vec![]));

    let delete = || DeleteOpenIDConnectProviderRequest { open_id_connect_provider_arn: s(ARN) };
    let message = format!("OpenId connect Provider {ARN} cannot be found.");
    let foreign = ask!(stranger, delete_open_id_connect_provider, delete());
    refused(foreign, &NO_SUCH_ENTITY, &message);
    ask!(root, delete_open_id_connect_provider, delete()).unwrap();
    let twice = ask!(root, delete_open_id_connect_provider, delete());
    refused(twice, &NO_SUCH_ENTITY, &message);
    let gone = GetOpenIDConnectProviderRequest { open_id_connect_provider_arn: s(ARN) };
    let gone = ask!(root, get_open_id_connect_provider, gone);
    let message = format!("OpenIDConnect Provider not found for arn {ARN}");
    refused(gone, &NO_SUCH_ENTITY, &message);
}

#[tokio::test]
async fn clients_come_and_go_without_complaint() {
    let house = House::new().await;
    let root = house.root();
    create(&house).await;
    let add = |client: &str| AddClientIDToOpenIDConnectProviderRequest {
        open_id_connect_provider_arn: s(ARN),
        client_id: s(client),
    };
    let remove = |client: &str| RemoveClientIDFromOpenIDConnectProviderRequest {
        open_id_connect_provider_arn: s(ARN),
        client_id: s(client),
    };
    for client in ["zebra", "ant", "zebra"] {
        ask!(root, add_client_id_to_open_id_connect_provider, add(client)).unwrap();
    }
    let clients = Some(vec![s("app"), s("zebra"), s("ant")]);
    assert_eq!(get(&house).await.client_id_list, clients, "in the order in which they came");
    for client in ["app", "never"] {
        ask!(root, remove_client_id_from_open_id_connect_provider, remove(client)).unwrap();
    }
    assert_eq!(get(&house).await.client_id_list, Some(vec![s("zebra"), s("ant")]));
    for number in 0..98 {
        let client = add(&format!("client-{number}"));
        ask!(root, add_client_id_to_open_id_connect_provider, client).unwrap();
    }
    let message = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100";
    let over = ask!(root, add_client_id_to_open_id_connect_provider, add("over"));
    refused(over, &LIMIT_EXCEEDED, message);
    ask!(root, add_client_id_to_open_id_connect_provider, add("ant")).unwrap();
    let many = (0..101).map(|number| number.to_string()).collect();
    let many = CreateOpenIDConnectProviderRequest {
        client_id_list: Some(many),
        ..new("https://idp.example.com/many")
    };
    refused(ask!(root, create_open_id_connect_provider, many), &LIMIT_EXCEEDED, message);
}

#[tokio::test]
async fn thumbprints_are_five_of_hexadecimal_digits() {
    let house = House::new().await;
    let root = house.root();
    create(&house).await;
    let update = |list: Vec<String>| UpdateOpenIDConnectProviderThumbprintRequest {
        open_id_connect_provider_arn: s(ARN),
        thumbprint_list: list,
    };
    let five: Vec<_> = "ABCDE".chars().map(|digit| digit.to_string().repeat(40)).collect();
    ask!(root, update_open_id_connect_provider_thumbprint, update(five.clone())).unwrap();
    let kept = get(&house).await.thumbprint_list.unwrap();
    assert_eq!(kept.first(), Some(&"a".repeat(40)));
    assert_eq!(kept.len(), 5);
    let six = [five, vec!["f".repeat(40)]].concat();
    let message = "Thumbprint list must contain fewer than 5 entries.";
    let six = ask!(root, update_open_id_connect_provider_thumbprint, update(six));
    refused(six, &INVALID_INPUT, message);
    let text = ask!(root, update_open_id_connect_provider_thumbprint, update(vec!["g".repeat(40)]));
    assert!(text.unwrap_err().is(&INVALID_INPUT));
}

#[tokio::test]
async fn what_is_no_provider_is_refused() {
    let house = House::new().await;
    let root = house.root();
    let port = ask!(root, create_open_id_connect_provider, new("https://idp.example.com:8443"));
    refused(port, &VALIDATION, "Invalid Open ID Connect Provider URL");
    for (arn, kind) in [
        ("not an arn at all....", &VALIDATION),
        ("arn:aws:iam::123456789012:saml-provider/x", &INVALID_INPUT),
        ("arn:aws:iam::123456789012:oidc-provider/", &INVALID_INPUT),
        ("arn:aws:iam::123456789012:oidc-provider/none", &NO_SUCH_ENTITY),
    ] {
        let input = GetOpenIDConnectProviderRequest { open_id_connect_provider_arn: s(arn) };
        let error = ask!(root, get_open_id_connect_provider, input).unwrap_err();
        assert!(error.is(kind), "{arn}: {error}");
    }
}

#[tokio::test]
async fn tags_are_kept_and_bounded() {
    let house = House::new().await;
    let root = house.root();
    create(&house).await;
    let tag = |keys: std::ops::Range<u32>| TagOpenIDConnectProviderRequest {
        open_id_connect_provider_arn: s(ARN),
        tags: keys.map(|key| Tag { key: format!("k{key:02}"), value: s("v") }).collect(),
    };
    ask!(root, tag_open_id_connect_provider, tag(0..50)).unwrap();
    let over = ask!(root, tag_open_id_connect_provider, tag(50..51));
    refused(over, &LIMIT_EXCEEDED, "The number of tags has reached the maximum limit.");
    let untag = UntagOpenIDConnectProviderRequest {
        open_id_connect_provider_arn: s(ARN),
        tag_keys: (1..50).map(|key| format!("k{key:02}")).collect(),
    };
    ask!(root, untag_open_id_connect_provider, untag).unwrap();
    let list = ListOpenIDConnectProviderTagsRequest {
        open_id_connect_provider_arn: s(ARN),
        ..Default::default()
    };
    let tags = ask!(root, list_open_id_connect_provider_tags, list).unwrap();
    assert_eq!((tags.tags.len(), tags.is_truncated), (1, Some(false)));
    let delete = DeleteOpenIDConnectProviderRequest { open_id_connect_provider_arn: s(ARN) };
    ask!(root, delete_open_id_connect_provider, delete).unwrap();
    create(&house).await;
    assert_eq!(get(&house).await.tags, Some(vec![]), "a namesake has no tags of the former");
}

#[tokio::test]
async fn a_policy_decides_by_arn_and_tag() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    create(&house).await;
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*OpenIDConnect*",
        "Resource":"arn:aws:iam::*:oidc-provider/idp.example.com/*",
        "Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}]}"#;
    let policy = PutUserPolicyRequest {
        user_name: s("alice"),
        policy_name: s("p"),
        policy_document: s(document),
    };
    ask!(house.root(), put_user_policy, policy).unwrap();
    let get = || GetOpenIDConnectProviderRequest { open_id_connect_provider_arn: s(ARN) };
    let calls = house.calls_by(&alice);
    let untagged = ask!(calls, get_open_id_connect_provider, get()).unwrap_err();
    assert!(untagged.is(&ACCESS_DENIED), "{untagged}");
    let tag = TagOpenIDConnectProviderRequest {
        open_id_connect_provider_arn: s(ARN),
        tags: vec![Tag { key: s("team"), value: s("a") }],
    };
    ask!(house.root(), tag_open_id_connect_provider, tag).unwrap();
    ask!(calls, get_open_id_connect_provider, get()).unwrap();
}
