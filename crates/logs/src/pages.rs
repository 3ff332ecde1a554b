//! The tokens of next pages.

use base64::{Engine, engine::general_purpose::STANDARD};
use iam::door::Call;
use serde::{Serialize, de::DeserializeOwned};
use store::Keyring;
use wire::logs::Operation;

use crate::refusal;

/// Seals places in the answer to one question of one account and region, so that they tell nothing, cannot be
/// altered, and fit no other question.
pub(crate) struct Tokens {
    keyring: Keyring,
    purpose: String,
}

impl Tokens {
    /// The tokens for `operation`; `question` is all that the answer depends upon besides the place.
    pub(crate) fn of(
        call: &Call,
        operation: Operation,
        question: &impl Serialize,
    ) -> Result<Self, wire::Error> {
        let caller = call.caller();
        let scope = (operation.name(), &caller.account, caller.region(), question);
        let purpose = format!("logs-page/{}", serde_json::to_string(&scope)?);
        Ok(Self { keyring: call.keyring(), purpose })
    }

    pub(crate) fn seal(&self, place: &impl Serialize) -> Result<String, wire::Error> {
        let sealed = self.keyring.seal(&self.purpose, &serde_json::to_vec(place)?)?;
        Ok(STANDARD.encode(sealed))
    }

    /// The place that a token was sealed for.
    pub(crate) fn open<T: DeserializeOwned>(&self, token: &str) -> Result<T, wire::Error> {
        let opened = || {
            let sealed = STANDARD.decode(token).ok()?;
            let plain = self.keyring.open(&self.purpose, &sealed).ok()?;
            serde_json::from_slice(plain.expose()).ok()
        };
        opened().ok_or_else(|| refusal::invalid("The specified nextToken is invalid."))
    }
}
