//! The decision: identity policies of the caller, on an action and a resource.

use policy::{Cause, Decision, Request};
use store::{Snapshot, params};
use wire::errors::{ACCESS_DENIED, INVALID_CLIENT_TOKEN_ID};

use super::{
    Caller, Door, Principal, Target, context::CallContext, events::Notes, limits,
    permissions::Standing,
};

/// Allows `action` on `target`, or says why not in AWS's words.
pub(super) async fn decide(
    (door, caller, notes): (&Door, &Caller, &mut Notes),
    (snapshot, standing): (&mut Snapshot, Standing),
    action: &str,
    target: &impl Target,
) -> Result<(), wire::Error> {
    limits::check(caller, action)?;
    let resource = target.resolve(snapshot, caller).await?;
    notes.touched(&resource.arn);
    if caller.is_root() {
        // Nothing in IAM limits root: no identity policy and no boundary attaches to it.
        return Ok(());
    }
    let permissions = door.inner.permissions.of(snapshot, standing, caller).await?;
    let context = CallContext::new(caller, &permissions.own.tags, &resource);
    let request = Request { action, resource: &resource.arn, context: &context };
    let denial = Denial { caller, action, resource: &resource.arn };
    let limits = [
        (IDENTITY, Some(permissions.own.identity.decide(&request))),
        (BOUNDARY, permissions.own.boundary.as_ref().map(|boundary| boundary.decide(&request))),
        (SESSION, permissions.session.as_ref().map(|session| session.decide(&request))),
    ];
    for (policy, decision) in &limits {
        if let Some(Decision::ExplicitDeny(cause)) = decision {
            return Err(denial.explicit(policy, cause));
        }
    }
    for (policy, decision) in &limits {
        if let Some(Decision::ImplicitDeny) = decision {
            return Err(denial.implicit(policy));
        }
    }
    Ok(())
}

/// As AWS calls the policies of users and groups.
const IDENTITY: &str = "identity-based policy";

/// As AWS calls the policy that limits those.
const BOUNDARY: &str = "permissions boundary";

/// As AWS calls the policies that a session was made with.
const SESSION: &str = "session policy";

/// Makes sure, in the transaction that will change data, that the credentials are still good: between the
/// snapshot and the transaction the key may have been deactivated or its user deleted.
pub(super) async fn still_valid(
    caller: &Caller,
    snapshot: &mut Snapshot,
) -> Result<(), wire::Error> {
    let alive = match (&caller.session, &caller.principal) {
        (None, Principal::Web(_) | Principal::Anonymous) => true,
        (None, _) => key_is_active(snapshot, &caller.access_key_id).await?,
        (Some(_), Principal::Role(role)) => exists(snapshot, ROLE, &role.role_id).await?,
        (Some(_), _) => match caller.entity_id() {
            Some(user_id) => exists(snapshot, USER, user_id).await?,
            None => true,
        },
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

const USER: &str = "SELECT 1 FROM users WHERE id = $1";
const ROLE: &str = "SELECT 1 FROM roles WHERE id = $1";

async fn exists(snapshot: &mut Snapshot, sql: &str, id: &str) -> Result<bool, store::Error> {
    Ok(snapshot.row(sql, params![id], |_| Ok(())).await?.is_some())
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

    fn explicit(&self, policy: &str, cause: &Cause<'_>) -> wire::Error {
        let article = if policy == IDENTITY { "an" } else { "a" };
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
