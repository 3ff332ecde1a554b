use std::time::Duration;

use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    iam::{
        ChangePasswordRequest, CreateLoginProfileRequest, DeleteLoginProfileRequest,
        GetLoginProfileRequest, UpdateAccountPasswordPolicyRequest, UpdateLoginProfileRequest,
        errors::{
            ENTITY_ALREADY_EXISTS, INVALID_USER_TYPE, NO_SUCH_ENTITY, PASSWORD_POLICY_VIOLATION,
        },
    },
};

use crate::house::{House, START, ask, refused, s, some};

const VIOLATION: &str = "Password does not conform to the account password policy.";

fn new(password: &str) -> CreateLoginProfileRequest {
    CreateLoginProfileRequest {
        user_name: some("u"),
        password: Some(password.into()),
        password_reset_required: Some(true),
    }
}

fn update(password: &str) -> UpdateLoginProfileRequest {
    UpdateLoginProfileRequest {
        user_name: s("u"),
        password: Some(password.into()),
        password_reset_required: None,
    }
}

fn change(old: &str, new: &str) -> ChangePasswordRequest {
    ChangePasswordRequest { old_password: old.into(), new_password: new.into() }
}

#[tokio::test]
async fn a_profile_is_made_shown_changed_and_deleted() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    let get = || GetLoginProfileRequest { user_name: some("u") };
    let missing = "Login Profile for User u cannot be found.";
    refused(ask!(root, get_login_profile, get()), &NO_SUCH_ENTITY, missing);
    refused(ask!(root, update_login_profile, update("Abcdef-1")), &NO_SUCH_ENTITY, missing);
    let profile = ask!(root, create_login_profile, new("Correct-Horse-1")).unwrap().login_profile;
    assert_eq!((profile.user_name.as_str(), profile.create_date), ("u", START));
    assert_eq!(profile.password_reset_required, Some(true));
    refused(
        ask!(root, create_login_profile, new("Correct-Horse-2")),
        &ENTITY_ALREADY_EXISTS,
        "Login Profile for user u already exists.",
    );
    let keep = UpdateLoginProfileRequest {
        user_name: s("u"),
        password_reset_required: Some(false),
        ..Default::default()
    };
    ask!(root, update_login_profile, keep).unwrap();
    let profile = ask!(root, get_login_profile, get()).unwrap().login_profile;
    assert_eq!(profile.password_reset_required, Some(false));
    let delete = || DeleteLoginProfileRequest { user_name: some("u") };
    ask!(root, delete_login_profile, delete()).unwrap();
    refused(ask!(root, delete_login_profile, delete()), &NO_SUCH_ENTITY, missing);
}

#[tokio::test]
async fn without_a_policy_a_password_has_three_classes() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    for weak in ["Ab-1", "abcdefgh1", "root@Example.ORG"] {
        let result = ask!(root, create_login_profile, new(weak));
        refused(result, &PASSWORD_POLICY_VIOLATION, VIOLATION);
    }
    let none = CreateLoginProfileRequest { password: None, ..new("") };
    assert!(ask!(root, create_login_profile, none).unwrap_err().is(&VALIDATION));
    ask!(root, create_login_profile, new("abcdefg-1")).unwrap();
}

#[tokio::test]
async fn the_accounts_policy_rules() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    let policy = UpdateAccountPasswordPolicyRequest {
        minimum_password_length: Some(10),
        require_uppercase_characters: Some(true),
        require_symbols: Some(true),
        password_reuse_prevention: Some(2),
        ..Default::default()
    };
    ask!(root, update_account_password_policy, policy).unwrap();
    for weak in ["Short-1", "long-enough", "LongEnough1"] {
        let result = ask!(root, create_login_profile, new(weak));
        refused(result, &PASSWORD_POLICY_VIOLATION, VIOLATION);
    }
    ask!(root, create_login_profile, new("Password-1")).unwrap();
    for next in ["Password-2", "Password-3"] {
        house.clock.advance(Duration::from_secs(1));
        ask!(root, update_login_profile, update(next)).unwrap();
    }
    house.clock.advance(Duration::from_secs(1));
    for used in ["Password-3", "Password-2"] {
        let result = ask!(root, update_login_profile, update(used));
        refused(
            result,
            &PASSWORD_POLICY_VIOLATION,
            "Policy constraint violation with password reuse prevention during password change.",
        );
    }
    ask!(root, update_login_profile, update("Password-1")).unwrap();
}

#[tokio::test]
async fn a_user_changes_its_own_password_if_the_account_lets_it() {
    let house = House::new().await;
    let root = house.root();
    let user = house.user("u").await;
    let calls = house.calls_by(&user);
    ask!(root, create_login_profile, new("Password-1")).unwrap();
    let denied = ask!(calls, change_password, change("Password-1", "Password-2"));
    refused(
        denied,
        &ACCESS_DENIED,
        "User: arn:aws:iam::123456789012:user/u is not authorized to perform: iam:ChangePassword on \
         resource: arn:aws:iam::123456789012:user/u because no identity-based policy allows the \
         iam:ChangePassword action",
    );
    let policy = UpdateAccountPasswordPolicyRequest {
        allow_users_to_change_password: Some(true),
        ..Default::default()
    };
    ask!(root, update_account_password_policy, policy).unwrap();
    ask!(calls, get_account_password_policy).unwrap();
    let wrong = ask!(calls, change_password, change("Password-9", "Password-2"));
    refused(wrong, &ACCESS_DENIED, "The old password was incorrect.");
    let weak = ask!(calls, change_password, change("Password-1", "x"));
    refused(weak, &PASSWORD_POLICY_VIOLATION, VIOLATION);
    ask!(calls, change_password, change("Password-1", "Password-2")).unwrap();
    let get = GetLoginProfileRequest { user_name: some("u") };
    let profile = ask!(root, get_login_profile, get).unwrap().login_profile;
    assert_eq!(profile.password_reset_required, Some(false), "it was changed");
    ask!(calls, change_password, change("Password-2", "Password-3")).unwrap();
    let as_root = ask!(root, change_password, change("a", "b"));
    refused(as_root, &INVALID_USER_TYPE, "Only IAM Users can change their own password");
}
