use iam::door::{Caller, Origin};
use signin::{EmailCodeForm, EmailForm, MfaForm, NameForm, Progress, Refusal, RootPasswordForm};

use crate::{
    house::{ACCOUNT, EMAIL, House, PASSWORD, ROOT_PASSWORD, code_in, root_form, signed_in},
    second_factor::App,
};

const NEXT: &str = "Root-Password-2";
const NEW_EMAIL: &str = "next@elsewhere.example";

async fn root(house: &House) -> Caller {
    let session = signed_in(house.enter_root(ROOT_PASSWORD).await);
    house.caller(&session).await
}

fn passwords(old: &str, new: &str) -> RootPasswordForm {
    RootPasswordForm { old_password: old.into(), new_password: new.into() }
}

fn email(address: &str) -> EmailForm {
    EmailForm { email: address.to_owned(), password: ROOT_PASSWORD.into() }
}

#[tokio::test]
async fn root_changes_its_password_by_its_own_rule() {
    let house = House::new().await;
    let root = root(&house).await;
    let wrong = house.service.change_root_password(&root, &passwords("x", NEXT)).await;
    assert!(matches!(wrong, Err(Refusal::Incorrect)));
    for weak in ["short-1", "alllowercase", EMAIL, "Example Corp"] {
        let refusal =
            house.service.change_root_password(&root, &passwords(ROOT_PASSWORD, weak)).await;
        assert!(matches!(refusal, Err(Refusal::Password)), "{weak}");
    }
    house.service.change_root_password(&root, &passwords(ROOT_PASSWORD, NEXT)).await.unwrap();
    assert!(matches!(house.enter_root(ROOT_PASSWORD).await, Err(Refusal::Incorrect)));
    signed_in(house.enter_root(NEXT).await);
    let event = &house.events("PasswordUpdated", 1).await[0];
    assert_eq!(event["userIdentity"]["type"], "Root");
}

#[tokio::test]
async fn who_has_roots_session_does_not_guess_its_password_from_everywhere() {
    let house = House::new().await;
    let root = root(&house).await;
    let guess = async |n: u8| {
        let mut thief = root.clone();
        thief.request.source_ip = [198, 51, 100, n].into();
        house.service.change_root_password(&thief, &passwords("x", NEXT)).await
    };
    for n in 0..50 {
        assert!(matches!(guess(n).await, Err(Refusal::Incorrect)), "{n}");
    }
    assert!(matches!(guess(50).await, Err(Refusal::TooMany { .. })));
    house.service.change_root_password(&root, &passwords(ROOT_PASSWORD, NEXT)).await.unwrap();
}

#[tokio::test]
async fn nobody_else_can_and_neither_can_roots_keys() {
    let house = House::new().await;
    house.user("admin", false).await;
    house.attach("admin", "AdministratorAccess").await;
    let session = signed_in(house.enter("admin", PASSWORD).await);
    let admin = house.caller(&session).await;
    let root = root(&house).await;
    let by_key = Caller { session: None, ..root.clone() };
    let mut by_sts = root.clone();
    by_sts.session.as_mut().unwrap().origin = Origin::Sts;
    for caller in [admin, by_key, by_sts] {
        let service = &house.service;
        let mfa = MfaForm { serial_number: "s".into(), code1: "1".into(), code2: "2".into() };
        let results = [
            service.change_root_password(&caller, &passwords(ROOT_PASSWORD, NEXT)).await,
            service.rename_account(&caller, &NameForm { account_name: "Mine".into() }).await,
            service.start_email_change(&caller, &email(NEW_EMAIL)).await,
            service.confirm_email_change(&caller, &EmailCodeForm { code: "123456".into() }).await,
            service.enable_root_mfa(&caller, &mfa).await,
        ];
        for result in results {
            assert!(matches!(result, Err(Refusal::RootOnly)), "{result:?}");
        }
    }
    signed_in(house.enter_root(ROOT_PASSWORD).await);
}

