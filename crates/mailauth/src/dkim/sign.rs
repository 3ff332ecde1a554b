//! Signing what leaves.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use world::{Secret, Timestamp};

use super::{canonical::Form, signature::FIELD};
use crate::message::{self, Message};

/// Fields that are signed, also in so far as they are not there: none can be added to a signed message
/// (RFC 6376, section 8.15).
const OVERSIGNED: [&str; 8] =
    ["From", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "To", "Cc"];

/// Fields that are signed if they are there.
const SIGNED: [&str; 8] = [
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// Fields of one name that are signed.
const REPEATS_MAX: usize = 8;

/// Characters of a line of base64.
const LINE: usize = 72;

/// The key of a domain, RSA of 2048 bits: what every receiver can verify.
pub struct DkimKey {
    pair: KeyPair,
    public: Vec<u8>,
}

/// The cryptographic library failed, or the octets are no key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no signing key")]
pub struct DkimKeyError;

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DkimKey")
    }
}

impl DkimKey {
    /// A new private key, in PKCS #8. Takes a tenth of a second. Its randomness is the library's own, which asks
    /// the system.
    ///
    /// # Errors
    /// [`DkimKeyError`] if the library fails.
    pub fn generate() -> Result<Secret, DkimKeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| DkimKeyError)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| DkimKeyError)?;
        Ok(Secret::new(der.as_ref()))
    }

    /// The key that [`generate`](Self::generate) made.
    ///
    /// # Errors
    /// [`DkimKeyError`] if it is none.
    pub fn new(pkcs8: &Secret) -> Result<Self, DkimKeyError> {
        let pair = KeyPair::from_pkcs8(pkcs8.expose()).map_err(|_| DkimKeyError)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| DkimKeyError)?;
        let public = public.as_ref().to_vec();
        Ok(Self { pair, public })
    }

    /// The text record that publishes it (RFC 6376, section 3.6.1).
    pub fn record(&self) -> String {
        format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(&self.public))
    }

    /// The public half, as the record has it.
    pub(super) fn public(&self) -> &[u8] {
        &self.public
    }

    /// The `DKIM-Signature` field for a message, which is put on top of it.
    ///
    /// # Errors
    /// [`DkimKeyError`] if the library fails.
    pub fn sign(
        &self,
        domain: &str,
        selector: &str,
        octets: &[u8],
        now: Timestamp,
    ) -> Result<String, DkimKeyError> {
        let message = Message::parse(octets);
        let names = names(&message);
        let body_hash = STANDARD.encode(Form::Relaxed.body_hash(message.body));
        let mut field = format!(
            "{FIELD}: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={};\r\n\th=",
            now.as_seconds()
        );
        fold_names(&names, &mut field);
        field.push_str(&format!(";\r\n\tbh={body_hash};\r\n\tb="));
        let mut input = Vec::new();
        add_signed(&message, &names, &mut input);
        Form::Relaxed.add_field(&message::field(field.as_bytes()), &mut input);
        input.truncate(input.len() - 2); // this one goes without its line end (section 3.7)
        let signature = self.signature(&input)?;
        fold(&STANDARD.encode(signature), &mut field);
        field.push_str("\r\n");
        Ok(field)
    }

    fn signature(&self, input: &[u8]) -> Result<Vec<u8>, DkimKeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, input, &mut signature)
            .map_err(|_| DkimKeyError)?;
        Ok(signature)
    }
}

/// The tag `h`: each name as often as there is such a field, and the first kind once more.
fn names(message: &Message<'_>) -> Vec<&'static str> {
    let count = |name: &str| message.fields.iter().filter(|field| field.is(name)).count();
    let repeated = |name: &'static str, more: usize| {
        std::iter::repeat_n(name, count(name).min(REPEATS_MAX) + more)
    };
    let oversigned = OVERSIGNED.into_iter().flat_map(|name| repeated(name, 1));
    oversigned.chain(SIGNED.into_iter().flat_map(|name| repeated(name, 0))).collect()
}

/// Fields of one name are signed from the bottom (section 5.4.2).
fn add_signed(message: &Message<'_>, names: &[&str], input: &mut Vec<u8>) {
    let mut before = "";
    let mut used = 0;
    for name in names {
        used = if *name == before { used + 1 } else { 0 };
        before = name;
        if let Some(field) = message.fields.iter().rev().filter(|field| field.is(name)).nth(used) {
            Form::Relaxed.add_field(field, input);
        }
    }
}

fn fold_names(names: &[&str], to: &mut String) {
    let mut line = 0;
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            to.push(':');
        }
        if line + name.len() > LINE {
            to.push_str("\r\n\t ");
            line = 0;
        }
        to.push_str(name);
        line += name.len() + 1;
    }
}

fn fold(base64: &str, to: &mut String) {
    let mut rest = base64;
    while rest.len() > LINE {
        let (line, after) = rest.split_at(LINE);
        to.push_str(line);
        to.push_str("\r\n\t ");
        rest = after;
    }
    to.push_str(rest);
}
