use wire::{
    errors::VALIDATION,
    iam::{
        AttachGroupPolicyRequest, AttachUserPolicyRequest, CreateGroupRequest, CreatePolicyRequest,
        CreateUserRequest, DetachUserPolicyRequest, EntityType, GetPolicyRequest,
        ListAttachedUserPoliciesRequest, ListEntitiesForPolicyRequest, PolicyUsageType,
        errors::{LIMIT_EXCEEDED, NO_SUCH_ENTITY, POLICY_NOT_ATTACHABLE},
    },
};

use crate::house::{ALLOW_ALL, House, ask, refused, s, some};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess";

fn attach(user: &str, arn: &str) -> AttachUserPolicyRequest {
    AttachUserPolicyRequest { user_name: s(user), policy_arn: s(arn) }
}

async fn policy(house: &House, name: &str, path: &str) -> String {
    let input = CreatePolicyRequest {
        policy_name: s(name),
        path: some(path),
        policy_document: s(ALLOW_ALL),
        ..Default::default()
    };
    ask!(house.root(), create_policy, input).unwrap().policy.unwrap().arn.unwrap()
}

#[tokio::test]
async fn attaching_twice_is_once_and_detaching_nothing_is_an_error() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    ask!(root, attach_user_policy, attach("u", READ_ONLY)).unwrap();
    ask!(root, attach_user_policy, attach("U", READ_ONLY)).unwrap();
    let get = GetPolicyRequest { policy_arn: s(READ_ONLY) };
    let policy = ask!(root, get_policy, get).unwrap().policy.unwrap();
    assert_eq!(policy.attachment_count, Some(1));
    let detach = || DetachUserPolicyRequest { user_name: s("u"), policy_arn: s(READ_ONLY) };
    ask!(root, detach_user_policy, detach()).unwrap();
    refused(
        ask!(root, detach_user_policy, detach()),
        &NO_SUCH_ENTITY,
        &format!("Policy {READ_ONLY} was not found."),
    );
}

#[tokio::test]
async fn only_a_policy_that_is_there_and_fits_can_be_attached() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    let none = "arn:aws:iam::123456789012:policy/none";
    refused(
        ask!(root, attach_user_policy, attach("u", none)),
        &NO_SUCH_ENTITY,
        &format!("Policy {none} does not exist or is not attachable."),
    );
    refused(
        ask!(root, attach_user_policy, attach("u", "AmazonWorkMailReadOnlyAccess")),
        &VALIDATION,
        "Invalid ARN:  Could not be parsed!",
    );
    let service = "arn:aws:iam::aws:policy/aws-service-role/AmazonWorkMailEventsServiceRolePolicy";
    refused(
        ask!(root, attach_user_policy, attach("u", service)),
        &POLICY_NOT_ATTACHABLE,
        "Cannot attach a Service Role Policy to a Customer User.",
    );
    refused(
        ask!(root, attach_user_policy, attach("nobody", READ_ONLY)),
        &NO_SUCH_ENTITY,
        "The user with name nobody cannot be found.",
    );
}

#[tokio::test]
async fn ten_policies_at_most_listed_by_page_and_path() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    for number in 0..10 {
        let path = if number < 3 { "/few/" } else { "/" };
        let arn = policy(&house, &format!("p{number}"), path).await;
        ask!(root, attach_user_policy, attach("u", &arn)).unwrap();
    }
    refused(
        ask!(root, attach_user_policy, attach("u", READ_ONLY)),
        &LIMIT_EXCEEDED,
        "Cannot exceed quota for PoliciesPerUser: 10",
    );
    let list = |marker, max_items, prefix: Option<&str>| ListAttachedUserPoliciesRequest {
        user_name: s("u"),
        path_prefix: prefix.map(s),
        marker,
        max_items,
    };
    let first = ask!(root, list_attached_user_policies, list(None, Some(7), None)).unwrap();
    assert_eq!((first.attached_policies.unwrap().len(), first.is_truncated), (7, Some(true)));
    let rest = list(first.marker, Some(7), None);
    let rest = ask!(root, list_attached_user_policies, rest).unwrap();
    let rest: Vec<_> = rest.attached_policies.unwrap();
    let names: Vec<_> = rest.iter().filter_map(|policy| policy.policy_name.as_deref()).collect();
    assert_eq!(names, ["p7", "p8", "p9"]);
    let few = ask!(root, list_attached_user_policies, list(None, None, Some("/few/"))).unwrap();
    let few = few.attached_policies.unwrap();
    assert_eq!(few.len(), 3);
    assert_eq!(few[0].policy_arn.as_deref(), Some("arn:aws:iam::123456789012:policy/few/p0"));
}

#[tokio::test]
async fn the_other_direction_tells_who_uses_a_policy() {
    let house = House::new().await;
    let root = house.root();
    let arn = policy(&house, "p", "/").await;
    for name in ["b", "a"] {
        house.user(name).await;
        ask!(root, attach_user_policy, attach(name, &arn)).unwrap();
    }
    let bounded = CreateUserRequest {
        user_name: s("c"),
        path: some("/bounded/"),
        permissions_boundary: some(&arn),
        ..Default::default()
    };
    ask!(root, create_user, bounded).unwrap();
    ask!(root, create_group, CreateGroupRequest { group_name: s("g"), path: None }).unwrap();
    let to_group = AttachGroupPolicyRequest { group_name: s("g"), policy_arn: arn.clone() };
    ask!(root, attach_group_policy, to_group).unwrap();

    let list = || ListEntitiesForPolicyRequest { policy_arn: arn.clone(), ..Default::default() };
    let all = ask!(root, list_entities_for_policy, list()).unwrap();
    let users = |answer: &wire::iam::ListEntitiesForPolicyResponse| -> Vec<String> {
        let users = answer.policy_users.clone().unwrap();
        users.into_iter().filter_map(|user| user.user_name).collect()
    };
    assert_eq!(users(&all), ["a", "b", "c"]);
    assert_eq!(all.policy_groups.as_ref().unwrap()[0].group_name.as_deref(), Some("g"));
    assert_eq!((all.policy_roles.clone(), all.is_truncated), (Some(vec![]), Some(false)));

    let only = ListEntitiesForPolicyRequest { entity_filter: Some(EntityType::Group), ..list() };
    let groups = ask!(root, list_entities_for_policy, only).unwrap();
    let filter = Some(EntityType::LocalManagedPolicy);
    let by_policy = ListEntitiesForPolicyRequest { entity_filter: filter, ..list() };
    let by_policy = ask!(root, list_entities_for_policy, by_policy).unwrap();
    assert_eq!(by_policy, all, "a kind of policy is none of those who use it");
    assert_eq!((users(&groups).len(), groups.policy_groups.unwrap().len()), (0, 1));
    let filter = Some(PolicyUsageType::PermissionsBoundary);
    let bounds = ListEntitiesForPolicyRequest { policy_usage_filter: filter, ..list() };
    let bounds = ask!(root, list_entities_for_policy, bounds).unwrap();
    assert_eq!(users(&bounds), ["c"]);
    let below = ListEntitiesForPolicyRequest { path_prefix: some("/bounded/"), ..list() };
    assert_eq!(users(&ask!(root, list_entities_for_policy, below).unwrap()), ["c"]);

    let mut seen = Vec::new();
    let mut marker = None;
    loop {
        let page = ListEntitiesForPolicyRequest { marker, max_items: Some(1), ..list() };
        let page = ask!(root, list_entities_for_policy, page).unwrap();
        seen.extend(users(&page));
        marker = page.marker.clone();
        if page.is_truncated == Some(false) {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c"]);
}
