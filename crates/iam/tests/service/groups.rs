use wire::iam::{
    AddUserToGroupRequest, AttachGroupPolicyRequest, CreateGroupRequest, DeleteGroupPolicyRequest,
    DeleteGroupRequest, DetachGroupPolicyRequest, GetGroupRequest, ListGroupsForUserRequest,
    ListGroupsRequest, PutGroupPolicyRequest, RemoveUserFromGroupRequest, UpdateGroupRequest,
    errors::{DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, LIMIT_EXCEEDED, NO_SUCH_ENTITY},
};

use crate::house::{ALLOW_ALL, House, ask, refused, s, some};

fn new(name: &str) -> CreateGroupRequest {
    CreateGroupRequest { group_name: s(name), path: None }
}

fn add(group: &str, user: &str) -> AddUserToGroupRequest {
    AddUserToGroupRequest { group_name: s(group), user_name: s(user) }
}

fn get(name: &str) -> GetGroupRequest {
    GetGroupRequest { group_name: s(name), ..Default::default() }
}

#[tokio::test]
async fn a_new_group_has_id_arn_and_path() {
    let house = House::new().await;
    let input = CreateGroupRequest { group_name: s("Admins"), path: some("/a/") };
    let group = ask!(house.root(), create_group, input).unwrap().group;
    assert_eq!(group.arn, "arn:aws:iam::123456789012:group/a/Admins");
    assert!(group.group_id.starts_with("AGPA") && group.group_id.len() == 21);
    assert_eq!(ask!(house.root(), get_group, get("admins")).unwrap().group, group);
    let again = ask!(house.root(), create_group, new("ADMINS"));
    refused(again, &ENTITY_ALREADY_EXISTS, "Group with name ADMINS already exists.");
    let gone = ask!(house.root(), get_group, get("x"));
    refused(gone, &NO_SUCH_ENTITY, "The group with name x cannot be found.");
}

#[tokio::test]
async fn members_come_and_go() {
    let house = House::new().await;
    let root = house.root();
    ask!(root, create_group, new("g")).unwrap();
    for name in ["carl", "Anna", "berta"] {
        house.user(name).await;
        ask!(root, add_user_to_group, add("g", name)).unwrap();
    }
    ask!(root, add_user_to_group, add("G", "anna")).unwrap();
    let page = |marker| GetGroupRequest { group_name: s("g"), marker, max_items: Some(2) };
    let first = ask!(root, get_group, page(None)).unwrap();
    assert_eq!((first.users.len(), first.is_truncated), (2, Some(true)));
    assert_eq!(first.users[0].user_name, "Anna");
    let rest = ask!(root, get_group, page(first.marker)).unwrap();
    assert_eq!((rest.users.len(), rest.is_truncated), (1, Some(false)));

    let remove = |user: &str| RemoveUserFromGroupRequest { group_name: s("g"), user_name: s(user) };
    ask!(root, remove_user_from_group, remove("anna")).unwrap();
    let again = ask!(root, remove_user_from_group, remove("anna"));
    refused(again, &NO_SUCH_ENTITY, "User anna not in group g");
    let unknown = ask!(root, add_user_to_group, add("g", "nobody"));
    refused(unknown, &NO_SUCH_ENTITY, "The user with name nobody cannot be found.");
    let unknown = ask!(root, add_user_to_group, add("nothing", "carl"));
    refused(unknown, &NO_SUCH_ENTITY, "The group with name nothing cannot be found.");
}

#[tokio::test]
async fn a_user_is_in_ten_groups_at_most() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    for number in 0..=10 {
        ask!(root, create_group, new(&format!("g{number:02}"))).unwrap();
    }
    for number in 0..10 {
        ask!(root, add_user_to_group, add(&format!("g{number:02}"), "u")).unwrap();
    }
    let eleventh = ask!(root, add_user_to_group, add("g10", "u"));
    refused(eleventh, &LIMIT_EXCEEDED, "Cannot exceed quota for GroupsPerUser: 10");
    ask!(root, add_user_to_group, add("g00", "u")).unwrap();

    let list = |marker| ListGroupsForUserRequest { user_name: s("u"), marker, max_items: Some(6) };
    let first = ask!(root, list_groups_for_user, list(None)).unwrap();
    assert_eq!((first.groups.len(), first.is_truncated), (6, Some(true)));
    let rest = ask!(root, list_groups_for_user, list(first.marker)).unwrap();
    assert_eq!((rest.groups.len(), rest.groups[3].group_name.as_str()), (4, "g09"));
}

