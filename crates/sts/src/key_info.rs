//! `GetAccessKeyInfo`: the account that an access key belongs to, read from the key's id alone.

use iam::{
    door::{Call, Resource},
    ids,
};
use wire::{
    errors::VALIDATION,
    sts::{GetAccessKeyInfoRequest, GetAccessKeyInfoResponse},
};

/// Tells the account of any key, also of one that is gone or was never made here.
pub(crate) async fn get(
    call: &mut Call,
    input: GetAccessKeyInfoRequest,
) -> Result<GetAccessKeyInfoResponse, wire::Error> {
    call.read("sts:GetAccessKeyInfo", Resource::any()).await?;
    let id = &input.access_key_id;
    let is_key = ["AKIA", "ASIA"].iter().any(|prefix| id.starts_with(prefix));
    match ids::account_of(id).filter(|_| is_key) {
        Some(account) => Ok(GetAccessKeyInfoResponse { account: Some(account) }),
        None => Err(VALIDATION.with(format!("Invalid access key id: {id}"))),
    }
}
