//! FIDO keys and passkeys (W3C Web Authentication, Level 2): registered by who is signed in, and shown as second
//! factors. Nothing is kept between asking and answering: the challenge is sealed into the token that works once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use iam::{
    door::{Call, Caller, Origin, Outcome, Record, Resource},
    fido::{self, Assertion, Expected, NewKey},
    mfa::MfaOwner,
};
use serde::{Deserialize, Serialize};
use store::Snapshot;
use world::Timestamp;

use crate::{Refusal, Service, credentials::iso8601, step};

/// What tokens of registrations are sealed for.
const PURPOSE: &str = "fido-registration";

/// The longest token that is looked at, in characters.
const TOKEN_CHARS_MAX: usize = 2_048;

/// What a browser is to be asked for: `navigator.credentials.get` takes its parts. Bytes are base64url.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FidoChallenge {
    /// What is to be signed.
    pub challenge: String,
    /// For which domain.
    pub relying_party_id: String,
    /// By which keys.
    pub credential_ids: Vec<String>,
}

/// What a browser answered to it. Bytes are base64url.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FidoForm {
    /// The token of the step.
    pub token: String,
    /// The key.
    pub credential_id: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `authenticatorData`.
    pub authenticator_data: String,
    /// The signature.
    pub signature: String,
}

/// What a browser needs to make a key: `navigator.credentials.create` takes its parts. Bytes are base64url.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FidoOffer {
    /// What carries the registration on.
    pub token: String,
    /// How long it does.
    #[serde(serialize_with = "iso8601")]
    pub expires_at: Timestamp,
    /// What is to be signed.
    pub challenge: String,
    /// For which domain.
    pub relying_party_id: String,
    /// The person's id.
    pub user_id: String,
    /// The person's name.
    pub user_name: String,
    /// The algorithms that will do, best first.
    pub algorithms: [i64; 3],
    /// The keys that the person has already.
    pub credential_ids: Vec<String>,
}

/// What a browser answered to it. Bytes are base64url.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FidoKeyForm {
    /// The token of the registration.
    pub token: String,
    /// How the person calls the key.
    pub name: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `attestationObject`.
    pub attestation_object: String,
}

/// A key that was registered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FidoKey {
    /// Its serial number, an ARN.
    pub serial_number: String,
}

/// A registration that was begun.
#[derive(Serialize, Deserialize)]
struct Ticket {
    id: String,
    /// The account and the id of the person.
    owner: (String, String),
    challenge: Vec<u8>,
    expires_at_micros: i64,
}

/// What a browser answered, as bytes.
pub(crate) struct Shown {
    credential_id: Vec<u8>,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
}

impl Shown {
    pub(crate) fn of(form: &FidoForm) -> Result<Self, Refusal> {
        Ok(Self {
            credential_id: bytes(&form.credential_id)?,
            client_data: bytes(&form.client_data)?,
            authenticator_data: bytes(&form.authenticator_data)?,
            signature: bytes(&form.signature)?,
        })
    }

    pub(crate) fn credential_id(&self) -> &[u8] {
        &self.credential_id
    }

    pub(crate) fn assertion(&self) -> Assertion<'_> {
        Assertion {
            credential_id: &self.credential_id,
            client_data: &self.client_data,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
        }
    }
}

impl Service {
    /// What to ask a browser for that is to show one of the person's keys; none where there is no key.
    pub(crate) async fn fido_challenge(
        &self,
        snapshot: &mut Snapshot,
        owner: &MfaOwner,
        challenge: &[u8],
    ) -> Result<Option<FidoChallenge>, store::Error> {
        let credential_ids = credential_ids(snapshot, owner).await?;
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let relying_party_id = self.settings.host.clone();
        let some = !credential_ids.is_empty();
        Ok(some.then_some(FidoChallenge { challenge, relying_party_id, credential_ids }))
    }

    /// What an answer to `challenge` must be about.
    pub(crate) fn expected<'a>(&'a self, challenge: &'a [u8]) -> Expected<'a> {
        let Self { settings, .. } = self;
        Expected { challenge, relying_party: &settings.host, origin: &settings.origin }
    }

