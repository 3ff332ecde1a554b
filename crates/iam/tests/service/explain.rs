//! Explanations: that they give the door's decision, and tell why.

use iam::explain::{
    Explanation, Miss, Obstacle, Ruling,
    ask::{AskError, Asked, explain},
    text::tell,
};
use wire::iam::{
    AddUserToGroupRequest, AttachGroupPolicyRequest, CreateGroupRequest, CreatePolicyRequest,
    CreateRoleRequest, CreateUserRequest, PutRolePolicyRequest, PutUserPolicyRequest,
};

use crate::house::{ALLOW_ALL, House, ask, s, some};

const ANYBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}}]}"#;

const ADA: &str = "arn:aws:iam::123456789012:user/Ada";

fn asked(action: &str, resource: &str, house: &House) -> Asked {
    Asked {
        principal: s(ADA),
        action: s(action),
        resource: s(resource),
        context: Vec::new(),
        now: house.world.now(),
    }
}

async fn answer(house: &House, asked: &Asked) -> Result<Explanation, AskError> {
    explain(&mut house.store.read().await.unwrap(), asked).await
}

async fn inline(house: &House, document: &str) {
    let put = PutUserPolicyRequest {
        user_name: s("Ada"),
        policy_name: s("own"),
        policy_document: s(document),
    };
    ask!(house.root(), put_user_policy, put).unwrap();
}

#[tokio::test]
async fn a_missing_permission_names_the_nearest_statement() {
    let house = House::new().await;
    house.user("Ada").await;
    let document = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"Own","Effect":"Allow","Action":"iam:Get*",
         "Resource":"arn:aws:iam::*:user/${aws:username}",
         "Condition":{"StringEquals":{"aws:PrincipalTag/team":["x","y"]}}},
        {"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}]}"#;
    inline(&house, document).await;
    let other = "arn:aws:iam::123456789012:user/Bob";
    let told = answer(&house, &asked("iam:GetUser", other, &house)).await.unwrap();
    assert_eq!(told.decision, Ruling::ImplicitDeny);
    assert_eq!(told.policies[0].attached, some("embedded in the user Ada"));
    let [Obstacle::Silence { policy_type, nearest }] = told.obstacles.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(*policy_type, "identity-based policy");
    assert_eq!((nearest[0].sid.as_deref(), nearest[0].line), (Some("Own"), 2));
    let condition = Miss::Condition {
        operator: s("StringEquals"),
        key: s("aws:PrincipalTag/team"),
        wanted: vec![s("x"), s("y")],
        found: vec![],
    };
    assert_eq!(nearest[0].misses, [Miss::Resource, condition]);
    let text = tell(&told);
    assert!(text.contains("Denied: arn:aws:iam::123456789012:user/Ada iam:GetUser"), "{text}");
    assert!(text.contains("No identity-based policy allows it."), "{text}");
    assert!(
        text.contains(
            "Statement 1 \"Own\" (line 2, column 9) of own would, but it is not about this resource, \
             and its condition StringEquals wants aws:PrincipalTag/team x or y, which is not there."
        ),
        "{text}"
    );

    // What would have to change is enough: with the tag given, on her own user, it is allowed.
    let mut own = asked("iam:GetUser", ADA, &house);
    own.context = vec![(s("aws:principaltag/Team"), s("y"))];
    let told = answer(&house, &own).await.unwrap();
    assert_eq!((told.decision, told.obstacles), (Ruling::Allowed, vec![]));
    assert_eq!(told.decided_by.unwrap().statement.unwrap().number, 1);
}

