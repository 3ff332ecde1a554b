//! `GetSessionToken`: temporary credentials with the caller's own permissions.

use std::time::Duration;

use iam::{
    door::{Call, Caller},
    session::{Session, Subject},
};
use wire::{
    errors::ACCESS_DENIED,
    sts::{GetSessionTokenRequest, GetSessionTokenResponse},
};

use crate::{credentials, second_factor};

/// How long credentials last when the caller does not say, in seconds.
const DURATION_DEFAULT_SECONDS: u64 = 43_200;

/// How long root's credentials last at most, in seconds.
const ROOT_DURATION_MAX_SECONDS: u64 = 3600;

/// Needs no permission and cannot be denied: it reads nothing but the caller, and gives nothing beyond it.
pub(crate) async fn get(
    call: &mut Call,
    input: GetSessionTokenRequest,
) -> Result<GetSessionTokenResponse, wire::Error> {
    let caller = call.caller();
    if caller.session.is_some() {
        return Err(ACCESS_DENIED.with("Cannot call GetSessionToken with session credentials"));
    }
    let (serial, code) = (input.serial_number.as_deref(), input.token_code.as_ref());
    let proved = second_factor::prove(call, serial, code).await?;
    let mut session = issue(call, &caller, duration(&caller, input.duration_seconds));
    session.mfa_at_micros = proved.then(|| call.now().as_micros());
    let sealed = credentials::seal(call, &session, input.minimum_session_token_size).await?;
    Ok(GetSessionTokenResponse {
        credentials: Some(sealed.credentials),
        session_token_utilization: sealed.token_utilization,
        session_token_size: sealed.token_size,
    })
}

/// The model bounds what may be asked for. Root gets an hour whenever it asks for more.
pub(crate) fn duration(caller: &Caller, asked_seconds: Option<i32>) -> Duration {
    let asked = asked_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let seconds = asked.unwrap_or(DURATION_DEFAULT_SECONDS);
    let max = if caller.is_root() { ROOT_DURATION_MAX_SECONDS } else { u64::MAX };
    Duration::from_secs(seconds.min(max))
}

fn issue(call: &Call, caller: &Caller, duration: Duration) -> Session {
    let now = call.now();
    let subject = match caller.entity_id() {
        None => Subject::Root,
        Some(id) => Subject::User(id.to_owned()),
    };
    let expires_at = now.saturating_add(duration);
    Session::new(&call.world(), caller.account.clone(), subject, now, expires_at)
}
