use wire::{
    errors::VALIDATION,
    iam::{
        AddUserToGroupRequest, AttachUserPolicyRequest, CreateAccessKeyRequest, CreateGroupRequest,
        CreateLoginProfileRequest, CreatePolicyRequest, CreateUserRequest, DeleteAccessKeyRequest,
        DeleteLoginProfileRequest, DeleteUserPolicyRequest, DeleteUserRequest,
        DetachUserPolicyRequest, GetUserRequest, ListUsersRequest, PutUserPolicyRequest,
        RemoveUserFromGroupRequest, Tag, UpdateUserRequest,
        errors::{DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, NO_SUCH_ENTITY},
    },
};

use crate::house::{ALLOW_ALL, House, START, ask, refused, s, some};

fn new(name: &str, path: &str) -> CreateUserRequest {
    CreateUserRequest { user_name: s(name), path: some(path), ..Default::default() }
}

fn get(name: &str) -> GetUserRequest {
    GetUserRequest { user_name: some(name) }
}

#[tokio::test]
async fn a_new_user_has_id_arn_path_and_tags() {
    let house = House::new().await;
    let tags = Some(vec![Tag { key: s("team"), value: s("mail") }]);
    let input = CreateUserRequest { tags: tags.clone(), ..new("Alice", "/eng/") };
    let user = ask!(house.root(), create_user, input).unwrap().user.unwrap();
    assert_eq!(user.arn, "arn:aws:iam::123456789012:user/eng/Alice");
    assert_eq!((user.path.as_str(), user.user_name.as_str()), ("/eng/", "Alice"));
    assert!(user.user_id.starts_with("AIDA") && user.user_id.len() == 21);
    assert_eq!((user.create_date, user.password_last_used), (START, None));
    assert_eq!(user.tags, tags);

    let found = ask!(house.root(), get_user, get("ALICE")).unwrap().user;
    assert_eq!(found, user, "looked up in any case, shown as it was given");
}

#[tokio::test]
async fn names_are_unique_without_case_and_path() {
    let house = House::new().await;
    house.user("alice").await;
    let again = ask!(house.root(), create_user, new("ALICE", "/other/"));
    refused(again, &ENTITY_ALREADY_EXISTS, "User with name ALICE already exists.");
}

#[tokio::test]
async fn without_a_name_a_caller_sees_itself() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let root = ask!(house.root(), get_user, GetUserRequest::default()).unwrap().user;
    assert_eq!(root.arn, "arn:aws:iam::123456789012:root");
    assert_eq!(root.user_id, "123456789012");
    let policy = PutUserPolicyRequest {
        user_name: s("alice"),
        policy_name: s("all"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(house.root(), put_user_policy, policy).unwrap();
    let me = ask!(house.calls_by(&alice), get_user, GetUserRequest::default()).unwrap().user;
    assert_eq!(me.user_id, alice.user_id);
}

#[tokio::test]
async fn lists_by_name_path_and_page() {
    let house = House::new().await;
    for name in ["dora", "Berta", "anna", "Carl"] {
        let path = if name == "Carl" { "/eng/mail/" } else { "/eng/" };
        ask!(house.root(), create_user, new(name, path)).unwrap();
    }
    house.user("zoe").await;
    let page = |prefix: Option<&str>, marker, max_items| ListUsersRequest {
        path_prefix: prefix.map(s),
        marker,
        max_items,
    };
    let names = |users: Vec<wire::iam::User>| -> Vec<String> {
        users.into_iter().map(|user| user.user_name).collect()
    };
    let all = ask!(house.root(), list_users, page(None, None, None)).unwrap();
    assert_eq!((all.is_truncated, &all.marker), (Some(false), &None));
    assert_eq!(names(all.users), ["anna", "Berta", "Carl", "dora", "zoe"]);
    let mail = ask!(house.root(), list_users, page(Some("/eng/m"), None, None)).unwrap();
    assert_eq!(names(mail.users), ["Carl"]);

    let first = ask!(house.root(), list_users, page(Some("/eng/"), None, Some(3))).unwrap();
    assert_eq!(first.is_truncated, Some(true));
    assert_eq!(names(first.users), ["anna", "Berta", "Carl"]);
    let rest = ask!(house.root(), list_users, page(Some("/eng/"), first.marker, Some(3))).unwrap();
    assert_eq!((rest.is_truncated, &rest.marker), (Some(false), &None));
    assert_eq!(names(rest.users), ["dora"]);
}

#[tokio::test]
async fn a_marker_fits_its_own_list_and_account_alone() {
    let house = House::new().await;
    house.user("a").await;
    house.user("b").await;
    let page = |marker| ListUsersRequest { marker, max_items: Some(1), ..Default::default() };
    let marker = ask!(house.root(), list_users, page(None)).unwrap().marker.unwrap();
    let mut altered = marker.clone().into_bytes();
    altered[20] = if altered[20] == b'A' { b'B' } else { b'A' };
    for wrong in [String::from_utf8(altered).unwrap(), s("b"), s("=====")] {
        let result = ask!(house.root(), list_users, page(Some(wrong)));
        refused(result, &VALIDATION, "Invalid Marker.");
    }
    let groups =
        wire::iam::ListGroupsRequest { marker: Some(marker.clone()), ..Default::default() };
    refused(ask!(house.root(), list_groups, groups), &VALIDATION, "Invalid Marker.");
    let neighbour = house.neighbour().await;
    refused(ask!(neighbour, list_users, page(Some(marker))), &VALIDATION, "Invalid Marker.");
}

#[tokio::test]
async fn a_rename_keeps_the_id() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.user("bob").await;
    let rename = |from: &str, to: Option<&str>, path: Option<&str>| UpdateUserRequest {
        user_name: s(from),
        new_user_name: to.map(s),
        new_path: path.map(s),
    };
    let taken = ask!(house.root(), update_user, rename("alice", Some("BOB"), None));
    refused(taken, &ENTITY_ALREADY_EXISTS, "User with name BOB already exists.");
    ask!(house.root(), update_user, rename("alice", Some("Alice"), None)).unwrap();
    ask!(house.root(), update_user, rename("alice", Some("alicia"), Some("/x/"))).unwrap();
    let found = ask!(house.root(), get_user, get("alicia")).unwrap().user;
    assert_eq!(found.user_id, alice.user_id);
    assert_eq!(found.arn, "arn:aws:iam::123456789012:user/x/alicia");
    ask!(house.root(), update_user, rename("alicia", Some("ally"), None)).unwrap();
    let found = ask!(house.root(), get_user, get("ally")).unwrap().user;
    assert_eq!(found.path, "/x/", "a rename alone does not move");
    let gone = ask!(house.root(), update_user, rename("alice", Some("x"), None));
    refused(gone, &NO_SUCH_ENTITY, "The user with name alice cannot be found.");
}

