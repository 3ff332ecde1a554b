use std::time::Duration;

use proptest::prelude::*;
use wire::workmail::{errors::*, *};
use workmail::impersonation::{Impersonator, open};

use crate::house::{House, OTHER_ACCOUNT, ask, refused};

fn rule(id: &str, effect: AccessEffect) -> ImpersonationRule {
    ImpersonationRule { impersonation_rule_id: id.into(), effect, ..Default::default() }
}

fn list(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(ToString::to_string).collect())
}

fn request(
    organization: &str,
    name: &str,
    rules: Vec<ImpersonationRule>,
) -> CreateImpersonationRoleRequest {
    CreateImpersonationRoleRequest {
        organization_id: organization.into(),
        name: name.into(),
        r#type: ImpersonationRoleType::ReadOnly,
        rules,
        ..Default::default()
    }
}

pub(crate) async fn role(
    house: &House,
    organization: &str,
    name: &str,
    rules: Vec<ImpersonationRule>,
) -> String {
    let made = ask!(house, create_impersonation_role, request(organization, name, rules));
    made.unwrap().impersonation_role_id.unwrap()
}

async fn show(
    house: &House,
    organization: &str,
    id: &str,
) -> Result<GetImpersonationRoleResponse, wire::Error> {
    let input = GetImpersonationRoleRequest {
        organization_id: organization.into(),
        impersonation_role_id: id.into(),
    };
    ask!(house, get_impersonation_role, input)
}

async fn effect(
    house: &House,
    organization: &str,
    role: &str,
    user: &str,
) -> Result<GetImpersonationRoleEffectResponse, wire::Error> {
    let input = GetImpersonationRoleEffectRequest {
        organization_id: organization.into(),
        impersonation_role_id: role.into(),
        target_user: user.into(),
    };
    ask!(house, get_impersonation_role_effect, input)
}

async fn assume(house: &House, organization: &str, role: &str) -> Result<String, wire::Error> {
    let input = AssumeImpersonationRoleRequest {
        organization_id: organization.into(),
        impersonation_role_id: role.into(),
    };
    let answer = ask!(house, assume_impersonation_role, input)?;
    assert_eq!(answer.expires_in, Some(900));
    Ok(answer.token.unwrap().expose().to_owned())
}

async fn delete(house: &House, organization: &str, role: &str) {
    let input = DeleteImpersonationRoleRequest {
        organization_id: organization.into(),
        impersonation_role_id: role.into(),
    };
    ask!(house, delete_impersonation_role, input).unwrap();
}

async fn opened(house: &House, token: &str) -> Option<Impersonator> {
    let mut snapshot = house.store.read().await.unwrap();
    open(&mut snapshot, house.store.keyring(), token, house.world.now()).await.unwrap()
}

