//! Virtual MFA devices through the operations, and through the functions for STS and sign-in.

use std::time::Duration;

use aws_lc_rs::hmac;
use iam::mfa::{self, MfaOwner};
use wire::iam::{
    AssignmentStatusType, CreateVirtualMFADeviceRequest, DeactivateMFADeviceRequest,
    DeleteUserRequest, DeleteVirtualMFADeviceRequest, EnableMFADeviceRequest, GetMFADeviceRequest,
    ListMFADeviceTagsRequest, ListMFADevicesRequest, ListVirtualMFADevicesRequest,
    ResyncMFADeviceRequest, Tag, TagMFADeviceRequest, UntagMFADeviceRequest, User,
    errors::{
        DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, INVALID_AUTHENTICATION_CODE, LIMIT_EXCEEDED,
        NO_SUCH_ENTITY,
    },
};

use crate::house::{House, START, ask, refused, s, some};

const STEP: Duration = Duration::from_secs(30);

/// A device of the test: what an authenticator app keeps.
#[derive(Clone)]
struct App {
    serial: String,
    seed: Vec<u8>,
}

impl App {
    /// Makes a device, a little later than the one before, and reads its seed as an app does.
    async fn new(house: &House, name: &str) -> Self {
        house.clock.advance(Duration::from_micros(1));
        let input = named(name);
        let made = ask!(house.root(), create_virtual_mfa_device, input).unwrap();
        let device = made.virtual_mfa_device;
        let text = device.base32_string_seed.unwrap();
        Self { serial: device.serial_number, seed: from_base32(text.expose_text().unwrap()) }
    }

    /// The code of the step that is `steps` away from now.
    fn code(&self, house: &House, steps: i64) -> String {
        let step = house.world.now().as_seconds() / 30 + steps;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.seed);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let at = (tag.as_ref()[19] & 15) as usize;
        let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }

    fn enabling(&self, house: &House, user: &str, steps: [i64; 2]) -> EnableMFADeviceRequest {
        EnableMFADeviceRequest {
            user_name: s(user),
            serial_number: self.serial.clone(),
            authentication_code1: self.code(house, steps[0]).into(),
            authentication_code2: self.code(house, steps[1]).into(),
        }
    }

    fn resyncing(&self, house: &House, user: &str, steps: [i64; 2]) -> ResyncMFADeviceRequest {
        let input = self.enabling(house, user, steps);
        ResyncMFADeviceRequest {
            user_name: input.user_name,
            serial_number: input.serial_number,
            authentication_code1: input.authentication_code1,
            authentication_code2: input.authentication_code2,
        }
    }

    fn leaving(&self, user: &str) -> DeactivateMFADeviceRequest {
        DeactivateMFADeviceRequest { user_name: some(user), serial_number: self.serial.clone() }
    }

    fn going(&self) -> DeleteVirtualMFADeviceRequest {
        DeleteVirtualMFADeviceRequest { serial_number: self.serial.clone() }
    }
}

fn from_base32(text: &str) -> Vec<u8> {
    let value = |c| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == c);
    let bits: Vec<bool> = text
        .bytes()
        .flat_map(|c| (0..5).rev().map(move |bit| value(c).unwrap() >> bit & 1 == 1))
        .collect();
    bits.chunks_exact(8)
        .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit)))
        .collect()
}

fn named(name: &str) -> CreateVirtualMFADeviceRequest {
    CreateVirtualMFADeviceRequest { virtual_mfa_device_name: s(name), ..Default::default() }
}

/// Whether the code is taken; what it used up is committed. Tried again after a conflict, as callers do.
async fn verifies(house: &House, owner: &MfaOwner, serial: &str, code: &str) -> bool {
    let (keyring, now) = (house.store.keyring().clone(), house.world.now());
    loop {
        let mut tx = house.store.write().await.unwrap();
        let taken = mfa::verify_code(&mut tx, &keyring, owner, serial, code, now).await;
        let ended = match taken {
            Ok(taken) => tx.commit().await.map(|()| taken),
            Err(error) => Err(error),
        };
        match ended {
            Err(error) if error.is_conflict() => {}
            ended => return ended.unwrap(),
        }
    }
}

