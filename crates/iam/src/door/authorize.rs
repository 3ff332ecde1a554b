//! The decision: identity policies of the caller, on an action and a resource.

use policy::{Cause, Decision, Request};
use store::{Snapshot, params};
use wire::errors::{ACCESS_DENIED, INVALID_CLIENT_TOKEN_ID};

use super::{Caller, Door, Principal, Target, context::CallContext, permissions::Standing};

/// Allows `action` on `target`, or says why not in AWS's words.
pub(super) async fn decide(
    door: &Door,
    caller: &Caller,
    (snapshot, standing): (&mut Snapshot, Standing),
    action: &str,
    target: &impl Target,
) -> Result<(), wire::Error> {
    refuse_session_limits(caller, action)?;
    if caller.is_root() {
        // Nothing in IAM limits root: no identity policy and no boundary attaches to it.
        return Ok(());
    }
    let resource = target.resolve(snapshot, caller).await?;
    let permissions = door.inner.permissions.of(snapshot, standing, caller).await?;
    let context = CallContext::new(caller, &permissions.tags, &resource);
    let request = Request { action, resource: &resource.arn, context: &context };
    let identity = permissions.identity.decide(&request);
    let boundary = permissions.boundary.as_ref().map(|boundary| boundary.decide(&request));
    let denial = Denial { caller, action, resource: &resource.arn };
    match (identity, boundary) {
        (Decision::ExplicitDeny(cause), _) => Err(denial.explicit("an", IDENTITY, &cause)),
        (_, Some(Decision::ExplicitDeny(cause))) => Err(denial.explicit("a", BOUNDARY, &cause)),
        (Decision::ImplicitDeny, _) => Err(denial.implicit(IDENTITY)),
        (_, Some(Decision::ImplicitDeny)) => Err(denial.implicit(BOUNDARY)),
        (Decision::Allow(_), None | Some(Decision::Allow(_))) => Ok(()),
    }
}

/// As AWS calls the policies of users and groups.
const IDENTITY: &str = "identity-based policy";

/// As AWS calls the policy that limits those.
const BOUNDARY: &str = "permissions boundary";

/// Credentials of `GetSessionToken` without a second factor reach no IAM operation, and of STS only
/// `GetCallerIdentity` and `AssumeRole` (IAM User Guide, comparison of the STS operations).
fn refuse_session_limits(caller: &Caller, action: &str) -> Result<(), wire::Error> {
    let Some(session) = &caller.session else { return Ok(()) };
    if session.mfa_at.is_none() && action.starts_with("iam:") {
        return Err(
            INVALID_CLIENT_TOKEN_ID.with("The security token included in the request is invalid")
        );
    }
    match action.strip_prefix("sts:") {
        None | Some("AssumeRole") => Ok(()),
        Some(operation) => {
            Err(ACCESS_DENIED.with(format!("Cannot call {operation} with session credentials")))
        }
    }
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

/// What was denied to whom, told in AWS's words.
struct Denial<'a> {
    caller: &'a Caller,
    action: &'a str,
    resource: &'a str,
}

impl Denial<'_> {
    fn implicit(&self, policy: &str) -> wire::Error {
        self.with(&format!("because no {policy} allows the {} action", self.action))
    }

    fn explicit(&self, article: &str, policy: &str, cause: &Cause<'_>) -> wire::Error {
        let source = cause.source();
        // AWS names the policy since early 2026, if it has an ARN.
        let name = if source.starts_with("arn:") { format!(": {source}") } else { String::new() };
        self.with(&format!("with an explicit deny in {article} {policy}{name}"))
    }

    fn with(&self, reason: &str) -> wire::Error {
        let (caller, action, resource) = (self.caller.arn(), self.action, self.resource);
        ACCESS_DENIED.with(format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}"
        ))
    }
}
