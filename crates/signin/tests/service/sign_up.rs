use signin::{ConfirmForm, Refusal, SignUpForm, pending};

use crate::house::{EMAIL, House, ROOT_PASSWORD, code_in, root_form, signed_in};

const NEW: &str = "new@elsewhere.example";

fn form(email: &str) -> SignUpForm {
    SignUpForm {
        email: email.to_owned(),
        account_name: "New Corp".to_owned(),
        password: ROOT_PASSWORD.into(),
    }
}

fn confirm(id: &str, code: &str) -> ConfirmForm {
    ConfirmForm { sign_up_id: id.to_owned(), code: code.to_owned() }
}

#[tokio::test]
async fn a_mailed_code_makes_an_account() {
    let house = House::new().await;
    let visit = house.visit("192.0.2.1");
    let begun = house.service.sign_up(&visit, &form("New@Elsewhere.example")).await.unwrap();
    let letter = house.letter(NEW).await;
    let code = code_in(&letter);
    let enter =
        async |visit| house.service.password(visit, None, &root_form(NEW, ROOT_PASSWORD)).await;
    assert!(enter(&visit).await.is_err(), "there is no account yet");
    let listed = pending(&house.store, visit.now).await.unwrap();
    assert_eq!(listed[0].code.as_ref().unwrap().expose(), code, "the operator can tell it");
    let made = house.service.confirm_sign_up(&visit, &confirm(&begun.sign_up_id, &code)).await;
    let made = made.unwrap();
    let root = signed_in(enter(&visit).await);
    assert_eq!(root.account_id, made.account_id);
    assert!(house.letter(NEW).await.contains(&made.account_id), "the word of welcome");
    let again = house.service.confirm_sign_up(&visit, &confirm(&begun.sign_up_id, &code)).await;
    assert!(matches!(again, Err(Refusal::MailedCode)));
    assert!(pending(&house.store, visit.now).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_bears_five_tries_and_ten_minutes() {
    let house = House::new().await;
    let visit = house.visit("192.0.2.1");
    let begun = house.service.sign_up(&visit, &form(NEW)).await.unwrap();
    let code = code_in(&house.letter(NEW).await);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for text in [wrong, "", "0", "\u{0}", "no code at all"] {
        let refusal =
            house.service.confirm_sign_up(&visit, &confirm(&begun.sign_up_id, text)).await;
        assert!(matches!(refusal, Err(Refusal::MailedCode)), "{text}");
    }
    let right = house.service.confirm_sign_up(&visit, &confirm(&begun.sign_up_id, &code)).await;
    assert!(matches!(right, Err(Refusal::MailedCode)), "the sixth try is too many");
    let begun = house.service.sign_up(&visit, &form("late@elsewhere.example")).await.unwrap();
    let code = code_in(&house.letter("late@elsewhere.example").await);
    house.advance(600);
    let late = house.visit("192.0.2.1");
    let late = house.service.confirm_sign_up(&late, &confirm(&begun.sign_up_id, &code)).await;
    assert!(matches!(late, Err(Refusal::MailedCode)));
    for id in ["", "\u{0}", "x", &"0".repeat(32)] {
        let refusal = house.service.confirm_sign_up(&visit, &confirm(id, &code)).await;
        assert!(matches!(refusal, Err(Refusal::MailedCode)), "{id}");
    }
}

#[tokio::test]
async fn what_was_not_confirmed_is_forgotten() {
    let house = House::new().await;
    house.service.sign_up(&house.visit("192.0.2.1"), &form(NEW)).await.unwrap();
    signed_in(house.enter_root(ROOT_PASSWORD).await);
    let count = async |table: &str| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let mut snapshot = house.store.read().await.unwrap();
        snapshot.row(&sql, store::params![], |row| row.get::<i64>(0)).await.unwrap().unwrap()
    };
    house.advance(599);
    signin::forget_expired(&house.store, house.world.now()).await.unwrap();
    assert_eq!((count("sign_ups").await, count("known_addresses").await), (1, 1));
    house.advance(1);
    signin::forget_expired(&house.store, house.world.now()).await.unwrap();
    assert_eq!((count("sign_ups").await, count("known_addresses").await), (0, 1));
    house.advance(90 * 86_400);
    signin::forget_expired(&house.store, house.world.now()).await.unwrap();
    assert_eq!(count("known_addresses").await, 0);
}

#[tokio::test]
async fn who_asks_does_not_learn_whether_there_is_an_account() {
    let house = House::new().await;
    let visit = house.visit("192.0.2.1");
    let begun = house.service.sign_up(&visit, &form(EMAIL)).await.unwrap();
    assert_eq!(begun.sign_up_id.len(), 32);
    let letter = house.letter(EMAIL).await;
    assert!(letter.contains("It has one already"), "{letter}");
    let listed = pending(&house.store, visit.now).await.unwrap();
    assert!(listed[0].code.is_none());
    let refusal =
        house.service.confirm_sign_up(&visit, &confirm(&begun.sign_up_id, "123456")).await;
    assert!(matches!(refusal, Err(Refusal::MailedCode)));
}

#[tokio::test]
async fn a_code_confirms_only_the_sign_up_that_it_was_sent_for() {
    let house = House::new().await;
    let visit = house.visit("192.0.2.1");
    let stranger = house.service.sign_up(&visit, &form(NEW)).await.unwrap();
    let stranger_code = code_in(&house.letter(NEW).await);
    let owner = house.service.sign_up(&visit, &form(NEW)).await.unwrap();
    let owner_code = code_in(&house.letter(NEW).await);
    let mixed = confirm(&owner.sign_up_id, &stranger_code);
    let mixed = house.service.confirm_sign_up(&visit, &mixed).await;
    assert!(matches!(mixed, Err(Refusal::MailedCode)));
    house.service.confirm_sign_up(&visit, &confirm(&owner.sign_up_id, &owner_code)).await.unwrap();
    let second = confirm(&stranger.sign_up_id, &stranger_code);
    let second = house.service.confirm_sign_up(&visit, &second).await;
    assert!(matches!(second, Err(Refusal::MailedCode)), "the address has its account now");
}

#[tokio::test]
async fn an_address_gets_only_so_many_letters() {
    let house = House::new().await;
    for n in 0..3 {
        let visit = house.visit(&format!("192.0.2.{n}"));
        house.service.sign_up(&visit, &form(NEW)).await.unwrap();
    }
    let elsewhere = house.visit("192.0.2.9");
    let fourth = house.service.sign_up(&elsewhere, &form(NEW)).await;
    assert!(matches!(fourth, Err(Refusal::TooMany { .. })));
    for n in 0..10 {
        house.service.sign_up(&elsewhere, &form(&format!("u{n}@far.example"))).await.unwrap();
    }
    let eleventh = house.service.sign_up(&elsewhere, &form("u11@far.example")).await;
    assert!(matches!(eleventh, Err(Refusal::TooMany { .. })), "of one who asks, either");
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused() {
    let house = House::new().await;
    let visit = house.visit("192.0.2.1");
    for email in ["", "x", "@x", "x@", "a b@c.d", "a\r\nBcc: e@f@c.d", "<a@b>", "a,b@c", "a\0@b.c"]
    {
        let refusal = house.service.sign_up(&visit, &form(email)).await;
        assert!(matches!(refusal, Err(Refusal::Invalid(_))), "{email:?}");
    }
    for password in ["x", "abcdefgh", "New Corp", "Aa1-56"] {
        let weak = SignUpForm { password: password.into(), ..form(NEW) };
        let refusal = house.service.sign_up(&visit, &weak).await;
        assert!(matches!(refusal, Err(Refusal::Password)), "{password}");
    }
    let nameless = SignUpForm { account_name: " ".into(), ..form(NEW) };
    assert!(house.service.sign_up(&visit, &nameless).await.is_err());
}