#[tokio::test]
async fn a_role_names_users_in_any_form_and_keeps_their_ids() {
    let (house, id) = House::with_organization().await;
    let (ann, bob) = (house.registered(&id, "ann").await, house.registered(&id, "bob").await);
    let staff = ImpersonationRule {
        target_users: list(&["ann@example.com", "bob", &ann]),
        name: Some("staff".into()),
        ..rule("r1", AccessEffect::Allow)
    };
    let others =
        ImpersonationRule { not_target_users: list(&["bob"]), ..rule("r2", AccessEffect::Deny) };
    let role = role(&house, &id, "program", vec![staff, others]).await;
    let shown = show(&house, &id, &role).await.unwrap();
    let rules = shown.rules.unwrap();
    assert_eq!(rules[0].target_users, list(&[&ann, &bob, &ann]));
    assert_eq!(rules[1].not_target_users, list(&[&bob]));
    assert_eq!((shown.name.as_deref(), shown.description), (Some("program"), None));

    let seen = effect(&house, &id, &role, "ann").await.unwrap();
    assert_eq!(seen.effect, Some(AccessEffect::Deny));
    assert_eq!(seen.matched_rules.unwrap()[0].impersonation_rule_id.as_deref(), Some("r2"));
    let seen = effect(&house, &id, &role, &bob).await.unwrap();
    assert_eq!((seen.effect, seen.r#type), (Some(AccessEffect::Allow), shown.r#type));
    assert_eq!(seen.matched_rules.unwrap()[0].name.as_deref(), Some("staff"));
    refused(effect(&house, &id, &role, "eve").await, &ENTITY_NOT_FOUND);
    refused(effect(&house, &id, "no-role", "bob").await, &RESOURCE_NOT_FOUND);
    house.deregister(&id, &bob).await.unwrap();
    house.delete_user(&id, &bob).await.unwrap();
    refused(effect(&house, &id, &role, &bob).await, &ENTITY_STATE);
    assert_eq!(show(&house, &id, &role).await.unwrap().rules.unwrap(), rules, "still about bob");
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    role(&house, &id, "Program", vec![]).await;
    let twice = vec![rule("r", AccessEffect::Allow), rule("r", AccessEffect::Deny)];
    let both = ImpersonationRule {
        target_users: list(&[&ann]),
        not_target_users: list(&[&ann]),
        ..rule("r", AccessEffect::Allow)
    };
    for input in
        [request(&id, "program", vec![]), request(&id, "x", twice), request(&id, "x", vec![both])]
    {
        refused(ask!(house, create_impersonation_role, input), &INVALID_PARAMETER);
    }
    let of = |user: &str| {
        let target_users = list(&[user]);
        vec![ImpersonationRule { target_users, ..rule("r", AccessEffect::Allow) }]
    };
    let unknown = request(&id, "x", of("eve"));
    refused(ask!(house, create_impersonation_role, unknown), &ENTITY_NOT_FOUND);
    house.deregister(&id, &ann).await.unwrap();
    house.delete_user(&id, &ann).await.unwrap();
    let deleted = request(&id, "x", of(&ann));
    refused(ask!(house, create_impersonation_role, deleted), &ENTITY_STATE);
}

#[tokio::test]
async fn a_role_is_replaced_whole() {
    let (house, id) = House::with_organization().await;
    let input = CreateImpersonationRoleRequest {
        description: Some("reads".into()),
        client_token: Some("t".into()),
        ..request(&id, "one", vec![rule("r", AccessEffect::Allow)])
    };
    let one = ask!(house, create_impersonation_role, input.clone()).unwrap();
    assert_eq!(ask!(house, create_impersonation_role, input).unwrap(), one, "the same token");
    let one = one.impersonation_role_id.unwrap();
    let two = role(&house, &id, "two", vec![]).await;
    let update = |id_of: &str, name: &str| UpdateImpersonationRoleRequest {
        organization_id: id.clone(),
        impersonation_role_id: id_of.into(),
        name: name.into(),
        r#type: ImpersonationRoleType::FullAccess,
        ..Default::default()
    };
    ask!(house, update_impersonation_role, update(&one, "ONE")).unwrap();
    let shown = show(&house, &id, &one).await.unwrap();
    assert_eq!((shown.name.as_deref(), shown.description), (Some("ONE"), None));
    assert_eq!(
        (shown.r#type, shown.rules),
        (Some(ImpersonationRoleType::FullAccess), Some(vec![]))
    );
    refused(ask!(house, update_impersonation_role, update(&two, "one")), &INVALID_PARAMETER);
    refused(ask!(house, update_impersonation_role, update("none", "x")), &RESOURCE_NOT_FOUND);
}

#[tokio::test]
async fn there_are_twenty_roles_listed_in_pages() {
    let (house, id) = House::with_organization().await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(role(&house, &id, &format!("role{n:02}"), vec![]).await);
    }
    refused(ask!(house, create_impersonation_role, request(&id, "more", vec![])), &LIMIT_EXCEEDED);
    delete(&house, &id, &ids.remove(3)).await;
    delete(&house, &id, "no-role").await;
    let (mut found, mut next_token) = (Vec::new(), None);
    loop {
        let input = ListImpersonationRolesRequest {
            organization_id: id.clone(),
            next_token,
            max_results: Some(7),
        };
        let page = ask!(house, list_impersonation_roles, input).unwrap();
        let roles = page.roles.unwrap();
        found.extend(roles.into_iter().map(|role| role.impersonation_role_id.unwrap()));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(found, ids);
}

#[tokio::test]
async fn a_token_is_good_for_a_quarter_of_an_hour() {
    let (house, id) = House::with_organization().await;
    let role = role(&house, &id, "program", vec![]).await;
    let token = assume(&house, &id, &role).await.unwrap();
    assert!(token.len() <= 256 && token.bytes().all(|byte| byte.is_ascii_graphic()), "{token}");
    let holder = opened(&house, &token).await.unwrap();
    assert_eq!((&holder.organization_id, &holder.role_id), (&id, &role));
    assert_eq!(holder.role_type, ImpersonationRoleType::ReadOnly);
    house.clock.advance(Duration::from_secs(899));
    assert!(opened(&house, &token).await.is_some());
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(opened(&house, &token).await, None);

    let token = assume(&house, &id, &role).await.unwrap();
    delete(&house, &id, &role).await;
    assert_eq!(opened(&house, &token).await, None, "the role is gone");
    refused(assume(&house, &id, &role).await, &RESOURCE_NOT_FOUND);
}

#[tokio::test]
async fn roles_are_not_for_strangers() {
    let (house, id) = House::with_organization().await;
    let role = role(&house, &id, "program", vec![]).await;
    let strangers = house.calls_of(OTHER_ACCOUNT);
    let input = AssumeImpersonationRoleRequest {
        organization_id: id.clone(),
        impersonation_role_id: role.clone(),
    };
    refused(ask!(house, &strangers, assume_impersonation_role, input), &ORGANIZATION_NOT_FOUND);
    let other = house.organization("other").await;
    refused(assume(&house, &other, &role).await, &RESOURCE_NOT_FOUND);
    refused(show(&house, &other, &role).await, &RESOURCE_NOT_FOUND);
}

#[tokio::test]
async fn a_program_acts_for_those_whom_both_kinds_of_rules_allow() {
    let (house, id) = House::with_organization().await;
    let (ann, bob) = (house.registered(&id, "ann").await, house.registered(&id, "bob").await);
    let only_ann =
        ImpersonationRule { target_users: list(&[&ann]), ..rule("r", AccessEffect::Allow) };
    let role = role(&house, &id, "program", vec![only_ann]).await;
    let program = opened(&house, &assume(&house, &id, &role).await.unwrap()).await.unwrap();
    let may = async |name: &str| {
        let mut snapshot = house.store.read().await.unwrap();
        let address = format!("{name}@example.com");
        let found = workmail::resolve(&mut snapshot, &address).await.unwrap();
        let workmail::Recipient::User(user) = found else { panic!("{found:?}") };
        let from = "192.0.2.1".parse().unwrap();
        program.may_impersonate(&mut snapshot, &user, from).await.unwrap()
    };
    assert!(may("ann").await && !may("bob").await, "{bob}");
    let rule = PutAccessControlRuleRequest {
        organization_id: id.clone(),
        name: "no-programs".into(),
        effect: AccessControlRuleEffect::Deny,
        description: "x".into(),
        impersonation_role_ids: list(&[&role]),
        ..Default::default()
    };
    ask!(house, put_access_control_rule, rule).unwrap();
    assert!(!may("ann").await, "the access rules apply to roles too");
}

#[test]
fn no_altered_token_opens() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (house, token) = runtime.block_on(async {
        let (house, id) = House::with_organization().await;
        let role = role(&house, &id, "program", vec![]).await;
        let token = assume(&house, &id, &role).await.unwrap();
        (house, token)
    });
    proptest!(ProptestConfig::with_cases(64), |(at in 0..token.len(), to in "[!-~]", junk in "\\PC{0,300}")| {
        let mut altered = token.clone();
        altered.replace_range(at..=at, &to);
        let good = altered == token;
        let holder = runtime.block_on(opened(&house, &altered));
        prop_assert_eq!(holder.is_some(), good, "{}", altered);
        prop_assert_eq!(runtime.block_on(opened(&house, &junk)), None);
    });
    drop(house);
}
