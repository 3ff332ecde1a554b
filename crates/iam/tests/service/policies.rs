use wire::{
    errors::ACCESS_DENIED,
    iam::{
        AttachUserPolicyRequest, CreatePolicyRequest, CreatePolicyVersionRequest,
        DeletePolicyRequest, DeletePolicyVersionRequest, GetPolicyRequest, GetPolicyVersionRequest,
        ListPoliciesRequest, ListPolicyVersionsRequest, PolicyScopeType, PolicyUsageType,
        SetDefaultPolicyVersionRequest,
        errors::{
            DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, LIMIT_EXCEEDED, MALFORMED_POLICY_DOCUMENT,
            NO_SUCH_ENTITY,
        },
    },
};

use crate::house::{ALLOW_ALL, House, ask, refused, s, some};

const FULL_ACCESS: &str = "arn:aws:iam::aws:policy/AmazonWorkMailFullAccess";

fn new(name: &str, path: &str) -> CreatePolicyRequest {
    CreatePolicyRequest {
        policy_name: s(name),
        path: some(path),
        policy_document: s(ALLOW_ALL),
        description: some("for tests"),
        tags: None,
    }
}

async fn created(house: &House, name: &str) -> String {
    ask!(house.root(), create_policy, new(name, "/")).unwrap().policy.unwrap().arn.unwrap()
}

fn version(arn: &str, is_default: bool) -> CreatePolicyVersionRequest {
    CreatePolicyVersionRequest {
        policy_arn: s(arn),
        policy_document: s(ALLOW_ALL),
        set_as_default: Some(is_default),
    }
}

fn get(arn: &str) -> GetPolicyRequest {
    GetPolicyRequest { policy_arn: s(arn) }
}

#[tokio::test]
async fn a_new_policy_starts_at_version_one() {
    let house = House::new().await;
    let root = house.root();
    let policy = ask!(root, create_policy, new("P", "/a/")).unwrap().policy.unwrap();
    assert_eq!(policy.arn.as_deref(), Some("arn:aws:iam::123456789012:policy/a/P"));
    assert_eq!(policy.default_version_id.as_deref(), Some("v1"));
    assert_eq!((policy.attachment_count, policy.is_attachable), (Some(0), Some(true)));
    assert!(policy.policy_id.clone().unwrap().starts_with("ANPA"));
    let found = ask!(root, get_policy, get(policy.arn.as_deref().unwrap())).unwrap().policy;
    let found = found.unwrap();
    assert_eq!(found.description.as_deref(), Some("for tests"));
    assert_eq!(found.policy_id, policy.policy_id);
    assert_eq!((policy.tags, found.tags), (None, Some(vec![])));
    refused(
        ask!(root, create_policy, new("p", "/b/")),
        &ENTITY_ALREADY_EXISTS,
        "A policy called p already exists. Duplicate names are not allowed.",
    );
}

#[tokio::test]
async fn a_bad_or_large_document_is_refused() {
    let house = House::new().await;
    let with =
        |document: String| CreatePolicyRequest { policy_document: document, ..new("p", "/") };
    let bad = ask!(house.root(), create_policy, with(s("{\"Statement\":[]}"))).unwrap_err();
    assert!(bad.is(&MALFORMED_POLICY_DOCUMENT), "{bad}");
    let sized = |chars: usize| {
        let more = "x".repeat(chars - ALLOW_ALL.len() - "arn:aws:s3:::".len() + 1);
        let resource = format!("\"Resource\":\"arn:aws:s3:::{more}\"");
        ALLOW_ALL.replace("\"Resource\":\"*\"", &resource)
    };
    refused(
        ask!(house.root(), create_policy, with(sized(6145))),
        &LIMIT_EXCEEDED,
        "Cannot exceed quota for PolicySize: 6144",
    );
    ask!(house.root(), create_policy, with(sized(6144))).unwrap();
}