fn owner(house: &House, user: &User) -> MfaOwner {
    MfaOwner::user(&house.account.id, &user.user_id)
}

async fn with_device(house: &House, name: &str) -> (User, App) {
    let user = house.user(name).await;
    let app = App::new(house, name).await;
    ask!(house.root(), enable_mfa_device, app.enabling(house, name, [-1, 0])).unwrap();
    (user, app)
}

#[tokio::test]
async fn a_new_device_has_serial_seed_picture_and_tags() {
    let house = House::new().await;
    let tags = vec![Tag { key: s("a"), value: s("1") }];
    let input = CreateVirtualMFADeviceRequest {
        path: some("/eng/"),
        tags: Some(tags.clone()),
        ..named("phone")
    };
    let device = ask!(house.root(), create_virtual_mfa_device, input.clone()).unwrap();
    let device = device.virtual_mfa_device;
    assert_eq!(device.serial_number, "arn:aws:iam::123456789012:mfa/eng/phone");
    assert_eq!(device.base32_string_seed.unwrap().expose().len(), 64);
    assert!(device.qr_code_png.unwrap().expose().starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!((device.user, device.enable_date, device.tags), (None, None, Some(tags)));
    refused(
        ask!(house.root(), create_virtual_mfa_device, input),
        &ENTITY_ALREADY_EXISTS,
        "MFADevice entity at the same path and name already exists.",
    );
    ask!(house.root(), create_virtual_mfa_device, named("phone")).unwrap();
    let long = ask!(house.root(), create_virtual_mfa_device, named(&"n".repeat(227)));
    let error = long.unwrap_err();
    assert!(error.message().ends_with("less than or equal to 226"), "{error}");
    ask!(house.root(), create_virtual_mfa_device, named(&"n".repeat(226))).unwrap();
}

#[tokio::test]
async fn a_device_is_enabled_by_two_consecutive_codes() {
    let house = House::new().await;
    let root = house.root();
    let alice = house.user("alice").await;
    let app = App::new(&house, "phone").await;
    assert!(!verifies(&house, &owner(&house, &alice), &app.serial, &app.code(&house, 0)).await);
    for steps in [[0, 0], [0, -1], [-1, 1], [-6, -5], [5, 6]] {
        let wrong = ask!(root, enable_mfa_device, app.enabling(&house, "alice", steps));
        let message = "Authentication code for device is not valid.";
        refused(wrong, &INVALID_AUTHENTICATION_CODE, message);
    }
    ask!(root, enable_mfa_device, app.enabling(&house, "alice", [-1, 0])).unwrap();
    let list = ListMFADevicesRequest { user_name: some("ALICE"), ..Default::default() };
    let devices = ask!(root, list_mfa_devices, list.clone()).unwrap().mfa_devices;
    assert_eq!(devices.len(), 1);
    assert_eq!((&*devices[0].user_name, &devices[0].serial_number), ("alice", &app.serial));
    assert_eq!(devices[0].enable_date, house.world.now());
    let again = ask!(root, enable_mfa_device, app.enabling(&house, "alice", [0, 1]));
    refused(again, &ENTITY_ALREADY_EXISTS, "MFA Device is already in use.");
}

#[tokio::test]
async fn codes_are_taken_once_and_in_order() {
    let house = House::new().await;
    let (alice, app) = with_device(&house, "alice").await;
    let alice = owner(&house, &alice);
    let verify = |steps| {
        let (house, alice, app) = (&house, &alice, &app);
        async move { verifies(house, alice, &app.serial, &app.code(house, steps)).await }
    };
    assert!(!verify(0).await, "enabling has used it");
    assert!(verify(1).await);
    assert!(!verify(1).await && !verify(0).await);
    house.clock.advance(STEP * 2);
    assert!(verify(0).await && !verify(0).await);
    house.clock.set(START.saturating_add(STEP * 3 - Duration::from_micros(1)));
    assert!(!verify(0).await, "still the same step");
    house.clock.advance(Duration::from_micros(1));
    assert!(verify(0).await);
    assert!(!verifies(&house, &alice, &app.serial, "12345").await);
    assert!(!verifies(&house, &alice, &app.serial, "").await);
}

#[tokio::test]
async fn a_code_is_good_for_its_own_device_and_holder_alone() {
    let house = House::new().await;
    let (alice, first) = with_device(&house, "alice").await;
    let (bob, second) = with_device(&house, "bob").await;
    house.clock.advance(STEP * 4);
    let (alice, bob) = (owner(&house, &alice), owner(&house, &bob));
    let code = first.code(&house, 0);
    assert!(!verifies(&house, &alice, &second.serial, &code).await);
    assert!(!verifies(&house, &bob, &first.serial, &code).await);
    assert!(!verifies(&house, &MfaOwner::root(&house.account.id), &first.serial, &code).await);
    assert!(!verifies(&house, &alice, "GAHT12345678", &code).await);
    assert!(verifies(&house, &alice, &first.serial, &code).await);
    let mut snapshot = house.store.read().await.unwrap();
    assert!(mfa::gives_codes(&mut snapshot, &alice, &first.serial).await.unwrap());
    assert!(!mfa::gives_codes(&mut snapshot, &bob, &first.serial).await.unwrap());
}

#[tokio::test]
async fn one_of_many_takes_the_code() {
    let house = House::new().await;
    let (alice, app) = with_device(&house, "alice").await;
    let alice = owner(&house, &alice);
    house.clock.advance(STEP * 4);
    let code = app.code(&house, 0);
    let at_once = || verifies(&house, &alice, &app.serial, &code);
    let taken = tokio::join!(at_once(), at_once(), at_once(), at_once());
    let taken = [taken.0, taken.1, taken.2, taken.3];
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1, "{taken:?}");
}

