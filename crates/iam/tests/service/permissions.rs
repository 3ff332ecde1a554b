//! What a caller may do, through the handlers: resources, condition keys, boundaries, wording.

use iam::door::Resource;
use store::params;
use wire::{
    errors::ACCESS_DENIED,
    iam::{
        AttachUserPolicyRequest, CreateGroupRequest, CreatePolicyRequest, CreateUserRequest,
        GetGroupRequest, GetUserRequest, ListPoliciesRequest, ListUsersRequest,
        PutUserPolicyRequest, Tag, TagUserRequest, UntagUserRequest, UpdateUserRequest, User,
        errors::NO_SUCH_ENTITY,
    },
};

use crate::house::{ALLOW_ALL, House, ask, refused, s, some};

/// Gives a user one inline policy with one statement.
async fn grant(house: &House, user: &User, statement: &str) {
    let policy = PutUserPolicyRequest {
        user_name: user.user_name.clone(),
        policy_name: s("test"),
        policy_document: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
    };
    ask!(house.root(), put_user_policy, policy).unwrap();
}

fn get(name: &str) -> GetUserRequest {
    GetUserRequest { user_name: some(name) }
}

fn denied(action: &str, resource: &str) -> String {
    format!(
        "User: arn:aws:iam::123456789012:user/me is not authorized to perform: {action} on resource: \
         {resource} because no identity-based policy allows the {action} action"
    )
}

#[tokio::test]
async fn nothing_is_allowed_unless_a_policy_says_so() {
    let house = House::new().await;
    let me = house.calls_by(&house.user("me").await);
    let users = "arn:aws:iam::123456789012:user/";
    let result = ask!(me, list_users, ListUsersRequest::default());
    refused(result, &ACCESS_DENIED, &denied("iam:ListUsers", users));
    let below = ListUsersRequest { path_prefix: some("/eng/"), ..Default::default() };
    let message = denied("iam:ListUsers", &format!("{users}eng/"));
    refused(ask!(me, list_users, below), &ACCESS_DENIED, &message);
    // Whether the user is there is told only to those who may know.
    let message = denied("iam:GetUser", &format!("{users}nobody"));
    refused(ask!(me, get_user, get("nobody")), &ACCESS_DENIED, &message);
}

#[tokio::test]
async fn the_arn_bears_the_stored_path() {
    let house = House::new().await;
    let user = house.user("me").await;
    let input =
        CreateUserRequest { user_name: s("Bob"), path: some("/eng/"), ..Default::default() };
    ask!(house.root(), create_user, input).unwrap();
    let allow = r#"{"Effect":"Allow","Action":"iam:GetUser",
        "Resource":"arn:aws:iam::123456789012:user/eng/*"}"#;
    grant(&house, &user, allow).await;
    let me = house.calls_by(&user);
    ask!(me, get_user, get("bob")).unwrap();
    let message = denied("iam:GetUser", "arn:aws:iam::123456789012:user/me");
    refused(ask!(me, get_user, get("me")), &ACCESS_DENIED, &message);
    // With a grant for everything, what is missing is said to be missing.
    grant(&house, &user, r#"{"Effect":"Allow","Action":"iam:Get*","Resource":"*"}"#).await;
    let message = "The user with name nobody cannot be found.";
    refused(ask!(me, get_user, get("nobody")), &NO_SUCH_ENTITY, message);
}

#[tokio::test]
async fn a_change_of_policy_acts_at_the_next_call() {
    let house = House::new().await;
    let user = house.user("me").await;
    let me = house.calls_by(&user);
    for _ in 0..3 {
        grant(&house, &user, r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#).await;
        ask!(me, get_user, get("me")).unwrap();
        grant(&house, &user, r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#).await;
        let error = ask!(me, get_user, get("me")).unwrap_err();
        assert!(error.message().ends_with("with an explicit deny in an identity-based policy"));
    }
}

#[tokio::test]
async fn a_deny_by_a_managed_policy_is_named() {
    let house = House::new().await;
    let user = house.user("me").await;
    let policy = CreatePolicyRequest {
        policy_name: s("no"),
        policy_document: s(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#,
        ),
        ..Default::default()
    };
    let arn = ask!(house.root(), create_policy, policy).unwrap().policy.unwrap().arn.unwrap();
    let attach = AttachUserPolicyRequest { user_name: s("me"), policy_arn: arn.clone() };
    ask!(house.root(), attach_user_policy, attach).unwrap();
    let error = ask!(house.calls_by(&user), get_user, get("me")).unwrap_err();
    let end = format!("with an explicit deny in an identity-based policy: {arn}");
    assert!(error.message().ends_with(&end), "{error}");
}

#[tokio::test]
async fn a_rename_needs_both_names() {
    let house = House::new().await;
    let user = house.user("me").await;
    house.user("old").await;
    let allow = r#"{"Effect":"Allow","Action":"iam:UpdateUser",
        "Resource":"arn:aws:iam::123456789012:user/old"}"#;
    grant(&house, &user, allow).await;
    let rename =
        || UpdateUserRequest { user_name: s("old"), new_user_name: some("new"), new_path: None };
    let me = house.calls_by(&user);
    let message = denied("iam:UpdateUser", "arn:aws:iam::123456789012:user/new");
    refused(ask!(me, update_user, rename()), &ACCESS_DENIED, &message);
    let allow = r#"{"Effect":"Allow","Action":"iam:UpdateUser",
        "Resource":["arn:aws:iam::123456789012:user/old","arn:aws:iam::123456789012:user/new"]}"#;
    grant(&house, &user, allow).await;
    ask!(me, update_user, rename()).unwrap();
}

