//! AWS Security Token Service: who am I, and temporary credentials for myself.
//!
//! It keeps nothing. Credentials are sealed by [`iam::session`] into the token itself, and whoever uses
//! them is recognised by [`iam::door`]. Roles, federation and second factors are not there yet, so what
//! rests on them is not served, and a code of a second factor is never accepted.

mod caller_identity;
mod key_info;
mod session_token;

use iam::door::Call;
use wire::sts::{
    GetAccessKeyInfoRequest, GetAccessKeyInfoResponse, GetCallerIdentityRequest,
    GetCallerIdentityResponse, GetSessionTokenRequest, GetSessionTokenResponse, Sts,
};

/// STS, served. It keeps nothing: all is in the call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service;

impl Sts for Service {
    type Call = Call;

    async fn get_access_key_info(
        &self,
        call: &mut Call,
        input: GetAccessKeyInfoRequest,
    ) -> Result<GetAccessKeyInfoResponse, wire::Error> {
        key_info::get(call, input).await
    }

    async fn get_caller_identity(
        &self,
        call: &mut Call,
        _: GetCallerIdentityRequest,
    ) -> Result<GetCallerIdentityResponse, wire::Error> {
        Ok(caller_identity::get(call))
    }

    async fn get_session_token(
        &self,
        call: &mut Call,
        input: GetSessionTokenRequest,
    ) -> Result<GetSessionTokenResponse, wire::Error> {
        session_token::get(call, &input)
    }
}