#[tokio::test]
async fn the_account_gets_another_name() {
    let house = House::new().await;
    let root = root(&house).await;
    let name = |name: &str| NameForm { account_name: name.to_owned() };
    house.service.rename_account(&root, &name(" Other Corp ")).await.unwrap();
    let account = iam::root::account(&mut house.store.read().await.unwrap(), ACCOUNT).await;
    assert_eq!(account.unwrap().unwrap().name, "Other Corp");
    for bad in ["", " ", "a\0b", &"x".repeat(51)] {
        let refusal = house.service.rename_account(&root, &name(bad)).await;
        assert!(matches!(refusal, Err(Refusal::Invalid(_))), "{bad:?}");
    }
}

#[tokio::test]
async fn a_new_address_is_confirmed_by_a_code_and_the_old_one_is_told() {
    let house = House::new().await;
    let root = root(&house).await;
    let none = EmailCodeForm { code: "123456".into() };
    let early = house.service.confirm_email_change(&root, &none).await;
    assert!(matches!(early, Err(Refusal::MailedCode)));
    let wrong = EmailForm { password: "x".into(), ..email(NEW_EMAIL) };
    let wrong = house.service.start_email_change(&root, &wrong).await;
    assert!(matches!(wrong, Err(Refusal::Incorrect)));
    house.service.start_email_change(&root, &email(NEW_EMAIL)).await.unwrap();
    let code = code_in(&house.letter(NEW_EMAIL).await);
    signed_in(house.enter_root(ROOT_PASSWORD).await);
    let right = EmailCodeForm { code: code.clone() };
    house.service.confirm_email_change(&root, &right).await.unwrap();
    assert!(matches!(house.enter_root(ROOT_PASSWORD).await, Err(Refusal::Incorrect)));
    let visit = house.visit("192.0.2.1");
    let form = root_form(NEW_EMAIL, ROOT_PASSWORD);
    signed_in(house.service.password(&visit, None, &form).await);
    assert!(house.letter(EMAIL).await.contains("another e-mail address"));
    house.events("EmailUpdated", 1).await;
    let again = house.service.confirm_email_change(&root, &right).await;
    assert!(matches!(again, Err(Refusal::MailedCode)));
}

#[tokio::test]
async fn another_accounts_address_is_not_to_be_had() {
    let house = House::new().await;
    house.account("210987654321", "root@example.net").await;
    let root = root(&house).await;
    house.service.start_email_change(&root, &email("root@example.net")).await.unwrap();
    let letter = house.letter("root@example.net").await;
    assert!(letter.contains("belongs to an account already"), "{letter}");
    for _ in 0..6 {
        let code = EmailCodeForm { code: "123456".into() };
        let refusal = house.service.confirm_email_change(&root, &code).await;
        assert!(matches!(refusal, Err(Refusal::MailedCode)));
    }
}

#[tokio::test]
async fn root_gets_a_second_factor_and_needs_it_then() {
    let house = House::new().await;
    let root = root(&house).await;
    let app = App::new(&house, "root").await;
    let form = |one: &str, two: &str| MfaForm {
        serial_number: app.serial.clone(),
        code1: one.to_owned(),
        code2: two.to_owned(),
    };
    let wrong = house.service.enable_root_mfa(&root, &form("000000", "000001")).await;
    assert_eq!(wrong.unwrap_err().code(), "InvalidAuthenticationCode");
    let right = form(&app.code(&house, 0), &app.code(&house, 1));
    house.service.enable_root_mfa(&root, &right).await.unwrap();
    house.advance(60);
    let Progress::MfaRequired { token, .. } = house.enter_root(ROOT_PASSWORD).await.unwrap() else {
        panic!("a second factor is needed");
    };
    let code = app.code(&house, 0);
    let form = signin::CodeForm { token, serial_number: None, code };
    let session = house.service.code(&house.visit("192.0.2.1"), &form).await;
    assert!(signed_in(session).mfa_authenticated);
}
