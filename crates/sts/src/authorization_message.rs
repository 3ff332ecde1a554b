//! `DecodeAuthorizationMessage`: why a call was denied.

use iam::{
    authorization_message,
    door::{Call, Resource},
};
use wire::sts::{
    DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResponse,
    errors::INVALID_AUTHORIZATION_MESSAGE,
};

pub(crate) async fn decode(
    call: &mut Call,
    input: DecodeAuthorizationMessageRequest,
) -> Result<DecodeAuthorizationMessageResponse, wire::Error> {
    call.read("sts:DecodeAuthorizationMessage", Resource::any()).await?;
    let (caller, keyring) = (call.caller(), call.keyring());
    let message = authorization_message::open(&keyring, &caller.account, &input.encoded_message);
    match message {
        Some(_) => Ok(DecodeAuthorizationMessageResponse { decoded_message: message }),
        None => {
            let message = "Invalid authorization message.";
            Err(INVALID_AUTHORIZATION_MESSAGE.with(message))
        }
    }
}
