use std::collections::BTreeSet;

use wire::workmail::{errors::*, *};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

fn asking(organization: &str, words: &str) -> SearchMembersRequest {
    SearchMembersRequest {
        organization_id: organization.into(),
        words: words.into(),
        ..Default::default()
    }
}

async fn names(house: &House, input: SearchMembersRequest) -> Vec<String> {
    let found = ask!(house, search_members, input).unwrap();
    assert_eq!(found.next_token, None);
    found.members.unwrap().into_iter().map(|member| member.name.unwrap()).collect()
}

#[tokio::test]
async fn members_are_found_by_any_part_of_what_they_are_called() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "Ann").await;
    house.alias(&id, &ann, "lovelace@example.com").await.unwrap();
    house.registered(&id, "hannah").await;
    house.user(&id, "joe").await;
    house.group(&id, "Annual report").await;
    let gone = house.user(&id, "annabel").await;
    house.delete_user(&id, &gone).await.unwrap();
    for (query, expected) in [
        ("ANN", vec!["Ann", "Annual report", "hannah"]),
        ("the ann", vec!["Ann", "hannah"]),
        ("report", vec!["Annual report"]),
        ("love", vec!["Ann"]),
        ("lace@example", vec!["Ann"]),
        (" example.com  ann hannah ", vec!["hannah"]),
        ("annabel", vec![]),
        ("%", vec![]),
    ] {
        assert_eq!(names(&house, asking(&id, query)).await, expected, "{query}");
    }
    let groups = SearchMembersRequest { r#type: Some(EntityType::Group), ..asking(&id, "an") };
    assert_eq!(names(&house, groups).await, ["Annual report"]);
    let disabled = SearchMembersRequest { state: Some(MemberState::Disabled), ..asking(&id, "e") };
    assert_eq!(names(&house, disabled).await, ["Annual report", "joe"]);
    let found = ask!(house, search_members, asking(&id, "lovelace")).unwrap().members.unwrap();
    let expected = FoundMember {
        id: Some(ann),
        r#type: Some(EntityType::User),
        name: Some("Ann".into()),
        display_name: Some("The Ann".into()),
        email: Some("Ann@example.com".into()),
        state: Some(EntityState::Enabled),
    };
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn what_is_found_comes_in_pages() {
    let (house, id) = House::with_organization().await;
    for n in 0..7 {
        house.user(&id, &format!("user{n}")).await;
        house.group(&id, &format!("x{n}")).await;
    }
    let mut input = SearchMembersRequest { max_results: Some(3), ..asking(&id, "user") };
    let mut found = Vec::new();
    loop {
        let page = ask!(house, search_members, input.clone()).unwrap();
        let members = page.members.unwrap();
        assert!(members.len() <= 3);
        found.extend(members.into_iter().map(|member| member.name.unwrap()));
        let Some(token) = page.next_token else { break };
        let other = SearchMembersRequest { next_token: Some(token.clone()), ..asking(&id, "x") };
        refused(ask!(house, search_members, other), &INVALID_PARAMETER);
        input.next_token = Some(token);
    }
    assert_eq!(found, ["user0", "user1", "user2", "user3", "user4", "user5", "user6"]);
}

/// A call looks at a thousand members; what lies behind is reached by the tokens, each once.
#[tokio::test]
async fn a_large_organization_is_searched_in_steps() {
    let (house, id) = House::with_organization().await;
    let mut tx = house.store.write().await.unwrap();
    const SQL: &str = "INSERT INTO entities \
        (id, organization_id, kind, name, name_key, state, hidden, created_at) \
        VALUES ($1, $2, 'GROUP', $3, $3, 'DISABLED', 0, 0)";
    for n in 0..2_500 {
        let name = format!("g{n:04}{}", if n % 500 == 499 { "needle" } else { "" });
        tx.execute(SQL, store::params![format!("id-{n}"), &id, name]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut input = asking(&id, "needle");
    let (mut found, mut pages) = (BTreeSet::new(), Vec::new());
    loop {
        let page = ask!(house, search_members, input.clone()).unwrap();
        let members = page.members.unwrap();
        pages.push(members.len());
        found.extend(members.into_iter().map(|member| member.name.unwrap()));
        let Some(token) = page.next_token else { break };
        input.next_token = Some(token);
    }
    assert_eq!((found.len(), pages), (5, vec![2, 2, 1]));
}

#[tokio::test]
async fn an_empty_query_and_strangers_are_refused() {
    let (house, id) = House::with_organization().await;
    house.registered(&id, "ann").await;
    for query in [" ", "\t", "a b c d e f g h i"] {
        refused(ask!(house, search_members, asking(&id, query)), &INVALID_PARAMETER);
    }
    let next = house.organization("next").await;
    assert!(names(&house, asking(&next, "ann")).await.is_empty());
    let calls = house.calls_of(OTHER_ACCOUNT);
    let searched = ask!(house, &calls, search_members, asking(&id, "ann"));
    refused(searched, &ORGANIZATION_NOT_FOUND);
}