    /// Begins to register a key for who is signed in.
    ///
    /// # Errors
    /// [`Refusal::NotSignedIn`].
    pub async fn offer_fido_key(&self, caller: &Caller) -> Result<FidoOffer, Refusal> {
        let owner = owner(caller)?;
        let now = caller.request.now;
        let challenge = fido::challenge(self.world());
        let expires_at = now.saturating_add(step::STEP_TIME);
        let ticket = Ticket {
            id: self.world().random_hex::<16>(),
            owner: (caller.account.clone(), caller.user_id().into_owned()),
            challenge: challenge.to_vec(),
            expires_at_micros: expires_at.as_micros(),
        };
        let plain = serde_json::to_vec(&ticket).map_err(Refusal::internal)?;
        let mut snapshot = self.store.read().await?;
        Ok(FidoOffer {
            token: URL_SAFE_NO_PAD.encode(self.store.keyring().seal(PURPOSE, &plain)?),
            expires_at,
            challenge: URL_SAFE_NO_PAD.encode(challenge),
            relying_party_id: self.settings.host.clone(),
            user_id: URL_SAFE_NO_PAD.encode(caller.user_id().as_bytes()),
            user_name: caller.user_name().unwrap_or("root").to_owned(),
            algorithms: fido::ALGORITHMS,
            credential_ids: credential_ids(&mut snapshot, &owner).await?,
        })
    }

    /// Registers a key for who is signed in. A user needs `iam:EnableMFADevice` for that, on itself.
    ///
    /// # Errors
    /// [`Refusal::NotSignedIn`], [`Refusal::Step`], [`Refusal::Fido`]; what `EnableMFADevice` says.
    pub async fn register_fido_key(
        &self,
        caller: &Caller,
        form: &FidoKeyForm,
    ) -> Result<FidoKey, Refusal> {
        let owner = owner(caller)?;
        let ticket = self.open_ticket(caller, &form.token)?;
        let expected = self.expected(&ticket.challenge);
        let (client_data, object) = (bytes(&form.client_data)?, bytes(&form.attestation_object)?);
        let key = fido::verify_registration(&expected, &client_data, &object)?;
        let serial_number =
            again!(self.try_register_fido(caller, &owner, &ticket, (&form.name, &key)))?;
        Ok(FidoKey { serial_number })
    }

    async fn try_register_fido(
        &self,
        caller: &Caller,
        owner: &MfaOwner,
        ticket: &Ticket,
        (name, key): (&str, &NewKey),
    ) -> Result<String, Refusal> {
        let (world, now) = (self.world(), caller.request.now);
        let end = Timestamp::from_micros(ticket.expires_at_micros);
        let mut call = Call::new(self.door.clone(), caller.clone(), self.door.snapshot().await?);
        let target = Resource::arn(caller.arn());
        let tx = call.write("iam:EnableMFADevice", target).await?;
        step::use_up(tx, &ticket.id, end, now).await?;
        let serial = fido::register(tx, world, owner, name, key, now).await?;
        let record = Record {
            event_source: "iam.amazonaws.com",
            event_name: "EnableMFADevice",
            service: "iam",
            request_parameters: Some(serde_json::json!({ "serialNumber": serial }).to_string()),
            outcome: Outcome::Succeeded { response_elements: None },
        };
        call.succeed(record).await?;
        Ok(serial)
    }

    fn open_ticket(&self, caller: &Caller, token: &str) -> Result<Ticket, Refusal> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(Refusal::Step);
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| Refusal::Step)?;
        let plain = self.store.keyring().open(PURPOSE, &sealed).map_err(|_| Refusal::Step)?;
        let ticket: Ticket = serde_json::from_slice(plain.expose()).map_err(|_| Refusal::Step)?;
        let own = (ticket.owner.0.as_str(), ticket.owner.1.as_str())
            == (caller.account.as_str(), &*caller.user_id());
        let in_time = Timestamp::from_micros(ticket.expires_at_micros) > caller.request.now;
        if own && in_time { Ok(ticket) } else { Err(Refusal::Step) }
    }
}

/// Who is to hold the key: root or a user, who signed in here.
fn owner(caller: &Caller) -> Result<MfaOwner, Refusal> {
    let signed_in = caller.session.as_ref().is_some_and(|facts| facts.origin == Origin::SignIn);
    MfaOwner::of(caller).filter(|_| signed_in).ok_or(Refusal::NotSignedIn)
}

async fn credential_ids(
    snapshot: &mut Snapshot,
    owner: &MfaOwner,
) -> Result<Vec<String>, store::Error> {
    let keys = fido::keys(snapshot, owner).await?;
    Ok(keys.iter().map(|key| URL_SAFE_NO_PAD.encode(&key.credential_id)).collect())
}

fn bytes(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Invalid("A member is not base64url."))
}