#[tokio::test]
async fn five_versions_whose_numbers_are_never_reused() {
    let house = House::new().await;
    let root = house.root();
    let arn = created(&house, "p").await;
    for number in 2..=5 {
        let made = ask!(root, create_policy_version, version(&arn, number == 3)).unwrap();
        let made = made.policy_version.unwrap();
        assert_eq!(made.version_id, Some(format!("v{number}")));
        assert_eq!(made.is_default_version, Some(number == 3));
        assert_eq!(made.document, None);
    }
    refused(
        ask!(root, create_policy_version, version(&arn, false)),
        &LIMIT_EXCEEDED,
        "A managed policy can have up to 5 versions. Before you create a new version, you must \
         delete an existing version.",
    );
    let delete =
        |id: &str| DeletePolicyVersionRequest { policy_arn: arn.clone(), version_id: s(id) };
    refused(
        ask!(root, delete_policy_version, delete("v3")),
        &DELETE_CONFLICT,
        "Cannot delete the default version of a policy.",
    );
    ask!(root, delete_policy_version, delete("v5")).unwrap();
    let gone = format!("Policy {arn} version v5 does not exist or is not attachable.");
    refused(ask!(root, delete_policy_version, delete("v5")), &NO_SUCH_ENTITY, &gone);
    let made = ask!(root, create_policy_version, version(&arn, false)).unwrap();
    assert_eq!(made.policy_version.unwrap().version_id.as_deref(), Some("v6"));

    let list =
        |marker| ListPolicyVersionsRequest { policy_arn: arn.clone(), marker, max_items: Some(3) };
    let first = ask!(root, list_policy_versions, list(None)).unwrap();
    let ids = |versions: Option<Vec<wire::iam::PolicyVersion>>| -> Vec<String> {
        versions.unwrap().into_iter().filter_map(|version| version.version_id).collect()
    };
    assert_eq!(first.is_truncated, Some(true));
    assert_eq!(ids(first.versions), ["v6", "v4", "v3"]);
    let rest = ask!(root, list_policy_versions, list(first.marker)).unwrap();
    assert_eq!(ids(rest.versions), ["v2", "v1"]);

    let set =
        |id: &str| SetDefaultPolicyVersionRequest { policy_arn: arn.clone(), version_id: s(id) };
    ask!(root, set_default_policy_version, set("v1")).unwrap();
    let policy = ask!(root, get_policy, get(&arn)).unwrap().policy.unwrap();
    assert_eq!(policy.default_version_id.as_deref(), Some("v1"));
    refused(ask!(root, set_default_policy_version, set("v5")), &NO_SUCH_ENTITY, &gone);
}

#[tokio::test]
async fn documents_come_back_encoded() {
    let house = House::new().await;
    let arn = created(&house, "p").await;
    let get =
        |arn: &str, id: &str| GetPolicyVersionRequest { policy_arn: s(arn), version_id: s(id) };
    let found = ask!(house.root(), get_policy_version, get(&arn, "v1")).unwrap();
    let document = found.policy_version.unwrap().document.unwrap();
    assert!(document.starts_with("%7B%22Version%22%3A%222012-10-17%22%2C"), "{document}");
    for id in ["v2", "v1.x"] {
        let result = ask!(house.root(), get_policy_version, get(&arn, id));
        let message = format!("Policy {arn} version {id} does not exist or is not attachable.");
        refused(result, &NO_SUCH_ENTITY, &message);
    }
    let aws = ask!(house.root(), get_policy_version, get(FULL_ACCESS, "v9")).unwrap();
    let aws = aws.policy_version.unwrap();
    assert_eq!(aws.is_default_version, Some(false));
    assert!(!aws.document.unwrap().contains("GetHostedZone"));
}

