use wire::{
    errors::ACCESS_DENIED,
    iam::{
        AddRoleToInstanceProfileRequest, CreateInstanceProfileRequest,
        DeleteInstanceProfileRequest, DeleteRoleRequest, GetInstanceProfileRequest,
        InstanceProfile, ListInstanceProfileTagsRequest, ListInstanceProfilesForRoleRequest,
        ListInstanceProfilesRequest, PutUserPolicyRequest, RemoveRoleFromInstanceProfileRequest,
        Tag, TagInstanceProfileRequest, UntagInstanceProfileRequest,
        errors::{DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, LIMIT_EXCEEDED, NO_SUCH_ENTITY},
    },
};

use crate::house::{House, START, ask, refused, s, some};

fn new(name: &str) -> CreateInstanceProfileRequest {
    CreateInstanceProfileRequest { instance_profile_name: s(name), ..Default::default() }
}

fn get(name: &str) -> GetInstanceProfileRequest {
    GetInstanceProfileRequest { instance_profile_name: s(name) }
}

fn add(profile: &str, role: &str) -> AddRoleToInstanceProfileRequest {
    AddRoleToInstanceProfileRequest { instance_profile_name: s(profile), role_name: s(role) }
}

fn remove(profile: &str, role: &str) -> RemoveRoleFromInstanceProfileRequest {
    RemoveRoleFromInstanceProfileRequest { instance_profile_name: s(profile), role_name: s(role) }
}

fn delete(name: &str) -> DeleteInstanceProfileRequest {
    DeleteInstanceProfileRequest { instance_profile_name: s(name) }
}

#[tokio::test]
async fn a_profile_holds_one_role_and_hinders_what_it_holds() {
    let house = House::new().await;
    let root = house.root();
    let tags = Some(vec![Tag { key: s("team"), value: s("mail") }]);
    let input =
        CreateInstanceProfileRequest { path: some("/eng/"), tags: tags.clone(), ..new("Web") };
    let made = ask!(root, create_instance_profile, input).unwrap().instance_profile;
    assert_eq!(made.arn, "arn:aws:iam::123456789012:instance-profile/eng/Web");
    assert!(made.instance_profile_id.starts_with("AIPA") && made.instance_profile_id.len() == 21);
    assert_eq!((made.create_date, &made.tags, made.roles.len()), (START, &tags, 0));

    let role = house.role("r").await;
    house.role("other").await;
    ask!(root, add_role_to_instance_profile, add("web", "R")).unwrap();
    let got = ask!(root, get_instance_profile, get("WEB")).unwrap().instance_profile;
    assert_eq!(got, InstanceProfile { roles: vec![role], ..made });
    for name in ["r", "other"] {
        refused(
            ask!(root, add_role_to_instance_profile, add("Web", name)),
            &LIMIT_EXCEEDED,
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        );
    }
    let message = "Cannot delete entity, must remove roles from instance profile first.";
    refused(ask!(root, delete_instance_profile, delete("Web")), &DELETE_CONFLICT, message);
    let role = DeleteRoleRequest { role_name: s("r") };
    refused(ask!(root, delete_role, role.clone()), &DELETE_CONFLICT, message);
    refused(
        ask!(root, remove_role_from_instance_profile, remove("Web", "other")),
        &NO_SUCH_ENTITY,
        "Role other not in instance profile Web",
    );
    ask!(root, remove_role_from_instance_profile, remove("Web", "r")).unwrap();
    ask!(root, delete_role, role).unwrap();
    ask!(root, delete_instance_profile, delete("Web")).unwrap();
    let message = "Instance Profile Web cannot be found.";
    refused(ask!(root, get_instance_profile, get("Web")), &NO_SUCH_ENTITY, message);
    refused(ask!(root, delete_instance_profile, delete("Web")), &NO_SUCH_ENTITY, message);
}

#[tokio::test]
async fn names_are_unique_and_all_that_is_named_must_be_there() {
    let house = House::new().await;
    let (root, neighbour) = (house.root(), house.neighbour().await);
    house.role("r").await;
    ask!(root, create_instance_profile, new("web")).unwrap();
    let message = "Instance Profile WEB already exists.";
    refused(ask!(root, create_instance_profile, new("WEB")), &ENTITY_ALREADY_EXISTS, message);
    let message = "The role with name none cannot be found.";
    refused(ask!(root, add_role_to_instance_profile, add("web", "none")), &NO_SUCH_ENTITY, message);
    let message = "Instance Profile none cannot be found.";
    refused(ask!(root, add_role_to_instance_profile, add("none", "r")), &NO_SUCH_ENTITY, message);
    let message = "Instance Profile web cannot be found.";
    refused(ask!(neighbour, get_instance_profile, get("web")), &NO_SUCH_ENTITY, message);
    refused(ask!(neighbour, delete_instance_profile, delete("web")), &NO_SUCH_ENTITY, message);
}

