use wire::workmail::{PermissionType::*, errors::*, *};
use workmail::permissions::{self, Rights, Standing, standing};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

const NOTHING: Rights = Rights { full_access: false, send_as: false, send_on_behalf: false };
const FULL: Rights = Rights { full_access: true, ..NOTHING };

async fn put(
    house: &House,
    organization: &str,
    owner: &str,
    grantee: &str,
    values: &[PermissionType],
) -> Result<PutMailboxPermissionsResponse, wire::Error> {
    let input = PutMailboxPermissionsRequest {
        organization_id: organization.into(),
        entity_id: owner.into(),
        grantee_id: grantee.into(),
        permission_values: values.to_vec(),
    };
    ask!(house, put_mailbox_permissions, input)
}

async fn delete(
    house: &House,
    organization: &str,
    owner: &str,
    grantee: &str,
) -> Result<DeleteMailboxPermissionsResponse, wire::Error> {
    let input = DeleteMailboxPermissionsRequest {
        organization_id: organization.into(),
        entity_id: owner.into(),
        grantee_id: grantee.into(),
    };
    ask!(house, delete_mailbox_permissions, input)
}

fn list_of(organization: &str, owner: &str) -> ListMailboxPermissionsRequest {
    ListMailboxPermissionsRequest {
        organization_id: organization.into(),
        entity_id: owner.into(),
        ..Default::default()
    }
}

async fn listed(house: &House, organization: &str, owner: &str) -> Vec<Permission> {
    let input = list_of(organization, owner);
    ask!(house, list_mailbox_permissions, input).unwrap().permissions.unwrap()
}

async fn of(house: &House, owner: &str, actor: &str) -> Rights {
    let mut snapshot = house.store.read().await.unwrap();
    permissions::of(&mut snapshot, owner, actor).await.unwrap()
}

#[tokio::test]
async fn a_grantee_has_one_set() {
    let (house, id) = House::with_organization().await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.registered(&id, "bob").await];
    put(&house, &id, &ann, "BOB@example.com", &[SendAs, SendAs, SendOnBehalf]).await.unwrap();
    put(&house, &id, "ann", &bob, &[FullAccess]).await.unwrap();
    let expected = Permission {
        grantee_id: bob.clone(),
        grantee_type: MemberType::User,
        permission_values: vec![FullAccess],
    };
    assert_eq!(listed(&house, &id, &ann).await, [expected]);
    assert_eq!((of(&house, &ann, &bob).await, of(&house, &bob, &ann).await), (FULL, NOTHING));
    for _ in 0..2 {
        delete(&house, &id, &ann, &bob).await.unwrap();
    }
    assert!(listed(&house, &id, &ann).await.is_empty());
    assert_eq!(of(&house, &ann, &bob).await, NOTHING);
}

#[tokio::test]
async fn permissions_are_listed_in_pages() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    for name in ["d", "b", "c"] {
        house.registered(&id, name).await;
        put(&house, &id, &ann, name, &[SendAs]).await.unwrap();
    }
    let group = house.group(&id, "a").await;
    put(&house, &id, &ann, &group, &[FullAccess]).await.unwrap();
    let input = ListMailboxPermissionsRequest { max_results: Some(3), ..list_of(&id, &ann) };
    let first = ask!(house, list_mailbox_permissions, input.clone()).unwrap();
    let kinds: Vec<_> = first.permissions.unwrap().iter().map(|p| p.grantee_type).collect();
    assert_eq!(kinds, [MemberType::Group, MemberType::User, MemberType::User]);
    let next = ListMailboxPermissionsRequest { next_token: first.next_token.clone(), ..input };
    let second = ask!(house, list_mailbox_permissions, next.clone()).unwrap();
    assert_eq!((second.permissions.unwrap().len(), second.next_token), (1, None));
    let other = ListMailboxPermissionsRequest { entity_id: "b".into(), ..next };
    refused(ask!(house, list_mailbox_permissions, other), &INVALID_PARAMETER);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let (house, id) = House::with_organization().await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.registered(&id, "bob").await];
    let team = house.registered_group(&id, "team").await;
    let carl = house.user(&id, "carl").await;
    refused(put(&house, &id, &ann, &bob, &[]).await, &INVALID_PARAMETER);
    refused(put(&house, &id, &ann, "ann@example.com", &[SendAs]).await, &INVALID_PARAMETER);
    refused(put(&house, &id, &team, &bob, &[SendAs, FullAccess]).await, &INVALID_PARAMETER);
    refused(put(&house, &id, &ann, "nobody", &[SendAs]).await, &ENTITY_NOT_FOUND);
    refused(put(&house, &id, "nobody", &ann, &[SendAs]).await, &ENTITY_NOT_FOUND);
    refused(put(&house, &id, &carl, &ann, &[SendAs]).await, &ENTITY_STATE);
    put(&house, &id, &ann, &carl, &[SendAs]).await.unwrap();
    house.delete_user(&id, &carl).await.unwrap();
    assert!(listed(&house, &id, &ann).await.is_empty(), "with the grantee goes the permission");
    refused(put(&house, &id, &ann, &carl, &[SendAs]).await, &ENTITY_STATE);
    refused(delete(&house, &id, &ann, &carl).await, &ENTITY_STATE);
    assert!(listed(&house, &id, &carl).await.is_empty(), "no state is refused");
    refused(ask!(house, list_mailbox_permissions, list_of(&id, "x")), &ENTITY_NOT_FOUND);
}

