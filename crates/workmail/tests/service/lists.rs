use std::collections::BTreeSet;

use wire::workmail::{errors::*, *};

use crate::house::{House, ask, refused};

fn users(organization: &str) -> ListUsersRequest {
    ListUsersRequest { organization_id: organization.into(), ..Default::default() }
}

/// All names of a list of users, page by page, as a client reads it.
async fn names(house: &House, mut input: ListUsersRequest) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let page = ask!(house, list_users, input.clone()).unwrap();
        let listed = page.users.unwrap();
        assert!(listed.len() <= usize::try_from(input.max_results.unwrap_or(100)).unwrap());
        names.extend(listed.into_iter().filter_map(|user| user.name));
        match page.next_token {
            None => return names,
            Some(token) => input.next_token = Some(token),
        }
    }
}

async fn filtered(house: &House, organization: &str, filters: ListUsersFilters) -> Vec<String> {
    let filters = Some(filters);
    names(house, ListUsersRequest { filters, max_results: Some(1), ..users(organization) }).await
}

#[tokio::test]
async fn pages_hold_everything_once_in_order() {
    let (house, id) = House::with_organization().await;
    for n in [3, 1, 4, 0, 2] {
        house.user(&id, &format!("User{n}")).await;
    }
    house.group(&id, "user9").await;
    let expected = ["User0", "User1", "User2", "User3", "User4"];
    for size in 1..=6 {
        let input = ListUsersRequest { max_results: Some(size), ..users(&id) };
        assert_eq!(names(&house, input).await, expected, "{size} at a time");
    }
}

#[tokio::test]
async fn each_filter_finds_its_own() {
    let (house, id) = House::with_organization().await;
    for name in ["ann", "Anton", "bob"] {
        house.registered(&id, name).await;
    }
    let provider = Some("01234567-0123-0123-0123-0123456789AB".to_owned());
    let input = CreateUserRequest {
        identity_provider_user_id: provider,
        display_name: "Émile".into(),
        ..House::user_request(&id, "emile")
    };
    ask!(house, create_user, input).unwrap();
    house.delete_user(&id, "emile").await.unwrap();
    let none = ListUsersFilters::default;
    let by_name = ListUsersFilters { username_prefix: Some("AN".into()), ..none() };
    assert_eq!(filtered(&house, &id, by_name).await, ["ann", "Anton"]);
    let by_email = ListUsersFilters { primary_email_prefix: Some("B".into()), ..none() };
    assert_eq!(filtered(&house, &id, by_email).await, ["bob"]);
    let by_display = ListUsersFilters { display_name_prefix: Some("the AN".into()), ..none() };
    assert_eq!(filtered(&house, &id, by_display).await, ["ann", "Anton"]);
    let by_display = ListUsersFilters { display_name_prefix: Some("éM".into()), ..none() };
    assert_eq!(filtered(&house, &id, by_display).await, ["emile"]);
    let by_state = ListUsersFilters { state: Some(EntityState::Deleted), ..none() };
    assert_eq!(filtered(&house, &id, by_state).await, ["emile"]);
    let by_provider =
        ListUsersFilters { identity_provider_user_id_prefix: Some("01234567-0".into()), ..none() };
    assert_eq!(filtered(&house, &id, by_provider).await, ["emile"]);
    assert_eq!(filtered(&house, &id, none()).await, ["ann", "Anton", "bob", "emile"]);
    let two = ListUsersFilters {
        username_prefix: Some("a".into()),
        state: Some(EntityState::Enabled),
        ..none()
    };
    let input = ListUsersRequest { filters: Some(two), ..users(&id) };
    refused(ask!(house, list_users, input), &INVALID_PARAMETER);
}

