use wire::workmail::*;
use workmail::{
    MailUser, Recipient, addresses_of, expand_group, is_local_domain,
    permissions::{Standing, standing},
    resolve,
};

use crate::house::{House, ask};

async fn whom(house: &House, address: &str) -> Recipient {
    let mut snapshot = house.store.read().await.unwrap();
    resolve(&mut snapshot, address).await.unwrap()
}

fn user(recipient: Recipient) -> MailUser {
    match recipient {
        Recipient::User(user) => user,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn addresses_are_resolved() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let bob = house.registered(&id, "bob").await;
    house.alias(&id, &ann, "Ann.Lee@example.com").await.unwrap();
    house.alias(&id, &bob, "ann+bob@example.com").await.unwrap();
    house.registered_group(&id, "staff").await;

    for address in ["ann@example.com", "ANN.LEE@EXAMPLE.COM", "ann+shop@example.com"] {
        let found = user(whom(&house, address).await);
        assert_eq!((found.id.as_str(), found.address.as_str()), (ann.as_str(), "ann@example.com"));
        assert_eq!(found.display_name.as_deref(), Some("The ann"));
    }
    assert_eq!(user(whom(&house, "Ann+Bob@example.com").await).id, bob, "the exact one wins");
    assert!(matches!(whom(&house, "staff+x@example.com").await, Recipient::Group(_)));
    for address in
        ["nobody@example.com", "+x@example.com", "@example.com", "ann+x@acme.awsapps.com"]
    {
        assert_eq!(whom(&house, address).await, Recipient::Unknown, "{address}");
    }
    for address in ["ann@example.org", "ann", "", "ann@", "ann@com"] {
        assert_eq!(whom(&house, address).await, Recipient::NotLocalDomain, "{address}");
    }
    house.deregister(&id, &ann).await.unwrap();
    assert_eq!(whom(&house, "ann@example.com").await, Recipient::Unknown);
}

#[tokio::test]
async fn domains_may_be_written_in_unicode() {
    let (house, id) = House::with_organization().await;
    house.domain(&id, "xn--bcher-kva.example").await;
    let ann = house.user(&id, "ann").await;
    house.register(&id, &ann, "ann@xn--bcher-kva.example").await.unwrap();
    assert_eq!(user(whom(&house, "ann@BÜCHER.example").await).id, ann);
    let mut snapshot = house.store.read().await.unwrap();
    assert!(is_local_domain(&mut snapshot, "bücher.example").await.unwrap());
    assert!(is_local_domain(&mut snapshot, "Example.com").await.unwrap());
    assert!(!is_local_domain(&mut snapshot, "example.org").await.unwrap());
}

#[tokio::test]
async fn groups_are_expanded_at_any_depth_each_member_once() {
    let (house, id) = House::with_organization().await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.registered(&id, "bob").await];
    let carl = house.user(&id, "carl").await;
    let all = house.registered_group(&id, "all").await;
    for (group, members) in [("staff", [&ann, &bob]), ("board", [&ann, &carl])] {
        house.registered_group(&id, group).await;
        for member in members {
            house.associate(&id, group, member).await.unwrap();
        }
        house.associate(&id, "all", group).await.unwrap();
    }
    let reached = async |group: &str| {
        let mut snapshot = house.store.read().await.unwrap();
        let users = expand_group(&mut snapshot, group).await.unwrap();
        let mut names: Vec<_> = users.into_iter().map(|user| user.name).collect();
        names.sort();
        names
    };
    assert_eq!(reached(&all).await, ["ann", "bob"], "carl is not registered");
    house.deregister(&id, "staff").await.unwrap();
    assert_eq!(reached(&all).await, ["ann"], "a group that is not registered is inert");
    assert!(reached(&ann).await.is_empty());

    // a loop cannot be made by callers; should there be one, nothing hangs
    let mut tx = house.store.write().await.unwrap();
    let sql = "INSERT INTO memberships (group_id, member_id, group_key, member_key) \
        SELECT g.id, m.id, g.name_key, m.name_key FROM entities g, entities m \
        WHERE g.name = 'board' AND m.name = 'all'";
    tx.execute(sql, store::params![]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(reached(&all).await, ["ann"]);
}

#[tokio::test]
async fn one_sends_as_one_s_own_addresses() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    house.registered(&id, "bob").await;
    house.alias(&id, &ann, "a@example.com").await.unwrap();
    let mut snapshot = house.store.read().await.unwrap();
    let owned = addresses_of(&mut snapshot, &ann).await.unwrap();
    assert_eq!(owned, ["ann@example.com", "a@example.com"]);
    for (address, may) in [
        ("ANN@example.com", Standing::Own),
        ("a@example.com", Standing::Own),
        ("ann+x@example.com", Standing::Foreign),
        ("bob@example.com", Standing::Foreign),
        ("nobody@example.com", Standing::Foreign),
    ] {
        assert_eq!(standing(&mut snapshot, &ann, address).await.unwrap(), may, "{address}");
    }
}

#[tokio::test]
async fn a_remote_user_is_not_delivered_to() {
    let (house, id) = House::with_organization().await;
    let role = Some(UserRole::RemoteUser);
    let input = CreateUserRequest { role, ..House::user_request(&id, "ann") };
    let ann = ask!(house, create_user, input).unwrap().user_id.unwrap();
    house.register(&id, &ann, "ann@example.com").await.unwrap();
    assert_eq!(whom(&house, "ann@example.com").await, Recipient::Unknown);
}
