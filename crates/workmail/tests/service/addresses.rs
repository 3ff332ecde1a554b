use wire::workmail::{errors::*, *};

use crate::house::{House, ask, refused};

async fn aliases(house: &House, organization: &str, entity: &str) -> Vec<String> {
    let input = ListAliasesRequest {
        organization_id: organization.into(),
        entity_id: entity.into(),
        ..Default::default()
    };
    ask!(house, list_aliases, input).unwrap().aliases.unwrap()
}

async fn primary(
    house: &House,
    organization: &str,
    entity: &str,
    email: &str,
) -> Result<UpdatePrimaryEmailAddressResponse, wire::Error> {
    let input = UpdatePrimaryEmailAddressRequest {
        organization_id: organization.into(),
        entity_id: entity.into(),
        email: email.into(),
    };
    ask!(house, update_primary_email_address, input)
}

fn delete(organization: &str, entity: &str, alias: &str) -> DeleteAliasRequest {
    DeleteAliasRequest {
        organization_id: organization.into(),
        entity_id: entity.into(),
        alias: alias.into(),
    }
}

#[tokio::test]
async fn an_address_has_one_owner() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let staff = house.registered_group(&id, "staff").await;
    house.alias(&id, &ann, "Ann.Lee@example.com").await.unwrap();
    house.alias(&id, &ann, "ann.lee@EXAMPLE.com").await.unwrap();
    let taken = house.alias(&id, &staff, "ANN.lee@example.com").await;
    assert!(refused(taken, &EMAIL_ADDRESS_IN_USE).contains("ANN.lee@example.com"));
    let taken = primary(&house, &id, &staff, "ann@example.com").await;
    refused(taken, &EMAIL_ADDRESS_IN_USE);
    let bob = house.user(&id, "bob").await;
    let taken = house.register(&id, &bob, "ann.lee@example.com").await;
    refused(taken, &EMAIL_ADDRESS_IN_USE);
    assert_eq!(aliases(&house, &id, &ann).await, ["Ann.Lee@example.com"]);
}

#[tokio::test]
async fn the_domain_must_be_ours_and_the_address_sound() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let foreign = house.alias(&id, &ann, "ann@example.org").await;
    assert!(refused(foreign, &MAIL_DOMAIN_NOT_FOUND).contains("example.org"));
    refused(house.alias(&id, &ann, "a..b@example.com").await, &INVALID_PARAMETER);
    let reserved = house.alias(&id, &ann, "amazonjournaling@acme.awsapps.com").await;
    refused(reserved, &EMAIL_ADDRESS_IN_USE);
    house.alias(&id, &ann, "ann@acme.awsapps.com").await.unwrap();
}

#[tokio::test]
async fn primary_and_alias_change_places() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    house.alias(&id, &ann, "lee@example.com").await.unwrap();
    primary(&house, &id, "ann", "LEE@example.com").await.unwrap();
    let shown = house.describe_user(&id, &ann).await.unwrap();
    assert_eq!(shown.email.as_deref(), Some("lee@example.com"));
    assert_eq!(aliases(&house, &id, &ann).await, ["ann@example.com"]);
    primary(&house, &id, &ann, "third@example.com").await.unwrap();
    primary(&house, &id, &ann, "third@example.com").await.unwrap();
    let shown = house.describe_user(&id, "third@example.com").await.unwrap();
    assert_eq!(shown.email.as_deref(), Some("third@example.com"));
    assert_eq!(aliases(&house, &id, &ann).await, ["ann@example.com", "lee@example.com"]);
}

#[tokio::test]
async fn aliases_go_one_by_one_and_the_primary_stays() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let bob = house.registered(&id, "bob").await;
    house.alias(&id, &ann, "lee@example.com").await.unwrap();
    refused(ask!(house, delete_alias, delete(&id, &ann, "ANN@example.com")), &INVALID_PARAMETER);
    ask!(house, delete_alias, delete(&id, &bob, "lee@example.com")).unwrap();
    assert_eq!(aliases(&house, &id, &ann).await.len(), 1, "another's alias is not one's own");
    for _ in 0..2 {
        ask!(house, delete_alias, delete(&id, &ann, "LEE@example.com")).unwrap();
    }
    assert!(aliases(&house, &id, &ann).await.is_empty());
    house.alias(&id, &bob, "lee@example.com").await.unwrap();
}

#[tokio::test]
async fn only_the_enabled_have_addresses() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    house.alias(&id, &ann, "lee@example.com").await.unwrap();
    house.deregister(&id, &ann).await.unwrap();
    assert!(aliases(&house, &id, &ann).await.is_empty());
    refused(house.alias(&id, &ann, "lee@example.com").await, &ENTITY_STATE);
    refused(ask!(house, delete_alias, delete(&id, &ann, "lee@example.com")), &ENTITY_STATE);
    refused(primary(&house, &id, &ann, "lee@example.com").await, &ENTITY_STATE);
    let bob = house.registered(&id, "bob").await;
    house.alias(&id, &bob, "ann@example.com").await.unwrap();
    house.alias(&id, &bob, "lee@example.com").await.unwrap();
}

#[tokio::test]
async fn aliases_are_limited() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    for n in 0..100 {
        house.alias(&id, &ann, &format!("a{n}@example.com")).await.unwrap();
    }
    refused(house.alias(&id, &ann, "b@example.com").await, &LIMIT_EXCEEDED);
    let new = primary(&house, &id, &ann, "b@example.com").await;
    assert!(
        refused(new, &INVALID_PARAMETER).contains("100 aliases"),
        "the error is a declared one"
    );
    primary(&house, &id, &ann, "a7@example.com").await.unwrap();
}