#[tokio::test]
async fn groups_are_filtered_too() {
    let (house, id) = House::with_organization().await;
    house.registered_group(&id, "sales").await;
    house.group(&id, "Support").await;
    house.group(&id, "all").await;
    let list = |filters| ListGroupsRequest {
        organization_id: id.clone(),
        filters: Some(filters),
        ..Default::default()
    };
    let none = ListGroupsFilters::default;
    for (filters, expected) in [
        (ListGroupsFilters { name_prefix: Some("S".into()), ..none() }, vec!["sales", "Support"]),
        (ListGroupsFilters { primary_email_prefix: Some("sa".into()), ..none() }, vec!["sales"]),
        (ListGroupsFilters { state: Some(EntityState::Enabled), ..none() }, vec!["sales"]),
    ] {
        let listed = ask!(house, list_groups, list(filters)).unwrap().groups.unwrap();
        let names: Vec<_> = listed.into_iter().filter_map(|group| group.name).collect();
        assert_eq!(names, expected);
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_own_list_only() {
    let (house, id) = House::with_organization().await;
    for name in ["a", "b", "c"] {
        house.user(&id, name).await;
        house.group(&id, &format!("g{name}")).await;
    }
    let first = ListUsersRequest { max_results: Some(1), ..users(&id) };
    let token = ask!(house, list_users, first.clone()).unwrap().next_token.unwrap();
    let with = |token: &str| ListUsersRequest { next_token: Some(token.into()), ..first.clone() };
    assert!(ask!(house, list_users, with(&token)).is_ok());

    let mut seen = BTreeSet::new();
    for at in 0..token.len() {
        let mut altered = token.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        seen.insert(refused(ask!(house, list_users, with(&altered)), &INVALID_PARAMETER));
    }
    assert_eq!(seen.len(), 1, "why a token is refused is nobody's business");
    for bad in ["x", "AAAA", &"A".repeat(1024)] {
        refused(ask!(house, list_users, with(bad)), &INVALID_PARAMETER);
    }
    let filters =
        Some(ListUsersFilters { username_prefix: Some("a".into()), ..Default::default() });
    let other = ListUsersRequest { filters, ..with(&token) };
    refused(ask!(house, list_users, other), &INVALID_PARAMETER);
    let other = ListGroupsRequest {
        organization_id: id.clone(),
        next_token: Some(token.clone()),
        ..Default::default()
    };
    refused(ask!(house, list_groups, other), &INVALID_PARAMETER);
    let next = house.organization("next").await;
    let other = ListUsersRequest { organization_id: next, ..with(&token) };
    refused(ask!(house, list_users, other), &INVALID_PARAMETER);
}

#[tokio::test]
async fn the_longest_keys_fit_into_a_token() {
    let (house, id) = House::with_organization().await;
    for n in 0..2 {
        let name = format!("{}{n}", "ÿ".repeat(255));
        house.group(&id, &name).await;
        let display_name = "\u{10fffd}".repeat(256).into();
        let input =
            CreateUserRequest { display_name, ..House::user_request(&id, &format!("u{n}")) };
        ask!(house, create_user, input).unwrap();
    }
    let input = ListGroupsRequest {
        organization_id: id.clone(),
        max_results: Some(1),
        ..Default::default()
    };
    let token = ask!(house, list_groups, input).unwrap().next_token.unwrap();
    assert!(token.len() <= 1024, "{}", token.len());
    let prefix = "\u{10fffd}".repeat(256);
    let filters =
        ListUsersFilters { display_name_prefix: Some(prefix.into()), ..Default::default() };
    assert_eq!(filtered(&house, &id, filters).await.len(), 2);
}

#[tokio::test]
async fn organizations_domains_members_and_aliases_have_pages() {
    let (house, id) = House::with_organization().await;
    for alias in ["bcme", "ccme"] {
        house.organization(alias).await;
    }
    let mut input = ListOrganizationsRequest { max_results: Some(2), ..Default::default() };
    let page = ask!(house, list_organizations, input.clone()).unwrap();
    assert_eq!(page.organization_summaries.unwrap().len(), 2);
    input.next_token = page.next_token;
    let page = ask!(house, list_organizations, input).unwrap();
    assert_eq!(page.organization_summaries.unwrap()[0].alias.as_deref(), Some("ccme"));
    assert_eq!(page.next_token, None);

    let max_results = Some(1);
    let mut input =
        ListMailDomainsRequest { organization_id: id.clone(), max_results, ..Default::default() };
    let page = ask!(house, list_mail_domains, input.clone()).unwrap();
    input.next_token = page.next_token;
    let page = ask!(house, list_mail_domains, input).unwrap();
    assert_eq!(page.mail_domains.unwrap()[0].domain_name.as_deref(), Some("example.com"));

    let [ann, group] = [house.registered(&id, "ann").await, house.group(&id, "staff").await];
    house.associate(&id, &group, &ann).await.unwrap();
    let bob = house.user(&id, "bob").await;
    house.associate(&id, &group, &bob).await.unwrap();
    let mut input = ListGroupMembersRequest {
        organization_id: id.clone(),
        group_id: group,
        max_results,
        ..Default::default()
    };
    let page = ask!(house, list_group_members, input.clone()).unwrap();
    input.next_token = page.next_token;
    let page = ask!(house, list_group_members, input).unwrap();
    assert_eq!(page.members.unwrap()[0].id, Some(bob));
    assert_eq!(page.next_token, None);

    for alias in ["x@example.com", "y@example.com"] {
        house.alias(&id, &ann, alias).await.unwrap();
    }
    let mut input = ListAliasesRequest {
        organization_id: id.clone(),
        entity_id: ann,
        max_results,
        ..Default::default()
    };
    let page = ask!(house, list_aliases, input.clone()).unwrap();
    input.next_token = page.next_token;
    let page = ask!(house, list_aliases, input).unwrap();
    assert_eq!(page.aliases.unwrap(), ["y@example.com"]);
    assert_eq!(page.next_token, None);
}