#[tokio::test]
async fn lists_by_name_path_role_and_page() {
    let house = House::new().await;
    let root = house.root();
    house.role("r").await;
    for name in ["c", "A", "b"] {
        let path = if name == "b" { "/x/" } else { "/" };
        let input = CreateInstanceProfileRequest { path: some(path), ..new(name) };
        ask!(root, create_instance_profile, input).unwrap();
    }
    for name in ["b", "c"] {
        ask!(root, add_role_to_instance_profile, add(name, "r")).unwrap();
    }
    let names = |profiles: &[InstanceProfile]| -> Vec<String> {
        profiles.iter().map(|profile| profile.instance_profile_name.clone()).collect()
    };
    let page = |prefix: Option<&str>, marker, max_items| ListInstanceProfilesRequest {
        path_prefix: prefix.map(s),
        marker,
        max_items,
    };
    let first = ask!(root, list_instance_profiles, page(None, None, Some(2))).unwrap();
    assert_eq!(
        (names(&first.instance_profiles), first.is_truncated),
        (vec![s("A"), s("b")], Some(true))
    );
    assert_eq!(first.instance_profiles[1].roles[0].role_name, "r");
    let rest = ask!(root, list_instance_profiles, page(None, first.marker, None)).unwrap();
    assert_eq!(names(&rest.instance_profiles), ["c"]);
    let below = ask!(root, list_instance_profiles, page(Some("/x/"), None, None)).unwrap();
    assert_eq!(names(&below.instance_profiles), ["b"]);
    let of_role = |marker| ListInstanceProfilesForRoleRequest {
        role_name: s("R"),
        marker,
        max_items: Some(1),
    };
    let first = ask!(root, list_instance_profiles_for_role, of_role(None)).unwrap();
    assert_eq!((names(&first.instance_profiles), first.is_truncated), (vec![s("b")], Some(true)));
    let rest = ask!(root, list_instance_profiles_for_role, of_role(first.marker)).unwrap();
    assert_eq!((names(&rest.instance_profiles), rest.is_truncated), (vec![s("c")], Some(false)));
}

#[tokio::test]
async fn tags_are_added_and_taken_off() {
    let house = House::new().await;
    let root = house.root();
    let made = ask!(root, create_instance_profile, new("web")).unwrap().instance_profile;
    let got = ask!(root, get_instance_profile, get("web")).unwrap().instance_profile;
    assert_eq!((made.tags, got.tags), (None, Some(vec![])), "none is said where one is looked at");
    let tags = |keys: &[&str]| -> Vec<Tag> {
        keys.iter().map(|key| Tag { key: s(key), value: s("v") }).collect()
    };
    let tag = |keys: &[&str]| TagInstanceProfileRequest {
        instance_profile_name: s("web"),
        tags: tags(keys),
    };
    ask!(root, tag_instance_profile, tag(&["b", "a"])).unwrap();
    let untag =
        UntagInstanceProfileRequest { instance_profile_name: s("web"), tag_keys: vec![s("B")] };
    ask!(root, untag_instance_profile, untag).unwrap();
    let list =
        ListInstanceProfileTagsRequest { instance_profile_name: s("web"), ..Default::default() };
    let listed = ask!(root, list_instance_profile_tags, list).unwrap();
    assert_eq!((listed.tags, listed.is_truncated), (tags(&["a"]), Some(false)));
}

#[tokio::test]
async fn who_hands_over_a_role_must_be_allowed_to_pass_it() {
    let house = House::new().await;
    let root = house.root();
    house.role("r").await;
    ask!(root, create_instance_profile, new("web")).unwrap();
    let user = house.user("me").await;
    let me = house.calls_by(&user);
    let grant = async |statement: &str| {
        let policy = PutUserPolicyRequest {
            user_name: s("me"),
            policy_name: s("p"),
            policy_document: format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"iam:AddRoleToInstanceProfile","Resource":"*"}}{statement}]}}"#
            ),
        };
        ask!(root, put_user_policy, policy).unwrap();
    };
    let denied = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: iam:PassRole \
        on resource: arn:aws:iam::123456789012:role/r because no identity-based policy allows the \
        iam:PassRole action";
    grant("").await;
    refused(ask!(me, add_role_to_instance_profile, add("web", "r")), &ACCESS_DENIED, denied);
    let to = |service: &str| {
        format!(
            r#",{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{{"StringEquals":{{"iam:PassedToService":"{service}"}}}}}}"#
        )
    };
    grant(&to("events.workmail.amazonaws.com")).await;
    refused(ask!(me, add_role_to_instance_profile, add("web", "r")), &ACCESS_DENIED, denied);
    grant(&to("ec2.amazonaws.com")).await;
    ask!(me, add_role_to_instance_profile, add("web", "r")).unwrap();
}
