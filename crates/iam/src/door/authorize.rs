//! The decision: identity policies of the caller, on an action and a resource.

use policy::{Cause, Decision, Request};
use store::{Snapshot, params};
use wire::errors::{ACCESS_DENIED, INVALID_CLIENT_TOKEN_ID};

use super::{Caller, Door, Principal, Resource, Target, context::CallContext};

/// Allows `action` on `target`, or says why not in AWS's words.
pub(super) async fn decide(
    door: &Door,
    caller: &Caller,
    snapshot: &mut Snapshot,
    action: &str,
    target: &impl Target,
) -> Result<(), wire::Error> {
    refuse_session_limits(caller, action)?;
    if caller.is_root() {
        // Nothing in IAM limits root: no identity policy and no boundary attaches to it.
        return Ok(());
    }
    let resource = target.resolve(snapshot, caller).await?;
    let permissions = door.inner.permissions.of(snapshot, caller).await?;
    let context = CallContext::new(caller, &resource);
    let request = Request { action, resource: &resource.arn, context: &context };
    match permissions.decide(&request) {
        Decision::Allow(_) => Ok(()),
        Decision::ImplicitDeny => Err(implicit_denial(caller, action, &resource)),
        Decision::ExplicitDeny(cause) => Err(explicit_denial(caller, action, &resource, &cause)),
    }
}

/// Credentials of `GetSessionToken` without a second factor reach no IAM operation, and of STS only
/// `GetCallerIdentity` and `AssumeRole` (IAM User Guide, comparison of the STS operations).
fn refuse_session_limits(caller: &Caller, action: &str) -> Result<(), wire::Error> {
    let Some(session) = &caller.session else { return Ok(()) };
    if session.mfa_at.is_none() && action.starts_with("iam:") {
        return Err(
            INVALID_CLIENT_TOKEN_ID.with("The security token included in the request is invalid")
        );
    }
    Ok(())
}

/// Makes sure, in the transaction that will change data, that the credentials are still good: between the
/// snapshot and the transaction the key may have been deactivated or its user deleted.
pub(super) async fn still_valid(
    caller: &Caller,
    snapshot: &mut Snapshot,
) -> Result<(), wire::Error> {
    let alive = match (&caller.session, &caller.principal) {
        (None, _) => key_is_active(snapshot, &caller.access_key_id).await?,
        (Some(_), Principal::User { id, .. }) => user_exists(snapshot, id).await?,
        (Some(_), Principal::Root) => true,
    };
    if alive {
        return Ok(());
    }
    tracing::info!(request = caller.request.request_id, "credentials ended during the call");
    Err(INVALID_CLIENT_TOKEN_ID.with("The security token included in the request is invalid."))
}

async fn key_is_active(snapshot: &mut Snapshot, id: &str) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT 1 FROM access_keys WHERE id = $1 AND status = 'Active'";
    Ok(snapshot.row(SQL, params![id], |_| Ok(())).await?.is_some())
}

async fn user_exists(snapshot: &mut Snapshot, id: &str) -> Result<bool, store::Error> {
    const SQL: &str = "SELECT 1 FROM users WHERE id = $1";
    Ok(snapshot.row(SQL, params![id], |_| Ok(())).await?.is_some())
}

fn implicit_denial(caller: &Caller, action: &str, resource: &Resource) -> wire::Error {
    ACCESS_DENIED.with(format!(
        "User: {} is not authorized to perform: {action} on resource: {} because no identity-based \
         policy allows the {action} action",
        caller.arn(),
        resource.arn
    ))
}

fn explicit_denial(
    caller: &Caller,
    action: &str,
    resource: &Resource,
    cause: &Cause<'_>,
) -> wire::Error {
    let source = cause.source();
    // AWS names the policy since early 2026, if it has an ARN.
    let policy = if source.starts_with("arn:") { format!(": {source}") } else { String::new() };
    ACCESS_DENIED.with(format!(
        "User: {} is not authorized to perform: {action} on resource: {} with an explicit deny in an \
         identity-based policy{policy}",
        caller.arn(),
        resource.arn
    ))
}
