use std::time::Duration;

use wire::workmail::{errors::*, *};
use workmail::{
    Effect,
    devices::{Device, device_effect},
};

use crate::house::{House, OTHER_ACCOUNT, START, ask, refused};

fn list(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(ToString::to_string).collect())
}

fn denial(organization: &str, name: &str) -> CreateMobileDeviceAccessRuleRequest {
    CreateMobileDeviceAccessRuleRequest {
        organization_id: organization.into(),
        name: name.into(),
        effect: MobileDeviceAccessRuleEffect::Deny,
        ..Default::default()
    }
}

async fn create(house: &House, input: CreateMobileDeviceAccessRuleRequest) -> String {
    let made = ask!(house, create_mobile_device_access_rule, input).unwrap();
    made.mobile_device_access_rule_id.unwrap()
}

async fn rules(house: &House, organization: &str) -> Vec<MobileDeviceAccessRule> {
    let input = ListMobileDeviceAccessRulesRequest { organization_id: organization.into() };
    ask!(house, list_mobile_device_access_rules, input).unwrap().rules.unwrap()
}

/// The effect for a device of a type, and the ids of the rules.
async fn effect(
    house: &House,
    organization: &str,
    device_type: Option<&str>,
) -> (MobileDeviceAccessRuleEffect, Vec<String>) {
    let input = GetMobileDeviceAccessEffectRequest {
        organization_id: organization.into(),
        device_type: device_type.map(str::to_owned),
        ..Default::default()
    };
    let answer = ask!(house, get_mobile_device_access_effect, input).unwrap();
    let matched = answer.matched_rules.unwrap();
    let ids = matched.into_iter().map(|rule| rule.mobile_device_access_rule_id.unwrap());
    (answer.effect.unwrap(), ids.collect())
}

fn put(
    organization: &str,
    user: &str,
    device: &str,
    effect: MobileDeviceAccessRuleEffect,
) -> PutMobileDeviceAccessOverrideRequest {
    PutMobileDeviceAccessOverrideRequest {
        organization_id: organization.into(),
        user_id: user.into(),
        device_id: device.into(),
        effect,
        description: None,
    }
}

#[tokio::test]
async fn a_new_organization_has_a_rule_for_all_devices() {
    let (house, id) = House::with_organization().await;
    let rules = rules(&house, &id).await;
    let [first] = &rules[..] else { panic!("{rules:?}") };
    assert_eq!(first.effect, Some(MobileDeviceAccessRuleEffect::Allow));
    assert_eq!((&first.device_types, &first.not_device_user_agents), (&None, &None));
    let rule = first.mobile_device_access_rule_id.clone().unwrap();
    let (outcome, matched) = effect(&house, &id, None).await;
    assert_eq!((outcome, matched), (MobileDeviceAccessRuleEffect::Allow, vec![rule.clone()]));
    let input = DeleteMobileDeviceAccessRuleRequest {
        organization_id: id.clone(),
        mobile_device_access_rule_id: rule,
    };
    ask!(house, delete_mobile_device_access_rule, input.clone()).unwrap();
    ask!(house, delete_mobile_device_access_rule, input).unwrap();
    assert_eq!(effect(&house, &id, None).await, (MobileDeviceAccessRuleEffect::Deny, vec![]));
}

