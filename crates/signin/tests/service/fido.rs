use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use iam::door::{Caller, Origin};
use signin::{FidoChallenge, FidoForm, FidoKeyForm, FidoOffer, Progress, Refusal, SignedIn};

use crate::house::{House, PASSWORD, ROOT_PASSWORD, signed_in};

const ORIGIN: &str = "https://house.example";

/// A key in software: ES256, attestation `none`.
struct Key {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    count: u32,
}

impl Key {
    fn new(id: &str) -> Self {
        let alg = &ECDSA_P256_SHA256_ASN1_SIGNING;
        Self { pair: EcdsaKeyPair::generate(alg).unwrap(), id: id.into(), count: 0 }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let party = digest(&SHA256, b"house.example");
        [party.as_ref(), &[flags], &self.count.to_be_bytes()].concat()
    }

    /// The public key as COSE: kty EC2, alg -7, crv P-256, x, y.
    fn cose(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [&head[..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat()
    }

    fn registration(&self, offer: &FidoOffer, origin: &str) -> FidoKeyForm {
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let data =
            [self.data(0x41), vec![0; 16], length.to_vec(), self.id.clone(), self.cose()].concat();
        let length = u8::try_from(data.len()).unwrap();
        let object =
            [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58", &[length][..], &data].concat();
        FidoKeyForm {
            token: offer.token.clone(),
            name: "my-key".to_owned(),
            client_data: encoded(&client_data("webauthn.create", &offer.challenge, origin)),
            attestation_object: encoded(&object),
        }
    }

    fn assertion(&mut self, token: &str, asked: &FidoChallenge) -> FidoForm {
        self.count += 1;
        let (data, client) = (self.data(1), client_data("webauthn.get", &asked.challenge, ORIGIN));
        let message = [&data, digest(&SHA256, &client).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &message).unwrap();
        FidoForm {
            token: token.to_owned(),
            credential_id: encoded(&self.id),
            client_data: encoded(&client),
            authenticator_data: encoded(&data),
            signature: encoded(signature.as_ref()),
        }
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
    serde_json::json!({ "type": kind, "challenge": challenge, "origin": origin }).to_string().into()
}

async fn registered(house: &House, caller: &Caller, id: &str) -> Key {
    let key = Key::new(id);
    let offer = house.service.offer_fido_key(caller).await.unwrap();
    let form = key.registration(&offer, ORIGIN);
    house.service.register_fido_key(caller, &form).await.unwrap();
    key
}

async fn session(house: &House, signed_in: SignedIn) -> Caller {
    house.caller(&signed_in).await
}

#[track_caller]
fn asked(progress: Result<Progress, Refusal>) -> (String, FidoChallenge) {
    match progress.unwrap() {
        Progress::MfaRequired { token, fido: Some(fido), .. } => (token, fido),
        other => panic!("no key is asked for: {other:?}"),
    }
}

#[tokio::test]
async fn a_key_is_registered_and_opens_the_next_session() {
    let house = House::new().await;
    house.user("ann", false).await;
    house.attach("ann", "IAMFullAccess").await;
    let ann = session(&house, signed_in(house.enter("ann", PASSWORD).await)).await;
    let mut key = registered(&house, &ann, "key-one").await;
    let (token, challenge) = asked(house.enter("ann", PASSWORD).await);
    assert_eq!(challenge.relying_party_id, "house.example");
    assert_eq!(challenge.credential_ids, [encoded(b"key-one")]);
    let visit = house.visit("192.0.2.1");
    let form = key.assertion(&token, &challenge);
    let entered = signed_in(house.service.fido(&visit, &form).await);
    assert!(entered.mfa_authenticated);
    let replayed = house.service.fido(&visit, &form).await;
    assert!(matches!(replayed, Err(Refusal::Step)), "it works once");
    let (token, _) = asked(house.enter("ann", PASSWORD).await);
    let old = FidoForm { token, ..key.assertion("", &challenge) };
    let refused = house.service.fido(&visit, &old).await;
    assert!(matches!(refused, Err(Refusal::Code)), "an answer to another challenge");
}

#[tokio::test]
async fn strange_and_altered_keys_are_refused() {
    let house = House::new().await;
    let root = session(&house, signed_in(house.enter_root(ROOT_PASSWORD).await)).await;
    let mut key = registered(&house, &root, "key-one").await;
    let (token, challenge) = asked(house.enter_root(ROOT_PASSWORD).await);
    let visit = house.visit("192.0.2.1");
    let strange = Key::new("key-two").assertion(&token, &challenge);
    let impostor = Key::new("key-one").assertion(&token, &challenge);
    for form in [strange, impostor] {
        assert!(matches!(house.service.fido(&visit, &form).await, Err(Refusal::Code)));
    }
    let nonsense = FidoForm { signature: "%".into(), ..key.assertion(&token, &challenge) };
    assert!(matches!(house.service.fido(&visit, &nonsense).await, Err(Refusal::Invalid(_))));
    let right = key.assertion(&token, &challenge);
    assert!(signed_in(house.service.fido(&visit, &right).await).mfa_authenticated);
}

#[tokio::test]
async fn a_registration_is_ones_own_and_for_this_house() {
    let house = House::new().await;
    house.user("ann", false).await;
    let ann = session(&house, signed_in(house.enter("ann", PASSWORD).await)).await;
    let root = session(&house, signed_in(house.enter_root(ROOT_PASSWORD).await)).await;
    let key = Key::new("key-one");
    let offer = house.service.offer_fido_key(&ann).await.unwrap();
    let denied = house.service.register_fido_key(&ann, &key.registration(&offer, ORIGIN)).await;
    assert_eq!(denied.unwrap_err().code(), "AccessDenied", "no policy allows it");
    let anothers = house.service.register_fido_key(&root, &key.registration(&offer, ORIGIN)).await;
    assert!(matches!(anothers, Err(Refusal::Step)));
    let offer = house.service.offer_fido_key(&root).await.unwrap();
    let phished = key.registration(&offer, "https://evil.example");
    let phished = house.service.register_fido_key(&root, &phished).await;
    assert_eq!(phished.unwrap_err().code(), "InvalidKey");
    let mut by_sts = root.clone();
    by_sts.session.as_mut().unwrap().origin = Origin::Sts;
    assert!(matches!(house.service.offer_fido_key(&by_sts).await, Err(Refusal::NotSignedIn)));
    let form = key.registration(&offer, ORIGIN);
    house.service.register_fido_key(&root, &form).await.unwrap();
    let twice = house.service.register_fido_key(&root, &form).await;
    assert!(matches!(twice, Err(Refusal::Step)), "a token works once");
}
