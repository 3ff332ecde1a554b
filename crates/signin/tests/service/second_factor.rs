use std::collections::HashMap;

use aws_lc_rs::hmac;
use base32::decoded;
use signin::{CodeForm, Progress, Refusal};
use wire::iam::{
    CreateVirtualMFADeviceRequest, EnableMFADeviceRequest, UpdateAccountPasswordPolicyRequest,
};

use crate::house::{House, PASSWORD, by_root, must_change, signed_in};

/// An app that shows codes.
pub(crate) struct App {
    pub(crate) serial: String,
    seed: Vec<u8>,
}

mod base32 {
    pub(crate) fn decoded(text: &str) -> Vec<u8> {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let digit = |byte: u8| ALPHABET.iter().position(|known| *known == byte).unwrap();
        let bits: String = text.bytes().map(|byte| format!("{:05b}", digit(byte))).collect();
        let bytes = bits.as_bytes().chunks_exact(8);
        bytes
            .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
            .collect()
    }
}

impl App {
    /// A virtual device that nobody holds yet.
    pub(crate) async fn new(house: &House, name: &str) -> Self {
        let input = CreateVirtualMFADeviceRequest {
            virtual_mfa_device_name: name.to_owned(),
            ..Default::default()
        };
        let device = by_root!(house, create_virtual_mfa_device, input).virtual_mfa_device;
        let seed = device.base32_string_seed.unwrap();
        Self { serial: device.serial_number, seed: decoded(seed.expose_text().unwrap()) }
    }

    /// A virtual device of a user; the clock then stands where its next code is a new one.
    pub(crate) async fn of(house: &House, user: &str, name: &str) -> Self {
        let app = Self::new(house, name).await;
        let input = EnableMFADeviceRequest {
            user_name: user.to_owned(),
            serial_number: app.serial.clone(),
            authentication_code1: app.code(house, 0).into(),
            authentication_code2: app.code(house, 1).into(),
        };
        by_root!(house, enable_mfa_device, input);
        house.advance(60);
        app
    }

    /// The code so many steps of 30 seconds from now (RFC 6238).
    pub(crate) fn code(&self, house: &House, steps: i64) -> String {
        let step = house.world.now().as_seconds() / 30 + steps;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.seed);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let at = usize::from(tag.as_ref()[19] & 15);
        let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }
}

fn form(token: &str, code: &str) -> CodeForm {
    CodeForm { token: token.to_owned(), serial_number: None, code: code.to_owned() }
}

#[track_caller]
fn needs_code(progress: Result<Progress, Refusal>) -> (String, Vec<String>) {
    match progress.unwrap() {
        Progress::MfaRequired { token, devices, .. } => {
            (token, devices.into_iter().map(|device| device.serial_number).collect())
        }
        other => panic!("no second factor is needed: {other:?}"),
    }
}

#[tokio::test]
async fn any_one_device_will_do_and_each_code_once() {
    let house = House::new().await;
    house.user("ann", false).await;
    let (first, second) =
        (App::of(&house, "ann", "one").await, App::of(&house, "ann", "two").await);
    let (token, devices) = needs_code(house.enter("ann", PASSWORD).await);
    assert_eq!(devices, [&*first.serial, &*second.serial]);
    let visit = house.visit("192.0.2.1");
    let code = second.code(&house, 0);
    let session = signed_in(house.service.code(&visit, &form(&token, &code)).await);
    assert!(session.mfa_authenticated);
    let facts = house.caller(&session).await.session.unwrap();
    assert_eq!(facts.mfa_at, Some(visit.now));
    let event = &house.events("ConsoleLogin", 1).await[0];
    assert_eq!(event["additionalEventData"]["MFAUsed"], "Yes");
    assert_eq!(event["additionalEventData"]["MFAIdentifier"], *second.serial);

    let replayed = house.service.code(&visit, &form(&token, &first.code(&house, 0))).await;
    assert!(matches!(replayed, Err(Refusal::Step)), "the token is used up");
    let (token, _) = needs_code(house.enter("ann", PASSWORD).await);
    let again = house.service.code(&visit, &form(&token, &code)).await;
    assert!(matches!(again, Err(Refusal::Code)), "the code is used up");
    let named = CodeForm {
        serial_number: Some(second.serial.clone()),
        ..form(&token, &first.code(&house, 0))
    };
    let of_another = house.service.code(&visit, &named).await;
    assert!(matches!(of_another, Err(Refusal::Code)));
    signed_in(house.service.code(&visit, &form(&token, &first.code(&house, 0))).await);
}

