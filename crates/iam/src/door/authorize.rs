//! The decision: every policy that bears on the caller, the action and the resource.

use policy::{Policies, Question, Request, Verdict};
use store::{Snapshot, params};
use wire::errors::INVALID_CLIENT_TOKEN_ID;

use super::{
    Caller, Door, Principal, Target, asker::CallAsker, context::CallContext, denial, events::Notes,
    limits, permissions::Standing,
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
    let is_foreign = resource.owner(caller) != caller.account;
    if caller.is_root() && resource.guard.is_none() && !is_foreign {
        // Nothing in IAM limits root: no identity policy and no boundary attaches to it.
        return Ok(());
    }
    let limits = door.inner.permissions.of(snapshot, standing, caller).await?;
    let context = CallContext::new(caller, &limits.own.tags, &resource);
    let guard = resource.guard.as_ref();
    let question = Question {
        request: Request { action, resource: &resource.arn, context: &context },
        asker: &CallAsker::new(caller, guard),
        cross_account: is_foreign,
        policies: Policies {
            identity: Some(&limits.own.identity),
            boundary: limits.own.boundary.as_ref(),
            session: limits.session.as_deref(),
            resource: guard.map(|guard| (guard.kind, &*guard.policy)),
            ..Policies::default()
        },
    };
    match policy::evaluate(&question) {
        Verdict::Allowed(_) => {
            if is_foreign {
                notes.let_to(resource.owner(caller));
            }
            Ok(())
        }
        Verdict::Denied(denial) => Err(denial::refuse(door, caller, notes, &question, &denial)),
    }
}

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
