use wire::workmail::{errors::*, *};
use workmail::{AccessAction, Authenticator, Error, SignIn};
use world::Secret;

use crate::house::{House, PASSWORD, ask, refused};

/// The id of the user who gets in, if anybody does.
async fn enter(
    doorman: &Authenticator,
    login: &str,
    password: &str,
) -> Result<Option<String>, Error> {
    let (password, peer) = (Secret::new(password), "192.0.2.1".parse().unwrap());
    let tried = doorman.authenticate(login, &password, AccessAction::Imap, peer).await?;
    Ok(match tried {
        SignIn::Granted(visit) => Some(visit.user().id.clone()),
        SignIn::Wrong => None,
        SignIn::Refused => panic!("a rule that lets everybody in"),
    })
}

#[tokio::test]
async fn a_password_opens_the_mailbox_of_the_enabled() {
    let (house, id) = House::with_organization().await;
    let password = Some(PASSWORD.into());
    let input = CreateUserRequest { password, ..House::user_request(&id, "ann") };
    let user = ask!(house, create_user, input).unwrap().user_id.unwrap();
    let doorman = Authenticator::new(house.store.clone(), &house.world);
    let enter = async |login: &str, password: &str| enter(&doorman, login, password).await.unwrap();
    assert_eq!(enter("ann@example.com", PASSWORD).await, None, "not registered");
    house.register(&id, &user, "ann@example.com").await.unwrap();
    house.alias(&id, &user, "lee@example.com").await.unwrap();
    for login in ["ann@example.com", "ANN@Example.com", "lee@example.com"] {
        assert_eq!(enter(login, PASSWORD).await.as_deref(), Some(user.as_str()), "{login}");
    }
    for login in ["ann", "ann+x@example.com", "bob@example.com", "ann@example.org", ""] {
        assert_eq!(enter(login, PASSWORD).await, None, "{login}");
    }
    assert_eq!(enter("ann@example.com", "Passw0rd-two").await, None);

    house.set_password(&id, &user, "Passw0rd-two").await.unwrap();
    assert_eq!(enter("ann@example.com", PASSWORD).await, None, "remembered, but changed");
    assert!(enter("ann@example.com", "Passw0rd-two").await.is_some());
    house.deregister(&id, &user).await.unwrap();
    assert_eq!(enter("ann@example.com", "Passw0rd-two").await, None, "remembered, but gone");
}

#[tokio::test]
async fn a_verified_password_costs_no_hash_again() {
    let (house, id) = House::with_organization().await;
    let user = house.registered(&id, "ann").await;
    house.set_password(&id, &user, PASSWORD).await.unwrap();
    let doorman = Authenticator::new(house.store.clone(), &house.world);
    assert!(enter(&doorman, "ann@example.com", PASSWORD).await.unwrap().is_some());

    // a hash that cannot be read shows who reads it
    let mut tx = house.store.write().await.unwrap();
    tx.execute("UPDATE user_passwords SET hash = 'x'", store::params![]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(enter(&doorman, "ann@example.com", PASSWORD).await.unwrap().is_some());
    assert!(enter(&doorman, "ann@example.com", "Passw0rd-two").await.is_err());
    let newcomer = Authenticator::new(house.store.clone(), &house.world);
    assert!(enter(&newcomer, "ann@example.com", PASSWORD).await.is_err());
}

#[tokio::test]
async fn weak_passwords_are_refused() {
    let (house, id) = House::with_organization().await;
    let user = house.user(&id, "ann").await;
    for weak in ["Pa5s", "passwords", "Passw0rd€"] {
        refused(house.set_password(&id, &user, weak).await, &INVALID_PASSWORD);
        let password = Some(weak.into());
        let input = CreateUserRequest { password, ..House::user_request(&id, "bob") };
        refused(ask!(house, create_user, input), &INVALID_PASSWORD);
    }
    let group = house.group(&id, "staff").await;
    refused(house.set_password(&id, &group, PASSWORD).await, &ENTITY_NOT_FOUND);
}