#[tokio::test]
async fn a_user_goes_when_nothing_hangs_on_it() {
    let house = House::new().await;
    let root = house.root();
    house.user("bob").await;
    let delete = || DeleteUserRequest { user_name: s("bob") };
    let must = |what: &str| format!("Cannot delete entity, must {what} first.");

    let arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    let group = CreateGroupRequest { group_name: s("g"), path: None };
    ask!(root, create_group, group).unwrap();
    let member = AddUserToGroupRequest { group_name: s("g"), user_name: s("bob") };
    ask!(root, add_user_to_group, member).unwrap();
    let key = CreateAccessKeyRequest { user_name: some("bob") };
    let key = ask!(root, create_access_key, key).unwrap().access_key.access_key_id;
    let profile = CreateLoginProfileRequest {
        user_name: some("bob"),
        password: Some("Correct-Horse-1".into()),
        password_reset_required: None,
    };
    ask!(root, create_login_profile, profile).unwrap();
    let inline = PutUserPolicyRequest {
        user_name: s("bob"),
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(root, put_user_policy, inline).unwrap();
    let attach = AttachUserPolicyRequest { user_name: s("bob"), policy_arn: s(arn) };
    ask!(root, attach_user_policy, attach).unwrap();

    refused(ask!(root, delete_user, delete()), &DELETE_CONFLICT, &must("detach all policies"));
    let detach = DetachUserPolicyRequest { user_name: s("bob"), policy_arn: s(arn) };
    ask!(root, detach_user_policy, detach).unwrap();
    refused(ask!(root, delete_user, delete()), &DELETE_CONFLICT, &must("delete policies"));
    let inline = DeleteUserPolicyRequest { user_name: s("bob"), policy_name: s("p") };
    ask!(root, delete_user_policy, inline).unwrap();
    refused(ask!(root, delete_user, delete()), &DELETE_CONFLICT, &must("delete login profile"));
    let profile = DeleteLoginProfileRequest { user_name: some("bob") };
    ask!(root, delete_login_profile, profile).unwrap();
    refused(ask!(root, delete_user, delete()), &DELETE_CONFLICT, &must("delete access keys"));
    let key = DeleteAccessKeyRequest { user_name: some("bob"), access_key_id: key };
    ask!(root, delete_access_key, key).unwrap();
    refused(ask!(root, delete_user, delete()), &DELETE_CONFLICT, &must("remove users from group"));
    let member = RemoveUserFromGroupRequest { group_name: s("g"), user_name: s("bob") };
    ask!(root, remove_user_from_group, member).unwrap();

    ask!(root, delete_user, delete()).unwrap();
    refused(
        ask!(root, delete_user, delete()),
        &NO_SUCH_ENTITY,
        "The user with name bob cannot be found.",
    );
}

#[tokio::test]
async fn a_boundary_is_shown_and_must_exist() {
    let house = House::new().await;
    let bounded = |name: &str, arn: &str| CreateUserRequest {
        user_name: s(name),
        permissions_boundary: some(arn),
        ..Default::default()
    };
    let none = "arn:aws:iam::123456789012:policy/none";
    refused(
        ask!(house.root(), create_user, bounded("a", none)),
        &NO_SUCH_ENTITY,
        &format!("Policy {none} does not exist or is not attachable."),
    );
    let policy = CreatePolicyRequest {
        policy_name: s("limit"),
        policy_document: s(ALLOW_ALL),
        ..Default::default()
    };
    let arn = ask!(house.root(), create_policy, policy).unwrap().policy.unwrap().arn.unwrap();
    let user = ask!(house.root(), create_user, bounded("a", &arn)).unwrap().user.unwrap();
    assert_eq!(user.permissions_boundary.unwrap().permissions_boundary_arn, Some(arn));
    let malformed = ask!(house.root(), create_user, bounded("b", "arn:aws:iam::1:user/longer"));
    assert!(malformed.unwrap_err().is(&VALIDATION));
}
