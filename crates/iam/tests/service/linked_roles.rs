use iam::linked_roles;
use wire::{
    errors::ACCESS_DENIED,
    iam::{
        AddRoleToInstanceProfileRequest, AttachRolePolicyRequest, CreateInstanceProfileRequest,
        CreateServiceLinkedRoleRequest, DeleteRolePermissionsBoundaryRequest,
        DeleteRolePolicyRequest, DeleteRoleRequest, DeleteServiceLinkedRoleRequest,
        DeletionTaskStatusType, DetachRolePolicyRequest, GetRoleRequest,
        GetServiceLinkedRoleDeletionStatusRequest, GetServiceLinkedRoleDeletionStatusResponse,
        ListAttachedRolePoliciesRequest, PutRolePermissionsBoundaryRequest, PutRolePolicyRequest,
        PutUserPolicyRequest, Role, RoleUsageType, Tag, TagRoleRequest,
        UpdateAssumeRolePolicyRequest, UpdateRoleDescriptionRequest, UpdateRoleRequest,
        errors::{INVALID_INPUT, NO_SUCH_ENTITY, UNMODIFIABLE_ENTITY},
    },
};

use crate::house::{ALLOW_ALL, House, MACHINES, ask, refused, s, some, trusting};

const WORKMAIL: &str = "events.workmail.amazonaws.com";
const NAME: &str = "AWSServiceRoleForAmazonWorkMailEvents";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";

fn new(service: &str, suffix: Option<&str>) -> CreateServiceLinkedRoleRequest {
    CreateServiceLinkedRoleRequest {
        aws_service_name: s(service),
        description: None,
        custom_suffix: suffix.map(s),
    }
}

async fn made(house: &House) -> Role {
    ask!(house.root(), create_service_linked_role, new(WORKMAIL, None)).unwrap().role.unwrap()
}

async fn deleted(house: &House) -> GetServiceLinkedRoleDeletionStatusResponse {
    let delete = DeleteServiceLinkedRoleRequest { role_name: s(NAME) };
    let id = ask!(house.root(), delete_service_linked_role, delete).unwrap().deletion_task_id;
    let begin = format!("task/aws-service-role/{WORKMAIL}/{NAME}/");
    assert_eq!(id.strip_prefix(&begin).map(str::len), Some(36), "{id}");
    let get = GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: id };
    ask!(house.root(), get_service_linked_role_deletion_status, get).unwrap()
}

#[tokio::test]
async fn a_role_of_a_service_has_its_path_policy_and_trust() {
    let house = House::new().await;
    let role = made(&house).await;
    assert_eq!(role.path, format!("/aws-service-role/{WORKMAIL}/"));
    assert_eq!(role.arn, format!("arn:aws:iam::123456789012:role{}{NAME}", role.path));
    assert_eq!(role.role_name, NAME);
    assert!(role.assume_role_policy_document.unwrap().contains("events.workmail.amazonaws.com"));
    let list = ListAttachedRolePoliciesRequest { role_name: s(NAME), ..Default::default() };
    let attached = ask!(house.root(), list_attached_role_policies, list).unwrap();
    let arns: Vec<_> =
        attached.attached_policies.unwrap().into_iter().filter_map(|p| p.policy_arn).collect();
    assert_eq!(
        arns,
        ["arn:aws:iam::aws:policy/aws-service-role/AmazonWorkMailEventsServiceRolePolicy"]
    );
    let mut snapshot = house.store.read().await.unwrap();
    let trust = iam::trust::load(&mut snapshot, &role.arn).await.unwrap().unwrap();
    assert_eq!(trust.linked_service.as_deref(), Some(WORKMAIL));
}

#[tokio::test]
async fn names_are_given_by_the_service() {
    let house = House::new().await;
    let root = house.root();
    made(&house).await;
    refused(
        ask!(root, create_service_linked_role, new(WORKMAIL, None)),
        &INVALID_INPUT,
        &format!(
            "Service role name {NAME} has been taken in this account, please try a different suffix."
        ),
    );
    refused(
        ask!(root, create_service_linked_role, new(WORKMAIL, Some("x"))),
        &INVALID_INPUT,
        &format!("Custom suffix is not allowed for {WORKMAIL}"),
    );
    refused(
        ask!(root, create_service_linked_role, new("none.amazonaws.com", None)),
        &ACCESS_DENIED,
        "Cannot find Service Linked Role template for none.amazonaws.com",
    );
    for suffix in [None, Some("a"), Some("b")] {
        let role = ask!(root, create_service_linked_role, new("autoscaling.amazonaws.com", suffix))
            .unwrap()
            .role
            .unwrap();
        let tail = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
        assert_eq!(role.role_name, format!("AWSServiceRoleForAutoScaling{tail}"));
    }
}

