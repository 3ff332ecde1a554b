use wire::workmail::{errors::*, *};

use crate::house::{House, PASSWORD, START, ask, refused};

#[tokio::test]
async fn a_user_goes_through_its_states() {
    let (house, id) = House::with_organization().await;
    let user = house.user(&id, "ann").await;
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!(shown.state, Some(EntityState::Disabled));
    assert_eq!((shown.email, shown.enabled_date), (None, None));
    refused(house.deregister(&id, &user).await, &ENTITY_STATE);

    house.register(&id, "ANN", "Ann@Example.com").await.unwrap();
    let shown = house.describe_user(&id, "ann@EXAMPLE.com").await.unwrap();
    assert_eq!(shown.user_id.as_deref(), Some(user.as_str()));
    assert_eq!(shown.state, Some(EntityState::Enabled));
    assert_eq!(shown.email.as_deref(), Some("Ann@example.com"));
    assert_eq!(shown.enabled_date, Some(START));
    assert_eq!(shown.mailbox_provisioned_date, Some(START));
    house.register(&id, &user, "ann@example.com").await.unwrap();
    let other = house.register(&id, &user, "other@example.com").await;
    refused(other, &ENTITY_ALREADY_REGISTERED);
    let enabled = house.delete_user(&id, &user).await;
    assert!(refused(enabled, &ENTITY_STATE).contains("ann"));

    house.deregister(&id, "ann@example.com").await.unwrap();
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!(shown.state, Some(EntityState::Disabled));
    assert_eq!((shown.email, shown.disabled_date), (None, Some(START)));
    assert_eq!(shown.mailbox_deprovisioned_date, Some(START));

    house.delete_user(&id, "ann").await.unwrap();
    house.delete_user(&id, &user).await.unwrap();
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!(shown.state, Some(EntityState::Deleted));
    refused(house.describe_user(&id, "ann").await, &ENTITY_NOT_FOUND);
    refused(house.register(&id, &user, "ann@example.com").await, &ENTITY_STATE);
    refused(house.set_password(&id, &user, PASSWORD).await, &ENTITY_STATE);
    refused(house.deregister(&id, &user).await, &ENTITY_STATE);
    let input = UpdateUserRequest {
        organization_id: id.clone(),
        user_id: user.clone(),
        ..Default::default()
    };
    refused(ask!(house, update_user, input), &ENTITY_STATE);
    assert_ne!(house.user(&id, "ann").await, user);
}

#[tokio::test]
async fn a_group_goes_through_its_states() {
    let (house, id) = House::with_organization().await;
    let group = house.group(&id, "All Staff").await;
    let describe = || DescribeGroupRequest { organization_id: id.clone(), group_id: group.clone() };
    house.register(&id, &group, "staff@example.com").await.unwrap();
    let shown = ask!(house, describe_group, describe()).unwrap();
    assert_eq!(shown.state, Some(EntityState::Enabled));
    assert_eq!(shown.email.as_deref(), Some("staff@example.com"));
    let input = UpdateGroupRequest {
        organization_id: id.clone(),
        group_id: "staff@example.com".into(),
        hidden_from_global_address_list: Some(true),
    };
    ask!(house, update_group, input).unwrap();
    let delete = || DeleteGroupRequest { organization_id: id.clone(), group_id: group.clone() };
    refused(ask!(house, delete_group, delete()), &ENTITY_STATE);
    house.deregister(&id, &group).await.unwrap();
    ask!(house, delete_group, delete()).unwrap();
    let shown = ask!(house, describe_group, describe()).unwrap();
    assert_eq!(shown.state, Some(EntityState::Deleted));
    assert_eq!(shown.hidden_from_global_address_list, Some(true));
}

#[tokio::test]
async fn users_and_groups_share_their_names() {
    let (house, id) = House::with_organization().await;
    house.user(&id, "Sales").await;
    let input = CreateGroupRequest {
        organization_id: id.clone(),
        name: "sALES".into(),
        hidden_from_global_address_list: None,
    };
    assert!(refused(ask!(house, create_group, input), &NAME_AVAILABILITY).contains("sALES"));
    let taken = ask!(house, create_user, House::user_request(&id, "SALES"));
    refused(taken, &NAME_AVAILABILITY);
    let reserved = ask!(house, create_user, House::user_request(&id, "AmazonJournaling"));
    refused(reserved, &RESERVED_NAME);
}