#[tokio::test]
async fn codes_are_guessed_at_only_so_often() {
    let house = House::new().await;
    house.user("ann", false).await;
    let app = App::of(&house, "ann", "one").await;
    let (token, _) = needs_code(house.enter("ann", PASSWORD).await);
    let (visit, right) = (house.visit("192.0.2.1"), app.code(&house, 0));
    for wrong in ["", "12345", "abcdef", "1234567", "\u{0661}23456"] {
        let refusal = house.service.code(&visit, &form(&token, wrong)).await;
        assert!(matches!(refusal, Err(Refusal::Code)), "{wrong}");
    }
    let locked = house.service.code(&visit, &form(&token, &right)).await;
    assert!(matches!(locked, Err(Refusal::TooMany { .. })));
    let elsewhere = house.service.code(&house.visit("192.0.2.2"), &form(&token, &right)).await;
    signed_in(elsewhere);
    let failures = house.events("ConsoleLogin", 7).await;
    assert!(failures.iter().any(|e| e["errorMessage"] == "Failed authentication"
        && e["additionalEventData"]["MFAUsed"] == "Yes"));
}

#[tokio::test]
async fn a_password_alone_tells_nothing_of_devices() {
    let house = House::new().await;
    house.user("ann", false).await;
    App::of(&house, "ann", "one").await;
    assert!(matches!(house.enter("ann", "x").await, Err(Refusal::Incorrect)));
    let (token, _) = needs_code(house.enter("ann", PASSWORD).await);
    house.advance(300);
    let late = house.service.code(&house.visit("192.0.2.1"), &form(&token, "123456")).await;
    assert!(matches!(late, Err(Refusal::Step)));
}

#[tokio::test]
async fn the_second_factor_comes_before_a_forced_change() {
    let house = House::new().await;
    house.user("ann", true).await;
    let rules = UpdateAccountPasswordPolicyRequest {
        allow_users_to_change_password: Some(true),
        ..Default::default()
    };
    house.policy(rules).await;
    let app = App::of(&house, "ann", "one").await;
    let (token, _) = needs_code(house.enter("ann", PASSWORD).await);
    let visit = house.visit("192.0.2.1");
    let code = app.code(&house, 0);
    let (token, _) = must_change(house.service.code(&visit, &form(&token, &code)).await);
    let next = signin::NewPasswordForm {
        token,
        old_password: PASSWORD.into(),
        new_password: "Correct-Horse-2".into(),
    };
    let session = signed_in(house.service.new_password(&visit, &next).await);
    assert!(session.mfa_authenticated, "what was shown before counts");
}

#[tokio::test]
async fn of_two_with_one_code_one_gets_in() {
    let house = House::new().await;
    house.user("ann", false).await;
    let app = App::of(&house, "ann", "one").await;
    let code = app.code(&house, 0);
    let (one, _) = needs_code(house.enter("ann", PASSWORD).await);
    let (two, _) = needs_code(house.enter("ann", PASSWORD).await);
    let visit = house.visit("192.0.2.1");
    let (one, two) = (form(&one, &code), form(&two, &code));
    let (one, two) =
        tokio::join!(house.service.code(&visit, &one), house.service.code(&visit, &two));
    let outcomes: HashMap<bool, usize> =
        [one.is_ok(), two.is_ok()].iter().fold(HashMap::new(), |mut counts, ok| {
            *counts.entry(*ok).or_default() += 1;
            counts
        });
    assert_eq!(outcomes, HashMap::from([(true, 1), (false, 1)]));
}