#[tokio::test]
async fn users_change_its_description_and_tags_alone() {
    let house = House::new().await;
    let root = house.root();
    made(&house).await;
    let message = format!(
        "Cannot perform the operation on the protected role '{NAME}' - this role is only modifiable by AWS"
    );
    let name = || s(NAME);
    macro_rules! protected {
        ($method:ident, $input:expr) => {
            refused(ask!(root, $method, $input), &UNMODIFIABLE_ENTITY, &message);
        };
    }
    protected!(delete_role, DeleteRoleRequest { role_name: name() });
    protected!(
        attach_role_policy,
        AttachRolePolicyRequest { role_name: name(), policy_arn: s(READ_ONLY) }
    );
    protected!(
        detach_role_policy,
        DetachRolePolicyRequest {
            role_name: name(),
            policy_arn: s(
                "arn:aws:iam::aws:policy/aws-service-role/AmazonWorkMailEventsServiceRolePolicy"
            ),
        }
    );
    protected!(
        put_role_policy,
        PutRolePolicyRequest {
            role_name: name(),
            policy_name: s("p"),
            policy_document: s(ALLOW_ALL)
        }
    );
    protected!(
        delete_role_policy,
        DeleteRolePolicyRequest { role_name: name(), policy_name: s("p") }
    );
    protected!(
        update_assume_role_policy,
        UpdateAssumeRolePolicyRequest { role_name: name(), policy_document: trusting(MACHINES) }
    );
    protected!(
        put_role_permissions_boundary,
        PutRolePermissionsBoundaryRequest { role_name: name(), permissions_boundary: s(READ_ONLY) }
    );
    protected!(
        delete_role_permissions_boundary,
        DeleteRolePermissionsBoundaryRequest { role_name: name() }
    );
    protected!(
        update_role,
        UpdateRoleRequest {
            role_name: name(),
            description: None,
            max_session_duration: Some(7200)
        }
    );
    let profile =
        CreateInstanceProfileRequest { instance_profile_name: s("web"), ..Default::default() };
    ask!(root, create_instance_profile, profile).unwrap();
    protected!(
        add_role_to_instance_profile,
        AddRoleToInstanceProfileRequest { instance_profile_name: s("web"), role_name: name() }
    );
    let update =
        UpdateRoleRequest { role_name: name(), description: some("a"), ..Default::default() };
    ask!(root, update_role, update).unwrap();
    let update = UpdateRoleDescriptionRequest { role_name: name(), description: s("b") };
    ask!(root, update_role_description, update).unwrap();
    let tag = TagRoleRequest { role_name: name(), tags: vec![Tag { key: s("k"), value: s("v") }] };
    ask!(root, tag_role, tag).unwrap();
    let role = ask!(root, get_role, GetRoleRequest { role_name: name() }).unwrap().role;
    assert_eq!((role.description, role.tags.unwrap().len()), (some("b"), 1));
}

