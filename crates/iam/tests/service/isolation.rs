//! No account can name, read or change what is another's.

use wire::{
    errors::ACCESS_DENIED,
    iam::{
        AttachUserPolicyRequest, CreateAccessKeyRequest, CreatePolicyRequest, CreateUserRequest,
        DeleteAccessKeyRequest, DeletePolicyRequest, DeleteUserRequest,
        GetAccessKeyLastUsedRequest, GetPolicyRequest, GetUserRequest, ListAccessKeysRequest,
        ListPoliciesRequest, ListUsersRequest, PolicyScopeType, errors::NO_SUCH_ENTITY,
    },
};

use crate::house::{ALLOW_ALL, House, ask, refused, s, some};

#[tokio::test]
async fn users_and_keys_of_another_account_are_not_there() {
    let house = House::new().await;
    let (root, neighbour) = (house.root(), house.neighbour().await);
    house.user("alice").await;
    let key = CreateAccessKeyRequest { user_name: some("alice") };
    let id = ask!(root, create_access_key, key).unwrap().access_key.access_key_id;

    let gone = "The user with name alice cannot be found.";
    let get = GetUserRequest { user_name: some("alice") };
    refused(ask!(neighbour, get_user, get), &NO_SUCH_ENTITY, gone);
    let list = ListAccessKeysRequest { user_name: some("alice"), ..Default::default() };
    refused(ask!(neighbour, list_access_keys, list), &NO_SUCH_ENTITY, gone);
    let delete = DeleteUserRequest { user_name: s("alice") };
    refused(ask!(neighbour, delete_user, delete), &NO_SUCH_ENTITY, gone);
    let users = ask!(neighbour, list_users, ListUsersRequest::default()).unwrap().users;
    assert!(users.is_empty());

    let no_key = format!("The Access Key with id {id} cannot be found");
    let delete = DeleteAccessKeyRequest { user_name: None, access_key_id: id.clone() };
    refused(ask!(neighbour, delete_access_key, delete), &NO_SUCH_ENTITY, &no_key);
    let used = GetAccessKeyLastUsedRequest { access_key_id: id };
    assert!(ask!(neighbour, get_access_key_last_used, used).unwrap_err().is(&ACCESS_DENIED));

    let same = CreateUserRequest { user_name: s("alice"), ..Default::default() };
    let theirs = ask!(neighbour, create_user, same).unwrap().user.unwrap();
    assert_eq!(theirs.arn, "arn:aws:iam::210987654321:user/alice", "a name is free elsewhere");
}

#[tokio::test]
async fn policies_of_another_account_are_not_there() {
    let house = House::new().await;
    let (root, neighbour) = (house.root(), house.neighbour().await);
    let policy = CreatePolicyRequest {
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
        ..Default::default()
    };
    let arn = ask!(root, create_policy, policy).unwrap().policy.unwrap().arn.unwrap();
    let user = CreateUserRequest { user_name: s("bob"), ..Default::default() };
    ask!(neighbour, create_user, user).unwrap();

    let gone = format!("Policy {arn} was not found.");
    let get = GetPolicyRequest { policy_arn: arn.clone() };
    refused(ask!(neighbour, get_policy, get), &NO_SUCH_ENTITY, &gone);
    let delete = DeletePolicyRequest { policy_arn: arn.clone() };
    refused(ask!(neighbour, delete_policy, delete), &NO_SUCH_ENTITY, &gone);
    let attach = AttachUserPolicyRequest { user_name: s("bob"), policy_arn: arn.clone() };
    refused(
        ask!(neighbour, attach_user_policy, attach),
        &NO_SUCH_ENTITY,
        &format!("Policy {arn} does not exist or is not attachable."),
    );
    let list = ListPoliciesRequest { scope: Some(PolicyScopeType::Local), ..Default::default() };
    assert_eq!(ask!(neighbour, list_policies, list).unwrap().policies, Some(vec![]));
}

#[tokio::test]
async fn use_of_an_aws_policy_is_counted_by_account() {
    let house = House::new().await;
    let (root, neighbour) = (house.root(), house.neighbour().await);
    let arn = "arn:aws:iam::aws:policy/IAMFullAccess";
    house.user("alice").await;
    let attach = AttachUserPolicyRequest { user_name: s("alice"), policy_arn: s(arn) };
    ask!(root, attach_user_policy, attach).unwrap();
    let count = async |calls: &iam::testing::Calls| {
        let get = GetPolicyRequest { policy_arn: s(arn) };
        ask!(calls, get_policy, get).unwrap().policy.unwrap().attachment_count
    };
    assert_eq!((count(&root).await, count(&neighbour).await), (Some(1), Some(0)));
}
