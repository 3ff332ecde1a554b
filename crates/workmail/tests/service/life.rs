//! How organizations come and go, with the worker at hand.

use std::time::Duration;

use store::params;
use wire::workmail::{errors::*, *};

use crate::house::{House, OTHER_ACCOUNT, PASSWORD, START, ask, refused};

fn request(alias: &str) -> CreateOrganizationRequest {
    CreateOrganizationRequest { alias: alias.into(), ..Default::default() }
}

async fn create(house: &House, input: CreateOrganizationRequest) -> Result<String, wire::Error> {
    ask!(house, create_organization, input).map(|made| made.organization_id.unwrap())
}

async fn delete(house: &House, id: &str, delete_directory: bool) {
    let input = DeleteOrganizationRequest {
        organization_id: id.into(),
        delete_directory,
        force_delete: Some(true),
        ..Default::default()
    };
    let answer = ask!(house, delete_organization, input).unwrap();
    assert_eq!(answer.state.as_deref(), Some("Deleting"));
}

/// State and message, as Describe and List tell them alike.
async fn state(house: &House, id: &str) -> (String, Option<String>) {
    let shown = house.describe_organization(id).await.unwrap();
    (shown.state.unwrap(), shown.error_message)
}

/// The same once the worker has done its work.
async fn settled(house: &House, id: &str) -> (String, Option<String>) {
    house.settle().await;
    state(house, id).await
}

async fn listed(house: &House) -> Vec<(String, String)> {
    let listed = ask!(house, list_organizations, ListOrganizationsRequest::default()).unwrap();
    let summaries = listed.organization_summaries.unwrap().into_iter();
    summaries.map(|one| (one.alias.unwrap(), one.state.unwrap())).collect()
}

async fn users(house: &House, id: &str) -> Result<Vec<(String, EntityState)>, wire::Error> {
    let input = ListUsersRequest { organization_id: id.into(), ..Default::default() };
    let users = ask!(house, list_users, input)?.users.unwrap().into_iter();
    Ok(users.map(|user| (user.name.unwrap(), user.state.unwrap())).collect())
}

async fn count(house: &House, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    let mut snapshot = house.store.read().await.unwrap();
    snapshot.row(&sql, &[], |row| row.get(0)).await.unwrap().unwrap()
}

#[tokio::test]
async fn it_is_requested_and_then_made() {
    let house = House::new().await;
    let id = create(&house, request("acme")).await.unwrap();
    assert_eq!(listed(&house).await, [("acme".to_owned(), "Requested".to_owned())]);
    let shown = house.describe_organization(&id).await.unwrap();
    assert_eq!(shown.state.as_deref(), Some("Requested"));
    assert_eq!((shown.completed_date, shown.default_mail_domain), (None, None));
    let message = refused(users(&house, &id).await, &ORGANIZATION_STATE);
    assert!(message.ends_with("is in the state Requested."), "{message}");

    house.clock.advance(Duration::from_secs(7));
    house.settle().await;
    let shown = house.describe_organization(&id).await.unwrap();
    assert_eq!(shown.state.as_deref(), Some("Active"));
    assert_eq!(shown.completed_date, Some(START.saturating_add(Duration::from_secs(7))));
    assert_eq!(count(&house, "organization_wishes").await, 0);
}

#[tokio::test]
async fn calls_wait_for_what_is_being_made() {
    let house = House::new().await;
    let id = create(&house, request("acme")).await.unwrap();
    let settling = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        house.settle().await;
    };
    let (ann, listed, ()) = tokio::join!(house.user(&id, "ann"), users(&house, &id), settling);
    assert!(listed.unwrap().len() <= 1);
    assert_eq!(house.describe_user(&id, "ann").await.unwrap().user_id, Some(ann));
}

#[tokio::test]
async fn what_cannot_be_made_has_failed_and_says_why() {
    let (house, _) = House::with_organization().await;
    let domains = vec![
        Domain { domain_name: "free.example".into(), hosted_zone_id: None },
        Domain { domain_name: "Example.com".into(), hosted_zone_id: None },
    ];
    let id =
        create(&house, CreateOrganizationRequest { domains: Some(domains), ..request("late") });
    let id = id.await.unwrap();
    let (failed, why) = settled(&house, &id).await;
    assert_eq!(failed, "Failed");
    assert!(why.as_ref().is_some_and(|why| why.contains("example.com")), "{why:?}");
    refused(users(&house, &id).await, &ORGANIZATION_STATE);
    refused(create(&house, request("late")).await, &NAME_AVAILABILITY);
    // nothing is half-done
    let next = house.organization("next").await;
    house.domain(&next, "free.example").await;

    delete(&house, &id, true).await;
    assert_eq!(settled(&house, &id).await, ("Deleted".to_owned(), None));
    create(&house, request("late")).await.unwrap();
}

#[tokio::test]
async fn it_is_out_of_service_before_it_is_cleared_away() {
    let house = House::new().await;
    let id = create(&house, request("acme")).await.unwrap();
    house.settle().await;
    house.domain(&id, "example.com").await;
    let ann = house.registered(&id, "ann").await;
    delete(&house, &id, true).await;
    let told = "2 of 2 users, groups, resources and mailboxes are left to delete.".to_owned();
    assert_eq!(state(&house, &id).await, ("Deleting".to_owned(), Some(told)));
    assert_eq!(listed(&house).await, [("acme".to_owned(), "Deleting".to_owned())]);
    refused(house.describe_user(&id, &ann).await, &ORGANIZATION_STATE);
    refused(house.delete_organization(&id, true).await, &ORGANIZATION_STATE);
    assert_eq!(count(&house, "access_control_rules").await, 0, "nobody is let in");

    // who wants its alias waits for it
    let settling = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        house.settle().await;
    };
    let (again, ()) = tokio::join!(create(&house, request("Acme")), settling);
    assert_ne!(again.unwrap(), id);
    assert_eq!(state(&house, &id).await, ("Deleted".to_owned(), None));
}

