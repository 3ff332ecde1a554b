//! FIDO keys: registered and asked by plain functions, listed and deactivated by the operations.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use iam::{
    fido::{self, Assertion, Expected, NewKey, Refused},
    mfa::{self, MfaOwner},
};
use minicbor::{Encoder, data::Int};
use proptest::prelude::*;
use wire::{
    errors::VALIDATION,
    iam::{
        DeactivateMFADeviceRequest, DeleteUserRequest, DeleteVirtualMFADeviceRequest,
        GetMFADeviceRequest, ListMFADevicesRequest, ListVirtualMFADevicesRequest,
        errors::{DELETE_CONFLICT, ENTITY_ALREADY_EXISTS, LIMIT_EXCEEDED, NO_SUCH_ENTITY},
    },
};

use crate::house::{House, ask, refused, s, some};

const RELYING_PARTY: &str = "chancery.example";
const ORIGIN: &str = "https://chancery.example";
const CHALLENGE: &[u8] = b"0123456789abcdef0123456789abcdef";
const EXPECTED: Expected<'static> =
    Expected { challenge: CHALLENGE, relying_party: RELYING_PARTY, origin: ORIGIN };

/// The secret half of a credential.
enum Secret {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rs256(Box<rsa::KeyPair>),
}

/// An authenticator in software, and the browser in front of it.
struct Authenticator {
    id: Vec<u8>,
    secret: Secret,
    count: u32,
    present: bool,
}

/// What a browser sends to register.
struct Registration {
    client_data: Vec<u8>,
    object: Vec<u8>,
}

/// What a browser sends when a key has signed.
struct Signed {
    id: Vec<u8>,
    client_data: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn assertion(&self) -> Assertion<'_> {
        Assertion {
            credential_id: &self.id,
            client_data: &self.client_data,
            authenticator_data: &self.data,
            signature: &self.signature,
        }
    }
}

impl Authenticator {
    fn new(secret: Secret) -> Self {
        let id = aws_lc_rs::rand::SystemRandom::new();
        let mut bytes = [0; 32];
        aws_lc_rs::rand::SecureRandom::fill(&id, &mut bytes).unwrap();
        Self { id: bytes.to_vec(), secret, count: 0, present: true }
    }

