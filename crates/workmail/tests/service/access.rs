use std::{net::IpAddr, time::Duration};

use tokio::time::timeout;
use wire::workmail::{errors::*, *};
use workmail::{AccessAction, Authenticator, SignIn, Visit};
use world::{Secret, Timestamp};

use crate::house::{House, OTHER_ACCOUNT, PASSWORD, START, ask, refused};

/// A rule that matches everything.
fn rule(
    organization: &str,
    name: &str,
    effect: AccessControlRuleEffect,
) -> PutAccessControlRuleRequest {
    PutAccessControlRuleRequest {
        organization_id: organization.into(),
        name: name.into(),
        effect,
        description: format!("The rule {name}"),
        ..Default::default()
    }
}

fn denial(organization: &str, name: &str) -> PutAccessControlRuleRequest {
    rule(organization, name, AccessControlRuleEffect::Deny)
}

fn list(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(ToString::to_string).collect())
}

async fn delete(house: &House, organization: &str, name: &str) {
    let input =
        DeleteAccessControlRuleRequest { organization_id: organization.into(), name: name.into() };
    ask!(house, delete_access_control_rule, input).unwrap();
}

async fn rules(house: &House, organization: &str) -> Vec<AccessControlRule> {
    let input = ListAccessControlRulesRequest { organization_id: organization.into() };
    ask!(house, list_access_control_rules, input).unwrap().rules.unwrap()
}

fn question(organization: &str, user: &str) -> GetAccessControlEffectRequest {
    GetAccessControlEffectRequest {
        organization_id: organization.into(),
        ip_address: "192.0.2.1".into(),
        action: "IMAP".into(),
        user_id: Some(user.into()),
        ..Default::default()
    }
}

async fn effect(
    house: &House,
    input: GetAccessControlEffectRequest,
) -> (AccessControlRuleEffect, Vec<String>) {
    let answer = ask!(house, get_access_control_effect, input).unwrap();
    (answer.effect.unwrap(), answer.matched_rules.unwrap())
}

#[tokio::test]
async fn a_new_organization_lets_everybody_in() {
    let (house, id) = House::with_organization().await;
    let expected = AccessControlRule {
        name: Some("default".into()),
        effect: Some(AccessControlRuleEffect::Allow),
        description: Some("Default WorkMail Rule".into()),
        date_created: Some(Timestamp::from_seconds(0)),
        date_modified: Some(Timestamp::from_seconds(0)),
        ..Default::default()
    };
    assert_eq!(rules(&house, &id).await, [expected]);
    let ann = house.registered(&id, "ann").await;
    let allowed = (AccessControlRuleEffect::Allow, vec!["default".to_owned()]);
    assert_eq!(effect(&house, question(&id, &ann)).await, allowed);
    delete(&house, &id, "default").await;
    delete(&house, &id, "default").await;
    let denied = (AccessControlRuleEffect::Deny, vec![]);
    assert_eq!(effect(&house, question(&id, &ann)).await, denied, "no rule at all");
}

#[tokio::test]
async fn a_rule_is_kept_as_it_was_put_and_replaced_by_name() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let full = PutAccessControlRuleRequest {
        ip_ranges: list(&["192.0.2.77/24", "0.0.0.0/0"]),
        not_actions: list(&["EWS", "WindowsOutlook"]),
        user_ids: list(&[&ann]),
        ..denial(&id, "rule")
    };
    ask!(house, put_access_control_rule, full).unwrap();
    let shown = rules(&house, &id).await.remove(1);
    assert_eq!(shown.ip_ranges, list(&["192.0.2.77/24", "0.0.0.0/0"]));
    assert_eq!(shown.not_actions, list(&["EWS", "WindowsOutlook"]));
    assert_eq!(shown.user_ids, list(&[&ann]));
    assert_eq!((shown.not_ip_ranges, shown.actions, shown.not_user_ids), (None, None, None));
    assert_eq!((shown.date_created, shown.date_modified), (Some(START), Some(START)));

    house.clock.advance(Duration::from_secs(60));
    let empty = PutAccessControlRuleRequest {
        ip_ranges: list(&[]),
        ..rule(&id, "rule", AccessControlRuleEffect::Allow)
    };
    ask!(house, put_access_control_rule, empty).unwrap();
    let shown = rules(&house, &id).await.remove(1);
    assert_eq!(shown.effect, Some(AccessControlRuleEffect::Allow));
    assert_eq!((shown.ip_ranges, shown.user_ids), (None, None));
    let later = START.saturating_add(Duration::from_secs(60));
    assert_eq!((shown.date_created, shown.date_modified), (Some(START), Some(later)));
}

