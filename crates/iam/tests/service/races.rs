//! Callers who get in each other's way: one wins, the others get the specified error, and what is stored
//! holds together.

use std::{future::Future, sync::Arc};

use wire::{
    Error, ErrorKind,
    iam::{
        AddClientIDToOpenIDConnectProviderRequest, AddRoleToInstanceProfileRequest,
        AddUserToGroupRequest, AttachRolePolicyRequest, AttachUserPolicyRequest,
        CreateAccessKeyRequest, CreateGroupRequest, CreateInstanceProfileRequest,
        CreateOpenIDConnectProviderRequest, CreatePolicyRequest, CreatePolicyVersionRequest,
        CreateServiceLinkedRoleRequest, CreateUserRequest, DeletePolicyRequest, DeleteRoleRequest,
        DeleteServiceLinkedRoleRequest, DeleteUserRequest, GetGroupRequest,
        GetInstanceProfileRequest, GetOpenIDConnectProviderRequest, GetPolicyRequest,
        GetRoleRequest, ListAccessKeysRequest, ListAttachedUserPoliciesRequest,
        ListPolicyVersionsRequest, PutRolePermissionsBoundaryRequest,
        SetDefaultPolicyVersionRequest,
        errors::{
            DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, INVALID_INPUT, LIMIT_EXCEEDED,
            MALFORMED_POLICY_DOCUMENT, NO_SUCH_ENTITY,
        },
    },
};

use crate::house::{ALLOW_ALL, House, MACHINES, ask, new_role, s, some, trusting};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";

/// Callers at once.
const CALLERS: usize = 8;

