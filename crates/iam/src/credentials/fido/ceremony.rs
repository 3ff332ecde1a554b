//! The two ceremonies: a key is registered (section 7.1), and a key proves that it is there (section 7.2). Pure.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use minicbor::Decoder;
use serde::Deserialize;
use world::Secret;
use x509_parser::oid_registry::{Oid, asn1_rs::oid};

use super::{
    authenticator::{AuthenticatorData, Credential},
    cose::PublicKey,
};
use crate::x509::Certificate;

/// Bytes of anything that a browser sends in a ceremony, at most.
const INPUT_BYTES_MAX: usize = 64 * 1024;

/// Entries of an attestation object's map at most.
const ENTRIES_MAX: u64 = 8;

/// In a maker's certificate, the model that it is for (section 8.2.1).
const MODEL_EXTENSION: Oid<'static> = oid!(1.3.6.1.4.1.45724.1.1.4);

/// What a ceremony must be about.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The challenge that was given for this ceremony, and for no other.
    pub challenge: &'a [u8],
    /// The relying party's id: the domain, as in `chancery.example`.
    pub relying_party: &'a str,
    /// The origin of the page, as in `https://chancery.example`.
    pub origin: &'a str,
}

/// Why a key, or what it signed, is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The browser's part cannot be read, or is of another ceremony.
    #[error("the client data is not of this ceremony")]
    ClientData,
    /// It answers another challenge.
    #[error("the challenge is not the one that was given")]
    Challenge,
    /// It comes from a page of somebody else.
    #[error("the origin is not the one expected")]
    Origin,
    /// The key signed for another relying party.
    #[error("the relying party is not the one expected")]
    RelyingParty,
    /// Nobody touched the key.
    #[error("nobody was present")]
    NobodyPresent,
    /// The authenticator's part cannot be read, or its key is of a kind that is not taken.
    #[error("the authenticator's data cannot be read")]
    Malformed,
    /// The attestation is of a form that was not asked for, or its signature is wrong.
    #[error("the attestation is not one that is taken")]
    Attestation,
    /// The key is not registered for this holder.
    #[error("the key is not known")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature does not hold")]
    Signature,
    /// The counter did not move on: there is a second key with the same secret.
    #[error("the counter went back")]
    Cloned,
}

/// A key that was proved to be there, to be kept with [`super::register`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// The model of the authenticator (AAGUID); zeros where it does not tell, as most browsers have it.
    pub model: [u8; 16],
    /// What is known of the model's certifications, such as `FIDO` => `L1`, for `GetMFADevice`. Empty at first:
    /// who has the FIDO Alliance's metadata looks the model up.
    pub certifications: BTreeMap<String, String>,
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: u32,
}

/// What a browser sends when a key has signed.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// The credential's id.
    pub credential_id: &'a [u8],
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

/// Proves that a browser's answer to `navigator.credentials.create` is about `expected`: `client_data` is its
/// `clientDataJSON`, `attestation_object` its `attestationObject`.
///
/// Attestation `none` is what is to be asked for. `packed` is taken too if it holds, but a maker's certificate is not
/// trusted for anything.
///
/// # Errors
/// A [`Refused`].
pub fn verify_registration(
    expected: &Expected<'_>,
    client_data: &[u8],
    attestation_object: &[u8],
) -> Result<NewKey, Refused> {
    check_client_data(expected, "webauthn.create", client_data)?;
    let object = AttestationObject::read(attestation_object).ok_or(Refused::Malformed)?;
    let data = checked_data(expected, object.authenticator_data)?;
    let credential = data.credential.as_ref().ok_or(Refused::Malformed)?;
    object.check(credential, client_data)?;
    Ok(NewKey {
        credential_id: credential.id.to_vec(),
        model: *credential.model,
        certifications: BTreeMap::new(),
        public_key: credential.encoded_key.to_vec(),
        sign_count: data.sign_count,
    })
}

/// The key's counter after `assertion`, if the key `public_key`, whose counter was `last_count`, signed it for
/// `expected`.
pub(super) fn verify_assertion(
    expected: &Expected<'_>,
    public_key: &[u8],
    last_count: i64,
    assertion: &Assertion<'_>,
) -> Result<i64, Refused> {
    check_client_data(expected, "webauthn.get", assertion.client_data)?;
    let data = checked_data(expected, assertion.authenticator_data)?;
    let (key, _) = PublicKey::read(public_key).ok_or(Refused::Malformed)?;
    let message = signed_message(assertion.authenticator_data, assertion.client_data);
    if !key.verifies(&message, assertion.signature) {
        return Err(Refused::Signature);
    }
    let count = i64::from(data.sign_count);
    let counts = count != 0 || last_count != 0;
    if counts && count <= last_count { Err(Refused::Cloned) } else { Ok(count) }
}

/// The browser's part (section 5.8.1); members that are not named here do not matter.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

