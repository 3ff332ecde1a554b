//! `GetCallerIdentity`: needs no permission and cannot be denied, for it reads nothing but the caller.

use iam::door::Call;
use wire::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};

#[allow(clippy::unused_async, reason = "like every operation")]
pub(crate) async fn get(
    call: &mut Call,
    _: GetCallerIdentityRequest,
) -> Result<GetCallerIdentityResponse, wire::Error> {
    let caller = call.caller();
    Ok(GetCallerIdentityResponse {
        user_id: Some(caller.user_id().into_owned()),
        account: Some(caller.account.clone()),
        arn: Some(caller.arn()),
    })
}