#[tokio::test]
async fn what_is_no_rule_is_refused() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let gone = house.user(&id, "gone").await;
    house.delete_user(&id, &gone).await.unwrap();
    let group = house.group(&id, "staff").await;
    let base = || denial(&id, "rule");
    let (ip, both) = (list(&["192.0.2.0/24"]), list(&[&ann]));
    for input in [
        PutAccessControlRuleRequest { actions: list(&["imap"]), ..base() },
        PutAccessControlRuleRequest { not_actions: list(&["POP"]), ..base() },
        PutAccessControlRuleRequest { ip_ranges: list(&["2001:db8::/32"]), ..base() },
        PutAccessControlRuleRequest { ip_ranges: ip.clone(), not_ip_ranges: ip, ..base() },
        PutAccessControlRuleRequest { user_ids: both.clone(), not_user_ids: both, ..base() },
    ] {
        refused(ask!(house, put_access_control_rule, input), &INVALID_PARAMETER);
    }
    for user in ["ann", "ann@example.com", "12345678-1234-1234-1234-123456789012", &gone, &group] {
        let input = PutAccessControlRuleRequest { not_user_ids: list(&[user]), ..base() };
        refused(ask!(house, put_access_control_rule, input), &ENTITY_NOT_FOUND);
    }
    let roles = list(&["no-role"]);
    let input = PutAccessControlRuleRequest { impersonation_role_ids: roles, ..base() };
    refused(ask!(house, put_access_control_rule, input), &RESOURCE_NOT_FOUND);
    assert_eq!(rules(&house, &id).await.len(), 1);
}

#[tokio::test]
async fn there_are_ten_rules_at_most() {
    let (house, id) = House::with_organization().await;
    for n in 1..10 {
        ask!(house, put_access_control_rule, denial(&id, &format!("rule{n}"))).unwrap();
    }
    refused(ask!(house, put_access_control_rule, denial(&id, "more")), &LIMIT_EXCEEDED);
    ask!(house, put_access_control_rule, denial(&id, "rule9")).unwrap();
    delete(&house, &id, "rule1").await;
    ask!(house, put_access_control_rule, denial(&id, "more")).unwrap();
    assert_eq!(rules(&house, &id).await.len(), 10);
}

#[tokio::test]
async fn the_effect_is_asked_for_one_user_or_one_role() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    let role = crate::impersonation::role(&house, &id, "program", vec![]).await;
    let by_role = |action: &str| GetAccessControlEffectRequest {
        action: action.into(),
        user_id: None,
        impersonation_role_id: Some(role.clone()),
        ..question(&id, "")
    };
    let both = GetAccessControlEffectRequest { user_id: Some(ann.clone()), ..by_role("EWS") };
    let neither = GetAccessControlEffectRequest { user_id: None, ..question(&id, "") };
    let unknown = GetAccessControlEffectRequest { action: "POP".into(), ..question(&id, &ann) };
    for input in [both, neither, unknown, by_role("IMAP")] {
        refused(ask!(house, get_access_control_effect, input), &INVALID_PARAMETER);
    }
    let stranger = question(&id, "12345678-1234-1234-1234-123456789012");
    refused(ask!(house, get_access_control_effect, stranger), &ENTITY_NOT_FOUND);
    let mut nobody = by_role("EWS");
    nobody.impersonation_role_id = Some("no-role".into());
    refused(ask!(house, get_access_control_effect, nobody), &RESOURCE_NOT_FOUND);

    let deny = PutAccessControlRuleRequest {
        impersonation_role_ids: list(&[&role]),
        ..denial(&id, "roles")
    };
    ask!(house, put_access_control_rule, deny).unwrap();
    let users = PutAccessControlRuleRequest { user_ids: list(&[&ann]), ..denial(&id, "users") };
    ask!(house, put_access_control_rule, users).unwrap();
    let denied = |name: &str| (AccessControlRuleEffect::Deny, vec![name.to_owned()]);
    assert_eq!(effect(&house, by_role("EWS")).await, denied("roles"));
    assert_eq!(effect(&house, question(&id, &ann)).await, denied("users"));
}

#[tokio::test]
async fn strangers_see_and_change_nothing() {
    let (house, id) = House::with_organization().await;
    let strangers = house.calls_of(OTHER_ACCOUNT);
    let put = denial(&id, "theirs");
    refused(ask!(house, &strangers, put_access_control_rule, put), &ORGANIZATION_NOT_FOUND);
    let input = ListAccessControlRulesRequest { organization_id: id.clone() };
    refused(ask!(house, &strangers, list_access_control_rules, input), &ORGANIZATION_NOT_FOUND);
    // the users of one organization are none of another's
    let (ann, other) = (house.registered(&id, "ann").await, house.organization("other").await);
    let input = PutAccessControlRuleRequest { user_ids: list(&[&ann]), ..denial(&other, "rule") };
    refused(ask!(house, put_access_control_rule, input), &ENTITY_NOT_FOUND);
}

struct Entrance {
    house: House,
    organization: String,
    ann: String,
    doorman: Authenticator,
}

