//! None can name, read or change what is another's.

use wire::workmail::{errors::*, *};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

#[tokio::test]
async fn another_account_and_another_region_see_nothing() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let strangers = [
        house.calls_of(OTHER_ACCOUNT),
        house.calls_of(crate::house::ACCOUNT).in_region("eu-west-1"),
    ];
    for calls in &strangers {
        let input = DescribeOrganizationRequest { organization_id: id.clone() };
        let shown = ask!(house, calls, describe_organization, input);
        refused(shown, &ORGANIZATION_NOT_FOUND);
        let input = ListOrganizationsRequest::default();
        let listed = ask!(house, calls, list_organizations, input).unwrap();
        assert_eq!(listed.organization_summaries, Some(Vec::new()));
        let input = DescribeUserRequest { organization_id: id.clone(), user_id: ann.clone() };
        refused(ask!(house, calls, describe_user, input), &ORGANIZATION_NOT_FOUND);
        let input = ListUsersRequest { organization_id: id.clone(), ..Default::default() };
        refused(ask!(house, calls, list_users, input), &ORGANIZATION_NOT_FOUND);
        let input = DeleteOrganizationRequest { organization_id: id.clone(), ..Default::default() };
        refused(ask!(house, calls, delete_organization, input), &ORGANIZATION_NOT_FOUND);
        let input =
            DeregisterFromWorkMailRequest { organization_id: id.clone(), entity_id: ann.clone() };
        refused(ask!(house, calls, deregister_from_work_mail, input), &ORGANIZATION_NOT_FOUND);
    }
}

#[tokio::test]
async fn an_organization_reaches_only_its_own_entities() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let next = house.organization("next").await;
    let group = house.group(&next, "staff").await;
    for form in [ann.as_str(), "ann", "ann@example.com"] {
        refused(house.describe_user(&next, form).await, &ENTITY_NOT_FOUND);
        refused(house.associate(&next, &group, form).await, &ENTITY_NOT_FOUND);
        refused(house.deregister(&next, form).await, &ENTITY_NOT_FOUND);
    }
    let input = DescribeEntityRequest { organization_id: next, email: "ann@example.com".into() };
    refused(ask!(house, describe_entity, input), &ENTITY_NOT_FOUND);
}