#[tokio::test]
async fn an_attachment_can_be_limited_by_policy() {
    let house = House::new().await;
    let user = house.user("me").await;
    let allow = r#"{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":
        {"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AmazonWorkMail*"}}}"#;
    grant(&house, &user, allow).await;
    let me = house.calls_by(&user);
    let attach = |name: &str| AttachUserPolicyRequest {
        user_name: s("me"),
        policy_arn: format!("arn:aws:iam::aws:policy/{name}"),
    };
    ask!(me, attach_user_policy, attach("AmazonWorkMailReadOnlyAccess")).unwrap();
    let result = ask!(me, attach_user_policy, attach("AdministratorAccess"));
    let message = denied("iam:AttachUserPolicy", "arn:aws:iam::123456789012:user/me");
    refused(result, &ACCESS_DENIED, &message);
}

#[tokio::test]
async fn tags_of_the_resource_and_of_the_call_count() {
    let house = House::new().await;
    let user = house.user("me").await;
    house.user("bob").await;
    let tag = |pairs: &[(&str, &str)]| TagUserRequest {
        user_name: s("bob"),
        tags: pairs.iter().map(|(key, value)| Tag { key: s(key), value: s(value) }).collect(),
    };
    let allow = r#"{"Effect":"Allow","Action":["iam:TagUser","iam:UntagUser"],"Resource":"*",
        "Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["team","cost"]},
        "StringEqualsIfExists":{"aws:RequestTag/team":"mail"}}},
        {"Effect":"Allow","Action":"iam:GetUser","Resource":"*",
        "Condition":{"StringEquals":{"iam:ResourceTag/team":"mail"}}}"#;
    grant(&house, &user, allow).await;
    let me = house.calls_by(&user);
    assert!(ask!(me, get_user, get("bob")).is_err(), "no tag yet");
    assert!(ask!(me, tag_user, tag(&[("team", "web")])).is_err());
    assert!(ask!(me, tag_user, tag(&[("team", "mail"), ("other", "x")])).is_err());
    ask!(me, tag_user, tag(&[("team", "mail"), ("cost", "7")])).unwrap();
    ask!(me, get_user, get("bob")).unwrap();
    let untag = |key: &str| UntagUserRequest { user_name: s("bob"), tag_keys: vec![s(key)] };
    assert!(ask!(me, untag_user, untag("other")).is_err());
    ask!(me, untag_user, untag("team")).unwrap();
    assert!(ask!(me, get_user, get("bob")).is_err());
}

#[tokio::test]
async fn a_boundary_limits_what_policies_grant() {
    let house = House::new().await;
    let policy = CreatePolicyRequest {
        policy_name: s("limit"),
        policy_document: s(r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["iam:GetUser","iam:ListUsers"],"Resource":"*"},
            {"Effect":"Deny","Action":"iam:ListUsers","Resource":"*"}]}"#),
        ..Default::default()
    };
    let arn = ask!(house.root(), create_policy, policy).unwrap().policy.unwrap().arn.unwrap();
    let input = CreateUserRequest {
        user_name: s("me"),
        permissions_boundary: Some(arn.clone()),
        ..Default::default()
    };
    let user = ask!(house.root(), create_user, input).unwrap().user.unwrap();
    let me = house.calls_by(&user);
    let message = denied("iam:GetUser", "arn:aws:iam::123456789012:user/me");
    refused(ask!(me, get_user, get("me")), &ACCESS_DENIED, &message);
    grant(&house, &user, r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#).await;
    ask!(me, get_user, get("me")).unwrap();
    let group = GetGroupRequest { group_name: s("g"), ..Default::default() };
    let error = ask!(me, get_group, group).unwrap_err();
    let end = "because no permissions boundary allows the iam:GetGroup action";
    assert!(error.message().ends_with(end), "{error}");
    let error = ask!(me, list_users, ListUsersRequest::default()).unwrap_err();
    let end = format!("with an explicit deny in a permissions boundary: {arn}");
    assert!(error.message().ends_with(&end), "{error}");
}

