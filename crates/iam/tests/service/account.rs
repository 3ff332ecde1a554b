use wire::{
    errors::VALIDATION,
    iam::{
        CreateAccessKeyRequest, CreateAccountAliasRequest, CreateGroupRequest, CreatePolicyRequest,
        DeleteAccountAliasRequest, ListAccountAliasesRequest, UpdateAccountPasswordPolicyRequest,
        errors::{ENTITY_ALREADY_EXISTS, NO_SUCH_ENTITY},
    },
};

use crate::house::{ALLOW_ALL, House, ask, refused, s};

fn alias(name: &str) -> CreateAccountAliasRequest {
    CreateAccountAliasRequest { account_alias: s(name) }
}

#[tokio::test]
async fn an_alias_is_one_per_account_and_unique() {
    let house = House::new().await;
    let (root, neighbour) = (house.root(), house.neighbour().await);
    let list = || ListAccountAliasesRequest::default();
    assert!(ask!(root, list_account_aliases, list()).unwrap().account_aliases.is_empty());
    ask!(root, create_account_alias, alias("example")).unwrap();
    let taken = ask!(neighbour, create_account_alias, alias("example"));
    refused(taken, &ENTITY_ALREADY_EXISTS, "The account alias example already exists.");
    ask!(root, create_account_alias, alias("example-corp")).unwrap();
    let aliases = ask!(root, list_account_aliases, list()).unwrap();
    assert_eq!(aliases.account_aliases, ["example-corp"], "a new one replaces the old");
    assert_eq!(aliases.is_truncated, Some(false));
    ask!(neighbour, create_account_alias, alias("example")).unwrap();

    let delete = |name: &str| DeleteAccountAliasRequest { account_alias: s(name) };
    let foreign = ask!(root, delete_account_alias, delete("example"));
    refused(foreign, &NO_SUCH_ENTITY, "The account alias example cannot be found.");
    ask!(root, delete_account_alias, delete("example-corp")).unwrap();
    assert!(ask!(root, list_account_aliases, list()).unwrap().account_aliases.is_empty());
    let number = ask!(root, create_account_alias, alias("123456789012"));
    assert!(number.unwrap_err().is(&VALIDATION));
}

#[tokio::test]
async fn the_summary_has_all_keys_and_counts() {
    let house = House::new().await;
    let root = house.root();
    house.user("a").await;
    house.user("b").await;
    let group = CreateGroupRequest { group_name: s("g"), path: None };
    ask!(root, create_group, group).unwrap();
    let policy = CreatePolicyRequest {
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
        ..Default::default()
    };
    ask!(root, create_policy, policy).unwrap();
    ask!(root, create_access_key, CreateAccessKeyRequest::default()).unwrap();
    ask!(root, create_access_key, CreateAccessKeyRequest::default()).unwrap();
    let summary = ask!(root, get_account_summary).unwrap().summary_map.unwrap();
    assert_eq!(summary.len(), 34);
    let expected = [
        ("Users", 2),
        ("UsersQuota", 5000),
        ("Groups", 1),
        ("Policies", 1),
        ("PolicyVersionsInUse", 1),
        ("AccountAccessKeysPresent", 1),
        ("AccountPasswordPresent", 0),
        ("PolicySizeQuota", 6144),
        ("UserPolicySizeQuota", 2048),
        ("Roles", 0),
    ];
    for (key, value) in expected {
        assert_eq!(summary.get(key), Some(&value), "{key}");
    }
}

#[tokio::test]
async fn a_password_policy_is_replaced_as_a_whole() {
    let house = House::new().await;
    let root = house.root();
    let message = "The Password Policy with domain name 123456789012 cannot be found.";
    refused(ask!(root, get_account_password_policy), &NO_SUCH_ENTITY, message);
    refused(
        ask!(root, delete_account_password_policy),
        &NO_SUCH_ENTITY,
        "The account policy with name PasswordPolicy cannot be found.",
    );
    let strict = UpdateAccountPasswordPolicyRequest {
        minimum_password_length: Some(14),
        require_symbols: Some(true),
        max_password_age: Some(90),
        password_reuse_prevention: Some(5),
        hard_expiry: Some(true),
        ..Default::default()
    };
    ask!(root, update_account_password_policy, strict).unwrap();
    let policy = ask!(root, get_account_password_policy).unwrap().password_policy;
    assert_eq!(policy.minimum_password_length, Some(14));
    assert_eq!((policy.expire_passwords, policy.max_password_age), (Some(true), Some(90)));
    assert_eq!((policy.password_reuse_prevention, policy.hard_expiry), (Some(5), Some(true)));
    assert_eq!((policy.require_symbols, policy.require_numbers), (Some(true), Some(false)));

    let input = UpdateAccountPasswordPolicyRequest::default();
    ask!(root, update_account_password_policy, input).unwrap();
    let policy = ask!(root, get_account_password_policy).unwrap().password_policy;
    assert_eq!(policy.minimum_password_length, Some(6));
    assert_eq!((policy.expire_passwords, policy.max_password_age), (Some(false), Some(0)));
    assert_eq!((policy.password_reuse_prevention, policy.hard_expiry), (None, Some(false)));
    ask!(root, delete_account_password_policy).unwrap();
    refused(ask!(root, get_account_password_policy), &NO_SUCH_ENTITY, message);
}