    fn es256() -> Self {
        Self::new(Secret::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()))
    }

    fn of_every_kind() -> [Self; 3] {
        let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        [
            Self::es256(),
            Self::new(Secret::Ed25519(Ed25519KeyPair::generate().unwrap())),
            Self::new(Secret::Rs256(Box::new(rsa))),
        ]
    }

    fn cose(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        match &self.secret {
            Secret::Es256(pair) => {
                let point = pair.public_key().as_ref();
                encoder
                    .map(5)
                    .unwrap()
                    .i8(1)
                    .unwrap()
                    .i8(2)
                    .unwrap()
                    .i8(3)
                    .unwrap()
                    .i8(-7)
                    .unwrap();
                encoder.i8(-1).unwrap().i8(1).unwrap();
                encoder.i8(-2).unwrap().bytes(&point[1..33]).unwrap();
                encoder.i8(-3).unwrap().bytes(&point[33..]).unwrap();
            }
            Secret::Ed25519(pair) => {
                encoder
                    .map(4)
                    .unwrap()
                    .i8(1)
                    .unwrap()
                    .i8(1)
                    .unwrap()
                    .i8(3)
                    .unwrap()
                    .i8(-8)
                    .unwrap();
                encoder.i8(-1).unwrap().i8(6).unwrap();
                encoder.i8(-2).unwrap().bytes(pair.public_key().as_ref()).unwrap();
            }
            Secret::Rs256(pair) => {
                let (modulus, exponent) = numbers(pair.public_key().as_ref());
                encoder.map(4).unwrap().i8(1).unwrap().i8(3).unwrap();
                encoder.i8(3).unwrap().int(Int::from(-257_i64)).unwrap();
                encoder.i8(-1).unwrap().bytes(modulus).unwrap();
                encoder.i8(-2).unwrap().bytes(exponent).unwrap();
            }
        }
        encoder.into_writer()
    }

    fn algorithm(&self) -> i64 {
        match self.secret {
            Secret::Es256(_) => -7,
            Secret::Ed25519(_) => -8,
            Secret::Rs256(_) => -257,
        }
    }

    fn data(&self, relying_party: &str, attested: bool) -> Vec<u8> {
        let mut data = digest(&SHA256, relying_party.as_bytes()).as_ref().to_vec();
        data.push(u8::from(self.present) | if attested { 0x40 } else { 0 });
        data.extend(self.count.to_be_bytes());
        if attested {
            data.extend([7; 16]);
            data.extend((self.id.len() as u16).to_be_bytes());
            data.extend(&self.id);
            data.extend(self.cose());
        }
        data
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.secret {
            Secret::Es256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Secret::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Secret::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// Attested by the key itself, or not at all.
    fn register(&self, attested: bool) -> Registration {
        let client_data = client_data("webauthn.create", CHALLENGE, ORIGIN);
        let data = self.data(RELYING_PARTY, true);
        let mut encoder = Encoder::new(Vec::new());
        encoder.map(3).unwrap().str("fmt").unwrap();
        if attested {
            let message = [&data[..], digest(&SHA256, &client_data).as_ref()].concat();
            encoder.str("packed").unwrap().str("attStmt").unwrap().map(2).unwrap();
            encoder.str("alg").unwrap().i64(self.algorithm()).unwrap();
            encoder.str("sig").unwrap().bytes(&self.sign(&message)).unwrap();
        } else {
            encoder.str("none").unwrap().str("attStmt").unwrap().map(0).unwrap();
        }
        encoder.str("authData").unwrap().bytes(&data).unwrap();
        Registration { client_data, object: encoder.into_writer() }
    }

    fn new_key(&self) -> NewKey {
        let made = self.register(false);
        fido::verify_registration(&EXPECTED, &made.client_data, &made.object).unwrap()
    }

    /// Touched once more.
    fn assert(&mut self) -> Signed {
        self.count += 1;
        self.assert_as(RELYING_PARTY, client_data("webauthn.get", CHALLENGE, ORIGIN))
    }

    fn assert_as(&self, relying_party: &str, client_data: Vec<u8>) -> Signed {
        let data = self.data(relying_party, false);
        let message = [&data[..], digest(&SHA256, &client_data).as_ref()].concat();
        Signed { id: self.id.clone(), signature: self.sign(&message), client_data, data }
    }
}

/// Modulus and exponent of a 2048-bit key in PKCS #1.
fn numbers(der: &[u8]) -> (&[u8], &[u8]) {
    // SEQUENCE (4 bytes), INTEGER (4 bytes), a zero, 256 bytes, INTEGER (2 bytes), exponent
    (&der[9..265], &der[267..])
}

fn client_data(kind: &str, challenge: &[u8], origin: &str) -> Vec<u8> {
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    let text = format!(
        r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false,"x":1}}"#
    );
    text.into_bytes()
}

async fn register(
    house: &House,
    owner: &MfaOwner,
    name: &str,
    key: &NewKey,
) -> Result<String, wire::Error> {
    house.clock.advance(std::time::Duration::from_micros(1));
    let mut tx = house.store.write().await.unwrap();
    let now = house.world.now();
    let serial = fido::register(&mut tx, &house.world, owner, name, key, now).await?;
    tx.commit().await.unwrap();
    Ok(serial)
}

async fn check(house: &House, owner: &MfaOwner, signed: &Signed) -> Result<(), Refused> {
    let mut tx = house.store.write().await.unwrap();
    let assertion = signed.assertion();
    let checked = fido::check_assertion(&mut tx, owner, &EXPECTED, &assertion).await.unwrap();
    tx.commit().await.unwrap();
    checked
}

async fn user(house: &House, name: &str) -> MfaOwner {
    let user = house.user(name).await;
    MfaOwner::user(&house.account.id, &user.user_id)
}

