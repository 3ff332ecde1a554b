//! The token of the next page.

use base64::{Engine, prelude::BASE64_STANDARD};
use iam::door::Call;
use store::Keyring;
use wire::accessanalyzer::{ValidatePolicyRequest, errors::VALIDATION};

/// Seals places in the findings of one question of one account, so that they cannot be altered, and fit no
/// other question.
pub(crate) struct Token {
    keyring: Keyring,
    purpose: String,
}

impl Token {
    /// The tokens of `call`, which asks for `input`. How much fits on a page may change on the way.
    pub(crate) fn of(call: &Call, input: &ValidatePolicyRequest) -> Self {
        let account = call.caller().account.clone();
        let ValidatePolicyRequest {
            policy_document,
            policy_type,
            validate_policy_resource_type,
            ..
        } = input;
        let question = (policy_type, validate_policy_resource_type, policy_document);
        // Debug forms quote texts, so no two questions have one.
        let purpose = format!("accessanalyzer-next-token/{account}/{question:?}");
        Self { keyring: call.keyring(), purpose }
    }

    /// The token of the page that begins with the finding at `place`.
    pub(crate) fn seal(&self, place: usize) -> Result<String, store::Error> {
        let plain = place.to_string();
        Ok(BASE64_STANDARD.encode(self.keyring.seal(&self.purpose, plain.as_bytes())?))
    }

    /// The place that `text` was sealed for.
    pub(crate) fn open(&self, text: &str) -> Result<usize, wire::Error> {
        self.opened(text).ok_or_else(|| VALIDATION.with("Invalid nextToken."))
    }

    fn opened(&self, text: &str) -> Option<usize> {
        let sealed = BASE64_STANDARD.decode(text).ok()?;
        let plain = self.keyring.open(&self.purpose, &sealed).ok()?;
        plain.expose_text()?.parse().ok()
    }
}
