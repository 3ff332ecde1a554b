use std::time::Duration;

use wire::workmail::{errors::*, *};
use workmail::{AccessAction, Recipient, SignIn, resolve};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn room(organization: &str, name: &str) -> CreateResourceRequest {
    CreateResourceRequest {
        organization_id: organization.into(),
        name: name.into(),
        r#type: ResourceType::Room,
        description: Some("with a view".into()),
        hidden_from_global_address_list: None,
    }
}

fn named(organization: &str, resource: &str) -> DescribeResourceRequest {
    DescribeResourceRequest { organization_id: organization.into(), resource_id: resource.into() }
}

fn update(organization: &str, resource: &str) -> UpdateResourceRequest {
    UpdateResourceRequest {
        organization_id: organization.into(),
        resource_id: resource.into(),
        ..Default::default()
    }
}

fn accepting(organization: &str, resource: &str, accept: bool) -> UpdateResourceRequest {
    let options = BookingOptions { auto_accept_requests: Some(accept), ..Default::default() };
    UpdateResourceRequest { booking_options: Some(options), ..update(organization, resource) }
}

fn delete(organization: &str, resource: &str) -> DeleteResourceRequest {
    DeleteResourceRequest { organization_id: organization.into(), resource_id: resource.into() }
}

fn delegate(
    organization: &str,
    resource: &str,
    entity: &str,
) -> AssociateDelegateToResourceRequest {
    AssociateDelegateToResourceRequest {
        organization_id: organization.into(),
        resource_id: resource.into(),
        entity_id: entity.into(),
    }
}

fn dismissal(
    organization: &str,
    resource: &str,
    entity: &str,
) -> DisassociateDelegateFromResourceRequest {
    DisassociateDelegateFromResourceRequest {
        organization_id: organization.into(),
        resource_id: resource.into(),
        entity_id: entity.into(),
    }
}

fn delegates(organization: &str, resource: &str) -> ListResourceDelegatesRequest {
    ListResourceDelegatesRequest {
        organization_id: organization.into(),
        resource_id: resource.into(),
        ..Default::default()
    }
}

async fn create(house: &House, organization: &str, name: &str) -> String {
    ask!(house, create_resource, room(organization, name)).unwrap().resource_id.unwrap()
}

async fn delegate_ids(house: &House, organization: &str, resource: &str) -> Vec<String> {
    let listed = ask!(house, list_resource_delegates, delegates(organization, resource)).unwrap();
    listed.delegates.unwrap().into_iter().map(|delegate| delegate.id).collect()
}

