//! `GetFederationToken`: less than its issuer, never more.

use wire::{
    errors::{ACCESS_DENIED, INVALID_CLIENT_TOKEN_ID},
    iam::{Iam, ListUsersRequest},
    sts::{
        AssumeRoleRequest, GetAccessKeyInfoRequest, GetCallerIdentityRequest,
        GetFederationTokenRequest, Sts,
    },
};

use crate::house::{House, Keys, ask, policy, refused};

fn wanted(policy: Option<String>) -> GetFederationTokenRequest {
    GetFederationTokenRequest { name: "guest".to_owned(), policy, ..Default::default() }
}

#[tokio::test]
async fn a_federated_user_has_a_name_of_its_own() {
    let house = House::new().await;
    let input = wanted(Some(policy("Allow", "*", "*")));
    let answer = ask!(house, &house.key, sts::Service, get_federation_token, input).unwrap();
    let user = answer.federated_user.unwrap();
    assert_eq!(user.arn, "arn:aws:sts::123456789012:federated-user/guest");
    assert_eq!(user.federated_user_id, "123456789012:guest");
    assert!(answer.packed_policy_size.is_some());
    let keys = Keys::from(answer.credentials.unwrap());
    let me = ask!(house, &keys, sts::Service, get_caller_identity, GetCallerIdentityRequest {});
    assert_eq!(me.unwrap().arn, Some(user.arn));

    let list = ask!(house, &keys, iam::Service, list_users, ListUsersRequest::default());
    refused(list, &INVALID_CLIENT_TOKEN_ID, "security token");
    let info = GetAccessKeyInfoRequest { access_key_id: keys.id.clone() };
    let info = ask!(house, &keys, sts::Service, get_access_key_info, info);
    refused(info, &ACCESS_DENIED, "Cannot call GetAccessKeyInfo with session credentials");
    let role = AssumeRoleRequest {
        role_arn: "arn:aws:iam::123456789012:role/Absent".to_owned(),
        role_session_name: "letters".to_owned(),
        ..Default::default()
    };
    let role = ask!(house, &keys, sts::Service, assume_role, role);
    refused(role, &ACCESS_DENIED, "Cannot call AssumeRole with session credentials");
    let again = ask!(house, &keys, sts::Service, get_federation_token, wanted(None));
    refused(again, &ACCESS_DENIED, "Cannot call GetFederationToken with session credentials");
}

#[tokio::test]
async fn a_permission_is_needed() {
    let house = House::new().await;
    let anna = house.user("anna", None).await;
    let denied = ask!(house, &anna, sts::Service, get_federation_token, wanted(None));
    refused(
        denied,
        &ACCESS_DENIED,
        "is not authorized to perform: sts:GetFederationToken on resource: \
         arn:aws:sts::123456789012:federated-user/guest",
    );
}

/// What a federated user may do beyond IAM and STS, asked of the door itself.
async fn may(house: &House, keys: &Keys, action: &str) -> Result<(), wire::Error> {
    let mut call = house.call(&keys.id, keys.token.as_deref()).await.unwrap();
    call.read(action, iam::door::Resource::any()).await.map(drop)
}

async fn token(house: &House, by: impl Into<Keys>, policy: Option<String>) -> Keys {
    let by: Keys = by.into();
    let answer = ask!(*house, &by, sts::Service, get_federation_token, wanted(policy)).unwrap();
    answer.credentials.unwrap().into()
}

#[tokio::test]
async fn the_session_policy_and_the_issuer_both_limit() {
    let house = House::new().await;
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:*","workmail:List*"],"Resource":"*"}]}"#;
    let anna = house.user("anna", Some(own)).await;
    let keys = token(&house, &anna, Some(policy("Allow", "workmail:*", "*"))).await;
    may(&house, &keys, "workmail:ListUsers").await.unwrap();
    let denied = may(&house, &keys, "workmail:CreateUser").await;
    refused(denied, &ACCESS_DENIED, "no identity-based policy allows");
    let keys = token(&house, &anna, None).await;
    let denied = may(&house, &keys, "workmail:ListUsers").await;
    refused(denied, &ACCESS_DENIED, "no session policy allows the workmail:ListUsers action");
    let keys = token(&house, &house.root_key, Some(policy("Allow", "workmail:*", "*"))).await;
    may(&house, &keys, "workmail:CreateUser").await.unwrap();
    refused(may(&house, &keys, "ses:GetAccount").await, &ACCESS_DENIED, "no session policy");
}