#[tokio::test]
async fn a_denial_by_a_group_names_the_group_and_every_obstacle() {
    let house = House::new().await;
    let root = house.root();
    let boundary = CreatePolicyRequest {
        policy_name: s("limit"),
        policy_document: s(&ALLOW_ALL.replace("\"Action\":\"*\"", "\"Action\":\"sts:*\"")),
        ..Default::default()
    };
    let limit = ask!(root, create_policy, boundary).unwrap().policy.unwrap().arn.unwrap();
    let user = CreateUserRequest {
        user_name: s("Ada"),
        permissions_boundary: Some(limit.clone()),
        ..Default::default()
    };
    ask!(root, create_user, user).unwrap();
    inline(&house, ALLOW_ALL).await;
    let group = CreateGroupRequest { group_name: s("Locked"), path: None };
    ask!(root, create_group, group).unwrap();
    let member = AddUserToGroupRequest { group_name: s("Locked"), user_name: s("Ada") };
    ask!(root, add_user_to_group, member).unwrap();
    let deny = CreatePolicyRequest {
        policy_name: s("deny"),
        policy_document: s(&ALLOW_ALL.replace("Allow", "Deny")),
        ..Default::default()
    };
    let deny = ask!(root, create_policy, deny).unwrap().policy.unwrap().arn.unwrap();
    let attach = AttachGroupPolicyRequest { group_name: s("Locked"), policy_arn: deny.clone() };
    ask!(root, attach_group_policy, attach).unwrap();

    let told = answer(&house, &asked("iam:ListUsers", "*", &house)).await.unwrap();
    assert_eq!(told.decision, Ruling::ExplicitDeny);
    let by_group = told.policies.iter().find(|policy| policy.name == deny).unwrap();
    assert_eq!(by_group.attached, some("attached to the group Locked"));
    let kinds: Vec<_> = told.obstacles.iter().map(Obstacle::policy_type).collect();
    assert_eq!(kinds, ["identity-based policy", "permissions boundary"]);
    let text = tell(&told);
    assert!(text.contains(&format!("the identity-based policy {deny} denies it")), "{text}");
    assert!(text.contains("A statement of a permissions boundary must allow"), "{text}");
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["decision"], "explicitDeny");
    assert_eq!(json["obstacles"][0]["kind"], "denial");
    assert_eq!(json["decidedBy"]["statement"]["policy"], deny.as_str());
}

#[tokio::test]
async fn root_is_not_limited_and_strangers_are() {
    let house = House::new().await;
    let mut root = asked("iam:ListUsers", "*", &house);
    root.principal = s("arn:aws:iam::123456789012:root");
    let told = answer(&house, &root).await.unwrap();
    assert_eq!((told.decision, told.decided_by.clone()), (Ruling::Allowed, None));
    assert!(tell(&told).contains("whom no policy of IAM limits"));
    house.user("Ada").await;
    inline(&house, ALLOW_ALL).await;
    let foreign = asked("iam:GetUser", "arn:aws:iam::210987654321:user/x", &house);
    let told = answer(&house, &foreign).await.unwrap();
    assert_eq!(told.obstacles[0].policy_type(), "resource-based policy");
}