#[tokio::test]
async fn a_policy_goes_when_nobody_uses_it() {
    let house = House::new().await;
    let root = house.root();
    let arn = created(&house, "p").await;
    house.user("u").await;
    let attach = AttachUserPolicyRequest { user_name: s("u"), policy_arn: arn.clone() };
    ask!(root, attach_user_policy, attach).unwrap();
    ask!(root, create_policy_version, version(&arn, true)).unwrap();
    let delete = || DeletePolicyRequest { policy_arn: arn.clone() };
    refused(
        ask!(root, delete_policy, delete()),
        &DELETE_CONFLICT,
        "Cannot delete a policy attached to entities.",
    );
    let detach = wire::iam::DetachUserPolicyRequest { user_name: s("u"), policy_arn: arn.clone() };
    ask!(root, detach_user_policy, detach).unwrap();
    refused(
        ask!(root, delete_policy, delete()),
        &DELETE_CONFLICT,
        "This policy has more than one version. Before you delete a policy, you must delete the \
         policy's versions. The default version is deleted with the policy.",
    );
    let old = DeletePolicyVersionRequest { policy_arn: arn.clone(), version_id: s("v1") };
    ask!(root, delete_policy_version, old).unwrap();
    ask!(root, delete_policy, delete()).unwrap();
    let gone = format!("Policy {arn} was not found.");
    refused(ask!(root, delete_policy, delete()), &NO_SUCH_ENTITY, &gone);
    refused(ask!(root, get_policy, get(&arn)), &NO_SUCH_ENTITY, &gone);
    let gone = format!("Policy {arn} version v3 does not exist or is not attachable.");
    let (policy_arn, version_id) = (arn, s("v3"));
    let get =
        GetPolicyVersionRequest { policy_arn: policy_arn.clone(), version_id: version_id.clone() };
    refused(ask!(root, get_policy_version, get), &NO_SUCH_ENTITY, &gone);
    let choose = SetDefaultPolicyVersionRequest { policy_arn, version_id };
    refused(ask!(root, set_default_policy_version, choose), &NO_SUCH_ENTITY, &gone);
}

#[tokio::test]
async fn nobody_changes_what_is_of_aws() {
    let house = House::new().await;
    let result = ask!(house.root(), create_policy_version, version(FULL_ACCESS, true));
    refused(
        result,
        &ACCESS_DENIED,
        "User: arn:aws:iam::123456789012:root is not authorized to perform: \
         iam:CreatePolicyVersion on resource: policy \
         arn:aws:iam::aws:policy/AmazonWorkMailFullAccess",
    );
    let policy = ask!(house.root(), get_policy, get(FULL_ACCESS)).unwrap().policy.unwrap();
    assert_eq!(policy.default_version_id.as_deref(), Some("v10"));
    assert_eq!(policy.path.as_deref(), Some("/"));
}

#[tokio::test]
async fn lists_by_scope_use_path_and_page() {
    let house = House::new().await;
    let root = house.root();
    for (name, path) in [("b", "/x/"), ("A", "/"), ("c", "/x/")] {
        ask!(root, create_policy, new(name, path)).unwrap();
    }
    house.user("u").await;
    for arn in ["arn:aws:iam::123456789012:policy/x/b", FULL_ACCESS] {
        let attach = AttachUserPolicyRequest { user_name: s("u"), policy_arn: s(arn) };
        ask!(root, attach_user_policy, attach).unwrap();
    }
    let names = async |input: ListPoliciesRequest| -> Vec<String> {
        let policies = ask!(root, list_policies, input).unwrap().policies.unwrap();
        policies.into_iter().filter_map(|policy| policy.policy_name).collect()
    };
    let local = ListPoliciesRequest { scope: Some(PolicyScopeType::Local), ..Default::default() };
    assert_eq!(names(local).await, ["A", "b", "c"]);
    let aws = ListPoliciesRequest { scope: Some(PolicyScopeType::Aws), ..Default::default() };
    assert_eq!(names(aws).await.len(), iam::managed::all().len());
    let used = ListPoliciesRequest { only_attached: Some(true), ..Default::default() };
    assert_eq!(names(used).await, ["b", "AmazonWorkMailFullAccess"]);
    let below = ListPoliciesRequest { path_prefix: some("/x/"), ..Default::default() };
    assert_eq!(names(below).await, ["b", "c"]);
    let filter = Some(PolicyUsageType::PermissionsBoundary);
    let bounds = ListPoliciesRequest { policy_usage_filter: filter, ..Default::default() };
    assert!(names(bounds).await.is_empty());

    let mut seen = Vec::new();
    let mut marker = None;
    loop {
        let page = ListPoliciesRequest { marker, max_items: Some(2), ..Default::default() };
        let page = ask!(root, list_policies, page).unwrap();
        let policies = page.policies.unwrap();
        assert!(policies.len() <= 2 && policies.iter().all(|policy| policy.description.is_none()));
        seen.extend(policies.into_iter().filter_map(|policy| policy.policy_name));
        marker = page.marker;
        if page.is_truncated == Some(false) {
            break;
        }
    }
    assert_eq!(seen.len(), 3 + iam::managed::all().len());
    assert_eq!(seen, names(ListPoliciesRequest::default()).await);
}