#[tokio::test]
async fn it_goes_when_the_service_does_not_use_it() {
    let house = House::new().await;
    let arn = made(&house).await.arn;
    let organization = "arn:aws:workmail:eu-west-1:123456789012:organization/m-1";
    let mut tx = house.store.write().await.unwrap();
    linked_roles::hold(&mut tx, &arn, "eu-west-1", organization).await.unwrap();
    linked_roles::hold(&mut tx, &arn, "eu-west-1", organization).await.unwrap();
    linked_roles::hold(
        &mut tx,
        &arn,
        "us-east-1",
        "arn:aws:workmail:us-east-1:123456789012:organization/m-2",
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let status = deleted(&house).await;
    assert_eq!(status.status, DeletionTaskStatusType::Failed);
    let reason = status.reason.unwrap();
    let usage = reason.role_usage_list.unwrap();
    assert_eq!(usage.len(), 2);
    assert_eq!(
        usage[0],
        RoleUsageType { region: some("eu-west-1"), resources: Some(vec![s(organization)]) }
    );
    ask!(house.root(), get_role, GetRoleRequest { role_name: s(NAME) }).unwrap();

    let mut tx = house.store.write().await.unwrap();
    linked_roles::release(&mut tx, &arn, "eu-west-1", organization).await.unwrap();
    linked_roles::release(
        &mut tx,
        &arn,
        "us-east-1",
        "arn:aws:workmail:us-east-1:123456789012:organization/m-2",
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let status = deleted(&house).await;
    assert_eq!((status.status, status.reason), (DeletionTaskStatusType::Succeeded, None));
    let message = format!("The role with name {NAME} cannot be found.");
    let get = GetRoleRequest { role_name: s(NAME) };
    refused(ask!(house.root(), get_role, get), &NO_SUCH_ENTITY, &message);
    made(&house).await;
}

#[tokio::test]
async fn a_service_sees_to_its_role_by_itself() {
    let house = House::new().await;
    let mut tx = house.store.write().await.unwrap();
    let account = &house.account.id;
    let first = linked_roles::ensure(&mut tx, &house.world, account, WORKMAIL, house.world.now())
        .await
        .unwrap();
    let again = linked_roles::ensure(&mut tx, &house.world, account, WORKMAIL, house.world.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(first, again);
    let role = ask!(house.root(), get_role, GetRoleRequest { role_name: s(NAME) }).unwrap().role;
    assert_eq!(role.arn, first);
}

#[tokio::test]
async fn only_roles_of_services_are_deleted_so_and_tasks_are_the_accounts_own() {
    let house = House::new().await;
    let (root, neighbour) = (house.root(), house.neighbour().await);
    house.role("r").await;
    let delete = DeleteServiceLinkedRoleRequest { role_name: s("r") };
    let message = "The role with name r cannot be found.";
    refused(ask!(root, delete_service_linked_role, delete), &NO_SUCH_ENTITY, message);
    made(&house).await;
    let delete = DeleteServiceLinkedRoleRequest { role_name: s(NAME) };
    let id = ask!(root, delete_service_linked_role, delete).unwrap().deletion_task_id;
    let get = |id: &str| GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: s(id) };
    let message = format!("Deletion task {id} cannot be found.");
    refused(
        ask!(neighbour, get_service_linked_role_deletion_status, get(&id)),
        &NO_SUCH_ENTITY,
        &message,
    );
    refused(
        ask!(root, get_service_linked_role_deletion_status, get("x")),
        &INVALID_INPUT,
        "Invalid task id",
    );
}

#[tokio::test]
async fn tasks_are_forgotten_in_the_end() {
    let house = House::new().await;
    let root = house.root();
    let mut ids = Vec::new();
    for _ in 0..102 {
        made(&house).await;
        let delete = DeleteServiceLinkedRoleRequest { role_name: s(NAME) };
        ids.push(ask!(root, delete_service_linked_role, delete).unwrap().deletion_task_id);
        house.clock.advance(std::time::Duration::from_secs(1));
    }
    let mut known = Vec::new();
    for id in &ids {
        let get = GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: id.clone() };
        known.push(ask!(root, get_service_linked_role_deletion_status, get).is_ok());
    }
    assert_eq!(known.iter().filter(|known| **known).count(), 100);
    assert!(!known[0] && !known[1] && known[2]);
}

/// As AWS's own full access to WorkMail has it.
#[tokio::test]
async fn who_may_make_a_role_can_be_held_to_a_service() {
    let house = House::new().await;
    let user = house.user("me").await;
    let policy = PutUserPolicyRequest {
        user_name: s("me"),
        policy_name: s("p"),
        policy_document: format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Resource":"*",
            "Action":"iam:CreateServiceLinkedRole",
            "Condition":{{"StringEquals":{{"iam:AWSServiceName":"{WORKMAIL}"}}}}}},
            {{"Effect":"Allow","Action":["iam:DeleteServiceLinkedRole","iam:GetServiceLinkedRoleDeletionStatus"],
            "Resource":"arn:aws:iam::*:role/aws-service-role/{WORKMAIL}/{NAME}*"}}]}}"#
        ),
    };
    ask!(house.root(), put_user_policy, policy).unwrap();
    let me = house.calls_by(&user);
    let denied = ask!(me, create_service_linked_role, new("ses.amazonaws.com", None)).unwrap_err();
    assert!(denied.is(&ACCESS_DENIED), "{denied}");
    ask!(me, create_service_linked_role, new(WORKMAIL, None)).unwrap();
    let delete = DeleteServiceLinkedRoleRequest { role_name: s(NAME) };
    let id = ask!(me, delete_service_linked_role, delete).unwrap().deletion_task_id;
    let get = GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: id };
    ask!(me, get_service_linked_role_deletion_status, get).unwrap();
    ask!(house.root(), create_service_linked_role, new("ses.amazonaws.com", None)).unwrap();
    let other = DeleteServiceLinkedRoleRequest { role_name: s("AWSServiceRoleForAmazonSES") };
    assert!(ask!(me, delete_service_linked_role, other).unwrap_err().is(&ACCESS_DENIED));
}
