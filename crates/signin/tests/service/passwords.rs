use signin::{NewPasswordForm, PasswordForm, Refusal};
use wire::iam::{GetUserRequest, UpdateAccountPasswordPolicyRequest, UpdateLoginProfileRequest};

use crate::house::{
    ACCOUNT, EMAIL, House, PASSWORD, ROOT_PASSWORD, START, by_root, must_change, root_form,
    signed_in, user_form,
};

const DAY: u64 = 86_400;

fn next(token: &str, old: &str, new: &str) -> NewPasswordForm {
    NewPasswordForm { token: token.to_owned(), old_password: old.into(), new_password: new.into() }
}

fn may_change() -> UpdateAccountPasswordPolicyRequest {
    UpdateAccountPasswordPolicyRequest {
        allow_users_to_change_password: Some(true),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_user_signs_in_with_id_or_alias_and_the_credentials_are_the_users() {
    let house = House::new().await;
    house.user("Ann", false).await;
    house.alias("acme").await;
    let by_id = signed_in(house.enter("ann", PASSWORD).await);
    assert_eq!(by_id.arn, format!("arn:aws:iam::{ACCOUNT}:user/Ann"));
    assert_eq!(by_id.user_name.as_deref(), Some("Ann"));
    assert!(!by_id.mfa_authenticated && by_id.password_expires_at.is_none());
    let twelve_hours = 12 * 60 * 60;
    assert_eq!(by_id.credentials.expiration.as_seconds(), START.as_seconds() + twelve_hours);
    let caller = house.caller(&by_id).await;
    assert_eq!(caller.arn(), by_id.arn);
    let visit = house.visit("192.0.2.1");
    let form = user_form("acme", "ann", PASSWORD);
    assert_eq!(signed_in(house.service.password(&visit, None, &form).await).arn, by_id.arn);
    let form = PasswordForm { account: None, ..form };
    let labelled = house.service.password(&visit, Some("acme"), &form).await;
    assert_eq!(signed_in(labelled).arn, by_id.arn);
    let input = GetUserRequest { user_name: Some("Ann".into()) };
    let user = by_root!(house, get_user, input).user;
    assert_eq!(user.password_last_used, Some(START));
}

#[tokio::test]
async fn a_console_session_reaches_iam_without_a_second_factor() {
    let house = House::new().await;
    house.user("ann", false).await;
    house.attach("ann", "IAMReadOnlyAccess").await;
    let session = signed_in(house.enter("ann", PASSWORD).await);
    let caller = house.caller(&session).await;
    let snapshot = house.door.snapshot().await.unwrap();
    let mut call = iam::door::Call::new(house.door.clone(), caller, snapshot);
    use wire::iam::Iam as _;
    let user = iam::Service.get_user(&mut call, GetUserRequest::default()).await.unwrap().user;
    assert_eq!(user.user_name, "ann");
}

#[tokio::test]
async fn root_signs_in_by_e_mail_alone_for_an_hour() {
    let house = House::new().await;
    let root = signed_in(house.enter_root(ROOT_PASSWORD).await);
    assert_eq!(root.arn, format!("arn:aws:iam::{ACCOUNT}:root"));
    assert_eq!(root.user_name, None);
    assert_eq!(root.credentials.expiration.as_seconds(), START.as_seconds() + 3_600);
    assert!(house.caller(&root).await.is_root());
    let visit = house.visit("192.0.2.1");
    let shout = root_form("ROOT@example.org", ROOT_PASSWORD);
    signed_in(house.service.password(&visit, None, &shout).await);
    for name in [EMAIL, "root", ACCOUNT, "<root_account>"] {
        let on_the_form = house.enter(name, ROOT_PASSWORD).await;
        assert!(matches!(on_the_form, Err(Refusal::Incorrect)), "{name}");
    }
    let input = GetUserRequest { user_name: None };
    let user = by_root!(house, get_user, input).user;
    assert_eq!(user.password_last_used, Some(START));
}

#[tokio::test]
async fn whatever_is_wrong_the_refusal_is_one() {
    let house = House::new().await;
    house.user("ann", false).await;
    let user = wire::iam::CreateUserRequest { user_name: "bare".into(), ..Default::default() };
    by_root!(house, create_user, user);
    let visit = house.visit("192.0.2.1");
    for form in [
        user_form(ACCOUNT, "ann", "Correct-Horse-2"),
        user_form(ACCOUNT, "bare", PASSWORD),
        user_form(ACCOUNT, "nobody", PASSWORD),
        user_form("999999999999", "ann", PASSWORD),
        user_form("no-such-alias", "ann", PASSWORD),
        root_form("nobody@example.org", ROOT_PASSWORD),
        root_form(EMAIL, PASSWORD),
    ] {
        let refusal = house.service.password(&visit, None, &form).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Incorrect), "{form:?}");
    }
}

