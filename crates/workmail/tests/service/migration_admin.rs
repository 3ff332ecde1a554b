use wire::workmail::{errors::*, *};
use workmail::permissions::{self, Rights, Standing, standing};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

const NOTHING: Rights = Rights { full_access: false, send_as: false, send_on_behalf: false };
const FULL: Rights = Rights { full_access: true, ..NOTHING };

fn naming(organization: &str, user: Option<&str>) -> SetMigrationAdminRequest {
    SetMigrationAdminRequest {
        organization_id: organization.into(),
        user_id: user.map(str::to_owned),
    }
}

async fn of(house: &House, owner: &str, actor: &str) -> Rights {
    let mut snapshot = house.store.read().await.unwrap();
    permissions::of(&mut snapshot, owner, actor).await.unwrap()
}

async fn opened(house: &House, actor: &str) -> Vec<String> {
    let mut snapshot = house.store.read().await.unwrap();
    let owners = permissions::opened_to(&mut snapshot, actor).await.unwrap();
    owners.into_iter().map(|owner| owner.address).collect()
}

async fn shown(house: &House, organization: &str) -> Option<String> {
    house.describe_organization(organization).await.unwrap().migration_admin
}

#[tokio::test]
async fn one_user_opens_all_mailboxes_of_the_organization() {
    let (house, id) = House::with_organization().await;
    let [ann, bob, eve] = [
        house.registered(&id, "ann").await,
        house.registered(&id, "bob").await,
        house.registered(&id, "eve").await,
    ];
    house.registered_group(&id, "team").await;
    let carl = house.user(&id, "carl").await;
    let next = house.organization("next").await;
    let dan = house.user(&next, "dan").await;
    house.register(&next, &dan, "dan@next.awsapps.com").await.unwrap();
    assert_eq!(shown(&house, &id).await, None);
    ask!(house, set_migration_admin, naming(&id, Some("ANN@example.com"))).unwrap();
    assert_eq!(shown(&house, &id).await.as_deref(), Some(ann.as_str()));
    assert_eq!(opened(&house, &ann).await, ["bob@example.com", "eve@example.com"]);
    for (owner, rights) in [(&bob, FULL), (&eve, FULL), (&carl, NOTHING), (&dan, NOTHING)] {
        assert_eq!(of(&house, owner, &ann).await, rights);
    }
    assert_eq!(of(&house, &ann, &bob).await, NOTHING);
    let mut snapshot = house.store.read().await.unwrap();
    let sending = standing(&mut snapshot, &ann, "bob@example.com").await.unwrap();
    assert_eq!(sending, Standing::Foreign, "to read is not to write in one's name");
    drop(snapshot);
    ask!(house, set_migration_admin, naming(&id, Some("bob"))).unwrap();
    assert_eq!((of(&house, &bob, &ann).await, of(&house, &ann, &bob).await), (NOTHING, FULL));
    ask!(house, set_migration_admin, naming(&id, None)).unwrap();
    assert_eq!((shown(&house, &id).await, of(&house, &ann, &bob).await), (None, NOTHING));
    ask!(house, set_migration_admin, naming(&id, None)).unwrap();
}

#[tokio::test]
async fn who_leaves_is_it_no_more() {
    let (house, id) = House::with_organization().await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.registered(&id, "bob").await];
    ask!(house, set_migration_admin, naming(&id, Some(&ann))).unwrap();
    house.deregister(&id, &ann).await.unwrap();
    assert_eq!((shown(&house, &id).await, of(&house, &bob, &ann).await), (None, NOTHING));
    house.register(&id, &ann, "ann@example.com").await.unwrap();
    assert_eq!(of(&house, &bob, &ann).await, NOTHING, "nor when coming back");
    ask!(house, set_migration_admin, naming(&id, Some(&ann))).unwrap();
    house.delete_organization(&id, true).await.unwrap();
    house.settle().await;
    assert_eq!(shown(&house, &id).await, None);
}

#[tokio::test]
async fn only_who_can_sign_in_is_named() {
    let (house, id) = House::with_organization().await;
    house.registered_group(&id, "team").await;
    let carl = house.user(&id, "carl").await;
    let remote =
        CreateUserRequest { role: Some(UserRole::RemoteUser), ..House::user_request(&id, "far") };
    let far = ask!(house, create_user, remote).unwrap().user_id.unwrap();
    house.register(&id, &far, "far@example.com").await.unwrap();
    for (user, kind) in [
        ("team", &ENTITY_NOT_FOUND),
        ("nobody", &ENTITY_NOT_FOUND),
        (carl.as_str(), &ENTITY_STATE),
        ("far", &INVALID_PARAMETER),
    ] {
        refused(ask!(house, set_migration_admin, naming(&id, Some(user))), kind);
    }
    let calls = house.calls_of(OTHER_ACCOUNT);
    let stranger = ask!(house, &calls, set_migration_admin, naming(&id, None));
    refused(stranger, &ORGANIZATION_NOT_FOUND);
    let next = house.organization("next").await;
    refused(ask!(house, set_migration_admin, naming(&next, Some(&carl))), &ENTITY_NOT_FOUND);
}
