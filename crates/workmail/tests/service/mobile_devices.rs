use std::time::Duration;

use wire::workmail::{errors::*, *};
use workmail::devices::{self, Device, MobilePolicy, Order};

use crate::house::{House, OTHER_ACCOUNT, START, ask, refused};

const PHONE: Device<'static> = Device {
    device_type: Some("iPhone"),
    model: Some("iPhone13C2"),
    operating_system: None,
    user_agent: Some("Apple-iPhone13C2/2002.82"),
};

async fn connects(house: &House, organization: &str, user: &str, device: &str) -> Order {
    let mut tx = house.store.write().await.unwrap();
    let now = house.world.now();
    let order = devices::seen(&mut tx, organization, user, device, &PHONE, now).await.unwrap();
    tx.commit().await.unwrap();
    order
}

async fn says_it_was_wiped(house: &House, user: &str, device: &str) {
    let mut tx = house.store.write().await.unwrap();
    devices::wiped(&mut tx, user, device, house.world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

fn asking(organization: &str, user: &str, device: &str) -> GetMobileDeviceDetailsRequest {
    GetMobileDeviceDetailsRequest {
        organization_id: organization.into(),
        user_id: user.into(),
        device_id: device.into(),
    }
}

async fn wipe(
    house: &House,
    organization: &str,
    user: &str,
    device: &str,
) -> Result<WipeMobileDeviceResponse, wire::Error> {
    let input = WipeMobileDeviceRequest {
        organization_id: organization.into(),
        user_id: user.into(),
        device_id: device.into(),
    };
    ask!(house, wipe_mobile_device, input)
}

async fn delete(
    house: &House,
    organization: &str,
    user: &str,
    device: &str,
) -> Result<DeleteMobileDeviceResponse, wire::Error> {
    let input = DeleteMobileDeviceRequest {
        organization_id: organization.into(),
        user_id: user.into(),
        device_id: device.into(),
    };
    ask!(house, delete_mobile_device, input)
}

#[tokio::test]
async fn devices_that_connect_are_listed_and_shown() {
    let (house, id) = House::with_organization().await;
    let [ann, bob] = [house.registered(&id, "ann").await, house.registered(&id, "bob").await];
    for device in ["Phone2", "phone1", "PHONE2"] {
        assert_eq!(connects(&house, &id, &ann, device).await, Order::Proceed);
        house.clock.advance(Duration::from_secs(60));
    }
    connects(&house, &id, &bob, "phone1").await;
    let input = GetMobileDevicesForUserRequest {
        organization_id: id.clone(),
        user_id: "ANN@example.com".into(),
        max_results: Some(1),
        next_token: None,
    };
    let first = ask!(house, get_mobile_devices_for_user, input.clone()).unwrap();
    let next = GetMobileDevicesForUserRequest { next_token: first.next_token, ..input };
    let second = ask!(house, get_mobile_devices_for_user, next.clone()).unwrap();
    assert_eq!(second.next_token, None);
    let listed = [first.mobile_devices.unwrap(), second.mobile_devices.unwrap()].concat();
    let ids: Vec<_> = listed.iter().map(|device| device.device_id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["phone1", "Phone2"], "by id, as it was first written");
    let stolen = GetMobileDevicesForUserRequest { user_id: "bob".into(), ..next };
    refused(ask!(house, get_mobile_devices_for_user, stolen), &INVALID_PARAMETER);

    let shown = ask!(house, get_mobile_device_details, asking(&id, "ann", "phone2")).unwrap();
    assert_eq!(shown.device_model.as_deref(), Some("iPhone13C2"));
    assert_eq!(
        (shown.device_operating_system, shown.state),
        (None, Some(MobileDeviceState::Active))
    );
    assert_eq!(shown.date_first_seen, Some(START));
    assert_eq!(shown.date_last_seen, Some(START.saturating_add(Duration::from_secs(120))));
    assert_eq!(shown.effect, Some(MobileDeviceAccessRuleEffect::Allow));
    let input = PutMobileDeviceAccessOverrideRequest {
        organization_id: id.clone(),
        user_id: ann.clone(),
        device_id: "phone2".into(),
        effect: MobileDeviceAccessRuleEffect::Deny,
        description: None,
    };
    ask!(house, put_mobile_device_access_override, input).unwrap();
    let shown = ask!(house, get_mobile_device_details, asking(&id, "ann", "phone2")).unwrap();
    assert_eq!(shown.effect, Some(MobileDeviceAccessRuleEffect::Deny));
    let shown = ask!(house, get_mobile_device_details, asking(&id, "bob", "phone2"));
    refused(shown, &RESOURCE_NOT_FOUND);
}

#[tokio::test]
async fn a_device_is_told_to_wipe_itself_until_it_is_deleted() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    refused(wipe(&house, &id, &ann, "phone1").await, &RESOURCE_NOT_FOUND);
    connects(&house, &id, &ann, "phone1").await;
    says_it_was_wiped(&house, &ann, "phone1").await;
    let state = async || {
        let shown = ask!(house, get_mobile_device_details, asking(&id, &ann, "phone1")).unwrap();
        (shown.state.unwrap(), shown.date_wipe_requested.is_some(), shown.date_wiped.is_some())
    };
    assert_eq!(state().await, (MobileDeviceState::Active, false, false), "nobody asked for it");
    wipe(&house, &id, "ann", "PHONE1").await.unwrap();
    assert_eq!(state().await, (MobileDeviceState::WipeRequested, true, false));
    assert_eq!(connects(&house, &id, &ann, "Phone1").await, Order::Wipe);
    says_it_was_wiped(&house, &ann, "phone1").await;
    assert_eq!(state().await, (MobileDeviceState::Wiped, true, true));
    assert_eq!(connects(&house, &id, &ann, "phone1").await, Order::Wipe, "and again");
    wipe(&house, &id, &ann, "phone1").await.unwrap();
    assert_eq!(state().await, (MobileDeviceState::WipeRequested, true, false));
    for _ in 0..2 {
        delete(&house, &id, &ann, "phone1").await.unwrap();
    }
    assert_eq!(connects(&house, &id, &ann, "phone1").await, Order::Proceed);
}

#[tokio::test]
async fn what_is_no_device_or_one_too_many_stays_away() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    assert_eq!(connects(&house, &id, &ann, "a-b").await, Order::StayAway);
    for n in 0..100 {
        assert_eq!(connects(&house, &id, &ann, &format!("d{n}")).await, Order::Proceed);
    }
    assert_eq!(connects(&house, &id, &ann, "d100").await, Order::StayAway);
    assert_eq!(connects(&house, &id, &ann, "D99").await, Order::Proceed, "this one is known");
}