/// Runs `work` in all callers at once and gives their results.
async fn all_at_once<T, F>(work: impl Fn(usize) -> F) -> Vec<Result<T, Error>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let tasks: Vec<_> = (0..CALLERS).map(|number| tokio::spawn(work(number))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// How many succeeded; all others must have failed with one of `kinds`.
fn winners<T>(results: &[Result<T, Error>], kinds: &[&ErrorKind]) -> usize {
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(kinds.iter().any(|kind| error.is(kind)), "{error}");
    }
    results.iter().filter(|result| result.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gets_the_name() {
    let house = Arc::new(House::new().await);
    let results = all_at_once(|_| {
        let house = Arc::clone(&house);
        async move {
            let input = CreateUserRequest { user_name: s("same"), ..Default::default() };
            ask!(house.root(), create_user, input)
        }
    })
    .await;
    assert_eq!(winners(&results, &[&ENTITY_ALREADY_EXISTS]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_holds() {
    let house = Arc::new(House::new().await);
    house.user("u").await;
    let results = all_at_once(|_| {
        let house = Arc::clone(&house);
        async move {
            let input = CreateAccessKeyRequest { user_name: some("u") };
            ask!(house.root(), create_access_key, input)
        }
    })
    .await;
    assert_eq!(winners(&results, &[&LIMIT_EXCEEDED]), 2);
    let list = ListAccessKeysRequest { user_name: some("u"), ..Default::default() };
    let keys = ask!(house.root(), list_access_keys, list).unwrap();
    assert_eq!(keys.access_key_metadata.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_deleted_or_used_but_not_both() {
    let house = Arc::new(House::new().await);
    let group = CreateGroupRequest { group_name: s("g"), path: None };
    ask!(house.root(), create_group, group).unwrap();
    for round in 0..4 {
        let name = format!("u{round}");
        house.user(&name).await;
        let results = all_at_once(|number| {
            let (house, name) = (Arc::clone(&house), name.clone());
            async move {
                if number % 2 == 0 {
                    let member = AddUserToGroupRequest { group_name: s("g"), user_name: name };
                    ask!(house.root(), add_user_to_group, member)
                } else {
                    ask!(house.root(), delete_user, DeleteUserRequest { user_name: name })
                }
            }
        })
        .await;
        winners(&results, &[&NO_SUCH_ENTITY, &DELETE_CONFLICT]);
        let joined = results.iter().step_by(2).any(Result::is_ok);
        let deleted = results.iter().skip(1).step_by(2).any(Result::is_ok);
        assert_ne!(joined, deleted);
        let get = GetGroupRequest { group_name: s("g"), ..Default::default() };
        let members = ask!(house.root(), get_group, get).unwrap().users;
        assert_eq!(members.iter().any(|user| user.user_name == name), joined);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_deleted_or_attached_but_not_both() {
    let house = Arc::new(House::new().await);
    house.user("u").await;
    for round in 0..4 {
        let policy = CreatePolicyRequest {
            policy_name: format!("p{round}"),
            policy_document: s(ALLOW_ALL),
            ..Default::default()
        };
        let arn = ask!(house.root(), create_policy, policy).unwrap().policy.unwrap().arn.unwrap();
        let results = all_at_once(|number| {
            let (house, policy_arn) = (Arc::clone(&house), arn.clone());
            async move {
                if number % 2 == 0 {
                    let attach = AttachUserPolicyRequest { user_name: s("u"), policy_arn };
                    ask!(house.root(), attach_user_policy, attach)
                } else {
                    ask!(house.root(), delete_policy, DeletePolicyRequest { policy_arn })
                }
            }
        })
        .await;
        winners(&results, &[&NO_SUCH_ENTITY, &DELETE_CONFLICT]);
        let list = ListAttachedUserPoliciesRequest { user_name: s("u"), ..Default::default() };
        let attached = ask!(house.root(), list_attached_user_policies, list).unwrap();
        let attached = attached.attached_policies.unwrap();
        let attached = attached.iter().any(|policy| policy.policy_arn.as_ref() == Some(&arn));
        let there = ask!(house.root(), get_policy, GetPolicyRequest { policy_arn: arn }).is_ok();
        assert_eq!(attached, there);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_default_version() {
    let house = Arc::new(House::new().await);
    let policy = CreatePolicyRequest {
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
        ..Default::default()
    };
    let arn = ask!(house.root(), create_policy, policy).unwrap().policy.unwrap().arn.unwrap();
    let results = all_at_once(|number| {
        let (house, policy_arn) = (Arc::clone(&house), arn.clone());
        async move {
            if number % 2 == 0 {
                let version = CreatePolicyVersionRequest {
                    policy_arn,
                    policy_document: s(ALLOW_ALL),
                    set_as_default: Some(true),
                };
                ask!(house.root(), create_policy_version, version).map(drop)
            } else {
                let set = SetDefaultPolicyVersionRequest { policy_arn, version_id: s("v1") };
                ask!(house.root(), set_default_policy_version, set)
            }
        }
    })
    .await;
    assert_eq!(winners(&results, &[]), CALLERS);
    let list = ListPolicyVersionsRequest { policy_arn: arn, ..Default::default() };
    let versions = ask!(house.root(), list_policy_versions, list).unwrap().versions.unwrap();
    assert_eq!(versions.len(), 5);
    let defaults = versions.iter().filter(|version| version.is_default_version == Some(true));
    assert_eq!(defaults.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_makes_the_role_and_one_deletes_it() {
    let house = Arc::new(House::new().await);
    let results = all_at_once(|_| {
        let house = Arc::clone(&house);
        async move { ask!(house.root(), create_role, new_role("same", &trusting(MACHINES))) }
    })
    .await;
    assert_eq!(winners(&results, &[&ENTITY_ALREADY_EXISTS]), 1);
    let results = all_at_once(|_| {
        let house = Arc::clone(&house);
        async move { ask!(house.root(), delete_role, DeleteRoleRequest { role_name: s("same") }) }
    })
    .await;
    assert_eq!(winners(&results, &[&NO_SUCH_ENTITY]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_deleted_or_used_but_not_both() {
    let house = Arc::new(House::new().await);
    for round in 0..4 {
        let name = format!("r{round}");
        house.role(&name).await;
        let profile = CreateInstanceProfileRequest {
            instance_profile_name: name.clone(),
            ..Default::default()
        };
        ask!(house.root(), create_instance_profile, profile).unwrap();
        let results = all_at_once(|number| {
            let (house, role_name) = (Arc::clone(&house), name.clone());
            async move {
                let root = house.root();
                if number % 2 == 1 {
                    return ask!(root, delete_role, DeleteRoleRequest { role_name });
                }
                if round % 2 == 0 {
                    let policy_arn = s(READ_ONLY);
                    let attach = AttachRolePolicyRequest { role_name, policy_arn };
                    return ask!(root, attach_role_policy, attach);
                }
                let instance_profile_name = role_name.clone();
                let add = AddRoleToInstanceProfileRequest { instance_profile_name, role_name };
                ask!(root, add_role_to_instance_profile, add)
            }
        })
        .await;
        winners(&results, &[&NO_SUCH_ENTITY, &DELETE_CONFLICT, &LIMIT_EXCEEDED]);
        let used = results.iter().step_by(2).any(Result::is_ok);
        let deleted = results.iter().skip(1).step_by(2).any(Result::is_ok);
        assert_ne!(used, deleted);
        let get = GetRoleRequest { role_name: name.clone() };
        assert_eq!(ask!(house.root(), get_role, get).is_ok(), used);
        let get = GetInstanceProfileRequest { instance_profile_name: name };
        let held = ask!(house.root(), get_instance_profile, get).unwrap().instance_profile.roles;
        assert_eq!(held.len(), usize::from(used && round % 2 == 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_gets_one_role() {
    let house = Arc::new(House::new().await);
    let profile =
        CreateInstanceProfileRequest { instance_profile_name: s("p"), ..Default::default() };
    ask!(house.root(), create_instance_profile, profile).unwrap();
    for number in 0..CALLERS {
        house.role(&format!("r{number}")).await;
    }
    let results = all_at_once(|number| {
        let house = Arc::clone(&house);
        async move {
            let add = AddRoleToInstanceProfileRequest {
                instance_profile_name: s("p"),
                role_name: format!("r{number}"),
            };
            ask!(house.root(), add_role_to_instance_profile, add)
        }
    })
    .await;
    assert_eq!(winners(&results, &[&LIMIT_EXCEEDED]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_deleted_or_bounds_but_not_both() {
    let house = Arc::new(House::new().await);
    house.role("r").await;
    for round in 0..4 {
        let policy = CreatePolicyRequest {
            policy_name: format!("p{round}"),
            policy_document: s(ALLOW_ALL),
            ..Default::default()
        };
        let arn = ask!(house.root(), create_policy, policy).unwrap().policy.unwrap().arn.unwrap();
        let results = all_at_once(|number| {
            let (house, policy_arn) = (Arc::clone(&house), arn.clone());
            async move {
                if number % 2 == 1 {
                    return ask!(house.root(), delete_policy, DeletePolicyRequest { policy_arn });
                }
                let put = PutRolePermissionsBoundaryRequest {
                    role_name: s("r"),
                    permissions_boundary: policy_arn,
                };
                ask!(house.root(), put_role_permissions_boundary, put)
            }
        })
        .await;
        winners(&results, &[&NO_SUCH_ENTITY, &DELETE_CONFLICT]);
        let there =
            ask!(house.root(), get_policy, GetPolicyRequest { policy_arn: arn.clone() }).is_ok();
        let role = ask!(house.root(), get_role, GetRoleRequest { role_name: s("r") }).unwrap().role;
        let boundary = role.permissions_boundary.and_then(|one| one.permissions_boundary_arn);
        assert_eq!(boundary == Some(arn), there);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_trusted_was_there() {
    let house = Arc::new(House::new().await);
    for round in 0..4 {
        let user = house.user(&format!("u{round}")).await;
        let results = all_at_once(|number| {
            let (house, user) = (Arc::clone(&house), user.clone());
            async move {
                if number % 2 == 1 {
                    let delete = DeleteUserRequest { user_name: user.user_name };
                    return ask!(house.root(), delete_user, delete);
                }
                let trust = trusting(&format!(r#"{{"AWS":"{}"}}"#, user.arn));
                let role = new_role(&format!("r{round}-{number}"), &trust);
                ask!(house.root(), create_role, role).map(drop)
            }
        })
        .await;
        winners(&results, &[&NO_SUCH_ENTITY, &MALFORMED_POLICY_DOCUMENT]);
        for (number, result) in results.iter().enumerate().step_by(2) {
            let get = GetRoleRequest { role_name: format!("r{round}-{number}") };
            let role = ask!(house.root(), get_role, get);
            assert_eq!(role.is_ok(), result.is_ok());
            let trust = role.ok().and_then(|role| role.role.assume_role_policy_document);
            assert!(trust.is_none_or(|trust| trust.contains(&user.user_id)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_has_its_role_once() {
    let house = Arc::new(House::new().await);
    let service = "events.workmail.amazonaws.com";
    let results = all_at_once(|_| {
        let house = Arc::clone(&house);
        async move {
            let new = CreateServiceLinkedRoleRequest {
                aws_service_name: s(service),
                ..Default::default()
            };
            ask!(house.root(), create_service_linked_role, new)
        }
    })
    .await;
    assert_eq!(winners(&results, &[&INVALID_INPUT]), 1);
    let role_name = s("AWSServiceRoleForAmazonWorkMailEvents");
    let results = all_at_once(|_| {
        let delete = DeleteServiceLinkedRoleRequest { role_name: role_name.clone() };
        let house = Arc::clone(&house);
        async move { ask!(house.root(), delete_service_linked_role, delete) }
    })
    .await;
    assert_eq!(winners(&results, &[&NO_SUCH_ENTITY]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_makes_the_provider_and_all_bring_their_client() {
    let house = Arc::new(House::new().await);
    let arn = "arn:aws:iam::123456789012:oidc-provider/idp.example.com";
    let results = all_at_once(|_| {
        let house = Arc::clone(&house);
        async move {
            let input = CreateOpenIDConnectProviderRequest {
                url: s("https://idp.example.com"),
                thumbprint_list: Some(vec!["a".repeat(40)]),
                ..Default::default()
            };
            ask!(house.root(), create_open_id_connect_provider, input)
        }
    })
    .await;
    assert_eq!(winners(&results, &[&ENTITY_ALREADY_EXISTS]), 1);
    let results = all_at_once(|number| {
        let house = Arc::clone(&house);
        async move {
            let input = AddClientIDToOpenIDConnectProviderRequest {
                open_id_connect_provider_arn: s(arn),
                client_id: format!("client-{number}"),
            };
            ask!(house.root(), add_client_id_to_open_id_connect_provider, input)
        }
    })
    .await;
    assert_eq!(winners(&results, &[]), CALLERS);
    let get = GetOpenIDConnectProviderRequest { open_id_connect_provider_arn: s(arn) };
    let provider = ask!(house.root(), get_open_id_connect_provider, get).unwrap();
    assert_eq!(provider.client_id_list.unwrap().len(), CALLERS);
}
