use iam::accounts::{self, CreateError, NewAccount};
use wire::iam::{GetGroupRequest, GetUserRequest, ListAttachedGroupPoliciesRequest};

use crate::house::{House, ask, s, some};

fn new(id: Option<&str>, email: &str) -> NewAccount {
    NewAccount { id: id.map(s), email: s(email), name: s("Another"), password_hash: None }
}

#[tokio::test]
async fn ids_and_addresses_are_unique() {
    let house = House::new().await;
    let mut tx = house.store.write().await.unwrap();
    let drawn = accounts::create(&mut tx, &house.world, new(None, "Second@Example.ORG")).await;
    let drawn = drawn.unwrap();
    assert!(drawn.id.len() == 12 && drawn.id.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(drawn.email, "second@example.org");

    let mut create = async |id, email| {
        accounts::create(&mut tx, &house.world, new(id, email)).await.unwrap_err()
    };
    let taken = create(None, "ROOT@example.org").await;
    assert!(matches!(taken, CreateError::EmailTaken(_)), "{taken}");
    let taken = create(Some("123456789012"), "x@example.org").await;
    assert!(matches!(taken, CreateError::IdTaken(_)), "{taken}");
    for id in ["12345678901", "1234567890123", "12345678901a"] {
        assert!(matches!(create(Some(id), "x@example.org").await, CreateError::InvalidId(_)));
    }
    let unlike =
        ["", "x", "@example.org", "x@", "a b@example.org", "a@b@example.org", "a..b@example.org"];
    let elsewhere =
        ["a@example..org", "a@example.org.", "a@-example.org", "a@\u{202e}gro", "a\u{200b}@x.org"];
    for email in unlike.into_iter().chain(elsewhere) {
        assert!(matches!(create(None, email).await, CreateError::InvalidEmail(_)), "{email}");
    }
}

#[test]
fn a_name_is_one_line_that_reads_as_it_is() {
    assert_eq!(accounts::checked_name(" Büro \u{1f4ee} 7 ").unwrap(), "Büro \u{1f4ee} 7");
    for name in ["", " ", "a\nb", "a\u{2028}b", "\u{202e}moc", "a\u{200b}", "a\u{feff}b"] {
        assert!(accounts::checked_name(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn the_first_administrator_may_do_everything() {
    let house = House::new().await;
    let mut tx = house.store.write().await.unwrap();
    let keyring = house.store.keyring();
    let (world, account) = (&house.world, &house.account);
    let pair =
        accounts::create_administrator(&mut tx, world, keyring, account, "admin", Some("hash"))
            .await
            .unwrap();
    let root = accounts::create_root_access_key(&mut tx, world, keyring, account).await.unwrap();
    tx.commit().await.unwrap();
    assert_ne!(pair.id, root.id);
    let csv = format!("Access key ID,Secret access key\n{},{}\n", pair.id, pair.secret.expose());
    assert_eq!(pair.csv(), csv);
    assert!(!format!("{pair:?}").contains(pair.secret.expose()), "secrets do not print");

    let get = GetUserRequest { user_name: some("admin") };
    let admin = ask!(house.root(), get_user, get).unwrap().user;
    let calls = house.calls_by(&admin).with_key(&pair.id);
    let group = GetGroupRequest { group_name: s("Administrators"), ..Default::default() };
    let group = ask!(calls, get_group, group).unwrap();
    assert_eq!(group.users[0].user_name, "admin");
    let list =
        ListAttachedGroupPoliciesRequest { group_name: s("Administrators"), ..Default::default() };
    let policies = ask!(calls, list_attached_group_policies, list).unwrap();
    let arns: Vec<_> =
        policies.attached_policies.unwrap().into_iter().filter_map(|p| p.policy_arn).collect();
    assert_eq!(arns, ["arn:aws:iam::aws:policy/AdministratorAccess"]);
}

#[tokio::test]
async fn an_administrator_has_a_name_that_a_user_may_have() {
    let house = House::new().await;
    let mut tx = house.store.write().await.unwrap();
    let keyring = house.store.keyring();
    for name in ["", "a b", "ä", &"x".repeat(65)] {
        let (world, account) = (&house.world, &house.account);
        let made =
            accounts::create_administrator(&mut tx, world, keyring, account, name, None).await;
        assert!(made.unwrap_err().is(&wire::errors::VALIDATION), "{name}");
    }
}
