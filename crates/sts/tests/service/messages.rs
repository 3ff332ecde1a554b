//! `DecodeAuthorizationMessage` and `AssumeRoot`.

use wire::{
    errors::ACCESS_DENIED,
    iam::{Iam, ListUsersRequest},
    sts::{AssumeRootRequest, DecodeAuthorizationMessageRequest, PolicyDescriptorType, Sts},
};

use crate::house::{House, ask, policy, refused};

fn encoded(error: &wire::Error) -> String {
    error.detail().unwrap().rsplit_once(": ").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_denial_can_be_decoded_by_who_may() {
    let house = House::new().await;
    let anna = house.user("anna", Some(&policy("Deny", "iam:ListUsers", "*"))).await;
    let denied = ask!(house, &anna, iam::Service, list_users, ListUsersRequest::default());
    let encoded_message = encoded(&denied.unwrap_err());
    let input = DecodeAuthorizationMessageRequest { encoded_message: encoded_message.clone() };
    let refusal = ask!(house, &anna, sts::Service, decode_authorization_message, input.clone());
    refused(refusal, &ACCESS_DENIED, "sts:DecodeAuthorizationMessage");
    let decode = |input| async {
        ask!(house, &house.key, sts::Service, decode_authorization_message, input)
    };
    let told = decode(input).await.unwrap().decoded_message.unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["allowed"], false);
    assert_eq!(told["explicitDeny"], true);
    assert_eq!(told["context"]["action"], "iam:ListUsers");
    assert_eq!(told["matchedStatements"]["items"][0]["policy"], "own");

    let boss = house.neighbour().await;
    for (keys, message) in [
        (crate::house::Keys::from(&house.key), "nonsense".to_owned()),
        (crate::house::Keys::from(&house.key), format!("A{encoded_message}")),
        (boss, encoded_message),
    ] {
        let input = DecodeAuthorizationMessageRequest { encoded_message: message };
        let error =
            ask!(house, &keys, sts::Service, decode_authorization_message, input).unwrap_err();
        assert_eq!(error.kind().query.code, "InvalidAuthorizationMessageException");
    }
}

#[tokio::test]
async fn nobody_manages_another_account() {
    let house = House::new().await;
    house.neighbour().await;
    let input = AssumeRootRequest {
        target_principal: "210987654321".to_owned(),
        task_policy_arn: PolicyDescriptorType {
            arn: Some("arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials".to_owned()),
        },
        ..Default::default()
    };
    let refusal = ask!(house, &house.key, sts::Service, assume_root, input);
    refused(
        refusal,
        &ACCESS_DENIED,
        "is not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::210987654321:root",
    );
}
