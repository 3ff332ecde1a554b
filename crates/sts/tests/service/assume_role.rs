//! `AssumeRole`: who may, what the session can do, and what it hands on.

use std::time::Duration;

use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    iam::{
        DeleteRoleRequest, DeleteUserRequest, GetRoleRequest, GetUserRequest, Iam,
        ListUsersRequest, PutRolePolicyRequest,
    },
    sts::{AssumeRoleRequest, AssumeRoleResponse, GetCallerIdentityRequest, Sts, Tag},
};

use crate::house::{ACCOUNT, House, Keys, NEIGHBOUR, START, ask, policy, refused, trust};

const ROOT: &str = r#""AWS":"arn:aws:iam::123456789012:root""#;
const ASSUME: &str = r#""sts:AssumeRole""#;

fn wanted(role_arn: &str) -> AssumeRoleRequest {
    AssumeRoleRequest {
        role_arn: role_arn.to_owned(),
        role_session_name: "letters".to_owned(),
        ..Default::default()
    }
}

async fn assume(
    house: &House,
    keys: impl Into<Keys>,
    input: AssumeRoleRequest,
) -> Result<AssumeRoleResponse, wire::Error> {
    let keys: Keys = keys.into();
    ask!(*house, &keys, sts::Service, assume_role, input)
}

async fn session(house: &House, keys: impl Into<Keys>, input: AssumeRoleRequest) -> Keys {
    assume(house, keys, input).await.unwrap().credentials.unwrap().into()
}