#[tokio::test]
async fn actions_without_resource_need_all_resources() {
    let house = House::new().await;
    let user = house.user("me").await;
    let me = house.calls_by(&user);
    let narrow = r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::123456789012:*"}"#;
    grant(&house, &user, narrow).await;
    ask!(me, create_group, CreateGroupRequest { group_name: s("g"), path: None }).unwrap();
    let result = ask!(me, list_policies, ListPoliciesRequest::default());
    refused(result, &ACCESS_DENIED, &denied("iam:ListPolicies", "policy path /"));
    assert!(ask!(me, get_account_summary).is_err());
    grant(&house, &user, r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#).await;
    ask!(me, list_policies, ListPoliciesRequest::default()).unwrap();
    ask!(me, get_account_summary).unwrap();
}

#[tokio::test]
async fn the_callers_own_tags_count() {
    let house = House::new().await;
    let user = house.user("me").await;
    house.user("bob").await;
    let tag = |name: &str, team: &str| TagUserRequest {
        user_name: s(name),
        tags: vec![Tag { key: s("Team"), value: s(team) }],
    };
    let allow = r#"{"Effect":"Allow","Action":"iam:GetUser","Resource":"*","Condition":
        {"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}}"#;
    grant(&house, &user, allow).await;
    let me = house.calls_by(&user);
    ask!(house.root(), tag_user, tag("bob", "mail")).unwrap();
    assert!(ask!(me, get_user, get("bob")).is_err(), "the caller has no tag yet");
    ask!(house.root(), tag_user, tag("me", "mail")).unwrap();
    ask!(me, get_user, get("bob")).unwrap();
    ask!(house.root(), tag_user, tag("me", "web")).unwrap();
    assert!(ask!(me, get_user, get("bob")).is_err());
    let untag = UntagUserRequest { user_name: s("me"), tag_keys: vec![s("team")] };
    ask!(house.root(), untag_user, untag).unwrap();
    assert!(ask!(me, get_user, get("bob")).is_err());
}

#[tokio::test]
async fn tags_at_creation_need_the_permission_to_tag() {
    let house = House::new().await;
    let user = house.user("me").await;
    let me = house.calls_by(&user);
    let tagged = |name: &str| CreateUserRequest {
        user_name: s(name),
        tags: Some(vec![Tag { key: s("team"), value: s("blue") }]),
        ..Default::default()
    };
    let create =
        r#"{"Effect":"Allow","Action":["iam:CreateUser","iam:CreatePolicy"],"Resource":"*"}"#;
    grant(&house, &user, create).await;
    let message = denied("iam:TagUser", "arn:aws:iam::123456789012:user/new");
    refused(ask!(me, create_user, tagged("new")), &ACCESS_DENIED, &message);
    let policy = CreatePolicyRequest {
        policy_name: s("new"),
        policy_document: s(ALLOW_ALL),
        tags: tagged("new").tags,
        ..Default::default()
    };
    let message = denied("iam:TagPolicy", "arn:aws:iam::123456789012:policy/new");
    refused(ask!(me, create_policy, policy), &ACCESS_DENIED, &message);
    ask!(me, create_user, CreateUserRequest { tags: None, ..tagged("plain") }).unwrap();
    let blue = r#"{"Effect":"Allow","Action":["iam:CreateUser","iam:TagUser"],"Resource":"*",
        "Condition":{"StringEquals":{"aws:RequestTag/team":"blue"}}}"#;
    grant(&house, &user, blue).await;
    ask!(me, create_user, tagged("new")).unwrap();
}

/// The next change gives the epoch of one that was rolled back to other permissions.
#[tokio::test]
async fn what_was_rolled_back_allows_nothing_later() {
    const GRANT: &str = "UPDATE inline_policies SET document = $2 WHERE entity_id = $1";
    const BUMP: &str = "UPDATE accounts SET policy_epoch = policy_epoch + 1 WHERE id = $1";
    let house = House::new().await;
    let user = house.user("me").await;
    let me = house.calls_by(&user);
    grant(&house, &user, r#"{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}"#).await;
    let mut call = me.call().await.unwrap();
    let tx = call.write("iam:GetUser", Resource::any()).await.unwrap();
    tx.execute(GRANT, params![&user.user_id, ALLOW_ALL]).await.unwrap();
    tx.execute(BUMP, params![&house.account.id]).await.unwrap();
    call.write("iam:ListUsers", Resource::any()).await.unwrap();
    drop(call);
    let mut tx = house.store.write().await.unwrap();
    tx.execute(BUMP, params![&house.account.id]).await.unwrap();
    tx.commit().await.unwrap();
    let result = ask!(me, list_users, ListUsersRequest::default());
    refused(result, &ACCESS_DENIED, &denied("iam:ListUsers", "arn:aws:iam::123456789012:user/"));
}