#[tokio::test]
async fn keys_of_every_kind_are_registered_and_asked() {
    let house = House::new().await;
    let alice = user(&house, "alice").await;
    for mut key in Authenticator::of_every_kind() {
        for attested in [false, true] {
            let made = key.register(attested);
            let new = fido::verify_registration(&EXPECTED, &made.client_data, &made.object);
            assert_eq!(new.unwrap(), key.new_key());
        }
        assert_eq!((key.new_key().credential_id, key.new_key().model), (key.id.clone(), [7; 16]));
        register(&house, &alice, "key", &key.new_key()).await.unwrap();
        assert_eq!(check(&house, &alice, &key.assert()).await, Ok(()));
        assert_eq!(check(&house, &alice, &key.assert()).await, Ok(()));
    }
    let mut snapshot = house.store.read().await.unwrap();
    let keys = fido::keys(&mut snapshot, &alice).await.unwrap();
    assert_eq!(keys.len(), 3);
    assert!(fido::ALGORITHMS.iter().all(|algorithm| [-7, -8, -257].contains(algorithm)));
    assert_ne!(fido::challenge(&house.world), fido::challenge(&house.world));
}

#[tokio::test]
async fn what_was_signed_for_somebody_else_is_refused() {
    let house = House::new().await;
    let (alice, bob) = (user(&house, "alice").await, user(&house, "bob").await);
    let mut key = Authenticator::es256();
    register(&house, &alice, "key", &key.new_key()).await.unwrap();
    let get = |challenge: &[u8], origin: &str| client_data("webauthn.get", challenge, origin);
    key.count = 1;
    let wrong = [
        (get(b"another challenge", ORIGIN), RELYING_PARTY, Refused::Challenge),
        (get(CHALLENGE, "https://evil.example"), RELYING_PARTY, Refused::Origin),
        (get(CHALLENGE, ORIGIN), "evil.example", Refused::RelyingParty),
        (client_data("webauthn.create", CHALLENGE, ORIGIN), RELYING_PARTY, Refused::ClientData),
        (b"{}".to_vec(), RELYING_PARTY, Refused::ClientData),
    ];
    for (client_data, relying_party, reason) in wrong {
        let signed = key.assert_as(relying_party, client_data);
        assert_eq!(check(&house, &alice, &signed).await, Err(reason));
    }
    let framed = String::from_utf8(get(CHALLENGE, ORIGIN)).unwrap().replace("false", "true");
    let signed = key.assert_as(RELYING_PARTY, framed.into_bytes());
    assert_eq!(check(&house, &alice, &signed).await, Err(Refused::Origin));

    let good = key.assert_as(RELYING_PARTY, get(CHALLENGE, ORIGIN));
    assert_eq!(check(&house, &bob, &good).await, Err(Refused::UnknownKey));
    let mut other = Authenticator::es256();
    other.id.clone_from(&key.id);
    assert_eq!(check(&house, &alice, &other.assert()).await, Err(Refused::Signature));
    key.present = false;
    assert_eq!(check(&house, &alice, &key.assert()).await, Err(Refused::NobodyPresent));
    assert_eq!(check(&house, &alice, &good).await, Ok(()));
}

#[tokio::test]
async fn a_counter_that_stands_still_tells_of_a_copy() {
    let house = House::new().await;
    let alice = user(&house, "alice").await;
    let mut key = Authenticator::es256();
    key.count = 5;
    register(&house, &alice, "key", &key.new_key()).await.unwrap();
    let get = || client_data("webauthn.get", CHALLENGE, ORIGIN);
    let same = key.assert_as(RELYING_PARTY, get());
    assert_eq!(check(&house, &alice, &same).await, Err(Refused::Cloned));
    assert_eq!(check(&house, &alice, &key.assert()).await, Ok(()));
    key.count = 0;
    let back = key.assert_as(RELYING_PARTY, get());
    assert_eq!(check(&house, &alice, &back).await, Err(Refused::Cloned));
    let countless = Authenticator::es256();
    register(&house, &alice, "passkey", &countless.new_key()).await.unwrap();
    for _ in 0..2 {
        let signed = countless.assert_as(RELYING_PARTY, get());
        assert_eq!(check(&house, &alice, &signed).await, Ok(()), "it does not count");
    }
}

