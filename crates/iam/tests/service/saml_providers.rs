use wire::{
    errors::VALIDATION,
    iam::{
        AssertionEncryptionModeType as Mode, CreateSAMLProviderRequest, DeleteSAMLProviderRequest,
        GetSAMLProviderRequest, GetSAMLProviderResponse, ListSAMLProviderTagsRequest,
        ListSAMLProvidersRequest, Tag, TagSAMLProviderRequest, UntagSAMLProviderRequest,
        UpdateSAMLProviderRequest,
        errors::{ENTITY_ALREADY_EXISTS, INVALID_INPUT, LIMIT_EXCEEDED, NO_SUCH_ENTITY},
    },
};
use world::Timestamp;

use crate::house::{House, ask, refused, s};

const ARN: &str = "arn:aws:iam::123456789012:saml-provider/Okta";
const METADATA: &str = include_str!("../../../federation/tests/documents/rsa-metadata.xml");
const OTHER_METADATA: &str = include_str!("../../../federation/tests/documents/p384-metadata.xml");
const KEY: &str = include_str!("../../../federation/tests/documents/private-key.pem");

fn new() -> CreateSAMLProviderRequest {
    CreateSAMLProviderRequest {
        name: s("Okta"),
        saml_metadata_document: s(METADATA),
        ..Default::default()
    }
}

fn update() -> UpdateSAMLProviderRequest {
    UpdateSAMLProviderRequest { saml_provider_arn: s(ARN), ..Default::default() }
}

fn add_key() -> UpdateSAMLProviderRequest {
    UpdateSAMLProviderRequest { add_private_key: Some(KEY.into()), ..update() }
}

async fn get(house: &House) -> GetSAMLProviderResponse {
    let input = GetSAMLProviderRequest { saml_provider_arn: s(ARN) };
    ask!(house.root(), get_saml_provider, input).unwrap()
}

#[tokio::test]
async fn a_provider_is_made_shown_changed_and_deleted() {
    let house = House::new().await;
    let root = house.root();
    let made = ask!(root, create_saml_provider, new()).unwrap();
    assert_eq!((made.saml_provider_arn.as_deref(), made.tags), (Some(ARN), None));
    let shown = get(&house).await;
    assert_eq!(shown.saml_metadata_document.as_deref(), Some(METADATA));
    assert_eq!(shown.assertion_encryption_mode, Some(Mode::Allowed));
    assert_eq!((shown.private_key_list, shown.tags), (Some(vec![]), Some(vec![])));
    assert_eq!(shown.create_date, Some(house.world.now()));
    assert!(shown.valid_until > shown.create_date);
    assert_eq!(shown.saml_provider_uuid.unwrap().len(), 22);
    let again = ask!(root, create_saml_provider, new());
    refused(again, &ENTITY_ALREADY_EXISTS, "Provider with name Okta already exists.");

    let until = OTHER_METADATA.replace("entityID", "validUntil=\"2030-01-01T00:00:00Z\" entityID");
    let change = UpdateSAMLProviderRequest { saml_metadata_document: Some(until), ..update() };
    let changed = ask!(root, update_saml_provider, change).unwrap();
    assert_eq!(changed.saml_provider_arn.as_deref(), Some(ARN));
    let until = Some(Timestamp::from_seconds(1_893_456_000));
    assert_eq!(get(&house).await.valid_until, until);
    let listed = ask!(root, list_saml_providers, ListSAMLProvidersRequest::default()).unwrap();
    let listed = listed.saml_provider_list.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].arn.as_deref(), listed[0].valid_until), (Some(ARN), until));

    let message = format!("Manifest not found for arn {ARN}");
    let delete = || DeleteSAMLProviderRequest { saml_provider_arn: s(ARN) };
    let stranger = house.neighbour().await;
    refused(ask!(stranger, delete_saml_provider, delete()), &NO_SUCH_ENTITY, &message);
    ask!(root, delete_saml_provider, delete()).unwrap();
    refused(ask!(root, delete_saml_provider, delete()), &NO_SUCH_ENTITY, &message);
    refused(ask!(root, update_saml_provider, add_key()), &NO_SUCH_ENTITY, &message);
}

