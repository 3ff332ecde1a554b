//! `GetSessionToken`: temporary credentials with the caller's own permissions.

use std::time::Duration;

use iam::{
    door::{Call, Caller},
    session::{self, Session, Subject},
};
use wire::{
    errors::ACCESS_DENIED,
    sts::{Credentials, GetSessionTokenRequest, GetSessionTokenResponse},
};

/// How long credentials last when the caller does not say, in seconds.
const DURATION_DEFAULT_SECONDS: u64 = 43_200;

/// How long root's credentials last at most, in seconds.
const ROOT_DURATION_MAX_SECONDS: u64 = 3600;

/// Needs no permission and cannot be denied: it reads nothing but the caller, and gives nothing beyond it.
pub(crate) fn get(
    call: &Call,
    input: &GetSessionTokenRequest,
) -> Result<GetSessionTokenResponse, wire::Error> {
    let caller = call.caller();
    if caller.session.is_some() {
        return Err(ACCESS_DENIED.with("Cannot call GetSessionToken with session credentials"));
    }
    refuse_second_factor(input)?;
    let session = issue(call, &caller, duration(&caller, input.duration_seconds));
    let chars_min = input.minimum_session_token_size.unwrap_or(0);
    let chars_min = usize::try_from(chars_min).unwrap_or(0);
    let token = session::seal(&call.keyring(), &session, chars_min)?;
    let size = token.len();
    let credentials = Credentials {
        access_key_id: session.access_key_id.clone(),
        secret_access_key: session.secret().expose_text().unwrap_or_default().into(),
        session_token: token.into(),
        expiration: session.expires_at(),
    };
    Ok(GetSessionTokenResponse {
        credentials: Some(credentials),
        session_token_utilization: i32::try_from(size * 100 / session::TOKEN_CHARS_MAX).ok(),
        session_token_size: i32::try_from(size).ok(),
    })
}

/// No user has a device for a second factor yet, so no code can be right.
fn refuse_second_factor(input: &GetSessionTokenRequest) -> Result<(), wire::Error> {
    let message = match (&input.serial_number, &input.token_code) {
        (None, None) => return Ok(()),
        (Some(_), Some(_)) => {
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA \
             serial number is valid and associated with this user."
        }
        _ => {
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass \
             code."
        }
    };
    Err(ACCESS_DENIED.with(message))
}

/// The model bounds what may be asked for. Root gets an hour whenever it asks for more.
fn duration(caller: &Caller, asked_seconds: Option<i32>) -> Duration {
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
