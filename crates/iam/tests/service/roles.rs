use std::time::Duration;

use iam::door::{Principal, RoleSession};
use store::params;
use wire::{
    errors::ACCESS_DENIED,
    iam::{
        AttachRolePolicyRequest, CreateRoleRequest, CreateServiceLinkedRoleRequest,
        DeleteRolePolicyRequest, DeleteRoleRequest, DetachRolePolicyRequest, GetRolePolicyRequest,
        GetRoleRequest, ListAttachedRolePoliciesRequest, ListRolePoliciesRequest,
        ListRoleTagsRequest, ListRolesRequest, PutRolePolicyRequest, Role, RoleLastUsed, Tag,
        TagRoleRequest, UntagRoleRequest, UpdateAssumeRolePolicyRequest,
        UpdateRoleDescriptionRequest, UpdateRoleRequest,
        errors::{
            DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, INVALID_INPUT, LIMIT_EXCEEDED,
            MALFORMED_POLICY_DOCUMENT, NO_SUCH_ENTITY,
        },
    },
};

use crate::house::{ALLOW_ALL, House, MACHINES, START, ask, new_role, refused, s, some, trusting};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess";

fn get(name: &str) -> GetRoleRequest {
    GetRoleRequest { role_name: s(name) }
}

fn delete(name: &str) -> DeleteRoleRequest {
    DeleteRoleRequest { role_name: s(name) }
}

