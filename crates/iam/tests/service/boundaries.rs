use wire::{
    errors::{ACCESS_DENIED, VALIDATION},
    iam::{
        AttachRolePolicyRequest, AttachUserPolicyRequest, AttachedPermissionsBoundary,
        CreatePolicyRequest, CreateRoleRequest, DeletePolicyRequest,
        DeleteRolePermissionsBoundaryRequest, DeleteUserPermissionsBoundaryRequest, EntityType,
        GetPolicyRequest, GetRoleRequest, GetUserRequest, ListEntitiesForPolicyRequest,
        ListPoliciesRequest, PermissionsBoundaryAttachmentType, PolicyUsageType,
        PutRolePermissionsBoundaryRequest, PutUserPermissionsBoundaryRequest, PutUserPolicyRequest,
        errors::{DELETE_CONFLICT, NO_SUCH_ENTITY, POLICY_NOT_ATTACHABLE},
    },
};

use crate::house::{ALLOW_ALL, House, MACHINES, ask, new_role, refused, s, some, trusting};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";

fn of_user(name: &str, arn: &str) -> PutUserPermissionsBoundaryRequest {
    PutUserPermissionsBoundaryRequest { user_name: s(name), permissions_boundary: s(arn) }
}

fn of_role(name: &str, arn: &str) -> PutRolePermissionsBoundaryRequest {
    PutRolePermissionsBoundaryRequest { role_name: s(name), permissions_boundary: s(arn) }
}

fn shown(arn: &str) -> Option<AttachedPermissionsBoundary> {
    Some(AttachedPermissionsBoundary {
        permissions_boundary_type: Some(
            PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy,
        ),
        permissions_boundary_arn: some(arn),
    })
}

#[tokio::test]
async fn a_boundary_acts_from_the_next_call_and_until_it_is_taken_away() {
    let house = House::new().await;
    let root = house.root();
    let user = house.user("me").await;
    let me = house.calls_by(&user);
    let all = PutUserPolicyRequest {
        user_name: s("me"),
        policy_name: s("all"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(root, put_user_policy, all.clone()).unwrap();
    ask!(root, put_user_permissions_boundary, of_user("me", READ_ONLY)).unwrap();
    let error = ask!(me, put_user_policy, all.clone()).unwrap_err();
    assert!(
        error.is(&ACCESS_DENIED) && error.message().contains("no permissions boundary"),
        "{error}"
    );
    let get = GetUserRequest { user_name: some("me") };
    let got = ask!(me, get_user, get.clone()).unwrap().user;
    assert_eq!(got.permissions_boundary, shown(READ_ONLY));
    let delete = DeleteUserPermissionsBoundaryRequest { user_name: s("me") };
    for _ in 0..2 {
        ask!(root, delete_user_permissions_boundary, delete.clone()).unwrap();
    }
    ask!(me, put_user_policy, all).unwrap();
    assert_eq!(ask!(root, get_user, get).unwrap().user.permissions_boundary, None);
}

#[tokio::test]
async fn only_a_policy_that_is_there_and_fits_can_bound() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    house.role("r").await;
    let none = "arn:aws:iam::123456789012:policy/none";
    let missing = format!("Policy {none} does not exist or is not attachable.");
    refused(
        ask!(root, put_user_permissions_boundary, of_user("u", none)),
        &NO_SUCH_ENTITY,
        &missing,
    );
    refused(
        ask!(root, put_role_permissions_boundary, of_role("r", none)),
        &NO_SUCH_ENTITY,
        &missing,
    );
    refused(
        ask!(root, put_role_permissions_boundary, of_role("r", "arn:aws:iam::123456789012:role/r")),
        &VALIDATION,
        "Value not valid for parameter 'PermissionsBoundary'.",
    );
    let service = "arn:aws:iam::aws:policy/aws-service-role/AmazonWorkMailEventsServiceRolePolicy";
    refused(
        ask!(root, put_role_permissions_boundary, of_role("r", service)),
        &POLICY_NOT_ATTACHABLE,
        "Cannot attach a Service Role Policy to a Customer Role.",
    );
    let message = "The role with name none cannot be found.";
    refused(
        ask!(root, put_role_permissions_boundary, of_role("none", READ_ONLY)),
        &NO_SUCH_ENTITY,
        message,
    );
    let delete = DeleteRolePermissionsBoundaryRequest { role_name: s("none") };
    refused(ask!(root, delete_role_permissions_boundary, delete), &NO_SUCH_ENTITY, message);
}

#[tokio::test]
async fn a_policy_that_bounds_is_counted_listed_and_kept() {
    let house = House::new().await;
    let root = house.root();
    let input = CreatePolicyRequest {
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
        ..Default::default()
    };
    let arn = ask!(root, create_policy, input).unwrap().policy.unwrap().arn.unwrap();
    house.user("u").await;
    house.role("plain").await;
    let bounded = CreateRoleRequest {
        permissions_boundary: some(&arn),
        ..new_role("bounded", &trusting(MACHINES))
    };
    let role = ask!(root, create_role, bounded).unwrap().role;
    assert_eq!(role.permissions_boundary, shown(&arn));
    let got = ask!(root, get_role, GetRoleRequest { role_name: s("bounded") }).unwrap().role;
    assert_eq!(got.permissions_boundary, shown(&arn));
    ask!(root, put_user_permissions_boundary, of_user("u", &arn)).unwrap();
    let attach = AttachRolePolicyRequest { role_name: s("plain"), policy_arn: arn.clone() };
    ask!(root, attach_role_policy, attach).unwrap();

    let policy = ask!(root, get_policy, GetPolicyRequest { policy_arn: arn.clone() })
        .unwrap()
        .policy
        .unwrap();
    assert_eq!(
        (policy.attachment_count, policy.permissions_boundary_usage_count),
        (Some(1), Some(2))
    );
    let filter = Some(PolicyUsageType::PermissionsBoundary);
    let list = ListPoliciesRequest { policy_usage_filter: filter, ..Default::default() };
    let listed = ask!(root, list_policies, list).unwrap().policies.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].permissions_boundary_usage_count, Some(2));

    let entities = |entity_filter, policy_usage_filter| ListEntitiesForPolicyRequest {
        policy_arn: arn.clone(),
        entity_filter,
        policy_usage_filter,
        ..Default::default()
    };
    let roles = async |entity_filter, usage| -> Vec<String> {
        let answer = ask!(root, list_entities_for_policy, entities(entity_filter, usage)).unwrap();
        answer.policy_roles.unwrap().into_iter().filter_map(|role| role.role_name).collect()
    };
    assert_eq!(roles(None, None).await, ["bounded", "plain"]);
    assert_eq!(roles(Some(EntityType::Role), filter).await, ["bounded"]);
    assert_eq!(
        roles(Some(EntityType::Role), Some(PolicyUsageType::PermissionsPolicy)).await,
        ["plain"]
    );
    assert_eq!(roles(Some(EntityType::User), None).await, Vec::<String>::new());

    let delete = DeletePolicyRequest { policy_arn: arn.clone() };
    let message = "Cannot delete a policy attached to entities.";
    let detach =
        wire::iam::DetachRolePolicyRequest { role_name: s("plain"), policy_arn: arn.clone() };
    ask!(root, detach_role_policy, detach).unwrap();
    refused(ask!(root, delete_policy, delete.clone()), &DELETE_CONFLICT, message);
    let user = DeleteUserPermissionsBoundaryRequest { user_name: s("u") };
    ask!(root, delete_user_permissions_boundary, user).unwrap();
    refused(ask!(root, delete_policy, delete.clone()), &DELETE_CONFLICT, message);
    let role = DeleteRolePermissionsBoundaryRequest { role_name: s("bounded") };
    ask!(root, delete_role_permissions_boundary, role).unwrap();
    ask!(root, delete_policy, delete).unwrap();
}