#[tokio::test]
async fn wrong_codes_are_counted() {
    let house = House::new().await;
    let (alice, app) = with_device(&house, "alice").await;
    let alice = owner(&house, &alice);
    house.clock.advance(STEP * 4);
    let right = app.code(&house, 0);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..10 {
        assert!(!verifies(&house, &alice, &app.serial, wrong).await);
    }
    assert!(!verifies(&house, &alice, &app.serial, &right).await);
    house.clock.advance(Duration::from_secs(15 * 60));
    assert!(verifies(&house, &alice, &app.serial, &app.code(&house, 0)).await);
}

#[tokio::test]
async fn a_clock_that_is_off_is_learned() {
    let house = House::new().await;
    let root = house.root();
    let (alice, app) = with_device(&house, "alice").await;
    let alice = owner(&house, &alice);
    house.clock.advance(Duration::from_secs(10 * 3600));
    assert!(!verifies(&house, &alice, &app.serial, &app.code(&house, 120)).await);
    for steps in [[482, 483], [120, 122], [120, 120]] {
        let wrong = ask!(root, resync_mfa_device, app.resyncing(&house, "alice", steps));
        assert!(wrong.unwrap_err().is(&INVALID_AUTHENTICATION_CODE));
    }
    ask!(root, resync_mfa_device, app.resyncing(&house, "alice", [119, 120])).unwrap();
    assert!(!verifies(&house, &alice, &app.serial, &app.code(&house, 120)).await, "used");
    house.clock.advance(STEP);
    assert!(verifies(&house, &alice, &app.serial, &app.code(&house, 121)).await);
    let unknown = ResyncMFADeviceRequest {
        serial_number: s("arn:aws:iam::123456789012:mfa/none"),
        ..app.resyncing(&house, "alice", [0, 1])
    };
    refused(
        ask!(root, resync_mfa_device, unknown),
        &NO_SUCH_ENTITY,
        "VirtualMFADevice with serial number arn:aws:iam::123456789012:mfa/none doesn't exist.",
    );
    house.user("bob").await;
    let others = ask!(root, resync_mfa_device, app.resyncing(&house, "bob", [0, 1]));
    refused(others, &NO_SUCH_ENTITY, "MFA Device invalid for user.");
}