#[tokio::test]
async fn rules_match_the_beginning_of_what_is_reported() {
    let (house, id) = House::with_organization().await;
    let input = CreateMobileDeviceAccessRuleRequest {
        device_types: list(&["iphone", "$NONE"]),
        ..denial(&id, "no iPhones")
    };
    let rule = create(&house, input).await;
    for device in [Some("iPhone"), Some("IPHONE 13"), None] {
        let denied = (MobileDeviceAccessRuleEffect::Deny, vec![rule.clone()]);
        assert_eq!(effect(&house, &id, device).await, denied, "{device:?}");
    }
    assert_eq!(effect(&house, &id, Some("iPad")).await.0, MobileDeviceAccessRuleEffect::Allow);

    house.clock.advance(Duration::from_secs(60));
    let update = UpdateMobileDeviceAccessRuleRequest {
        organization_id: id.clone(),
        mobile_device_access_rule_id: rule.clone(),
        name: "only iPhones".into(),
        effect: MobileDeviceAccessRuleEffect::Deny,
        not_device_types: list(&["iPhone"]),
        ..Default::default()
    };
    ask!(house, update_mobile_device_access_rule, update.clone()).unwrap();
    for (device, expected) in [
        (Some("iPhone 13"), MobileDeviceAccessRuleEffect::Allow),
        (Some("iPad"), MobileDeviceAccessRuleEffect::Deny),
        (None, MobileDeviceAccessRuleEffect::Allow),
    ] {
        assert_eq!(effect(&house, &id, device).await.0, expected, "{device:?}");
    }
    let all = rules(&house, &id).await;
    let shown = all.iter().find(|shown| shown.mobile_device_access_rule_id == Some(rule.clone()));
    let shown = shown.unwrap();
    assert_eq!((&shown.device_types, shown.name.as_deref()), (&None, Some("only iPhones")));
    assert_eq!(shown.not_device_types, list(&["iPhone"]));
    assert!(shown.date_created == Some(START) && shown.date_modified > Some(START));
    let unknown = UpdateMobileDeviceAccessRuleRequest {
        mobile_device_access_rule_id: "no-rule".into(),
        ..update
    };
    refused(ask!(house, update_mobile_device_access_rule, unknown), &ENTITY_NOT_FOUND);
}

#[tokio::test]
async fn there_are_ten_rules_and_a_token_makes_one() {
    let (house, id) = House::with_organization().await;
    let once =
        CreateMobileDeviceAccessRuleRequest { client_token: Some("t".into()), ..denial(&id, "x") };
    let first = create(&house, once.clone()).await;
    assert_eq!(create(&house, once.clone()).await, first);
    let other = CreateMobileDeviceAccessRuleRequest { device_types: list(&["a"]), ..once };
    refused(ask!(house, create_mobile_device_access_rule, other), &INVALID_PARAMETER);
    for _ in 2..10 {
        create(&house, denial(&id, "names may be the same")).await;
    }
    refused(ask!(house, create_mobile_device_access_rule, denial(&id, "y")), &LIMIT_EXCEEDED);
    assert_eq!(rules(&house, &id).await.len(), 10);
}

#[tokio::test]
async fn an_override_outweighs_the_rules_both_ways() {
    let (house, id) = House::with_organization().await;
    let (ann, bob) = (house.registered(&id, "ann").await, house.registered(&id, "bob").await);
    let input =
        CreateMobileDeviceAccessRuleRequest { device_types: list(&["iP"]), ..denial(&id, "no iP") };
    create(&house, input).await;
    let is = async |user: &str, device_id: &str, device_type: &str| {
        let device = Device { device_type: Some(device_type), ..Device::default() };
        let mut snapshot = house.store.read().await.unwrap();
        device_effect(&mut snapshot, &id, user, device_id, &device).await.unwrap()
    };
    assert_eq!(is(&ann, "ABC1", "iPad").await, Effect::Deny);
    let allow = put(&id, "ann@example.com", "abc1", MobileDeviceAccessRuleEffect::Allow);
    ask!(house, put_mobile_device_access_override, allow).unwrap();
    assert_eq!(is(&ann, "ABC1", "iPad").await, Effect::Allow);
    assert_eq!(is(&ann, "ABC2", "iPad").await, Effect::Deny, "another device");
    assert_eq!(is(&bob, "ABC1", "iPad").await, Effect::Deny, "another user");
    let deny = put(&id, &bob, "ABC1", MobileDeviceAccessRuleEffect::Deny);
    ask!(house, put_mobile_device_access_override, deny).unwrap();
    assert_eq!(is(&bob, "abc1", "Android").await, Effect::Deny);
    assert_eq!(is(&ann, "xyz", "Android").await, Effect::Allow);
}

