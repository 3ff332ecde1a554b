//! What the accounts publish as issuers of tokens: to whoever asks, without a signature.

use api::web::{Answer, Refusal, Request, Routes};
use hyper::{Method, header::CACHE_CONTROL};
use iam::{door::Door, outbound_identity};
use serde_json::Value;

/// How long others may keep what they got: a key that is new to them they ask for at once.
const CACHE: &str = "public, max-age=300";

/// The discovery document and the keys of every issuer.
pub(crate) fn routes(door: &Door) -> Routes {
    let (discovery, keys) = (door.clone(), door.clone());
    Routes::default()
        .on(Method::GET, "/tokens/{issuer}/.well-known/openid-configuration", move |request| {
            let door = discovery.clone();
            async move { answer(outbound_identity::discovery(&door, id(&request)).await) }
        })
        .on(Method::GET, "/tokens/{issuer}/.well-known/jwks.json", move |request| {
            let door = keys.clone();
            async move { answer(outbound_identity::key_set(&door, id(&request)).await) }
        })
}

fn id(request: &Request) -> &str {
    request.label("issuer")
}

fn answer(found: Result<Option<Value>, store::Error>) -> Result<Answer, Refusal> {
    match found {
        Ok(Some(document)) => Ok(Answer::json(&document)?.with(CACHE_CONTROL, CACHE)),
        Ok(None) => Err(Refusal::new(404, "NotFound", "There is no such issuer.")),
        Err(error) => {
            tracing::warn!(%error, "an issuer's documents could not be read");
            Err(Refusal::new(503, "ServiceUnavailable", "Try again later."))
        }
    }
}