#[tokio::test]
async fn metadata_must_be_an_identity_providers() {
    let house = House::new().await;
    let root = house.root();
    let message = "Could not parse metadata";
    for text in
        ["a".repeat(1024), METADATA.replace("IDPSSO", "SPSSO"), METADATA.replace("MII", "MIJ")]
    {
        let bad = CreateSAMLProviderRequest { saml_metadata_document: text, ..new() };
        refused(ask!(root, create_saml_provider, bad), &INVALID_INPUT, message);
    }
    ask!(root, create_saml_provider, new()).unwrap();
    let bad =
        UpdateSAMLProviderRequest { saml_metadata_document: Some("a".repeat(1024)), ..update() };
    refused(ask!(root, update_saml_provider, bad), &INVALID_INPUT, message);
    assert_eq!(get(&house).await.saml_metadata_document.as_deref(), Some(METADATA));
    let bad = GetSAMLProviderRequest { saml_provider_arn: s("Okta is not its ARN here") };
    assert!(ask!(root, get_saml_provider, bad).unwrap_err().is(&VALIDATION));
}

#[tokio::test]
async fn two_private_keys_at_most_and_one_where_encryption_is_required() {
    let house = House::new().await;
    let root = house.root();
    let no_key =
        "Unable to set assertion encryption mode to Required because no private key is provided.";
    let required =
        CreateSAMLProviderRequest { assertion_encryption_mode: Some(Mode::Required), ..new() };
    refused(ask!(root, create_saml_provider, required.clone()), &INVALID_INPUT, no_key);
    let with_key = CreateSAMLProviderRequest { add_private_key: Some(KEY.into()), ..required };
    ask!(root, create_saml_provider, with_key).unwrap();
    ask!(root, update_saml_provider, add_key()).unwrap();
    let third = ask!(root, update_saml_provider, add_key());
    refused(third, &LIMIT_EXCEEDED, "Private key limit of 2 is reached.");
    let keys = get(&house).await.private_key_list.unwrap();
    assert_eq!(keys.len(), 2);
    let remove =
        |id: &str| UpdateSAMLProviderRequest { remove_private_key: Some(s(id)), ..update() };
    let ids: Vec<_> = keys.into_iter().filter_map(|key| key.key_id).collect();
    ask!(root, update_saml_provider, remove(&ids[0])).unwrap();
    let unknown = ask!(root, update_saml_provider, remove(&ids[0]));
    let message = "Failed to remove private key because the Key ID does not match a private key.";
    refused(unknown, &INVALID_INPUT, message);
    refused(ask!(root, update_saml_provider, remove(&ids[1])), &INVALID_INPUT, no_key);
    let both = UpdateSAMLProviderRequest {
        assertion_encryption_mode: Some(Mode::Allowed),
        ..remove(&ids[1])
    };
    ask!(root, update_saml_provider, both).unwrap();
    let shown = get(&house).await;
    assert_eq!(shown.assertion_encryption_mode, Some(Mode::Allowed));
    assert_eq!(shown.private_key_list, Some(vec![]));
}

#[tokio::test]
async fn an_update_must_say_what_and_not_two_things() {
    let house = House::new().await;
    let root = house.root();
    ask!(root, create_saml_provider, new()).unwrap();
    let nothing = ask!(root, update_saml_provider, update()).unwrap_err();
    assert!(nothing.message().starts_with("Unable to update identity provider."), "{nothing}");
    let both = UpdateSAMLProviderRequest { remove_private_key: Some("A".repeat(22)), ..add_key() };
    let both = ask!(root, update_saml_provider, both).unwrap_err();
    assert!(both.message().starts_with("Unable to add and remove private keys"), "{both}");
    let bad = UpdateSAMLProviderRequest { add_private_key: Some("no key".into()), ..update() };
    refused(ask!(root, update_saml_provider, bad), &INVALID_INPUT, "Invalid private key.");
}

#[tokio::test]
async fn tags_come_and_go() {
    let house = House::new().await;
    let root = house.root();
    let tags = vec![Tag { key: s("a"), value: s("1") }];
    let tagged = CreateSAMLProviderRequest { tags: Some(tags.clone()), ..new() };
    assert_eq!(ask!(root, create_saml_provider, tagged).unwrap().tags, Some(tags.clone()));
    let more = vec![Tag { key: s("b"), value: s("2") }];
    let tag = TagSAMLProviderRequest { saml_provider_arn: s(ARN), tags: more.clone() };
    ask!(root, tag_saml_provider, tag).unwrap();
    assert_eq!(get(&house).await.tags, Some([tags, more.clone()].concat()));
    let untag = UntagSAMLProviderRequest { saml_provider_arn: s(ARN), tag_keys: vec![s("A")] };
    ask!(root, untag_saml_provider, untag).unwrap();
    let list = ListSAMLProviderTagsRequest { saml_provider_arn: s(ARN), ..Default::default() };
    assert_eq!(ask!(root, list_saml_provider_tags, list).unwrap().tags, more);
}