#[tokio::test]
async fn lists_by_path() {
    let house = House::new().await;
    for (name, path) in [("a", "/x/"), ("b", "/y/"), ("c", "/x/z/")] {
        let input = CreateGroupRequest { group_name: s(name), path: some(path) };
        ask!(house.root(), create_group, input).unwrap();
    }
    let input = ListGroupsRequest { path_prefix: some("/x/"), ..Default::default() };
    let groups = ask!(house.root(), list_groups, input).unwrap().groups;
    let names: Vec<_> = groups.iter().map(|group| group.group_name.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
}

#[tokio::test]
async fn a_rename_keeps_id_and_members() {
    let house = House::new().await;
    let root = house.root();
    house.user("u").await;
    ask!(root, create_group, new("old")).unwrap();
    ask!(root, create_group, new("taken")).unwrap();
    ask!(root, add_user_to_group, add("old", "u")).unwrap();
    let before = ask!(root, get_group, get("old")).unwrap();
    let rename = |to: &str| UpdateGroupRequest {
        group_name: s("old"),
        new_group_name: some(to),
        new_path: some("/p/"),
    };
    let taken = ask!(root, update_group, rename("Taken"));
    refused(taken, &ENTITY_ALREADY_EXISTS, "Group with name Taken already exists.");
    ask!(root, update_group, rename("new")).unwrap();
    let after = ask!(root, get_group, get("new")).unwrap();
    assert_eq!(after.group.group_id, before.group.group_id);
    assert_eq!(after.group.arn, "arn:aws:iam::123456789012:group/p/new");
    assert_eq!(after.users, before.users);
    let gone = ask!(root, update_group, rename("x"));
    refused(gone, &NO_SUCH_ENTITY, "The group with name old cannot be found.");
}

#[tokio::test]
async fn a_group_goes_when_nothing_hangs_on_it() {
    let house = House::new().await;
    let root = house.root();
    let arn = "arn:aws:iam::aws:policy/IAMFullAccess";
    house.user("u").await;
    ask!(root, create_group, new("g")).unwrap();
    ask!(root, add_user_to_group, add("g", "u")).unwrap();
    let inline = PutGroupPolicyRequest {
        group_name: s("g"),
        policy_name: s("p"),
        policy_document: s(ALLOW_ALL),
    };
    ask!(root, put_group_policy, inline).unwrap();
    let attach = AttachGroupPolicyRequest { group_name: s("g"), policy_arn: s(arn) };
    ask!(root, attach_group_policy, attach).unwrap();

    let delete = || DeleteGroupRequest { group_name: s("g") };
    let must = |what: &str| format!("Cannot delete entity, must {what} first.");
    refused(ask!(root, delete_group, delete()), &DELETE_CONFLICT, &must("remove users from group"));
    let member = RemoveUserFromGroupRequest { group_name: s("g"), user_name: s("u") };
    ask!(root, remove_user_from_group, member).unwrap();
    refused(ask!(root, delete_group, delete()), &DELETE_CONFLICT, &must("delete policies"));
    let inline = DeleteGroupPolicyRequest { group_name: s("g"), policy_name: s("p") };
    ask!(root, delete_group_policy, inline).unwrap();
    refused(ask!(root, delete_group, delete()), &DELETE_CONFLICT, &must("detach all policies"));
    let detach = DetachGroupPolicyRequest { group_name: s("g"), policy_arn: s(arn) };
    ask!(root, detach_group_policy, detach).unwrap();
    ask!(root, delete_group, delete()).unwrap();
    refused(
        ask!(root, delete_group, delete()),
        &NO_SUCH_ENTITY,
        "The group with name g cannot be found.",
    );
}