#[tokio::test]
async fn eight_devices_and_any_of_them_will_do() {
    let house = House::new().await;
    let root = house.root();
    let alice = house.user("alice").await;
    let mut apps = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        apps.push(App::new(&house, name).await);
    }
    for app in &apps[..8] {
        ask!(root, enable_mfa_device, app.enabling(&house, "alice", [-1, 0])).unwrap();
    }
    let ninth = ask!(root, enable_mfa_device, apps[8].enabling(&house, "alice", [-1, 0]));
    refused(ninth, &LIMIT_EXCEEDED, "Cannot exceed quota for MFADevicesPerUser: 8");
    house.clock.advance(STEP);
    for app in [&apps[0], &apps[7]] {
        let code = app.code(&house, 0);
        assert!(verifies(&house, &owner(&house, &alice), &app.serial, &code).await);
    }
    let page =
        |marker| ListMFADevicesRequest { user_name: some("alice"), marker, max_items: Some(5) };
    let first = ask!(root, list_mfa_devices, page(None)).unwrap();
    let rest = ask!(root, list_mfa_devices, page(first.marker)).unwrap();
    let all: Vec<_> = first.mfa_devices.into_iter().chain(rest.mfa_devices).collect();
    assert_eq!((all.len(), rest.is_truncated), (8, Some(false)));
    assert_eq!(all[7].serial_number, apps[7].serial);
}

#[tokio::test]
async fn a_device_leaves_its_holder_before_it_goes() {
    let house = House::new().await;
    let root = house.root();
    let (alice, app) = with_device(&house, "alice").await;
    let alice = owner(&house, &alice);
    house.user("bob").await;
    refused(
        ask!(root, delete_virtual_mfa_device, app.going()),
        &DELETE_CONFLICT,
        "MFA VirtualDevice in use. Must deactivate first.",
    );
    refused(
        ask!(root, delete_user, DeleteUserRequest { user_name: s("alice") }),
        &DELETE_CONFLICT,
        "Cannot delete entity, must delete MFA device first.",
    );
    let others = ask!(root, deactivate_mfa_device, app.leaving("bob"));
    refused(others, &NO_SUCH_ENTITY, "MFA Device invalid for user.");
    ask!(root, deactivate_mfa_device, app.leaving("alice")).unwrap();
    house.clock.advance(STEP);
    assert!(!verifies(&house, &alice, &app.serial, &app.code(&house, 0)).await);
    let old = ask!(root, enable_mfa_device, app.enabling(&house, "bob", [-2, -1]));
    assert!(old.unwrap_err().is(&INVALID_AUTHENTICATION_CODE), "used codes stay used");
    ask!(root, enable_mfa_device, app.enabling(&house, "bob", [0, 1])).unwrap();
    ask!(root, deactivate_mfa_device, app.leaving("bob")).unwrap();
    ask!(root, delete_virtual_mfa_device, app.going()).unwrap();
    let gone = format!("VirtualMFADevice with serial number {} doesn't exist.", app.serial);
    refused(ask!(root, delete_virtual_mfa_device, app.going()), &NO_SUCH_ENTITY, &gone);
    refused(ask!(root, deactivate_mfa_device, app.leaving("bob")), &NO_SUCH_ENTITY, &gone);
    ask!(root, delete_user, DeleteUserRequest { user_name: s("alice") }).unwrap();
}