async fn grant(house: &House, role: &str, document: &str) {
    let input = PutRolePolicyRequest {
        role_name: role.to_owned(),
        policy_name: "own".to_owned(),
        policy_document: document.to_owned(),
    };
    ask!(*house, &house.key, iam::Service, put_role_policy, input).unwrap();
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

#[tokio::test]
async fn a_session_can_do_what_its_role_can() {
    let house = House::new().await;
    let role = house.role("Scribe", &trust(ROOT, ASSUME, "")).await;
    let answer = assume(&house, &house.key, wanted(&role)).await.unwrap();
    let user = answer.assumed_role_user.unwrap();
    assert_eq!(user.arn, "arn:aws:sts::123456789012:assumed-role/Scribe/letters");
    assert!(user.assumed_role_id.starts_with("AROA") && user.assumed_role_id.ends_with(":letters"));
    assert_eq!(answer.packed_policy_size, None);
    let credentials = answer.credentials.unwrap();
    assert_eq!(credentials.expiration, START.saturating_add(Duration::from_secs(3600)));
    let keys = Keys::from(credentials);

    let me = ask!(house, &keys, sts::Service, get_caller_identity, GetCallerIdentityRequest {});
    let me = me.unwrap();
    assert_eq!(me.arn.as_deref(), Some(&*user.arn));
    assert_eq!(me.user_id, Some(user.assumed_role_id));
    let denied = ask!(house, &keys, iam::Service, list_users, ListUsersRequest::default());
    refused(
        denied,
        &ACCESS_DENIED,
        "User: arn:aws:sts::123456789012:assumed-role/Scribe/letters is not authorized to perform: \
         iam:ListUsers on resource: arn:aws:iam::123456789012:user/ because no identity-based policy \
         allows the iam:ListUsers action",
    );
    grant(&house, "Scribe", &policy("Allow", "iam:*", "*")).await;
    ask!(house, &keys, iam::Service, list_users, ListUsersRequest::default()).unwrap();
}

#[tokio::test]
async fn trust_is_needed_and_by_the_account_also_a_permission() {
    let house = House::new().await;
    let anna = house.user("anna", None).await;
    let bert = house.user("bert", Some(&policy("Allow", "sts:AssumeRole", "*"))).await;
    let by_account = house.role("ByAccount", &trust(ROOT, ASSUME, "")).await;
    let by_name = trust(r#""AWS":"arn:aws:iam::123456789012:user/anna""#, ASSUME, "");
    let by_name = house.role("ByName", &by_name).await;

    let denied = assume(&house, &anna, wanted(&by_account)).await;
    refused(denied, &ACCESS_DENIED, "because no identity-based policy allows the sts:AssumeRole");
    assume(&house, &bert, wanted(&by_account)).await.unwrap();
    assume(&house, &anna, wanted(&by_name)).await.unwrap();
    let denied = assume(&house, &bert, wanted(&by_name)).await;
    refused(
        denied,
        &ACCESS_DENIED,
        "because no role trust policy allows the sts:AssumeRole action",
    );
    let absent = assume(&house, &bert, wanted("arn:aws:iam::123456789012:role/Absent")).await;
    refused(
        absent,
        &ACCESS_DENIED,
        "because no role trust policy allows the sts:AssumeRole action",
    );
    let root = assume(&house, &house.root_key, wanted(&by_account)).await;
    refused(root, &ACCESS_DENIED, "Roles may not be assumed by root accounts.");
    let malformed = assume(&house, &bert, wanted("arn:aws:iam::123456789012:user/anna")).await;
    refused(malformed, &VALIDATION, "arn:aws:iam::123456789012:user/anna is invalid");
}

#[tokio::test]
async fn a_namesake_is_not_trusted() {
    let house = House::new().await;
    house.user("anna", None).await;
    let by_name = trust(r#""AWS":"arn:aws:iam::123456789012:user/anna""#, ASSUME, "");
    let role = house.role("ByName", &by_name).await;
    let keys = wire::iam::ListAccessKeysRequest {
        user_name: Some("anna".to_owned()),
        ..Default::default()
    };
    let keys = ask!(house, &house.key, iam::Service, list_access_keys, keys).unwrap();
    let key = keys.access_key_metadata.into_iter().next().unwrap().access_key_id.unwrap();
    let input = wire::iam::DeleteAccessKeyRequest {
        user_name: Some("anna".to_owned()),
        access_key_id: key,
    };
    ask!(house, &house.key, iam::Service, delete_access_key, input).unwrap();
    let input = DeleteUserRequest { user_name: "anna".to_owned() };
    ask!(house, &house.key, iam::Service, delete_user, input).unwrap();
    let namesake = house.user("anna", Some(&policy("Allow", "sts:AssumeRole", "*"))).await;
    let denied = assume(&house, &namesake, wanted(&role)).await;
    refused(denied, &ACCESS_DENIED, "no role trust policy allows");
}

#[tokio::test]
async fn another_account_needs_both_sides() {
    let house = House::new().await;
    let boss = house.neighbour().await;
    let trusting = trust(&format!(r#""AWS":"{NEIGHBOUR}""#), ASSUME, "");
    let role = house.role("Guest", &trusting).await;
    let own = house.role("Own", &trust(ROOT, ASSUME, "")).await;
    let keys = session(&house, &boss, wanted(&role)).await;
    let me = ask!(house, &keys, sts::Service, get_caller_identity, GetCallerIdentityRequest {});
    assert_eq!(me.unwrap().account.as_deref(), Some(ACCOUNT));
    let denied = assume(&house, &boss, wanted(&own)).await;
    refused(denied, &ACCESS_DENIED, "no role trust policy allows");

    let guests = house.records(ACCOUNT, NEIGHBOUR).await;
    assert_eq!(guests.len(), 1, "the owner's trail has what succeeded: {guests:?}");
    assert_eq!(guests[0]["userIdentity"]["type"], "AWSAccount");
    assert_eq!(guests[0]["resources"][0]["ARN"], *role);
    let mut theirs = house.records(NEIGHBOUR, NEIGHBOUR).await;
    theirs.retain(|record| record["sharedEventID"] == guests[0]["sharedEventID"]);
    assert_eq!(theirs.len(), 1, "{theirs:?}");
    assert_eq!(theirs[0]["userIdentity"]["userName"], "boss");
}

#[tokio::test]
async fn conditions_of_the_trust_policy_hold() {
    let house = House::new().await;
    let condition = r#""StringEquals":{"sts:ExternalId":"secret","sts:RoleSessionName":"letters"}"#;
    let role = house.role("External", &trust(ROOT, ASSUME, condition)).await;
    let with = |id: &str| AssumeRoleRequest { external_id: Some(id.to_owned()), ..wanted(&role) };
    assume(&house, &house.key, with("secret")).await.unwrap();
    for wrong in [wanted(&role), with("Secret")] {
        refused(assume(&house, &house.key, wrong).await, &ACCESS_DENIED, "role trust policy");
    }
    let second_factor = r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#;
    let role = house.role("Factor", &trust(ROOT, ASSUME, second_factor)).await;
    refused(assume(&house, &house.key, wanted(&role)).await, &ACCESS_DENIED, "role trust policy");
    let invented = AssumeRoleRequest {
        serial_number: Some("arn:aws:iam::123456789012:mfa/admin".to_owned()),
        token_code: Some("123456".into()),
        ..wanted(&role)
    };
    let invented = assume(&house, &house.key, invented).await;
    refused(invented, &ACCESS_DENIED, "invalid MFA one time pass code");
}

#[tokio::test]
async fn a_session_policy_only_takes_away() {
    let house = House::new().await;
    let role = house.role("Scribe", &trust(ROOT, ASSUME, "")).await;
    grant(&house, "Scribe", &policy("Allow", "iam:List*", "*")).await;
    let limited = AssumeRoleRequest {
        policy: Some(policy("Allow", "iam:Get*", "*")),
        policy_arns: Some(vec![wire::sts::PolicyDescriptorType {
            arn: Some("arn:aws:iam::aws:policy/IAMReadOnlyAccess".to_owned()),
        }]),
        ..wanted(&role)
    };
    let answer = assume(&house, &house.key, limited).await.unwrap();
    assert!(answer.packed_policy_size.unwrap() > 0);
    let keys = Keys::from(answer.credentials.unwrap());
    ask!(house, &keys, iam::Service, list_users, ListUsersRequest::default()).unwrap();
    let input = GetRoleRequest { role_name: "Scribe".to_owned() };
    let denied = ask!(house, &keys, iam::Service, get_role, input);
    refused(denied, &ACCESS_DENIED, "no identity-based policy allows");

    let narrow =
        AssumeRoleRequest { policy: Some(policy("Deny", "iam:ListUsers", "*")), ..wanted(&role) };
    let keys = session(&house, &house.key, narrow).await;
    let denied = ask!(house, &keys, iam::Service, list_users, ListUsersRequest::default());
    refused(denied, &ACCESS_DENIED, "with an explicit deny in a session policy");

    let malformed = AssumeRoleRequest { policy: Some("{}".to_owned()), ..wanted(&role) };
    let malformed = assume(&house, &house.key, malformed).await.unwrap_err();
    assert_eq!(malformed.kind().query.code, "MalformedPolicyDocument");
    let long = policy("Allow", "iam:Get*", &format!("arn:aws:iam::*:user/{}", "x".repeat(2000)));
    let long = AssumeRoleRequest { policy: Some(long), ..wanted(&role) };
    let long = assume(&house, &house.key, long).await.unwrap_err();
    assert_eq!(long.kind().query.code, "PackedPolicyTooLarge");
    let absent = AssumeRoleRequest {
        policy_arns: Some(vec![wire::sts::PolicyDescriptorType {
            arn: Some("arn:aws:iam::123456789012:policy/Absent".to_owned()),
        }]),
        ..wanted(&role)
    };
    refused(assume(&house, &house.key, absent).await, &VALIDATION, "does not exist");
}

#[tokio::test]
async fn sessions_last_as_long_as_their_role_allows() {
    let house = House::new().await;
    let role = house.role("Scribe", &trust(ROOT, ASSUME, "")).await;
    grant(&house, "Scribe", &policy("Allow", "sts:AssumeRole", "*")).await;
    let lasting = |seconds| AssumeRoleRequest { duration_seconds: Some(seconds), ..wanted(&role) };
    let keys = session(&house, &house.key, lasting(7200)).await;
    let long = assume(&house, &house.key, lasting(7201)).await;
    refused(long, &VALIDATION, "exceeds the MaxSessionDuration set for this role.");
    let chained = assume(&house, &keys, lasting(3601)).await;
    refused(chained, &VALIDATION, "exceeds the 1 hour session limit for roles assumed by role");
    assume(&house, &keys, lasting(3600)).await.unwrap();
    house.clock.set(START.saturating_add(Duration::from_secs(7200)));
    assert!(house.call(&keys.id, keys.token.as_deref()).await.is_err());
}

#[tokio::test]
async fn tags_need_a_permission_and_transitive_ones_go_on() {
    let house = House::new().await;
    let plain = house.role("Plain", &trust(ROOT, ASSUME, "")).await;
    let both = r#""sts:AssumeRole","sts:TagSession""#;
    let tagging = house.role("Tagging", &trust(ROOT, both, "")).await;
    grant(&house, "Tagging", &policy("Allow", "sts:*", "*")).await;
    let with_tags = |role: &str| AssumeRoleRequest {
        tags: Some(vec![tag("Team", "letters"), tag("Desk", "7")]),
        transitive_tag_keys: Some(vec!["team".to_owned()]),
        ..wanted(role)
    };
    let denied = assume(&house, &house.key, with_tags(&plain)).await;
    refused(denied, &ACCESS_DENIED, "sts:TagSession");
    let keys = session(&house, &house.key, with_tags(&tagging)).await;

    let condition = r#""StringEquals":{"aws:PrincipalTag/Team":"letters"}"#;
    let next = house.role("Next", &trust(ROOT, both, condition)).await;
    let chained = session(&house, &keys, wanted(&next)).await;
    let caller = house.call(&chained.id, chained.token.as_deref()).await.unwrap().caller();
    let scope = caller.scope().unwrap();
    assert_eq!(scope.tags, [("Team".to_owned(), "letters".to_owned())]);
    assert_eq!(scope.transitive_tag_keys, ["team"]);

    let replaced = AssumeRoleRequest { tags: Some(vec![tag("TEAM", "others")]), ..wanted(&next) };
    let error = assume(&house, &keys, replaced).await.unwrap_err();
    assert_eq!(error.kind().query.code, "InvalidParameterValue");
    let missing = AssumeRoleRequest {
        transitive_tag_keys: Some(vec!["Team".to_owned()]),
        ..wanted(&tagging)
    };
    let error = assume(&house, &house.key, missing).await.unwrap_err();
    assert_eq!(
        error.message(),
        "The specified transitive tag key must be included in the requested tags."
    );
    let twice =
        AssumeRoleRequest { tags: Some(vec![tag("a", "1"), tag("A", "2")]), ..wanted(&tagging) };
    let error = assume(&house, &house.key, twice).await.unwrap_err();
    assert!(error.message().starts_with("Duplicate tag keys found."), "{error}");
}

#[tokio::test]
async fn a_source_identity_sticks() {
    let house = House::new().await;
    let both = r#""sts:AssumeRole","sts:SetSourceIdentity""#;
    let role = house.role("Scribe", &trust(ROOT, both, "")).await;
    grant(&house, "Scribe", &policy("Allow", "sts:*", "*")).await;
    let by =
        |who: &str| AssumeRoleRequest { source_identity: Some(who.to_owned()), ..wanted(&role) };
    let answer = assume(&house, &house.key, by("Anna")).await.unwrap();
    assert_eq!(answer.source_identity.as_deref(), Some("Anna"));
    let keys = Keys::from(answer.credentials.unwrap());
    let chained = assume(&house, &keys, wanted(&role)).await.unwrap();
    assert_eq!(chained.source_identity.as_deref(), Some("Anna"));
    let changed = assume(&house, &keys, by("Bert")).await;
    refused(changed, &ACCESS_DENIED, "sts:SetSourceIdentity");
}

#[tokio::test]
async fn revoking_takes_effect_at_the_next_call() {
    let house = House::new().await;
    let role = house.role("Scribe", &trust(ROOT, ASSUME, "")).await;
    grant(&house, "Scribe", &policy("Allow", "iam:*", "*")).await;
    let keys = session(&house, &house.key, wanted(&role)).await;
    let list = ListUsersRequest::default;
    ask!(house, &keys, iam::Service, list_users, list()).unwrap();
    let now = "2026-11-22T00:00:10Z";
    grant(
        &house,
        "Scribe",
        &format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"iam:*","Resource":"*"}},{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{now}"}}}}}}]}}"#
        ),
    )
    .await;
    let denied = ask!(house, &keys, iam::Service, list_users, list());
    refused(denied, &ACCESS_DENIED, "with an explicit deny in an identity-based policy");
    house.clock.set(START.saturating_add(Duration::from_secs(10)));
    let later = session(&house, &house.key, wanted(&role)).await;
    ask!(house, &later, iam::Service, list_users, list()).unwrap();

    let input = wire::iam::DeleteRolePolicyRequest {
        role_name: "Scribe".to_owned(),
        policy_name: "own".to_owned(),
    };
    ask!(house, &house.key, iam::Service, delete_role_policy, input).unwrap();
    let input = DeleteRoleRequest { role_name: "Scribe".to_owned() };
    ask!(house, &house.key, iam::Service, delete_role, input).unwrap();
    assert!(house.call(&later.id, later.token.as_deref()).await.is_err());
    let user = GetUserRequest { user_name: Some("admin".to_owned()) };
    ask!(house, &house.key, iam::Service, get_user, user).unwrap();
}
