//! `GetDelegatedAccessToken`: a partner of AWS trades in a token that a customer's approval gave it. No such
//! token is made here, so none that comes is good: it is refused like one whose time is over, which a
//! client answers by asking for approval anew.

use iam::door::{Call, Resource};
use wire::sts::{
    GetDelegatedAccessTokenRequest, GetDelegatedAccessTokenResponse, errors::EXPIRED_TRADE_IN_TOKEN,
};

pub(crate) async fn get(
    call: &mut Call,
    _: GetDelegatedAccessTokenRequest,
) -> Result<GetDelegatedAccessTokenResponse, wire::Error> {
    call.read("sts:GetDelegatedAccessToken", Resource::any()).await?;
    Err(EXPIRED_TRADE_IN_TOKEN.with("The trade-in token is not valid, or not any more."))
}
