//! Encoded authorization messages: why a call was denied, sealed, so that only who may decode it can read
//! it (STS API Reference, `DecodeAuthorizationMessage`).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use policy::{Cause, Denial, Question};
use serde_json::{Value, json};
use store::Keyring;

use crate::{door::Caller, purposes};

/// What the message says once it is decoded.
pub(crate) fn told(caller: &Caller, question: &Question<'_>, denial: &Denial<'_>) -> Value {
    let is_own = !(question.cross_account && denial.policy_type.is_of_resource());
    let matched: Vec<Value> = denial.explicit.iter().filter(|_| is_own).map(statement).collect();
    json!({
        "allowed": false,
        "explicitDeny": denial.explicit.is_some(),
        "matchedStatements": { "items": matched },
        "failures": { "items": [] },
        "context": {
            "principal": { "id": caller.user_id(), "arn": caller.arn() },
            "action": question.request.action,
            "resource": question.request.resource,
            "conditions": { "items": [] },
        },
    })
}

fn statement(cause: &Cause<'_>) -> Value {
    let position = cause.position();
    json!({
        "statementId": cause.sid().unwrap_or_default(),
        "effect": "DENY",
        "policy": cause.source(),
        "startPosition": { "line": position.line, "column": position.column },
    })
}

/// The encoded form of a message for callers of `account`.
pub(crate) fn seal(
    keyring: &Keyring,
    account: &str,
    message: &Value,
) -> Result<String, store::Error> {
    let sealed = keyring.seal(&purposes::authorization(account), message.to_string().as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

/// The message that was encoded for callers of `account`; nothing if it was not, or was altered.
pub fn open(keyring: &Keyring, account: &str, encoded: &str) -> Option<String> {
    let sealed = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let message = keyring.open(&purposes::authorization(account), &sealed).ok()?;
    message.expose_text().map(str::to_owned)
}