#[tokio::test]
async fn a_registration_must_be_whole_and_for_us() {
    let key = Authenticator::es256();
    let made = key.register(true);
    let refusal = |client_data: &[u8], object: &[u8]| {
        fido::verify_registration(&EXPECTED, client_data, object).err()
    };
    let other = client_data("webauthn.get", CHALLENGE, ORIGIN);
    assert_eq!(refusal(&other, &made.object), Some(Refused::ClientData));
    let other = client_data("webauthn.create", CHALLENGE, "https://chancery.example.evil");
    assert_eq!(refusal(&other, &made.object), Some(Refused::Origin));
    let mut longer = made.object.clone();
    longer.push(0);
    assert_eq!(refusal(&made.client_data, &longer), Some(Refused::Malformed));
    let last = made.object.len() - 1;
    assert_eq!(refusal(&made.client_data, &made.object[..last]), Some(Refused::Malformed));
    let at = made.object.windows(3).position(|part| part == b"sig").unwrap() + 20;
    let mut forged = made.object.clone();
    forged[at] ^= 1;
    assert_eq!(refusal(&made.client_data, &forged), Some(Refused::Attestation));
    let at = made.object.windows(6).position(|part| part == b"packed").unwrap();
    let mut renamed = made.object;
    renamed[at..at + 6].copy_from_slice(b"apples");
    assert_eq!(refusal(&made.client_data, &renamed), Some(Refused::Attestation));
}

#[tokio::test]
async fn the_operations_know_it_as_a_device() {
    let house = House::new().await;
    let root = house.root();
    let alice = user(&house, "Alice").await;
    let key = Authenticator::es256();
    let mut new = key.new_key();
    new.certifications = [(s("FIDO"), s("L1"))].into();
    let serial = register(&house, &alice, "desk", &new).await.unwrap();
    assert!(serial.starts_with("arn:aws:iam::123456789012:u2f/user/Alice/desk-"), "{serial}");
    let again = register(&house, &alice, "again", &new).await;
    refused(again, &ENTITY_ALREADY_EXISTS, "MFA Device is already in use.");
    for name in ["", "a/b", "a b", &"n".repeat(65)] {
        let new = Authenticator::es256().new_key();
        assert!(register(&house, &alice, name, &new).await.unwrap_err().is(&VALIDATION));
    }
    let list = ListMFADevicesRequest { user_name: some("alice"), ..Default::default() };
    let devices = ask!(root, list_mfa_devices, list).unwrap().mfa_devices;
    assert_eq!((devices.len(), &devices[0].serial_number), (1, &serial));
    let get = GetMFADeviceRequest { user_name: some("alice"), serial_number: serial.clone() };
    let device = ask!(root, get_mfa_device, get.clone()).unwrap();
    assert_eq!(device.user_name.as_deref(), Some("Alice"));
    assert_eq!(device.certifications.unwrap()["FIDO"], "L1");
    let virtual_ones = ListVirtualMFADevicesRequest::default();
    let virtual_ones = ask!(root, list_virtual_mfa_devices, virtual_ones).unwrap();
    assert_eq!(virtual_ones.virtual_mfa_devices, []);
    let delete = DeleteVirtualMFADeviceRequest { serial_number: serial.clone() };
    assert!(ask!(root, delete_virtual_mfa_device, delete).unwrap_err().is(&NO_SUCH_ENTITY));

    let mut tx = house.store.write().await.unwrap();
    let (keyring, now) = (house.store.keyring().clone(), house.world.now());
    let code = mfa::verify_code(&mut tx, &keyring, &alice, &serial, "123456", now).await;
    assert!(!code.unwrap() && !mfa::gives_codes(&mut tx, &alice, &serial).await.unwrap());
    assert!(mfa::has_device(&mut tx, &alice).await.unwrap());
    drop(tx);

    let gone = DeleteUserRequest { user_name: s("alice") };
    assert!(ask!(root, delete_user, gone.clone()).unwrap_err().is(&DELETE_CONFLICT));
    let leave = DeactivateMFADeviceRequest { user_name: some("alice"), serial_number: serial };
    ask!(root, deactivate_mfa_device, leave).unwrap();
    assert!(ask!(root, get_mfa_device, get).unwrap_err().is(&NO_SUCH_ENTITY));
    register(&house, &MfaOwner::root(&house.account.id), "again", &new).await.unwrap();
    ask!(root, delete_user, gone).unwrap();
    let nobody = register(&house, &alice, "key", &Authenticator::es256().new_key()).await;
    assert!(nobody.unwrap_err().is(&NO_SUCH_ENTITY));
}