impl Entrance {
    async fn new() -> Self {
        let (house, organization) = House::with_organization().await;
        let ann = house.registered(&organization, "ann").await;
        house.set_password(&organization, &ann, PASSWORD).await.unwrap();
        let doorman = Authenticator::new(house.store.clone(), &house.world);
        Self { house, organization, ann, doorman }
    }

    async fn enter(&self, action: AccessAction, address: &str) -> SignIn {
        let (password, address): (_, IpAddr) = (Secret::new(PASSWORD), address.parse().unwrap());
        self.doorman.authenticate("ann@example.com", &password, action, address).await.unwrap()
    }

    async fn is_let_in(&self, action: AccessAction, address: &str) -> bool {
        match self.enter(action, address).await {
            SignIn::Granted(_) => true,
            SignIn::Refused => false,
            SignIn::Wrong => panic!("the password is right"),
        }
    }

    async fn visit(&self, address: &str) -> Visit {
        match self.enter(AccessAction::Imap, address).await {
            SignIn::Granted(visit) => visit,
            other => panic!("{other:?}"),
        }
    }

    async fn put(&self, input: PutAccessControlRuleRequest) {
        ask!(self.house, put_access_control_rule, input).unwrap();
    }
}

/// Whether a visit ends within the time that a notice takes.
async fn ends(visit: impl Future<Output = ()>) -> bool {
    timeout(Duration::from_millis(500), visit).await.is_ok()
}

#[tokio::test]
async fn rules_decide_who_signs_in() {
    let entrance = Entrance::new().await;
    let (id, office) = (&entrance.organization, "192.0.2.1");
    let rule = PutAccessControlRuleRequest {
        not_ip_ranges: list(&["192.0.2.0/24"]),
        ..denial(id, "office")
    };
    entrance.put(rule).await;
    for inside in [office, "::ffff:192.0.2.1"] {
        assert!(entrance.is_let_in(AccessAction::Imap, inside).await, "{inside}");
    }
    for outside in ["198.51.100.7", "2001:db8::1", "::1"] {
        assert!(!entrance.is_let_in(AccessAction::Imap, outside).await, "{outside}");
    }
    let wrong = Secret::new("Passw0rd-two");
    let outside = "198.51.100.7".parse().unwrap();
    let tried =
        entrance.doorman.authenticate("ann@example.com", &wrong, AccessAction::Imap, outside).await;
    assert!(matches!(tried, Ok(SignIn::Wrong)), "rules say nothing to strangers");

    let rule = PutAccessControlRuleRequest {
        actions: list(&["SMTP"]),
        user_ids: list(&[&entrance.ann]),
        ..denial(id, "no-sending")
    };
    entrance.put(rule).await;
    assert!(entrance.is_let_in(AccessAction::Imap, office).await);
    assert!(!entrance.is_let_in(AccessAction::Smtp, office).await);
}

#[tokio::test]
async fn a_change_ends_the_visits_that_it_no_longer_allows() {
    let entrance = Entrance::new().await;
    let (house, id) = (&entrance.house, &entrance.organization);
    let inside = Box::pin(entrance.visit("192.0.2.1").await.over());
    let mut inside = Some(inside);
    let outside = entrance.visit("198.51.100.7").await.over();
    let range = list(&["192.0.2.0/24"]);
    entrance
        .put(PutAccessControlRuleRequest { not_ip_ranges: range, ..denial(id, "office") })
        .await;
    assert!(ends(outside).await, "the rule does not allow it");
    assert!(!ends(inside.as_mut().unwrap()).await, "the rule does not concern it");

    let other = house.organization("other").await;
    ask!(house, put_access_control_rule, denial(&other, "nobody")).unwrap();
    assert!(!ends(inside.as_mut().unwrap()).await, "a rule of others");

    delete(house, id, "default").await;
    assert!(ends(inside.take().unwrap()).await, "nothing allows it any more");
}

#[tokio::test]
async fn a_change_between_sign_in_and_waiting_is_not_missed() {
    let entrance = Entrance::new().await;
    let visit = entrance.visit("192.0.2.1").await;
    delete(&entrance.house, &entrance.organization, "default").await;
    assert!(ends(visit.over()).await);
}

#[tokio::test]
async fn who_is_deregistered_goes_and_so_does_everybody_of_a_deleted_organization() {
    let entrance = Entrance::new().await;
    let (house, id) = (&entrance.house, &entrance.organization);
    let first = entrance.visit("192.0.2.1").await.over();
    house.deregister(id, &entrance.ann).await.unwrap();
    assert!(ends(first).await);
    house.register(id, &entrance.ann, "ann@example.com").await.unwrap();
    let second = entrance.visit("192.0.2.1").await.over();
    house.delete_organization(id, true).await.unwrap();
    assert!(ends(second).await);
}