#[tokio::test]
async fn a_new_resource_has_the_booking_options_of_aws() {
    let (house, id) = House::with_organization().await;
    let hall = create(&house, &id, "Hall").await;
    assert!(hall.starts_with("r-") && hall.len() == 34, "{hall}");
    let shown = ask!(house, describe_resource, named(&id, "hall")).unwrap();
    assert_eq!(shown.resource_id.as_ref(), Some(&hall));
    assert_eq!(
        (shown.state, shown.r#type),
        (Some(EntityState::Disabled), Some(ResourceType::Room))
    );
    assert_eq!((shown.email, shown.enabled_date), (None, None));
    assert_eq!(shown.hidden_from_global_address_list, Some(false));
    assert_eq!(shown.description.unwrap().expose(), "with a view");
    let expected = BookingOptions {
        auto_accept_requests: Some(true),
        auto_decline_recurring_requests: Some(false),
        auto_decline_conflicting_requests: Some(true),
    };
    assert_eq!(shown.booking_options, Some(expected));
}

#[tokio::test]
async fn names_are_of_one_pool() {
    let (house, id) = House::with_organization().await;
    house.user(&id, "ann").await;
    house.group(&id, "staff").await;
    let hall = create(&house, &id, "hall").await;
    create(&house, &id, "attic").await;
    for taken in ["ANN", "staff", "hall"] {
        refused(ask!(house, create_resource, room(&id, taken)), &NAME_AVAILABILITY);
    }
    refused(ask!(house, create_resource, room(&id, "amazonjournaling")), &RESERVED_NAME);
    refused(ask!(house, create_user, House::user_request(&id, "Hall")), &NAME_AVAILABILITY);

    let rename =
        |name: &str| UpdateResourceRequest { name: Some(name.into()), ..update(&id, &hall) };
    refused(ask!(house, update_resource, rename("Attic")), &NAME_AVAILABILITY);
    ask!(house, update_resource, rename("HALL")).unwrap();
    ask!(house, update_resource, rename("cellar")).unwrap();
    create(&house, &id, "hall").await;
    let shown = ask!(house, describe_resource, named(&id, "cellar")).unwrap();
    assert_eq!(shown.resource_id, Some(hall));
    // what is of another kind is not found as a resource
    refused(ask!(house, describe_resource, named(&id, "ann")), &ENTITY_NOT_FOUND);
}

#[tokio::test]
async fn an_update_leaves_what_it_does_not_name() {
    let (house, id) = House::with_organization().await;
    let hall = create(&house, &id, "hall").await;
    let booking =
        BookingOptions { auto_decline_recurring_requests: Some(true), ..Default::default() };
    let input = UpdateResourceRequest {
        booking_options: Some(booking),
        r#type: Some(ResourceType::Equipment),
        hidden_from_global_address_list: Some(true),
        ..update(&id, &hall)
    };
    ask!(house, update_resource, input).unwrap();
    let shown = ask!(house, describe_resource, named(&id, &hall)).unwrap();
    assert_eq!(shown.r#type, Some(ResourceType::Equipment));
    assert_eq!(shown.hidden_from_global_address_list, Some(true));
    assert_eq!(shown.description.unwrap().expose(), "with a view");
    let booking = shown.booking_options.unwrap();
    assert_eq!(booking.auto_accept_requests, Some(true));
    assert_eq!(booking.auto_decline_recurring_requests, Some(true));
    assert_eq!(booking.auto_decline_conflicting_requests, Some(true));

    let input = UpdateResourceRequest { description: Some("".into()), ..update(&id, &hall) };
    ask!(house, update_resource, input).unwrap();
    let shown = ask!(house, describe_resource, named(&id, &hall)).unwrap();
    assert!(shown.description.is_none());
}

#[tokio::test]
async fn somebody_always_answers_requests() {
    let (house, id) = House::with_organization().await;
    let hall = create(&house, &id, "hall").await;
    let [ann, staff] = [house.user(&id, "ann").await, house.group(&id, "staff").await];
    refused(ask!(house, update_resource, accepting(&id, &hall, false)), &INVALID_CONFIGURATION);

    for entity in ["ann", &ann, &staff] {
        ask!(house, associate_delegate_to_resource, delegate(&id, "hall", entity)).unwrap();
    }
    assert_eq!(delegate_ids(&house, &id, &hall).await, [ann.as_str(), staff.as_str()]);
    ask!(house, update_resource, accepting(&id, &hall, false)).unwrap();
    let dismiss = |entity: &str| dismissal(&id, &hall, entity);
    ask!(house, disassociate_delegate_from_resource, dismiss(&ann)).unwrap();
    ask!(house, disassociate_delegate_from_resource, dismiss(&ann)).unwrap();
    let last = ask!(house, disassociate_delegate_from_resource, dismiss("staff"));
    assert!(refused(last, &ENTITY_STATE).contains("staff"));
    assert_eq!(delegate_ids(&house, &id, &hall).await, [staff.as_str()], "nothing was changed");
    ask!(house, update_resource, accepting(&id, &hall, true)).unwrap();
    ask!(house, disassociate_delegate_from_resource, dismiss("staff")).unwrap();
}

#[tokio::test]
async fn delegates_are_users_and_groups_that_live() {
    let (house, id) = House::with_organization().await;
    let hall = create(&house, &id, "hall").await;
    create(&house, &id, "attic").await;
    let ann = house.user(&id, "ann").await;
    for unknown in ["nobody", "attic"] {
        let input = delegate(&id, &hall, unknown);
        refused(ask!(house, associate_delegate_to_resource, input), &ENTITY_NOT_FOUND);
    }
    refused(
        ask!(house, associate_delegate_to_resource, delegate(&id, "ann", "ann")),
        &ENTITY_NOT_FOUND,
    );
    ask!(house, associate_delegate_to_resource, delegate(&id, &hall, &ann)).unwrap();
    house.delete_user(&id, &ann).await.unwrap();
    assert!(delegate_ids(&house, &id, &hall).await.is_empty());
    let again = ask!(house, associate_delegate_to_resource, delegate(&id, &hall, &ann));
    refused(again, &ENTITY_STATE);
    let another = house.organization("next").await;
    let bob = house.user(&another, "bob").await;
    let stranger = ask!(house, associate_delegate_to_resource, delegate(&id, &hall, &bob));
    refused(stranger, &ENTITY_NOT_FOUND);
}

#[tokio::test]
async fn a_registered_resource_gets_mail_but_nobody_signs_in() {
    let (house, id) = House::with_organization().await;
    let hall = create(&house, &id, "hall").await;
    house.register(&id, &hall, "hall@example.com").await.unwrap();
    house.alias(&id, &hall, "big-hall@example.com").await.unwrap();
    let input = UpdatePrimaryEmailAddressRequest {
        organization_id: id.clone(),
        entity_id: hall.clone(),
        email: "big-hall@example.com".into(),
    };
    ask!(house, update_primary_email_address, input).unwrap();
    let input =
        DescribeEntityRequest { organization_id: id.clone(), email: "hall@example.com".into() };
    let shown = ask!(house, describe_entity, input).unwrap();
    assert_eq!(shown.r#type, Some(EntityType::Resource));

    let mut snapshot = house.store.read().await.unwrap();
    let found = resolve(&mut snapshot, "hall+tuesday@example.com").await.unwrap();
    let Recipient::Resource(owner) = found else { panic!("{found:?}") };
    assert_eq!(
        (owner.id.as_str(), owner.address.as_str()),
        (hall.as_str(), "big-hall@example.com")
    );
    drop(snapshot);
    let reset = house.set_password(&id, &hall, crate::house::PASSWORD).await;
    refused(reset, &ENTITY_NOT_FOUND);
    let door = workmail::Authenticator::new(house.store.clone(), &house.world);
    let password = world::Secret::new(crate::house::PASSWORD);
    let peer = "192.0.2.1".parse().unwrap();
    let tried = door.authenticate("big-hall@example.com", &password, AccessAction::Imap, peer);
    assert!(matches!(tried.await.unwrap(), SignIn::Wrong));
}

#[tokio::test]
async fn the_mailbox_of_a_resource_waits_thirty_days() {
    let (house, id) = House::with_organization().await;
    let hall = create(&house, &id, "hall").await;
    house.register(&id, &hall, "hall@example.com").await.unwrap();
    refused(ask!(house, delete_resource, delete(&id, &hall)), &ENTITY_STATE);
    let mailbox = async || {
        let mut snapshot = house.store.read().await.unwrap();
        mailbox::mailboxes::find(&mut snapshot, &hall).await.unwrap()
    };
    let first = mailbox().await.unwrap();
    house.deregister(&id, &hall).await.unwrap();
    house.clock.advance(29 * DAY);
    house.register(&id, &hall, "hall@example.com").await.unwrap();
    let restored = mailbox().await.unwrap();
    assert_eq!((restored.id, restored.is_active()), (first.id, true));

    house.deregister(&id, &hall).await.unwrap();
    ask!(house, delete_resource, delete(&id, "hall")).unwrap();
    ask!(house, delete_resource, delete(&id, &hall)).unwrap();
    let shown = ask!(house, describe_resource, named(&id, &hall)).unwrap();
    assert_eq!(shown.state, Some(EntityState::Deleted));
    refused(ask!(house, update_resource, update(&id, &hall)), &ENTITY_STATE);
    refused(ask!(house, list_resource_delegates, delegates(&id, &hall)), &ENTITY_STATE);
    house.clock.advance(30 * DAY);
    mailbox::mailboxes::purge_expired(&house.store, house.world.now(), 100).await.unwrap();
    assert_eq!(mailbox().await, None);
}

#[tokio::test]
async fn resources_are_listed_in_pages_and_by_one_filter() {
    let (house, id) = House::with_organization().await;
    house.registered(&id, "room").await;
    for name in ["room-2", "room-1", "hall"] {
        create(&house, &id, name).await;
    }
    house.register(&id, "hall", "hall@example.com").await.unwrap();
    let list = |filters: ListResourcesFilters| ListResourcesRequest {
        organization_id: id.clone(),
        filters: Some(filters),
        ..Default::default()
    };
    let names = async |input| -> Vec<String> {
        let listed = ask!(house, list_resources, input).unwrap().resources.unwrap();
        listed.into_iter().filter_map(|resource| resource.name).collect()
    };
    let filters = ListResourcesFilters::default();
    assert_eq!(names(list(filters.clone())).await, ["hall", "room-1", "room-2"]);
    let by_name = ListResourcesFilters { name_prefix: Some("ROOM".into()), ..filters.clone() };
    assert_eq!(names(list(by_name.clone())).await, ["room-1", "room-2"]);
    let by_state = ListResourcesFilters { state: Some(EntityState::Enabled), ..filters.clone() };
    assert_eq!(names(list(by_state)).await, ["hall"]);
    let by_mail =
        ListResourcesFilters { primary_email_prefix: Some("ha".into()), ..filters.clone() };
    let found = ask!(house, list_resources, list(by_mail)).unwrap().resources.unwrap();
    assert_eq!(found[0].email.as_deref(), Some("hall@example.com"));
    assert_eq!(found[0].r#type, Some(ResourceType::Room));
    let two = ListResourcesFilters { state: Some(EntityState::Deleted), ..by_name };
    refused(ask!(house, list_resources, list(two)), &INVALID_PARAMETER);

    let mut page = ListResourcesRequest { max_results: Some(2), ..list(filters) };
    let first = ask!(house, list_resources, page.clone()).unwrap();
    page.next_token = first.next_token;
    assert_eq!(names(page.clone()).await, ["room-2"]);
    page.organization_id = house.organization("next").await;
    refused(ask!(house, list_resources, page), &INVALID_PARAMETER);
}

#[tokio::test]
async fn a_stranger_reaches_no_resource() {
    let (house, id) = House::with_organization().await;
    let hall = create(&house, &id, "hall").await;
    let ann = house.user(&id, "ann").await;
    let calls = house.calls_of(OTHER_ACCOUNT);
    refused(ask!(house, &calls, describe_resource, named(&id, &hall)), &ORGANIZATION_NOT_FOUND);
    refused(ask!(house, &calls, delete_resource, delete(&id, &hall)), &ORGANIZATION_NOT_FOUND);
    let input = delegate(&id, &hall, &ann);
    let outcome = ask!(house, &calls, associate_delegate_to_resource, input);
    refused(outcome, &ORGANIZATION_NOT_FOUND);
    let next = house.organization("next").await;
    refused(ask!(house, describe_resource, named(&next, &hall)), &ENTITY_NOT_FOUND);
    house.delete_organization(&id, true).await.unwrap();
    refused(ask!(house, describe_resource, named(&id, &hall)), &ORGANIZATION_STATE);
}
