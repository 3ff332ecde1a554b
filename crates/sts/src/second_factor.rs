//! The code of a second factor, given with a request.

use iam::door::Call;
use wire::{Sensitive, errors::ACCESS_DENIED};

/// Whether the request brought a second factor, which then was right. The code is used up.
///
/// # Errors
/// `AccessDenied` for a wrong code, for a device that is not the caller's, and for half of what is needed.
pub(crate) async fn prove(
    call: &mut Call,
    serial: Option<&str>,
    code: Option<&Sensitive>,
) -> Result<bool, wire::Error> {
    let (serial, code) = match (serial, code) {
        (None, None) => return Ok(false),
        (Some(serial), Some(code)) => (serial, code.expose()),
        _ => {
            return Err(ACCESS_DENIED.with(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time \
                 pass code.",
            ));
        }
    };
    if call.prove_second_factor(serial, code).await? {
        return Ok(true);
    }
    Err(ACCESS_DENIED.with("MultiFactorAuthentication failed with invalid MFA one time pass code."))
}