fn is_conflict(error: &wire::Error) -> bool {
    error.source_ref::<store::Error>().is_some_and(store::Error::is_conflict)
}

/// As many as several steps remove, by rows: their API is tested elsewhere.
async fn populate(house: &House, id: &str, number: usize) {
    let mut tx = house.store.write().await.unwrap();
    for n in 0..number {
        let (name, address) = (format!("user{n}"), format!("user{n}@example.com"));
        for sql in [
            "INSERT INTO entities (id, organization_id, kind, name, name_key, state, hidden, created_at) \
             VALUES ($2, $1, 'USER', $2, $2, 'ENABLED', 0, 0)",
            "INSERT INTO user_details (entity_id, organization_id, role, display_key) \
             VALUES ($2, $1, 'USER', $2)",
        ] {
            tx.execute(sql, params![id, &name]).await.unwrap();
        }
        let sql = "INSERT INTO addresses \
            (address_key, address, organization_id, domain, entity_id, is_primary) \
            VALUES ($3, $3, $1, 'example.com', $2, 1)";
        tx.execute(sql, params![id, &name, &address]).await.unwrap();
        mailbox::mailboxes::provision(&mut tx, &name, id, 1, START).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_removal_goes_on_from_where_it_was_cut_off() {
    let house = House::new().await;
    let id = create(&house, request("acme")).await.unwrap();
    house.settle().await;
    house.domain(&id, "example.com").await;
    populate(&house, &id, 450).await;
    delete(&house, &id, true).await;
    let mut cuts = 0;
    let settle = || {
        workmail::settle_organizations(&house.store, &house.world, workmail::Verification::Trust)
    };
    loop {
        let patience = Duration::from_millis(20 * (cuts + 1));
        match tokio::time::timeout(patience, settle()).await {
            Ok(Ok(())) => break,
            // PostgreSQL may be rolling back yet what was cut off.
            Ok(Err(error)) => assert!(is_conflict(&error), "{error}"),
            Err(_) => cuts += 1,
        }
        assert!(cuts < 500, "it does not come to an end");
    }
    assert!(cuts > 0, "it was never cut off");
    assert_eq!(state(&house, &id).await.0, "Deleted");
    for table in [
        "entities",
        "user_details",
        "addresses",
        "mail_domains",
        "mailboxes",
        "folders",
        "data_keys",
        "mobile_device_rules",
        "organization_removals",
        "directories",
    ] {
        assert_eq!(count(&house, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_kept_directory_comes_back_with_all_who_are_in_it() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    house.set_password(&id, &ann, PASSWORD).await.unwrap();
    let bob = house.user(&id, "bob").await;
    let team = house.registered_group(&id, "team").await;
    house.associate(&id, &team, &ann).await.unwrap();
    let gone = house.user(&id, "gone").await;
    house.delete_user(&id, &gone).await.unwrap();
    let directory = house.describe_organization(&id).await.unwrap().directory_id.unwrap();
    let with = |alias: &str, directory: &str| CreateOrganizationRequest {
        directory_id: Some(directory.to_owned()),
        ..request(alias)
    };
    refused(create(&house, with("acme", &directory)).await, &DIRECTORY_IN_USE);
    delete(&house, &id, false).await;
    assert_eq!(settled(&house, &id).await.0, "Deleted");

    refused(create(&house, request("acme")).await, &NAME_AVAILABILITY);
    refused(create(&house, with("other", &directory)).await, &INVALID_PARAMETER);
    refused(create(&house, with("acme", "d-0123456789")).await, &DIRECTORY_UNAVAILABLE);
    let strangers = house.calls_of(OTHER_ACCOUNT);
    let stranger = ask!(house, &strangers, create_organization, with("acme", &directory));
    refused(stranger, &DIRECTORY_UNAVAILABLE);

    let next = create(&house, with("ACME", &directory)).await.unwrap();
    house.settle().await;
    let disabled = |name: &str| (name.to_owned(), EntityState::Disabled);
    assert_eq!(users(&house, &next).await.unwrap(), [disabled("ann"), disabled("bob")]);
    let shown = house.describe_organization(&next).await.unwrap();
    assert_eq!(shown.directory_id.as_deref(), Some(directory.as_str()));
    house.domain(&next, "example.com").await;
    house.register(&next, &team, "team@example.com").await.unwrap();
    house.register(&next, &bob, "bob@example.com").await.unwrap();
    let input = ListGroupMembersRequest {
        organization_id: next.clone(),
        group_id: team,
        ..Default::default()
    };
    let members = ask!(house, list_group_members, input).unwrap().members.unwrap();
    assert_eq!(members.into_iter().map(|member| member.id.unwrap()).collect::<Vec<_>>(), [ann]);

    delete(&house, &next, true).await;
    assert_eq!(settled(&house, &next).await.0, "Deleted");
    refused(create(&house, with("acme", &directory)).await, &DIRECTORY_UNAVAILABLE);
    create(&house, request("acme")).await.unwrap();
}
