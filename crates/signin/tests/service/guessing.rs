use signin::Refusal;

use crate::house::{ACCOUNT, House, PASSWORD, ROOT_PASSWORD, root_form, signed_in, user_form};

fn is_locked<T>(result: &Result<T, Refusal>) -> bool {
    matches!(result, Err(Refusal::TooMany { .. }))
}

#[tokio::test]
async fn five_wrong_passwords_and_then_a_rest_whatever_is_tried() {
    let house = House::new().await;
    house.user("ann", false).await;
    for user in ["ann", "nobody"] {
        for _ in 0..5 {
            let wrong = house.enter(user, "Wrong-Password-1").await;
            assert!(matches!(wrong, Err(Refusal::Incorrect)), "{user}");
        }
        let locked = house.enter(user, PASSWORD).await;
        assert!(is_locked(&locked), "also with the right password: {user}");
    }
    assert!(is_locked(&house.enter("ANN", PASSWORD).await), "the same in capitals");
    house.alias("acme").await;
    let visit = house.visit("192.0.2.1");
    let by_alias = house.service.password(&visit, None, &user_form("acme", "ann", PASSWORD)).await;
    assert!(is_locked(&by_alias), "the alias is no other account");
    signed_in(house.enter_from("192.0.2.2", "ann", PASSWORD).await);
    house.advance(15 * 60);
    signed_in(house.enter("ann", PASSWORD).await);
}

#[tokio::test]
async fn one_address_guesses_at_so_many() {
    let house = House::new().await;
    house.user("ann", false).await;
    for n in 0..30 {
        let wrong = house.enter(&format!("user{n}"), "Wrong-Password-1").await;
        assert!(matches!(wrong, Err(Refusal::Incorrect)), "{n}");
    }
    assert!(is_locked(&house.enter("ann", PASSWORD).await));
    let visit = house.visit("192.0.2.1");
    let root = house.service.password(&visit, None, &root_form("x@y", ROOT_PASSWORD)).await;
    assert!(is_locked(&root));
    signed_in(house.enter_from("192.0.2.2", "ann", PASSWORD).await);
}

#[tokio::test]
async fn a_stranger_with_many_addresses_does_not_lock_the_owner_out() {
    let house = House::new().await;
    house.user("ann", false).await;
    signed_in(house.enter_from("198.51.100.1", "ann", PASSWORD).await);
    for n in 0..50 {
        let address = format!("192.0.2.{n}");
        let wrong = house.enter_from(&address, "ann", "Wrong-Password-1").await;
        assert!(matches!(wrong, Err(Refusal::Incorrect)), "{n}");
    }
    assert!(is_locked(&house.enter_from("192.0.2.99", "ann", PASSWORD).await));
    signed_in(house.enter_from("198.51.100.1", "ann", PASSWORD).await);
    house.advance(60 * 60);
    signed_in(house.enter_from("192.0.2.99", "ann", PASSWORD).await);
}

#[tokio::test]
async fn a_thousand_at_once_are_no_way_around() {
    let house = House::new().await;
    house.user("ann", false).await;
    let (visit, form) = (house.visit("192.0.2.1"), user_form(ACCOUNT, "ann", "Wrong-Password-1"));
    let mut tried = 0;
    let service = std::sync::Arc::new(house.service);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (service, visit) = (service.clone(), visit.clone());
        let form = signin::PasswordForm {
            account: form.account.clone(),
            user_name: form.user_name.clone(),
            email: None,
            password: form.password.clone(),
            duration_seconds: None,
        };
        tasks.spawn(async move { service.password(&visit, None, &form).await });
    }
    while let Some(result) = tasks.join_next().await {
        tried += usize::from(matches!(result.unwrap(), Err(Refusal::Incorrect)));
    }
    assert_eq!(tried, 5);
}

#[tokio::test]
async fn what_is_turned_away_is_recorded_once_in_a_span() {
    let house = House::new().await;
    house.user("ann", false).await;
    for _ in 0..9 {
        house.enter("ann", "Wrong-Password-1").await.unwrap_err();
    }
    let events = house.events("ConsoleLogin", 6).await;
    let turned = events.iter().filter(|e| e["errorMessage"] == "Too many failed attempts");
    assert_eq!(turned.count(), 1);
}

/// What it takes to say no does not tell whether there is an account, a user or a password.
#[tokio::test]
async fn refusals_take_the_same_time() {
    let house = House::new().await;
    house.user("ann", false).await;
    let asked = [(ACCOUNT, "ann"), (ACCOUNT, "nobody"), ("999999999999", "ann")];
    let mut best = [f64::MAX; 3];
    // In turn, so that what else the machine does hits all three.
    for n in 0..8 {
        for ((account, user), best) in asked.iter().zip(&mut best) {
            let visit = house.visit(&format!("192.0.2.{n}"));
            let form = user_form(account, user, "Wrong-Password-1");
            let start = std::time::Instant::now();
            house.service.password(&visit, None, &form).await.unwrap_err();
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    // The hash takes ten times as long as everything else together.
    let [known, no_user, no_account] = best;
    assert!(no_user > known / 3.0 && no_account > known / 3.0, "{best:?}");
}
