//! What temporary credentials cannot do, whatever policies say (IAM User Guide, "Compare AWS STS
//! credentials").

use wire::errors::{ACCESS_DENIED, INVALID_CLIENT_TOKEN_ID};

use super::{Caller, Origin, Principal, SessionFacts};

/// Refuses what the caller's kind of credentials cannot reach. The session of a role, and that of somebody
/// who signed in with a password, have no such limits.
pub(super) fn check(caller: &Caller, action: &str) -> Result<(), wire::Error> {
    let Some(session) = &caller.session else { return Ok(()) };
    if session.origin == Origin::SignIn || matches!(caller.principal, Principal::Role(_)) {
        return Ok(());
    }
    if is_of_iam(action) && !may_manage_iam(caller, session) {
        let message = "The security token included in the request is invalid";
        return Err(INVALID_CLIENT_TOKEN_ID.with(message));
    }
    let Some(operation) = action.strip_prefix("sts:") else { return Ok(()) };
    let is_federated = matches!(caller.principal, Principal::Federated(_));
    // Tags and a source identity are given along with the role that is assumed.
    let assumes = matches!(operation, "AssumeRole" | "TagSession" | "SetSourceIdentity");
    if assumes && !is_federated {
        return Ok(());
    }
    Err(ACCESS_DENIED.with(format!("Cannot call {operation} with session credentials")))
}

/// Whether the action is an operation of IAM. Passing a role is none: other operations ask for it.
fn is_of_iam(action: &str) -> bool {
    action.starts_with("iam:") && action != "iam:PassRole"
}

/// Credentials of `GetSessionToken` reach IAM once a second factor was proved, those of
/// `GetFederationToken` never do.
fn may_manage_iam(caller: &Caller, session: &SessionFacts) -> bool {
    session.mfa_at.is_some() && !matches!(caller.principal, Principal::Federated(_))
}