#[tokio::test]
async fn every_sign_in_is_an_event_without_secrets() {
    let house = House::new().await;
    house.user("ann", false).await;
    signed_in(house.enter("ann", PASSWORD).await);
    house.advance(1);
    house.enter("ann", "Wrong-Password-1").await.unwrap_err();
    house.advance(1);
    house.enter("My-Secret-Typed-Here-1", "x").await.unwrap_err();
    house.advance(1);
    house.enter_root("Wrong-Password-2").await.unwrap_err();
    let events = house.events("ConsoleLogin", 4).await;
    let [good, wrong, unknown, root] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(good["responseElements"]["ConsoleLogin"], "Success");
    assert_eq!(good["eventType"], "AwsConsoleSignIn");
    assert_eq!(good["eventSource"], "signin.amazonaws.com");
    assert_eq!(good["userIdentity"]["userName"], "ann");
    assert_eq!(good["userIdentity"]["type"], "IAMUser");
    assert_eq!(good["sourceIPAddress"], "192.0.2.1");
    let details = serde_json::json!({ "MobileVersion": "No", "MFAUsed": "No" });
    assert_eq!(good["additionalEventData"], details);
    assert!(good.get("errorMessage").is_none());
    assert_eq!(wrong["responseElements"]["ConsoleLogin"], "Failure");
    assert_eq!(wrong["errorMessage"], "Failed authentication");
    assert_eq!(unknown["userIdentity"]["userName"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert_eq!(unknown["errorMessage"], "No username found in supplied account");
    assert_eq!(root["userIdentity"]["type"], "Root");
    let all = format!("{events:?}");
    for secret in [PASSWORD, "Wrong-Password", "My-Secret"] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[tokio::test]
async fn a_password_that_must_be_changed_opens_nothing_else() {
    let house = House::new().await;
    house.user("ann", true).await;
    let (token, reason) = must_change(house.enter("ann", PASSWORD).await);
    assert_eq!(reason, "ResetRequired");
    let change = async |form: &NewPasswordForm| {
        house.service.new_password(&house.visit("192.0.2.1"), form).await
    };
    let form = next(&token, PASSWORD, "Correct-Horse-2");
    let denied = change(&form).await.unwrap_err();
    assert_eq!((denied.code(), denied.status()), ("AccessDenied", 403), "the account forbids it");
    house.policy(may_change()).await;
    let wrong = next(&token, "Correct-Horse-9", "Correct-Horse-2");
    let wrong = change(&wrong).await.unwrap_err();
    assert_eq!(wrong.to_string(), "The old password was incorrect.");
    let weak = change(&next(&token, PASSWORD, "x")).await;
    assert_eq!(weak.unwrap_err().code(), "PasswordPolicyViolation");
    signed_in(change(&form).await);
    let replayed = change(&form).await;
    assert!(matches!(replayed, Err(Refusal::Step)));
    assert!(matches!(house.enter("ann", PASSWORD).await, Err(Refusal::Incorrect)));
    signed_in(house.enter("ann", "Correct-Horse-2").await);
    let changes = house.events("ChangePassword", 4).await;
    assert!(!format!("{changes:?}").contains("Correct-Horse"));
}

#[tokio::test]
async fn the_policy_attached_to_a_user_lets_it_change_its_password() {
    let house = House::new().await;
    house.user("ann", true).await;
    house.attach("ann", "IAMUserChangePassword").await;
    let (token, _) = must_change(house.enter("ann", PASSWORD).await);
    let form = next(&token, PASSWORD, "Correct-Horse-2");
    signed_in(house.service.new_password(&house.visit("192.0.2.1"), &form).await);
}

#[tokio::test]
async fn a_password_grows_old() {
    let house = House::new().await;
    house.user("ann", false).await;
    let rules = UpdateAccountPasswordPolicyRequest {
        max_password_age: Some(90),
        password_reuse_prevention: Some(24),
        ..may_change()
    };
    house.policy(rules).await;
    house.advance(75 * DAY);
    assert_eq!(signed_in(house.enter("ann", PASSWORD).await).password_expires_at, None);
    house.advance(1);
    let warned = signed_in(house.enter("ann", PASSWORD).await);
    assert_eq!(warned.password_expires_at.as_deref(), Some("2027-02-20T00:00:00Z"));
    house.advance(15 * DAY);
    let (token, reason) = must_change(house.enter("ann", PASSWORD).await);
    assert_eq!(reason, "Expired");
    let visit = house.visit("192.0.2.1");
    let same = house.service.new_password(&visit, &next(&token, PASSWORD, PASSWORD)).await;
    assert_eq!(same.unwrap_err().code(), "PasswordPolicyViolation");
    let form = next(&token, PASSWORD, "Correct-Horse-2");
    assert_eq!(
        signed_in(house.service.new_password(&visit, &form).await).password_expires_at,
        None
    );
}

#[tokio::test]
async fn after_hard_expiry_an_administrator_must_help() {
    let house = House::new().await;
    house.user("ann", false).await;
    let rules = UpdateAccountPasswordPolicyRequest {
        max_password_age: Some(1),
        hard_expiry: Some(true),
        ..may_change()
    };
    house.policy(rules).await;
    house.advance(DAY);
    assert!(matches!(house.enter("ann", PASSWORD).await, Err(Refusal::PasswordEnded)));
    assert!(matches!(house.enter("ann", "x").await, Err(Refusal::Incorrect)));
    let reset = UpdateLoginProfileRequest {
        user_name: "ann".into(),
        password: Some("Correct-Horse-2".into()),
        password_reset_required: Some(true),
    };
    by_root!(house, update_login_profile, reset);
    assert_eq!(must_change(house.enter("ann", "Correct-Horse-2").await).1, "ResetRequired");
    assert_eq!(
        house.events("ConsoleLogin", 2).await[0]["responseElements"]["ConsoleLogin"],
        "Failure"
    );
}

#[tokio::test]
async fn a_token_is_good_for_its_step_for_five_minutes_and_unaltered() {
    let house = House::new().await;
    house.user("ann", true).await;
    house.policy(may_change()).await;
    let (token, _) = must_change(house.enter("ann", PASSWORD).await);
    let visit = house.visit("192.0.2.1");
    for place in [0, token.len() / 2, token.len() - 1] {
        let mut altered = token.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        let form = next(&altered, PASSWORD, "Correct-Horse-2");
        assert!(matches!(house.service.new_password(&visit, &form).await, Err(Refusal::Step)));
    }
    let code =
        signin::CodeForm { token: token.clone(), serial_number: None, code: "123456".into() };
    assert!(matches!(house.service.code(&visit, &code).await, Err(Refusal::Step)));
    let reset = UpdateLoginProfileRequest {
        user_name: "ann".into(),
        password: Some("Correct-Horse-3".into()),
        password_reset_required: None,
    };
    by_root!(house, update_login_profile, reset);
    let form = next(&token, PASSWORD, "Correct-Horse-2");
    assert!(matches!(house.service.new_password(&visit, &form).await, Err(Refusal::Step)));
    let (token, _) = must_change(house.enter("ann", "Correct-Horse-3").await);
    house.advance(300);
    let form = next(&token, "Correct-Horse-3", "Correct-Horse-2");
    let late = house.service.new_password(&house.visit("192.0.2.1"), &form).await;
    assert!(matches!(late, Err(Refusal::Step)));
}

#[tokio::test]
async fn sessions_are_as_long_as_asked_within_bounds() {
    let house = House::new().await;
    house.user("ann", false).await;
    let visit = house.visit("192.0.2.1");
    let form = |seconds| PasswordForm {
        duration_seconds: Some(seconds),
        ..user_form(ACCOUNT, "ann", PASSWORD)
    };
    let session = signed_in(house.service.password(&visit, None, &form(900)).await);
    assert_eq!(session.credentials.expiration.as_seconds(), START.as_seconds() + 900);
    for seconds in [0, 899, 43_201, u32::MAX] {
        let refusal = house.service.password(&visit, None, &form(seconds)).await;
        assert!(matches!(refusal, Err(Refusal::Invalid(_))), "{seconds}");
    }
}

#[tokio::test]
async fn a_host_names_an_account_however_it_is_spelt() {
    let service = &House::new().await.service;
    for host in
        ["acme.signin.house.example", "ACME.SignIn.House.Example:443", "acme.signin.house.example."]
    {
        assert_eq!(service.label_of_host(host).as_deref(), Some("acme"), "{host}");
    }
    for host in
        ["house.example", "acme.house.example", ".signin.house.example", "signin.house.example", ""]
    {
        assert_eq!(service.label_of_host(host), None, "{host}");
    }
}