#[tokio::test]
async fn groups_pass_on_what_they_are_granted() {
    let (house, id) = House::with_organization().await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.registered(&id, "bob").await];
    let outer = house.registered_group(&id, "outer").await;
    let inner = house.registered_group(&id, "inner").await;
    house.associate(&id, &outer, &inner).await.unwrap();
    house.associate(&id, &inner, &bob).await.unwrap();
    put(&house, &id, &ann, &outer, &[FullAccess]).await.unwrap();
    put(&house, &id, &ann, &bob, &[SendOnBehalf]).await.unwrap();
    assert_eq!(of(&house, &ann, &bob).await, Rights { send_on_behalf: true, ..FULL });
    let mut snapshot = house.store.read().await.unwrap();
    let opened = permissions::opened_to(&mut snapshot, &bob).await.unwrap();
    assert_eq!(opened.iter().map(|o| o.address.as_str()).collect::<Vec<_>>(), ["ann@example.com"]);
    assert_eq!(permissions::grantees(&mut snapshot, &bob).await.unwrap().len(), 3);
    drop(snapshot);
    house.deregister(&id, &inner).await.unwrap();
    assert_eq!(
        of(&house, &ann, &bob).await,
        Rights { send_on_behalf: true, ..NOTHING },
        "a group that is not registered passes nothing on"
    );
    house.deregister(&id, &ann).await.unwrap();
    assert_eq!(of(&house, &ann, &bob).await, NOTHING, "inert");
    house.register(&id, &ann, "ann@example.com").await.unwrap();
    assert!(of(&house, &ann, &bob).await.send_on_behalf, "and back");
}

#[tokio::test]
async fn one_sends_under_the_name_of_who_permits_it() {
    let (house, id) = House::with_organization().await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.registered(&id, "bob").await];
    let team = house.registered_group(&id, "team").await;
    house.alias(&id, &ann, "a@example.com").await.unwrap();
    put(&house, &id, &ann, &bob, &[SendOnBehalf]).await.unwrap();
    put(&house, &id, &team, &bob, &[SendAs, SendOnBehalf]).await.unwrap();
    let mut snapshot = house.store.read().await.unwrap();
    for (address, expected) in [
        ("bob@example.com", Standing::Own),
        ("A@example.com", Standing::OnBehalf),
        ("ann+x@example.com", Standing::Foreign),
        ("team@example.com", Standing::As),
    ] {
        let found = standing(&mut snapshot, &bob, address).await.unwrap();
        assert_eq!(found, expected, "{address}");
    }
}

#[tokio::test]
async fn strangers_neither_see_nor_grant() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let elsewhere = house.organization("other").await;
    let eve = house.user(&elsewhere, "eve").await;
    house.register(&elsewhere, &eve, "eve@other.awsapps.com").await.unwrap();
    for grantee in [eve.as_str(), "eve@other.awsapps.com"] {
        refused(put(&house, &id, &ann, grantee, &[FullAccess]).await, &ENTITY_NOT_FOUND);
    }
    refused(put(&house, &elsewhere, &ann, &eve, &[FullAccess]).await, &ENTITY_NOT_FOUND);
    let mut snapshot = house.store.read().await.unwrap();
    let holder = permissions::holder(&mut snapshot, &elsewhere, "ann@example.com").await.unwrap();
    assert_eq!(holder, None);
    drop(snapshot);
    let calls = house.calls_of(OTHER_ACCOUNT);
    let listed = ask!(house, &calls, list_mailbox_permissions, list_of(&id, &ann));
    refused(listed, &ORGANIZATION_NOT_FOUND);
}