#[tokio::test]
async fn an_override_lives_as_long_as_its_user() {
    let (house, id) = House::with_organization().await;
    let ann = house.user(&id, "ann").await;
    let named = |user: &str, device: &str| GetMobileDeviceAccessOverrideRequest {
        organization_id: id.clone(),
        user_id: user.into(),
        device_id: device.into(),
    };
    refused(
        ask!(house, get_mobile_device_access_override, named("ann", "D1")),
        &RESOURCE_NOT_FOUND,
    );
    refused(ask!(house, get_mobile_device_access_override, named("bob", "D1")), &ENTITY_NOT_FOUND);
    let allow = put(&id, "ann", "D1", MobileDeviceAccessRuleEffect::Allow);
    ask!(house, put_mobile_device_access_override, allow).unwrap();
    house.clock.advance(Duration::from_secs(60));
    let deny = PutMobileDeviceAccessOverrideRequest {
        description: Some("lost".into()),
        ..put(&id, &ann, "d1", MobileDeviceAccessRuleEffect::Deny)
    };
    ask!(house, put_mobile_device_access_override, deny.clone()).unwrap();
    let shown = ask!(house, get_mobile_device_access_override, named("ann", "D1")).unwrap();
    assert_eq!((shown.user_id.as_ref(), shown.device_id.as_deref()), (Some(&ann), Some("D1")));
    assert_eq!(shown.effect, Some(MobileDeviceAccessRuleEffect::Deny));
    assert_eq!(shown.description.as_deref(), Some("lost"));
    assert!(shown.date_created == Some(START) && shown.date_modified > Some(START));

    house.delete_user(&id, &ann).await.unwrap();
    refused(ask!(house, put_mobile_device_access_override, deny), &ENTITY_STATE);
    refused(ask!(house, get_mobile_device_access_override, named(&ann, "D1")), &RESOURCE_NOT_FOUND);
    let delete = DeleteMobileDeviceAccessOverrideRequest {
        organization_id: id.clone(),
        user_id: ann.clone(),
        device_id: "D1".into(),
    };
    ask!(house, delete_mobile_device_access_override, delete).unwrap();
}

#[tokio::test]
async fn overrides_are_listed_in_pages_and_by_user_or_device() {
    let (house, id) = House::with_organization().await;
    for user in ["ann", "bob"] {
        house.user(&id, user).await;
        for device in ["D1", "D2", "D3"] {
            let input = put(&id, user, device, MobileDeviceAccessRuleEffect::Deny);
            ask!(house, put_mobile_device_access_override, input).unwrap();
        }
    }
    let all = async |user: Option<&str>, device: Option<&str>| {
        let (mut devices, mut next_token) = (Vec::new(), None);
        loop {
            let input = ListMobileDeviceAccessOverridesRequest {
                organization_id: id.clone(),
                user_id: user.map(str::to_owned),
                device_id: device.map(str::to_owned),
                next_token,
                max_results: Some(2),
            };
            let page = ask!(house, list_mobile_device_access_overrides, input).unwrap();
            devices.extend(page.overrides.unwrap().into_iter().map(|one| one.device_id.unwrap()));
            next_token = page.next_token;
            if next_token.is_none() {
                return devices.join(" ");
            }
        }
    };
    assert_eq!(all(None, None).await, "D1 D1 D2 D2 D3 D3");
    assert_eq!(all(Some("ann"), None).await, "D1 D2 D3");
    assert_eq!(all(None, Some("d2")).await, "D2 D2");
    assert_eq!(all(Some("bob"), Some("D3")).await, "D3");
    let input = ListMobileDeviceAccessOverridesRequest {
        organization_id: id.clone(),
        user_id: Some("eve".into()),
        ..Default::default()
    };
    refused(ask!(house, list_mobile_device_access_overrides, input), &ENTITY_NOT_FOUND);
    let strangers = house.calls_of(OTHER_ACCOUNT);
    let input =
        ListMobileDeviceAccessOverridesRequest { organization_id: id, ..Default::default() };
    refused(
        ask!(house, &strangers, list_mobile_device_access_overrides, input),
        &ORGANIZATION_NOT_FOUND,
    );
}
