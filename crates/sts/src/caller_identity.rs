//! `GetCallerIdentity`: needs no permission and cannot be denied, for it reads nothing but the caller.

use iam::door::Call;
use wire::sts::GetCallerIdentityResponse;

pub(crate) fn get(call: &Call) -> GetCallerIdentityResponse {
    let caller = call.caller();
    GetCallerIdentityResponse {
        user_id: Some(caller.user_id().into_owned()),
        account: Some(caller.account.clone()),
        arn: Some(caller.arn()),
    }
}
