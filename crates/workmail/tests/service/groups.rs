use wire::workmail::{errors::*, *};

use crate::house::{House, ask, refused};

fn members(organization: &str, group: &str) -> ListGroupMembersRequest {
    ListGroupMembersRequest {
        organization_id: organization.into(),
        group_id: group.into(),
        ..Default::default()
    }
}

fn groups_of(organization: &str, entity: &str) -> ListGroupsForEntityRequest {
    ListGroupsForEntityRequest {
        organization_id: organization.into(),
        entity_id: entity.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn members_are_listed_from_both_sides() {
    let (house, id) = House::with_organization().await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.user(&id, "bob").await];
    let [staff, all] = [house.group(&id, "staff").await, house.group(&id, "all").await];
    for member in [&bob, &ann, &ann, "ANN"] {
        house.associate(&id, &staff, member).await.unwrap();
    }
    house.associate(&id, "all", "staff").await.unwrap();
    house.associate(&id, &all, "ann@example.com").await.unwrap();

    let listed = ask!(house, list_group_members, members(&id, &staff)).unwrap().members.unwrap();
    let names: Vec<_> = listed.iter().map(|member| member.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["ann", "bob"]);
    assert_eq!(listed[0].state, Some(EntityState::Enabled));
    let listed = ask!(house, list_group_members, members(&id, &all)).unwrap().members.unwrap();
    let kinds: Vec<_> = listed.iter().map(|member| member.r#type).collect();
    assert_eq!(kinds, [Some(MemberType::User), Some(MemberType::Group)]);

    let listed = ask!(house, list_groups_for_entity, groups_of(&id, &ann)).unwrap();
    let names: Vec<_> =
        listed.groups.unwrap().into_iter().filter_map(|group| group.group_name).collect();
    assert_eq!(names, ["all", "staff"]);
    let filters = Some(ListGroupsForEntityFilters { group_name_prefix: Some("ST".into()) });
    let input = ListGroupsForEntityRequest { filters, ..groups_of(&id, &ann) };
    let listed = ask!(house, list_groups_for_entity, input).unwrap().groups.unwrap();
    assert_eq!(listed.len(), 1);

    let input = DisassociateMemberFromGroupRequest {
        organization_id: id.clone(),
        group_id: staff.clone(),
        member_id: ann.clone(),
    };
    ask!(house, disassociate_member_from_group, input.clone()).unwrap();
    ask!(house, disassociate_member_from_group, input).unwrap();
    let listed = ask!(house, list_group_members, members(&id, &staff)).unwrap().members.unwrap();
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn no_group_is_inside_itself() {
    let (house, id) = House::with_organization().await;
    for name in ["a", "b", "c"] {
        house.group(&id, name).await;
    }
    house.associate(&id, "a", "b").await.unwrap();
    house.associate(&id, "b", "c").await.unwrap();
    for (group, member) in [("a", "a"), ("b", "a"), ("c", "a")] {
        let cycle = house.associate(&id, group, member).await;
        assert!(refused(cycle, &INVALID_PARAMETER).contains(member));
    }
    house.associate(&id, "a", "c").await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let (house, id) = House::with_organization().await;
    let user = house.user(&id, "ann").await;
    let group = house.group(&id, "staff").await;
    refused(house.associate(&id, &group, "nobody").await, &ENTITY_NOT_FOUND);
    refused(house.associate(&id, &user, &user).await, &ENTITY_NOT_FOUND);
    house.associate(&id, &group, &user).await.unwrap();
    house.delete_user(&id, &user).await.unwrap();
    refused(house.associate(&id, &group, &user).await, &ENTITY_STATE);
    refused(ask!(house, list_groups_for_entity, groups_of(&id, &user)), &ENTITY_STATE);
    let listed = ask!(house, list_group_members, members(&id, &group)).unwrap().members;
    assert_eq!(listed, Some(Vec::new()), "the deleted leave their groups");
}