#[tokio::test]
async fn devices_are_nobody_else_s_and_go_with_the_user() {
    let (house, id) = House::with_organization().await;
    let ann = house.registered(&id, "ann").await;
    connects(&house, &id, &ann, "phone1").await;
    let next = house.organization("next").await;
    refused(wipe(&house, &next, &ann, "phone1").await, &ENTITY_NOT_FOUND);
    refused(delete(&house, &next, &ann, "phone1").await, &ENTITY_NOT_FOUND);
    let calls = house.calls_of(OTHER_ACCOUNT);
    let shown = ask!(house, &calls, get_mobile_device_details, asking(&id, &ann, "phone1"));
    refused(shown, &ORGANIZATION_NOT_FOUND);
    house.deregister(&id, &ann).await.unwrap();
    wipe(&house, &id, &ann, "phone1").await.unwrap();
    house.delete_user(&id, &ann).await.unwrap();
    let shown = ask!(house, get_mobile_device_details, asking(&id, &ann, "phone1"));
    refused(shown, &RESOURCE_NOT_FOUND);
    house.delete_organization(&id, true).await.unwrap();
    house.settle().await;
}

#[tokio::test]
async fn a_policy_is_set_whole() {
    let (house, id) = House::with_organization().await;
    let kept = async || {
        let mut snapshot = house.store.read().await.unwrap();
        devices::policy_of(&mut snapshot, &id).await.unwrap()
    };
    assert_eq!(kept().await, (MobilePolicy::default(), None));
    let shown = || GetMobilePolicyDetailsRequest { organization_id: id.clone() };
    let never = ask!(house, get_mobile_policy_details, shown()).unwrap();
    assert_eq!((never.password_required, never.simple_password_allowed), (Some(false), Some(true)));
    assert_eq!((never.minimum_password_length, never.date_modified), (None, None));
    let strict = SetMobilePolicyDetailsRequest {
        organization_id: id.clone(),
        device_encryption_required: Some(true),
        storage_card_encryption_required: Some(true),
        password_required: Some(true),
        simple_password_allowed: Some(false),
        minimum_password_length: Some(8),
        alphanumeric_password_required: Some(true),
        failed_attempts_allowed: Some(4),
        password_expiration_days: Some(90),
        screen_lock_seconds: Some(300),
        password_history: Some(5),
    };
    ask!(house, set_mobile_policy_details, strict.clone()).unwrap();
    let expected = MobilePolicy {
        device_encryption: true,
        storage_card_encryption: true,
        password: true,
        simple_password_allowed: false,
        minimum_length: Some(8),
        alphanumeric: true,
        failed_attempts: Some(4),
        expiration_days: Some(90),
        screen_lock_seconds: Some(300),
        history: Some(5),
    };
    assert_eq!(kept().await, (expected, Some(START)));
    let shown = ask!(house, get_mobile_policy_details, shown()).unwrap();
    assert_eq!((shown.password_history, shown.date_modified), (Some(5), Some(START)));
    let inert = SetMobilePolicyDetailsRequest { password_required: None, ..strict };
    refused(ask!(house, set_mobile_policy_details, inert), &INVALID_PARAMETER);
    let nothing =
        SetMobilePolicyDetailsRequest { organization_id: id.clone(), ..Default::default() };
    ask!(house, set_mobile_policy_details, nothing).unwrap();
    assert_eq!(kept().await, (MobilePolicy::default(), Some(START)));
}
