//! Whom a role trusts: principals mean who they meant when the policy was stored.

use iam::trust;
use store::Store;
use wire::iam::{
    CreateUserRequest, DeleteRoleRequest, DeleteUserRequest, EntityType,
    GetAccountAuthorizationDetailsRequest, GetRoleRequest, ListRolesRequest,
    UpdateAssumeRolePolicyRequest, UpdateUserRequest, errors::MALFORMED_POLICY_DOCUMENT,
};

use crate::house::{House, MACHINES, ask, new_role, refused, s, some, trusting};

const ACCOUNT: &str = "arn:aws:iam::123456789012";

/// The trust policy that `GetRole` shows.
async fn shown(house: &House, role: &str) -> String {
    let get = GetRoleRequest { role_name: s(role) };
    let role = ask!(house.root(), get_role, get).unwrap().role;
    let listed = ask!(house.root(), list_roles, ListRolesRequest::default()).unwrap().roles;
    let same = listed.iter().find(|listed| listed.role_id == role.role_id).unwrap();
    assert_eq!(same.assume_role_policy_document, role.assume_role_policy_document);
    let details = GetAccountAuthorizationDetailsRequest {
        filter: Some(vec![EntityType::Role]),
        ..Default::default()
    };
    let details = ask!(house.root(), get_account_authorization_details, details).unwrap();
    let details = details.role_detail_list.unwrap();
    let same =
        details.iter().find(|detail| detail.role_id.as_ref() == Some(&role.role_id)).unwrap();
    assert_eq!(same.assume_role_policy_document, role.assume_role_policy_document);
    let document = role.assume_role_policy_document.unwrap();
    let hidden = [
        ("%22", "\""),
        ("%3A", ":"),
        ("%7B", "{"),
        ("%7D", "}"),
        ("%2F", "/"),
        ("%2C", ","),
        ("%5B", "["),
        ("%5D", "]"),
        ("%20", " "),
        ("%0A", "\n"),
        ("%5C", "\\"),
    ];
    hidden.iter().fold(document, |text, (code, char)| text.replace(code, char))
}

async fn load(store: &Store, arn: &str) -> Option<trust::Trust> {
    trust::load(&mut store.read().await.unwrap(), arn).await.unwrap()
}

