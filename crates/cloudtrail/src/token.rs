//! The token of the next page.

use base64::{Engine, prelude::BASE64_STANDARD};
use iam::{door::Call, trail::Position};
use store::Keyring;
use wire::cloudtrail::{LookupEventsRequest, errors::INVALID_NEXT_TOKEN};
use world::Timestamp;

/// Seals places in the answer to one question of one account, so that they tell nothing, cannot be altered,
/// and fit no other question.
pub(crate) struct Token {
    keyring: Keyring,
    purpose: String,
}

impl Token {
    /// The tokens of `call`, which asks for `input`. How much fits on a page may change on the way.
    pub(crate) fn of(call: &Call, input: &LookupEventsRequest) -> Self {
        let account = call.caller().account.clone();
        let LookupEventsRequest { lookup_attributes, start_time, end_time, event_category, .. } =
            input;
        let question = (lookup_attributes, start_time, end_time, event_category);
        // Debug forms quote texts, so no two questions have one.
        let purpose = format!("cloudtrail-next-token/{account}/{question:?}");
        Self { keyring: call.keyring(), purpose }
    }

    /// The token of the page after `last`.
    pub(crate) fn seal(&self, last: &Position) -> Result<String, store::Error> {
        let plain = format!("{}/{}", last.time.as_micros(), last.id);
        Ok(BASE64_STANDARD.encode(self.keyring.seal(&self.purpose, plain.as_bytes())?))
    }

    /// The place that `text` was sealed for.
    pub(crate) fn open(&self, text: &str) -> Result<Position, wire::Error> {
        self.opened(text).ok_or_else(|| INVALID_NEXT_TOKEN.with("Invalid NextToken."))
    }

    fn opened(&self, text: &str) -> Option<Position> {
        let sealed = BASE64_STANDARD.decode(text).ok()?;
        let plain = self.keyring.open(&self.purpose, &sealed).ok()?;
        let (micros, id) = plain.expose_text()?.split_once('/')?;
        Some(Position { time: Timestamp::from_micros(micros.parse().ok()?), id: id.to_owned() })
    }
}