fn check_client_data(
    expected: &Expected<'_>,
    kind: &str,
    client_data: &[u8],
) -> Result<(), Refused> {
    if client_data.len() > INPUT_BYTES_MAX {
        return Err(Refused::ClientData);
    }
    let data: ClientData = serde_json::from_slice(client_data).map_err(|_| Refused::ClientData)?;
    if data.r#type != kind {
        return Err(Refused::ClientData);
    }
    let challenge = URL_SAFE_NO_PAD.decode(&data.challenge).map_err(|_| Refused::Challenge)?;
    if Secret::new(challenge) != Secret::new(expected.challenge) {
        return Err(Refused::Challenge);
    }
    if data.origin != expected.origin || data.cross_origin {
        return Err(Refused::Origin);
    }
    Ok(())
}

fn checked_data<'a>(
    expected: &Expected<'_>,
    bytes: &'a [u8],
) -> Result<AuthenticatorData<'a>, Refused> {
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(Refused::Malformed);
    }
    let data = AuthenticatorData::read(bytes).ok_or(Refused::Malformed)?;
    let relying_party = digest(&SHA256, expected.relying_party.as_bytes());
    if data.relying_party.as_slice() != relying_party.as_ref() {
        return Err(Refused::RelyingParty);
    }
    if data.user_present { Ok(data) } else { Err(Refused::NobodyPresent) }
}

/// What a key signs: its own data, and the digest of the browser's.
fn signed_message(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    [authenticator_data, digest(&SHA256, client_data).as_ref()].concat()
}

/// An attestation object (section 6.5.4).
struct AttestationObject<'a> {
    authenticator_data: &'a [u8],
    format: &'a str,
    statement: Statement<'a>,
}

/// What there may be in the statements of the formats that are read (sections 8.2 and 8.7).
#[derive(Default)]
struct Statement<'a> {
    algorithm: Option<i64>,
    signature: Option<&'a [u8]>,
    is_empty: bool,
    /// The first certificate of the maker, who signed for the key.
    certificate: Option<&'a [u8]>,
}

impl<'a> AttestationObject<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > INPUT_BYTES_MAX {
            return None;
        }
        let mut decoder = Decoder::new(bytes);
        let (mut format, mut statement, mut data) = (None, None, None);
        for _ in 0..decoder.map().ok()??.min(ENTRIES_MAX) {
            match decoder.str().ok()? {
                "fmt" => format = Some(decoder.str().ok()?),
                "attStmt" => statement = Some(Statement::read(&mut decoder)?),
                "authData" => data = Some(decoder.bytes().ok()?),
                _ => decoder.skip().ok()?,
            }
        }
        let whole = decoder.position() == bytes.len();
        whole.then_some(())?;
        Some(Self { authenticator_data: data?, format: format?, statement: statement? })
    }

    fn check(&self, credential: &Credential<'_>, client_data: &[u8]) -> Result<(), Refused> {
        let holds = match self.format {
            "none" => self.statement.is_empty,
            "packed" => {
                let message = signed_message(self.authenticator_data, client_data);
                self.statement.is_packed(credential, &message).unwrap_or(false)
            }
            _ => false,
        };
        if holds { Ok(()) } else { Err(Refused::Attestation) }
    }
}

impl<'a> Statement<'a> {
    fn read(decoder: &mut Decoder<'a>) -> Option<Self> {
        let entries = decoder.map().ok()??;
        let mut statement = Self { is_empty: entries == 0, ..Self::default() };
        for _ in 0..entries.min(ENTRIES_MAX) {
            match decoder.str().ok()? {
                "alg" => statement.algorithm = Some(decoder.i64().ok()?),
                "sig" => statement.signature = Some(decoder.bytes().ok()?),
                "x5c" => statement.certificate = Some(first_of_array(decoder)?),
                _ => decoder.skip().ok()?,
            }
        }
        Some(statement)
    }

    /// Whether it holds (section 8.2): signed by the key itself, or by the key of a maker's certificate.
    fn is_packed(&self, credential: &Credential<'_>, message: &[u8]) -> Option<bool> {
        let (algorithm, signature) = (self.algorithm?, self.signature?);
        let Some(certificate) = self.certificate else {
            let own = &credential.key;
            return Some(algorithm == own.algorithm() && own.verifies(message, signature));
        };
        let certificate = Certificate::from_der(certificate).ok()?;
        let maker = PublicKey::of_point(certificate.public_key())?;
        let model = certificate.extension(&MODEL_EXTENSION);
        let is_of_model = model.is_none_or(|model| model.ends_with(credential.model));
        Some(algorithm == maker.algorithm() && is_of_model && maker.verifies(message, signature))
    }
}

/// The first of an array of byte strings; the others are passed over.
fn first_of_array<'a>(decoder: &mut Decoder<'a>) -> Option<&'a [u8]> {
    let length = decoder.array().ok()??;
    let first = decoder.bytes().ok()?;
    for _ in 1..length.min(ENTRIES_MAX) {
        decoder.skip().ok()?;
    }
    Some(first)
}