fn decoded(document: Option<&String>) -> String {
    let text = document.unwrap();
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: String = rest.by_ref().take(2).map(char::from).collect();
        bytes.push(u8::from_str_radix(&digits, 16).unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn each_operation_shows_what_aws_shows() {
    let house = House::new().await;
    let root = house.root();
    let trust = format!("\n {} ", trusting(MACHINES));
    let tags = Some(vec![Tag { key: s("team"), value: s("mail") }]);
    let input = CreateRoleRequest {
        path: some("/eng/"),
        description: some("for machines"),
        max_session_duration: Some(7200),
        tags: tags.clone(),
        ..new_role("Worker", &trust)
    };
    let made = ask!(root, create_role, input).unwrap().role;
    assert_eq!(made.arn, "arn:aws:iam::123456789012:role/eng/Worker");
    assert!(made.role_id.starts_with("AROA") && made.role_id.len() == 21, "{}", made.role_id);
    assert_eq!((made.create_date, &made.tags), (START, &tags));
    assert_eq!(decoded(made.assume_role_policy_document.as_ref()), trust, "byte for byte");
    assert_eq!(
        (made.max_session_duration, &made.description, &made.role_last_used),
        (None, &None, &None)
    );

    let got = ask!(root, get_role, get("WORKER")).unwrap().role;
    let expected = Role {
        description: some("for machines"),
        max_session_duration: Some(7200),
        role_last_used: Some(RoleLastUsed::default()),
        ..made.clone()
    };
    assert_eq!(got, expected, "looked up in any case, shown as it was given");

    let listed = ask!(root, list_roles, ListRolesRequest::default()).unwrap().roles;
    assert_eq!(listed, [Role { role_last_used: None, tags: None, ..expected }]);
}

#[tokio::test]
async fn names_are_unique_paths_reserved_and_documents_checked() {
    let house = House::new().await;
    let root = house.root();
    house.role("worker").await;
    let again = ask!(root, create_role, new_role("WORKER", &trusting(MACHINES)));
    refused(again, &ENTITY_ALREADY_EXISTS, "Role with name WORKER already exists.");
    let reserved = CreateRoleRequest {
        path: some("/aws-service-role/x.amazonaws.com/"),
        ..new_role("x", &trusting(MACHINES))
    };
    refused(
        ask!(root, create_role, reserved),
        &INVALID_INPUT,
        "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles",
    );
    for (trust, message) in [
        (s("{"), None),
        (s(ALLOW_ALL), Some("AssumeRole policy may only specify STS AssumeRole actions.")),
        (
            trusting(MACHINES).replace("Principal", "NotPrincipal"),
            Some("Has prohibited field NotPrincipal"),
        ),
        (
            trusting(MACHINES).replace("sts:AssumeRole", "iam:GetUser"),
            Some("AssumeRole policy may only specify STS AssumeRole actions."),
        ),
    ] {
        let error = ask!(root, create_role, new_role("x", &trust)).unwrap_err();
        assert!(error.is(&MALFORMED_POLICY_DOCUMENT), "{error}");
        if let Some(message) = message {
            assert_eq!(error.message(), message);
        }
    }
    let long = trusting(&format!(
        r#"{{"Service":["ec2.amazonaws.com"{}]}}"#,
        r#","a.amazonaws.com""#.repeat(130)
    ));
    refused(
        ask!(root, create_role, new_role("x", &long)),
        &LIMIT_EXCEEDED,
        "Cannot exceed quota for ACLSizePerRole: 2048",
    );
    refused(
        ask!(root, get_role, get("x")),
        &NO_SUCH_ENTITY,
        "The role with name x cannot be found.",
    );
}

#[tokio::test]
async fn what_is_not_given_stays() {
    let house = House::new().await;
    let root = house.root();
    house.role("r").await;
    let update = |description: Option<&str>, seconds| UpdateRoleRequest {
        role_name: s("r"),
        description: description.map(s),
        max_session_duration: seconds,
    };
    ask!(root, update_role, update(Some("a"), None)).unwrap();
    ask!(root, update_role, update(None, Some(43_200))).unwrap();
    let role = ask!(root, get_role, get("r")).unwrap().role;
    assert_eq!((role.description, role.max_session_duration), (some("a"), Some(43_200)));
    let input = UpdateRoleDescriptionRequest { role_name: s("r"), description: s("") };
    let shown = ask!(root, update_role_description, input).unwrap().role.unwrap();
    assert_eq!((shown.description, shown.max_session_duration), (some(""), None));
    refused(
        ask!(root, update_role, UpdateRoleRequest { role_name: s("none"), ..Default::default() }),
        &NO_SUCH_ENTITY,
        "The role with name none cannot be found.",
    );
}

#[tokio::test]
async fn a_new_trust_policy_takes_the_place_of_the_old() {
    let house = House::new().await;
    let root = house.root();
    house.role("r").await;
    let update = |document: &str| UpdateAssumeRolePolicyRequest {
        role_name: s("r"),
        policy_document: s(document),
    };
    let everyone = trusting("\"*\"");
    ask!(root, update_assume_role_policy, update(&everyone)).unwrap();
    let bad = trusting(r#"{"AWS":"arn:aws:iam::123456789012:user/none"}"#);
    refused(
        ask!(root, update_assume_role_policy, update(&bad)),
        &MALFORMED_POLICY_DOCUMENT,
        "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:user/none\"",
    );
    let role = ask!(root, get_role, get("r")).unwrap().role;
    assert_eq!(decoded(role.assume_role_policy_document.as_ref()), everyone);
}

#[tokio::test]
async fn a_role_goes_when_nothing_hangs_on_it() {
    let house = House::new().await;
    let root = house.root();
    house.role("r").await;
    let attach = AttachRolePolicyRequest { role_name: s("r"), policy_arn: s(READ_ONLY) };
    ask!(root, attach_role_policy, attach).unwrap();
    let put = PutRolePolicyRequest {
        role_name: s("r"),
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(root, put_role_policy, put).unwrap();
    let message = "Cannot delete entity, must detach all policies first.";
    refused(ask!(root, delete_role, delete("r")), &DELETE_CONFLICT, message);
    let detach = DetachRolePolicyRequest { role_name: s("r"), policy_arn: s(READ_ONLY) };
    ask!(root, detach_role_policy, detach).unwrap();
    let message = "Cannot delete entity, must delete policies first.";
    refused(ask!(root, delete_role, delete("r")), &DELETE_CONFLICT, message);
    let inline = DeleteRolePolicyRequest { role_name: s("r"), policy_name: s("p") };
    ask!(root, delete_role_policy, inline).unwrap();
    ask!(root, delete_role, delete("R")).unwrap();
    let message = "The role with name r cannot be found.";
    refused(ask!(root, delete_role, delete("r")), &NO_SUCH_ENTITY, message);
}

#[tokio::test]
async fn policies_of_a_role_are_kept_like_those_of_a_user() {
    let house = House::new().await;
    let root = house.root();
    house.role("r").await;
    let put = |name: &str, document: &str| PutRolePolicyRequest {
        role_name: s("r"),
        policy_name: s(name),
        policy_document: s(document),
    };
    ask!(root, put_role_policy, put("b", ALLOW_ALL)).unwrap();
    ask!(root, put_role_policy, put("a", ALLOW_ALL)).unwrap();
    let list = ListRolePoliciesRequest { role_name: s("r"), ..Default::default() };
    assert_eq!(ask!(root, list_role_policies, list).unwrap().policy_names, ["a", "b"]);
    let get = |name: &str| GetRolePolicyRequest { role_name: s("r"), policy_name: s(name) };
    let got = ask!(root, get_role_policy, get("a")).unwrap();
    assert_eq!(decoded(Some(&got.policy_document)), ALLOW_ALL);
    let message = "The role policy with name c cannot be found.";
    refused(ask!(root, get_role_policy, get("c")), &NO_SUCH_ENTITY, message);
    let long = ALLOW_ALL
        .replace("\"Resource\":\"*\"", &format!("\"Resource\":[{}\"*\"]", "\"*\",".repeat(2600)));
    let message = "Maximum policy size of 10240 bytes exceeded for role r";
    refused(ask!(root, put_role_policy, put("c", &long)), &LIMIT_EXCEEDED, message);

    let attach = AttachRolePolicyRequest { role_name: s("r"), policy_arn: s(READ_ONLY) };
    ask!(root, attach_role_policy, attach.clone()).unwrap();
    ask!(root, attach_role_policy, attach).unwrap();
    let list = ListAttachedRolePoliciesRequest { role_name: s("r"), ..Default::default() };
    let attached =
        ask!(root, list_attached_role_policies, list).unwrap().attached_policies.unwrap();
    assert_eq!(attached.len(), 1);
    assert_eq!(attached[0].policy_arn.as_deref(), Some(READ_ONLY));
}

#[tokio::test]
async fn tags_are_added_and_taken_off() {
    let house = House::new().await;
    let root = house.root();
    house.role("r").await;
    let tag = |key: &str, value: &str| TagRoleRequest {
        role_name: s("r"),
        tags: vec![Tag { key: s(key), value: s(value) }],
    };
    ask!(root, tag_role, tag("a", "1")).unwrap();
    ask!(root, tag_role, tag("A", "2")).unwrap();
    ask!(root, tag_role, tag("b", "")).unwrap();
    let list = || ListRoleTagsRequest { role_name: s("r"), ..Default::default() };
    let tags = ask!(root, list_role_tags, list()).unwrap().tags;
    assert_eq!(tags, [tag("A", "2").tags, tag("b", "").tags].concat());
    let untag = UntagRoleRequest { role_name: s("r"), tag_keys: vec![s("a"), s("none")] };
    ask!(root, untag_role, untag).unwrap();
    assert_eq!(ask!(root, list_role_tags, list()).unwrap().tags, tag("b", "").tags);
    refused(
        ask!(root, tag_role, tag("aws:x", "")),
        &INVALID_INPUT,
        "Tag keys beginning with aws: are reserved for system use.",
    );
}

#[tokio::test]
async fn lists_by_name_path_and_page() {
    let house = House::new().await;
    let root = house.root();
    for name in ["dora", "Berta", "anna", "Carl"] {
        let path = if name == "Carl" { "/eng/mail/" } else { "/eng/" };
        let input = CreateRoleRequest { path: some(path), ..new_role(name, &trusting(MACHINES)) };
        ask!(root, create_role, input).unwrap();
    }
    house.role("zoe").await;
    let names = |roles: Vec<Role>| -> Vec<String> {
        roles.into_iter().map(|role| role.role_name).collect()
    };
    let page = |prefix: Option<&str>, marker, max_items| ListRolesRequest {
        path_prefix: prefix.map(s),
        marker,
        max_items,
    };
    let first = ask!(root, list_roles, page(Some("/eng/"), None, Some(3))).unwrap();
    assert_eq!(first.is_truncated, Some(true));
    assert_eq!(names(first.roles), ["anna", "Berta", "Carl"]);
    let rest = ask!(root, list_roles, page(Some("/eng/"), first.marker, Some(3))).unwrap();
    assert_eq!((names(rest.roles), rest.is_truncated), (vec![s("dora")], Some(false)));
    let mail = ask!(root, list_roles, page(Some("/eng/mail/"), None, None)).unwrap();
    assert_eq!(names(mail.roles), ["Carl"]);
}

#[tokio::test]
async fn a_stranger_sees_no_role_and_tags_need_their_own_permission() {
    let house = House::new().await;
    house.role("r").await;
    let neighbour = house.neighbour().await;
    let message = "The role with name r cannot be found.";
    refused(ask!(neighbour, get_role, get("r")), &NO_SUCH_ENTITY, message);
    refused(ask!(neighbour, delete_role, delete("r")), &NO_SUCH_ENTITY, message);

    let user = house.user("me").await;
    let policy = wire::iam::PutUserPolicyRequest {
        user_name: s("me"),
        policy_name: s("p"),
        policy_document: ALLOW_ALL.replace("\"Action\":\"*\"", "\"Action\":\"iam:CreateRole\""),
    };
    ask!(house.root(), put_user_policy, policy).unwrap();
    let tags = Some(vec![Tag { key: s("a"), value: s("b") }]);
    let input = CreateRoleRequest { tags, ..new_role("new", &trusting(MACHINES)) };
    let error = ask!(house.calls_by(&user), create_role, input).unwrap_err();
    assert!(error.is(&ACCESS_DENIED) && error.message().contains("iam:TagRole"), "{error}");
}

#[tokio::test]
async fn the_last_use_is_noted_every_quarter_of_an_hour() {
    let house = House::new().await;
    let root = house.root();
    let role = house.role("r").await;
    let put = PutRolePolicyRequest {
        role_name: s("r"),
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(root, put_role_policy, put).unwrap();
    let session = RoleSession {
        role_id: role.role_id,
        role_name: role.role_name,
        role_path: role.path,
        session_name: s("s"),
    };
    let calls = iam::testing::Calls::by(
        &house.store,
        &house.world,
        &house.account.id,
        Principal::Role(session),
    )
    .in_region("eu-west-1");
    let mut noted = Vec::new();
    for _ in 0..3 {
        ask!(calls, get_role, get("r")).unwrap();
        let mut last_used = None;
        for _ in 0..200 {
            last_used = ask!(root, get_role, get("r")).unwrap().role.role_last_used;
            let fresh = last_used.as_ref().and_then(|used| used.last_used_date);
            if fresh.is_some_and(|at| !noted.contains(&at)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let last_used = last_used.unwrap();
        assert_eq!(last_used.region.as_deref(), Some("eu-west-1"));
        noted.push(last_used.last_used_date.unwrap());
        house.clock.advance(Duration::from_secs(10 * 60));
    }
    assert_eq!(noted, [START, START, START.saturating_add(Duration::from_secs(20 * 60))]);
}

#[tokio::test]
async fn a_thousand_roles_at_most_and_those_of_services_beside() {
    const SQL: &str = "INSERT INTO roles (id, account_id, name, name_key, path, \
        max_session_duration, trust_policy, created_at) \
        VALUES ($1, '123456789012', $1, $1, '/', 3600, '{}', 0)";
    let house = House::new().await;
    let mut tx = house.store.write().await.unwrap();
    for number in 0..999 {
        tx.execute(SQL, params![format!("filler{number}")]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let linked = |service: &str| CreateServiceLinkedRoleRequest {
        aws_service_name: s(service),
        ..Default::default()
    };
    ask!(house.root(), create_service_linked_role, linked("ses.amazonaws.com")).unwrap();
    house.role("last").await;
    refused(
        ask!(house.root(), create_role, new_role("more", &trusting(MACHINES))),
        &LIMIT_EXCEEDED,
        "Cannot exceed quota for RolesPerAccount: 1000",
    );
    let workmail = linked("events.workmail.amazonaws.com");
    ask!(house.root(), create_service_linked_role, workmail).unwrap();
}
