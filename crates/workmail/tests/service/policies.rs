//! What identity policies can say of organizations.

use iam::{
    accounts::{self, NewAccount},
    door::Principal,
    testing::Calls,
};
use wire::{
    errors::ACCESS_DENIED,
    iam::{CreateUserRequest, Iam as _, PutUserPolicyRequest},
    workmail::*,
};

use crate::house::{ACCOUNT, House, ask, refused};

macro_rules! ask_iam {
    ($house:expr, $operation:ident, $input:expr) => {{
        let mut call = $house.calls.call().await.unwrap();
        let result = iam::Service.$operation(&mut call, $input).await;
        $house.calls.end(call, result).await.unwrap()
    }};
}

pub(crate) use ask_iam;

/// The account itself, which IAM must know to keep anything in it.
pub(crate) async fn make_account(house: &House) {
    let mut tx = house.store.write().await.unwrap();
    let new = NewAccount {
        id: Some(ACCOUNT.into()),
        email: "root@example.org".into(),
        name: "Example".into(),
        password_hash: None,
    };
    accounts::create(&mut tx, &house.world, new).await.unwrap();
    tx.commit().await.unwrap();
}

/// Calls by the one user of a new account, with that policy.
async fn user_with(house: &House, policy: &str) -> Calls {
    make_account(house).await;
    clerk(house, policy).await
}

/// Calls by a user with that policy.
pub(crate) async fn clerk(house: &House, policy: &str) -> Calls {
    let input = CreateUserRequest { user_name: "clerk".into(), ..Default::default() };
    let user = ask_iam!(house, create_user, input).user.unwrap();
    let input = PutUserPolicyRequest {
        user_name: "clerk".into(),
        policy_name: "clerk".into(),
        policy_document: policy.into(),
    };
    ask_iam!(house, put_user_policy, input);
    let principal = Principal::User { id: user.user_id, name: user.user_name, path: user.path };
    Calls::by(&house.store, &house.world, ACCOUNT, principal)
}

#[tokio::test]
async fn tags_of_the_organization_and_of_the_request_are_conditions() {
    let (house, id) = House::with_organization().await;
    let arn = format!("arn:aws:workmail:us-east-1:{ACCOUNT}:organization/{id}");
    let clerk = user_with(
        &house,
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "workmail:List*", "Resource": "*",
             "Condition": {"StringEquals": {"aws:ResourceTag/Team": "mail"}}},
            {"Effect": "Allow", "Action": "workmail:TagResource", "Resource": "*",
             "Condition": {"StringEquals": {"aws:RequestTag/Team": "mail"},
                           "ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}}
        ]}"#,
    )
    .await;
    let list = || ListUsersRequest { organization_id: id.clone(), ..Default::default() };
    let message = refused(ask!(house, &clerk, list_users, list()), &ACCESS_DENIED);
    let expected = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/clerk is not authorized to perform: workmail:ListUsers \
         on resource: {arn} because no identity-based policy allows the workmail:ListUsers action"
    );
    assert_eq!(message, expected);

    let tag = |key: &str, value: &str| TagResourceRequest {
        resource_arn: arn.clone(),
        tags: vec![Tag { key: key.into(), value: value.into() }],
    };
    refused(ask!(house, &clerk, tag_resource, tag("Team", "sales")), &ACCESS_DENIED);
    refused(ask!(house, &clerk, tag_resource, tag("Other", "mail")), &ACCESS_DENIED);
    ask!(house, &clerk, tag_resource, tag("Team", "mail")).unwrap();
    ask!(house, &clerk, list_users, list()).unwrap();
}

#[tokio::test]
async fn a_reader_changes_nothing_and_learns_nothing_by_trying() {
    let (house, id) = House::with_organization().await;
    let reader = user_with(
        &house,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*",
            "Action": ["workmail:Describe*", "workmail:Get*", "workmail:List*"]}]}"#,
    )
    .await;
    let user = house.registered(&id, "ann").await;
    let input = DescribeUserRequest { organization_id: id.clone(), user_id: "ann".into() };
    ask!(house, &reader, describe_user, input).unwrap();
    let nowhere = "m-00000000000000000000000000000000".to_owned();
    for organization in [&id, &nowhere] {
        let input = House::user_request(organization, "bob");
        refused(ask!(house, &reader, create_user, input), &ACCESS_DENIED);
        let input = DeregisterFromWorkMailRequest {
            organization_id: organization.clone(),
            entity_id: user.clone(),
        };
        refused(ask!(house, &reader, deregister_from_work_mail, input), &ACCESS_DENIED);
        let input = DeleteOrganizationRequest {
            organization_id: organization.clone(),
            ..Default::default()
        };
        refused(ask!(house, &reader, delete_organization, input), &ACCESS_DENIED);
    }
    let shown = house.describe_user(&id, &user).await.unwrap();
    assert_eq!(shown.state, Some(EntityState::Enabled));
}

#[tokio::test]
async fn the_role_to_be_assumed_is_a_condition() {
    let (house, id) = House::with_organization().await;
    let mine = crate::impersonation::role(&house, &id, "mine", vec![]).await;
    let other = crate::impersonation::role(&house, &id, "other", vec![]).await;
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "Allow", "Action": "workmail:AssumeImpersonationRole", "Resource": "*",
             "Condition": {{"StringEquals": {{"workmail:ImpersonationRoleId": "{mine}"}}}}}}
        ]}}"#
    );
    let clerk = user_with(&house, &policy).await;
    let assume = |role: &str| AssumeImpersonationRoleRequest {
        organization_id: id.clone(),
        impersonation_role_id: role.into(),
    };
    ask!(house, &clerk, assume_impersonation_role, assume(&mine)).unwrap();
    for role in [&other, "no-role"] {
        refused(ask!(house, &clerk, assume_impersonation_role, assume(role)), &ACCESS_DENIED);
    }
    let input = GetImpersonationRoleRequest {
        organization_id: id.clone(),
        impersonation_role_id: mine.clone(),
    };
    refused(ask!(house, &clerk, get_impersonation_role, input), &ACCESS_DENIED);
}