#[tokio::test]
async fn lists_tell_who_holds_what() {
    let house = House::new().await;
    let root = house.root();
    let (alice, held) = with_device(&house, "alice").await;
    let free = App::new(&house, "free").await;
    let of_root = App::new(&house, "root").await;
    let mut tx = house.store.write().await.unwrap();
    let keyring = house.store.keyring().clone();
    let (me, now) = (MfaOwner::root(&house.account.id), house.world.now());
    let codes = [&*of_root.code(&house, -1), &*of_root.code(&house, 0)];
    mfa::enable(&mut tx, &keyring, &me, &of_root.serial, codes, now).await.unwrap();
    assert!(mfa::has_device(&mut tx, &me).await.unwrap());
    tx.commit().await.unwrap();

    let by =
        |status| ListVirtualMFADevicesRequest { assignment_status: status, ..Default::default() };
    let list = |status| {
        let (root, input) = (&root, by(status));
        async move { ask!(*root, list_virtual_mfa_devices, input).unwrap().virtual_mfa_devices }
    };
    let all = list(Some(AssignmentStatusType::Any)).await;
    assert_eq!(all, list(None).await);
    let serials: Vec<_> = all.iter().map(|device| &device.serial_number).collect();
    assert_eq!(serials, [&held.serial, &free.serial, &of_root.serial]);
    assert!(all.iter().all(|device| device.base32_string_seed.is_none()));
    assert_eq!(all[0].user.as_ref().unwrap(), &alice);
    assert_eq!(all[2].user.as_ref().unwrap().arn, "arn:aws:iam::123456789012:root");
    let assigned = list(Some(AssignmentStatusType::Assigned)).await;
    assert_eq!(assigned, [all[0].clone(), all[2].clone()]);
    let unassigned = list(Some(AssignmentStatusType::Unassigned)).await;
    assert_eq!(unassigned, [all[1].clone()]);

    let mine = ask!(root, list_mfa_devices, ListMFADevicesRequest::default()).unwrap();
    assert_eq!(mine.mfa_devices[0].serial_number, of_root.serial);
    let get = GetMFADeviceRequest { user_name: some("alice"), serial_number: held.serial };
    let not_fido = ask!(root, get_mfa_device, get);
    refused(not_fido, &NO_SUCH_ENTITY, "MFA Device invalid for user.");

    let summary = ask!(root, get_account_summary).unwrap().summary_map.unwrap();
    let counts = ["MFADevices", "MFADevicesInUse", "AccountMFAEnabled"].map(|key| summary[key]);
    assert_eq!(counts, [3, 2, 1]);
    let leave = DeactivateMFADeviceRequest { user_name: None, serial_number: of_root.serial };
    ask!(root, deactivate_mfa_device, leave).unwrap();
}

#[tokio::test]
async fn another_account_knows_nothing_of_it() {
    let house = House::new().await;
    let (_, app) = with_device(&house, "alice").await;
    let neighbour = house.neighbour().await;
    let gone = ask!(neighbour, delete_virtual_mfa_device, app.going());
    assert!(gone.unwrap_err().is(&NO_SUCH_ENTITY));
    let leave = DeactivateMFADeviceRequest { user_name: None, serial_number: app.serial.clone() };
    assert!(ask!(neighbour, deactivate_mfa_device, leave).unwrap_err().is(&NO_SUCH_ENTITY));
    let list = ListVirtualMFADevicesRequest::default();
    let devices = ask!(neighbour, list_virtual_mfa_devices, list).unwrap().virtual_mfa_devices;
    assert_eq!(devices, []);
    let tags = ListMFADeviceTagsRequest { serial_number: app.serial, ..Default::default() };
    assert!(ask!(neighbour, list_mfa_device_tags, tags).unwrap_err().is(&NO_SUCH_ENTITY));
}

#[tokio::test]
async fn devices_bear_tags() {
    let house = House::new().await;
    let root = house.root();
    let app = App::new(&house, "phone").await;
    let tags: Vec<_> = ["b", "a"].map(|key| Tag { key: s(key), value: s("x") }).into();
    let tag = TagMFADeviceRequest { serial_number: app.serial.clone(), tags };
    ask!(root, tag_mfa_device, tag).unwrap();
    let untag = UntagMFADeviceRequest { serial_number: app.serial.clone(), tag_keys: vec![s("B")] };
    ask!(root, untag_mfa_device, untag).unwrap();
    let list = ListMFADeviceTagsRequest { serial_number: app.serial, ..Default::default() };
    let tags = ask!(root, list_mfa_device_tags, list).unwrap().tags;
    assert_eq!(tags, [Tag { key: s("a"), value: s("x") }]);
}