/// The delegation of the IAM User Guide, "Permissions boundaries": an administrator who may change only
/// those that his superior's boundary holds.
#[tokio::test]
async fn who_administers_may_be_held_to_the_bounded() {
    let house = House::new().await;
    let root = house.root();
    for name in ["free", "bounded", "admin"] {
        house.user(name).await;
    }
    ask!(root, put_user_permissions_boundary, of_user("bounded", READ_ONLY)).unwrap();
    let policy = PutUserPolicyRequest {
        user_name: s("admin"),
        policy_name: s("p"),
        policy_document: format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Resource":"*",
            "Action":["iam:AttachUserPolicy","iam:PutUserPolicy","iam:PutUserPermissionsBoundary","iam:DeleteUserPermissionsBoundary"],
            "Condition":{{"StringEquals":{{"iam:PermissionsBoundary":"{READ_ONLY}"}}}}}}]}}"#
        ),
    };
    ask!(root, put_user_policy, policy).unwrap();
    let admin =
        wire::iam::User { user_name: s("admin"), path: s("/"), ..user(&house, "admin").await };
    let admin = house.calls_by(&admin);
    let attach =
        |name: &str| AttachUserPolicyRequest { user_name: s(name), policy_arn: s(READ_ONLY) };
    let put = |name: &str| PutUserPolicyRequest {
        user_name: s(name),
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(admin, attach_user_policy, attach("bounded")).unwrap();
    ask!(admin, put_user_policy, put("bounded")).unwrap();
    assert!(ask!(admin, attach_user_policy, attach("free")).unwrap_err().is(&ACCESS_DENIED));
    assert!(ask!(admin, put_user_policy, put("free")).unwrap_err().is(&ACCESS_DENIED));
    ask!(admin, put_user_permissions_boundary, of_user("free", READ_ONLY)).unwrap();
    let other = of_user("free", "arn:aws:iam::aws:policy/AdministratorAccess");
    assert!(ask!(admin, put_user_permissions_boundary, other).unwrap_err().is(&ACCESS_DENIED));
    ask!(admin, put_user_policy, put("free")).unwrap();
}

async fn user(house: &House, name: &str) -> wire::iam::User {
    ask!(house.root(), get_user, GetUserRequest { user_name: some(name) }).unwrap().user
}