#[tokio::test]
async fn what_cannot_be_asked_is_said() {
    let house = House::new().await;
    house.user("Ada").await;
    let fine = asked("iam:GetUser", "*", &house);
    let wrong = |change: fn(&mut Asked)| {
        let mut asked = fine.clone();
        change(&mut asked);
        asked
    };
    for (asked, expected) in [
        (wrong(|asked| asked.action = s("iam:*")), "`iam:*` is not an action"),
        (wrong(|asked| asked.action = s("GetUser")), "`GetUser` is not an action"),
        (wrong(|asked| asked.resource = s("user/x")), "`user/x` is not the ARN"),
        (wrong(|asked| asked.principal = s("Ada")), "`Ada` is not the ARN of a user"),
        (
            wrong(|asked| asked.principal = s("arn:aws:iam::123456789012:user/Bob")),
            "there is no `arn:aws:iam::123456789012:user/Bob`",
        ),
    ] {
        let error = answer(&house, &asked).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_session_of_a_role_is_asked_about_as_denials_name_it() {
    let house = House::new().await;
    let role = CreateRoleRequest {
        role_name: s("R"),
        path: some("/eng/"),
        assume_role_policy_document: s(ANYBODY),
        ..Default::default()
    };
    ask!(house.root(), create_role, role).unwrap();
    let document = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iam:*","Resource":"*",
         "Condition":{"StringLike":{"aws:userid":"AROA*:ada\u001b"}}},
        {"Effect":"Allow","Action":"iam:GetUser","Resource":"*",
         "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;
    let put = PutRolePolicyRequest {
        role_name: s("R"),
        policy_name: s("own"),
        policy_document: s(document),
    };
    ask!(house.root(), put_role_policy, put).unwrap();
    let mut of_session = asked("iam:GetUser", "*", &house);
    of_session.principal = s("arn:aws:sts::123456789012:assumed-role/R/ada");
    let told = answer(&house, &of_session).await.unwrap();
    let text = tell(&told);
    assert_eq!(told.decision, Ruling::Allowed, "{text}");
    assert!(text.contains("assumed-role/R/ada iam:GetUser"), "{text}");
    assert!(text.contains("Policies that the session was given"), "{text}");
    assert!(text.contains(":ada\u{fffd}, which is AROA") && !text.contains('\u{1b}'), "{text}");
    of_session.principal = s("arn:aws:sts::123456789012:assumed-role/None/ada");
    assert!(matches!(answer(&house, &of_session).await, Err(AskError::UnknownPrincipal(_))));
    of_session.principal = s("arn:aws:iam::999999999999:root");
    assert!(matches!(answer(&house, &of_session).await, Err(AskError::UnknownPrincipal(_))));
}

#[tokio::test]
async fn names_that_look_wrong_are_noted() {
    let house = House::new().await;
    house.user("Ada").await;
    for (action, note) in [
        ("iam:GetUsr", "AWS has no action of the name iam:GetUsr. Did you mean iam:GetUser?"),
        ("imm:GetUser", "AWS has no service of the name imm:GetUser."),
    ] {
        let told = answer(&house, &asked(action, "*", &house)).await.unwrap();
        assert!(told.notes.len() == 1 && told.notes[0].starts_with(note), "{:?}", told.notes);
        assert!(tell(&told).ends_with(&format!("{}\n", told.notes[0])));
    }
    let role = "arn:aws:iam::123456789012:role/None";
    let told = answer(&house, &asked("sts:AssumeRole", role, &house)).await.unwrap();
    assert_eq!(told.notes, [format!("There is no role {role}.")]);
    let told = answer(&house, &asked("iam:getuser", "*", &house)).await.unwrap();
    assert!(told.notes.is_empty(), "{:?}", told.notes);
}

#[tokio::test]
async fn the_record_of_a_denied_call_explains_it() {
    let house = House::new().await;
    let ada = house.calls_by(&house.user("Ada").await);
    inline(&house, &ALLOW_ALL.replace("\"*\"}", "\"arn:aws:iam::*:user/x\"}")).await;
    ask!(ada, list_users, wire::iam::ListUsersRequest::default()).unwrap_err();
    const SQL: &str = "SELECT record FROM events WHERE user_name = 'Ada'";
    let record = loop {
        let mut snapshot = house.store.read().await.unwrap();
        let text = snapshot.row(SQL, &[], |row| row.get::<String>(0)).await.unwrap();
        match text {
            Some(text) => break text,
            None => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let why = &record["additionalEventData"]["authorization"];
    assert_eq!(why["decision"], "implicitDeny");
    assert_eq!(why["policies"][0]["statements"][0]["misses"][0]["element"], "resource");
}

#[tokio::test]
async fn assuming_a_role_asks_its_trust_policy_too() {
    let house = House::new().await;
    house.user("Ada").await;
    let trust = |condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{{"AWS":"{ADA}"}}{condition}}}]}}"#
        )
    };
    let condition = r#","Condition":{"StringEquals":{"sts:ExternalId":"7"}}"#;
    let role = CreateRoleRequest {
        role_name: s("R"),
        assume_role_policy_document: trust(condition),
        ..Default::default()
    };
    ask!(house.root(), create_role, role).unwrap();
    let mut assume = asked("sts:AssumeRole", "arn:aws:iam::123456789012:role/R", &house);
    let told = answer(&house, &assume).await.unwrap();
    let kinds: Vec<_> = told.obstacles.iter().map(Obstacle::policy_type).collect();
    assert_eq!(kinds, ["identity-based policy", "role trust policy"]);
    assume.context = vec![(s("sts:ExternalId"), s("7"))];
    let told = answer(&house, &assume).await.unwrap();
    assert_eq!(told.decision, Ruling::Allowed, "{}", tell(&told));
    assert_eq!(told.decided_by.unwrap().policy_type, "role trust policy");
    inline(&house, &ALLOW_ALL.replace("Allow", "Deny")).await;
    let told = answer(&house, &assume).await.unwrap();
    assert_eq!(told.obstacles.len(), 1, "the trust policy spares her no denial: {told:?}");
}