#[tokio::test]
async fn eight_devices_of_all_kinds() {
    let house = House::new().await;
    let alice = user(&house, "alice").await;
    for _ in 0..8 {
        register(&house, &alice, "key", &Authenticator::es256().new_key()).await.unwrap();
    }
    let ninth = register(&house, &alice, "key", &Authenticator::es256().new_key()).await;
    refused(ninth, &LIMIT_EXCEEDED, "Cannot exceed quota for MFADevicesPerUser: 8");
}

/// The vectors of the standard.
mod vectors {
    use super::*;

    fn load() -> serde_json::Value {
        serde_json::from_str(include_str!("../data/webauthn.json")).unwrap()
    }

    fn bytes(of: &serde_json::Value, name: &str) -> Vec<u8> {
        let digits = of[name].as_str().unwrap();
        (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect()
    }

    fn expected(challenge: &[u8]) -> Expected<'_> {
        Expected { challenge, relying_party: "example.org", origin: "https://example.org" }
    }

    fn registered(vector: &serde_json::Value) -> Result<NewKey, Refused> {
        let made = &vector["registration"];
        let (challenge, object) = (bytes(made, "challenge"), bytes(made, "attestationObject"));
        fido::verify_registration(&expected(&challenge), &bytes(made, "clientDataJSON"), &object)
    }

    #[tokio::test]
    async fn are_taken() {
        let house = House::new().await;
        let alice = user(&house, "alice").await;
        let vectors = load();
        for name in [
            "none-es256",
            "none-es256-long-credential-id",
            "packed-self-es256",
            "packed-es256",
            "packed-eddsa",
            "packed-rs256",
        ] {
            let key = registered(&vectors[name]).unwrap();
            assert_eq!(key.credential_id, bytes(&vectors[name]["registration"], "credential_id"));
            register(&house, &alice, name, &key).await.unwrap();
            let signed = &vectors[name]["authentication"];
            let challenge = bytes(signed, "challenge");
            let client_data = bytes(signed, "clientDataJSON");
            let mut data = bytes(signed, "authenticatorData");
            let signature = bytes(signed, "signature");
            for (altered, result) in [(true, Err(Refused::Signature)), (false, Ok(()))] {
                data[36] ^= u8::from(altered) * 2;
                let assertion = Assertion {
                    credential_id: &key.credential_id,
                    client_data: &client_data,
                    authenticator_data: &data,
                    signature: &signature,
                };
                let mut tx = house.store.write().await.unwrap();
                let expected = expected(&challenge);
                let checked = fido::check_assertion(&mut tx, &alice, &expected, &assertion).await;
                assert_eq!(checked.unwrap(), result, "{name}");
                data[36] ^= u8::from(altered) * 2;
            }
        }
    }

    #[test]
    fn of_what_is_not_taken_are_refused() {
        let vectors = load();
        for (name, reason) in [
            ("none-es256-crossOrigin", Refused::Origin),
            ("packed-es384", Refused::Malformed),
            ("tpm-es256", Refused::Attestation),
            ("apple-es256", Refused::Attestation),
            ("fido-u2f-es256", Refused::Attestation),
        ] {
            assert_eq!(registered(&vectors[name]).unwrap_err(), reason, "{name}");
        }
    }

    #[test]
    fn with_one_byte_changed_are_refused() {
        let vectors = load();
        let mut vector = vectors["packed-es256"].clone();
        let object = bytes(&vector["registration"], "attestationObject");
        let digits =
            |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        // The data that was signed is at the end: the model of the key, its id and its points.
        for at in (object.len() - 140..object.len()).step_by(7) {
            let mut altered = object.clone();
            altered[at] ^= 1;
            vector["registration"]["attestationObject"] = digits(&altered).into();
            assert!(registered(&vector).is_err(), "{at}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
        static MADE: std::sync::LazyLock<Registration> =
            std::sync::LazyLock::new(|| Authenticator::es256().register(true));
        let refusal = fido::verify_registration(&EXPECTED, &MADE.client_data, &bytes);
        prop_assert!(refusal.is_err());
        let _ = fido::verify_registration(&EXPECTED, &bytes, &MADE.object);
        let mut altered = MADE.object.clone();
        let at = at.index(altered.len());
        prop_assume!(altered[at] != byte);
        altered[at] = byte;
        let _ = fido::verify_registration(&EXPECTED, &MADE.client_data, &altered);
    }
}