#[tokio::test]
async fn each_operation_takes_its_forms_of_an_identifier() {
    let (house, id) = House::with_organization().await;
    let user = house.registered(&id, "ann").await;
    let group = house.registered_group(&id, "staff").await;
    for form in [&user, "Ann", "ANN@example.com"] {
        let shown = house.describe_user(&id, form).await.unwrap();
        assert_eq!(shown.user_id.as_deref(), Some(user.as_str()));
    }
    refused(house.describe_user(&id, &group).await, &ENTITY_NOT_FOUND);
    refused(house.alias(&id, "ann", "a@example.com").await, &ENTITY_NOT_FOUND);
    refused(house.set_password(&id, "ann", PASSWORD).await, &ENTITY_NOT_FOUND);
    let by_address = house.delete_user(&id, "ann@example.com").await;
    assert!(refused(by_address, &INVALID_PARAMETER).contains("ann@example.com"));
    let by_address = house.register(&id, "ann@example.com", "ann@example.com").await;
    refused(by_address, &ENTITY_NOT_FOUND);
    house.delete_user(&id, "nobody").await.unwrap();
    for form in [&group, "staff"] {
        let of_a_group = house.delete_user(&id, form).await;
        assert!(refused(of_a_group, &INVALID_PARAMETER).contains("group"));
    }
    let input = DescribeEntityRequest { organization_id: id, email: "Staff@example.com".into() };
    let found = ask!(house, describe_entity, input).unwrap();
    assert_eq!(found.r#type, Some(EntityType::Group));
    assert_eq!(found.entity_id, Some(group));
}

#[tokio::test]
async fn a_name_may_look_like_an_address() {
    let (house, id) = House::with_organization().await;
    let user = house.user(&id, "bob@example.com").await;
    let other = house.registered(&id, "carl").await;
    house.alias(&id, &other, "bob@example.com").await.unwrap();
    let shown = house.describe_user(&id, "bob@example.com").await.unwrap();
    assert_eq!(shown.user_id, Some(other), "an address goes before a name");
    house.delete_user(&id, "bob@example.com").await.unwrap();
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!(shown.state, Some(EntityState::Deleted));
}

#[tokio::test]
async fn an_update_leaves_what_is_absent_and_clears_what_is_empty() {
    let (house, id) = House::with_organization().await;
    let input = CreateUserRequest {
        first_name: Some("Ann".into()),
        last_name: Some("Lee".into()),
        hidden_from_global_address_list: Some(true),
        identity_provider_user_id: Some("01234567-0123-0123-0123-0123456789AB".into()),
        ..House::user_request(&id, "ann")
    };
    let user = ask!(house, create_user, input).unwrap().user_id.unwrap();
    let input = UpdateUserRequest {
        organization_id: id.clone(),
        user_id: user.clone(),
        first_name: Some("".into()),
        city: Some("Bern".into()),
        display_name: Some("Ann Lee".into()),
        identity_provider_user_id: Some(String::new()),
        ..Default::default()
    };
    ask!(house, update_user, input).unwrap();
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!(shown.first_name, None);
    assert_eq!(shown.last_name, Some("Lee".into()));
    assert_eq!(shown.city, Some("Bern".into()));
    assert_eq!(shown.display_name, Some("Ann Lee".into()));
    assert_eq!(shown.identity_provider_user_id, None);
    assert_eq!(shown.hidden_from_global_address_list, Some(true));
}

#[tokio::test]
async fn roles_are_those_that_callers_may_give() {
    let (house, id) = House::with_organization().await;
    for role in [UserRole::SystemUser, UserRole::Resource] {
        let input = CreateUserRequest { role: Some(role), ..House::user_request(&id, "ann") };
        refused(ask!(house, create_user, input), &INVALID_PARAMETER);
    }
    let role = Some(UserRole::RemoteUser);
    let input = CreateUserRequest { role, ..House::user_request(&id, "ann") };
    let user = ask!(house, create_user, input).unwrap().user_id.unwrap();
    house.register(&id, &user, "ann@example.com").await.unwrap();
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!((shown.user_role, shown.mailbox_provisioned_date), (role, None));
    let update = |role| UpdateUserRequest {
        organization_id: id.clone(),
        user_id: user.clone(),
        role: Some(role),
        ..Default::default()
    };
    ask!(house, update_user, update(UserRole::RemoteUser)).unwrap();
    refused(ask!(house, update_user, update(UserRole::User)), &ENTITY_STATE);
    house.deregister(&id, &user).await.unwrap();
    ask!(house, update_user, update(UserRole::User)).unwrap();
    refused(ask!(house, update_user, update(UserRole::SystemUser)), &INVALID_PARAMETER);
}

/// What is left of the mailbox that a remote user had is no mailbox in service.
#[tokio::test]
async fn a_user_that_became_remote_can_be_deregistered() {
    let (house, id) = House::with_organization().await;
    let user = house.registered(&id, "ann").await;
    house.deregister(&id, &user).await.unwrap();
    let input = UpdateUserRequest {
        organization_id: id.clone(),
        user_id: user.clone(),
        role: Some(UserRole::RemoteUser),
        ..Default::default()
    };
    ask!(house, update_user, input).unwrap();
    house.register(&id, &user, "ann@example.com").await.unwrap();
    let quota = UpdateMailboxQuotaRequest {
        organization_id: id.clone(),
        user_id: user.clone(),
        mailbox_quota: 5,
    };
    refused(ask!(house, update_mailbox_quota, quota), &ENTITY_STATE);
    house.deregister(&id, &user).await.unwrap();
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!(shown.state, Some(EntityState::Disabled));
}