fn aws(principal: &str) -> String {
    trusting(&format!(r#"{{"AWS":"{principal}"}}"#))
}

#[tokio::test]
async fn principals_must_exist() {
    let house = House::new().await;
    house.user("alice").await;
    house.role("worker").await;
    house.neighbour().await;
    let alice = house.user("bob").await.user_id;
    let known = [
        "*",
        "123456789012",
        "210987654321",
        "arn:aws:iam::210987654321:root",
        &format!("{ACCOUNT}:user/alice"),
        &format!("{ACCOUNT}:role/worker"),
        "arn:aws:sts::123456789012:assumed-role/worker/session",
        "arn:aws:sts::123456789012:federated-user/anyone",
        &alice,
    ];
    for (number, principal) in known.iter().enumerate() {
        let input = new_role(&format!("r{number}"), &aws(principal));
        assert!(ask!(house.root(), create_role, input).is_ok(), "{principal}");
    }
    let unknown = [
        "999999999999",
        "arn:aws:iam::999999999999:root",
        &format!("{ACCOUNT}:user/nobody"),
        &format!("{ACCOUNT}:user/ALICE"),
        &format!("{ACCOUNT}:user/path/alice"),
        &format!("{ACCOUNT}:role/alice"),
        &format!("{ACCOUNT}:group/alice"),
        "arn:aws:iam::210987654321:user/alice",
        "arn:aws:sts::123456789012:assumed-role/nobody/session",
        "arn:aws:sts::999999999999:federated-user/anyone",
        "AIDAQQQQQQQQQQQQQQQQQ",
        "alice",
    ];
    for principal in unknown {
        let input = new_role("refused", &aws(principal));
        let message = format!("Invalid principal in policy: \"AWS\":\"{principal}\"");
        refused(ask!(house.root(), create_role, input), &MALFORMED_POLICY_DOCUMENT, &message);
    }
}

#[tokio::test]
async fn a_principal_that_is_gone_is_shown_by_its_id() {
    let house = House::new().await;
    let root = house.root();
    let alice = house.user("alice").await.user_id;
    let worker = house.role("worker").await.role_id;
    let (user, role) = (format!("{ACCOUNT}:user/alice"), format!("{ACCOUNT}:role/worker"));
    let session = "arn:aws:sts::123456789012:assumed-role/worker/s";
    let text = trusting(&format!(
        "{{ \"AWS\": [\"{user}\",\n \"{}\", \"{session}\"],\"Service\":\"ec2.amazonaws.com\"}}",
        role.replace('/', "\\/"),
    ))
    .replace(
        r#""Action""#,
        &format!(r#""Condition":{{"ArnEquals":{{"aws:PrincipalArn":"{user}"}}}},"Action""#),
    );
    ask!(root, create_role, new_role("r", &text)).unwrap();
    assert_eq!(shown(&house, "r").await, text, "byte for byte while all live");

    let rename = UpdateUserRequest {
        user_name: s("alice"),
        new_user_name: some("Alicia"),
        new_path: some("/x/"),
    };
    ask!(root, update_user, rename).unwrap();
    let in_principal =
        |old: &str, new: &str| text.replacen(&format!("\"{old}\""), &format!("\"{new}\""), 1);
    let renamed = in_principal(&user, &format!("{ACCOUNT}:user/x/Alicia"));
    assert_eq!(shown(&house, "r").await, renamed, "only the principal follows a rename");

    ask!(root, delete_user, DeleteUserRequest { user_name: s("Alicia") }).unwrap();
    ask!(root, delete_role, DeleteRoleRequest { role_name: s("worker") }).unwrap();
    house.user("alice").await;
    house.role("worker").await;
    let gone = in_principal(&user, &alice)
        .replacen(&format!("\"{}\"", role.replace('/', "\\/")), &format!("\"{worker}\""), 1)
        .replacen(session, &format!("{worker}:s"), 1);
    assert_eq!(shown(&house, "r").await, gone, "namesakes made later are others");

    let trust = load(&house.store, &format!("{ACCOUNT}:role/r")).await.unwrap();
    let bound = |principal: &str| {
        trust.bindings.iter().find(|(written, _)| written == principal).map(|(_, id)| id.clone())
    };
    assert_eq!(bound(&user), Some(alice));
    assert_eq!(bound(&role), Some(worker.clone()));
    assert_eq!(bound(session), Some(worker));
}

#[tokio::test]
async fn a_new_policy_means_who_is_there_now() {
    let house = House::new().await;
    let root = house.root();
    let user = format!("{ACCOUNT}:user/alice");
    house.user("alice").await;
    ask!(root, create_role, new_role("r", &aws(&user))).unwrap();
    ask!(root, delete_user, DeleteUserRequest { user_name: s("alice") }).unwrap();
    let stale = shown(&house, "r").await;
    let update = |document: &str| UpdateAssumeRolePolicyRequest {
        role_name: s("r"),
        policy_document: s(document),
    };
    let error = ask!(root, update_assume_role_policy, update(&stale)).unwrap_err();
    assert!(error.is(&MALFORMED_POLICY_DOCUMENT), "an id of nobody is no principal: {error}");
    let second = house.user("alice").await.user_id;
    ask!(root, update_assume_role_policy, update(&aws(&user))).unwrap();
    assert_eq!(shown(&house, "r").await, aws(&user));
    let trust = load(&house.store, &format!("{ACCOUNT}:role/r")).await.unwrap();
    assert_eq!(trust.bindings, [(user, second)]);
    ask!(root, update_assume_role_policy, update(&trusting(MACHINES))).unwrap();
    let trust = load(&house.store, &format!("{ACCOUNT}:role/r")).await.unwrap();
    assert_eq!(trust.bindings, []);
}

#[tokio::test]
async fn a_quote_in_a_path_does_not_break_the_text() {
    let house = House::new().await;
    let root = house.root();
    house.user("alice").await;
    let text = aws(&format!("{ACCOUNT}:user/alice"));
    ask!(root, create_role, new_role("r", &text)).unwrap();
    let moved =
        UpdateUserRequest { user_name: s("alice"), new_path: some("/\"\\/"), ..Default::default() };
    ask!(root, update_user, moved).unwrap();
    let json: serde_json::Value = serde_json::from_str(&shown(&house, "r").await).unwrap();
    let principal = &json["Statement"][0]["Principal"]["AWS"];
    assert_eq!(principal, &format!("{ACCOUNT}:user/\"\\/alice"));
}

#[tokio::test]
async fn a_role_is_assumed_by_its_exact_arn() {
    let house = House::new().await;
    let input = wire::iam::CreateRoleRequest {
        path: some("/eng/"),
        max_session_duration: Some(7200),
        ..new_role("Worker", &trusting(MACHINES))
    };
    let role = ask!(house.root(), create_role, input).unwrap().role;
    let trust = load(&house.store, &role.arn).await.unwrap();
    assert_eq!((trust.id, trust.account.as_str()), (role.role_id, "123456789012"));
    assert_eq!((trust.name.as_str(), trust.path.as_str()), ("Worker", "/eng/"));
    assert_eq!((trust.max_session_duration, trust.linked_service), (7200, None));
    assert_eq!(trust.policy.sources()[0].document.statements().len(), 1);
    for arn in [
        "arn:aws:iam::123456789012:role/eng/worker",
        "arn:aws:iam::123456789012:role/Worker",
        "arn:aws:iam::210987654321:role/eng/Worker",
        "arn:aws:iam::123456789012:user/eng/Worker",
        "Worker",
    ] {
        assert!(load(&house.store, arn).await.is_none(), "{arn}");
    }
}

#[tokio::test]
async fn users_of_other_accounts_are_bound_too() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let input = CreateUserRequest { user_name: s("nina"), ..Default::default() };
    let nina = ask!(neighbour, create_user, input).unwrap().user.unwrap();
    ask!(house.root(), create_role, new_role("r", &aws(&nina.arn))).unwrap();
    ask!(neighbour, delete_user, DeleteUserRequest { user_name: s("nina") }).unwrap();
    assert_eq!(shown(&house, "r").await, aws(&nina.user_id));
}
