//! What a denied caller is told, and what is kept of the denial.

use policy::{Cause, Denial, PolicySet, Question};
use serde_json::{Value, json};
use wire::errors::ACCESS_DENIED;

use super::{Caller, Door, Principal, events::Notes};
use crate::authorization_message;

/// The error for a denial. The record of the call gets what decided; the caller gets the same sealed, for
/// `sts:DecodeAuthorizationMessage`, for whoever may see it.
pub(super) fn refuse(
    door: &Door,
    caller: &Caller,
    notes: &mut Notes,
    question: &Question<'_>,
    denial: &Denial<'_>,
) -> wire::Error {
    let message = message(caller, question, denial);
    notes.denial = Some(explained(question, denial));
    let told = authorization_message::told(caller, question, denial);
    match authorization_message::seal(door.inner.store.keyring(), &caller.account, &told) {
        Ok(sealed) => {
            let detail = format!("Encoded authorization failure message: {sealed}");
            ACCESS_DENIED.with(message).detailed(detail)
        }
        Err(error) => {
            tracing::warn!(%error, "an authorization message could not be sealed");
            ACCESS_DENIED.with(message)
        }
    }
}

/// AWS's message (IAM User Guide, "Troubleshoot access denied error messages").
fn message(caller: &Caller, question: &Question<'_>, denial: &Denial<'_>) -> String {
    let (action, resource) = (question.request.action, question.request.resource);
    if let Principal::Web(_) | Principal::Anonymous = caller.principal {
        return format!("Not authorized to perform {action}");
    }
    let (arn, reason) = (caller.arn(), denial.reason(action));
    format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {reason}")
}

/// What decided, and what was looked at, for the event record.
fn explained(question: &Question<'_>, denial: &Denial<'_>) -> Value {
    let policies = &question.policies;
    let resource = policies.resource.map(|(_, policy)| policy.sources()).unwrap_or_default();
    json!({
        "action": question.request.action,
        "resource": question.request.resource,
        "decision": if denial.explicit.is_some() { "explicitDeny" } else { "implicitDeny" },
        "policyType": denial.policy_type.as_str(),
        "statement": denial.explicit.as_ref().map(statement),
        "policies": {
            "identity": ids(policies.identity),
            "boundary": ids(policies.boundary),
            "session": ids(policies.session),
            "resource": resource.iter().map(|source| &*source.id).collect::<Vec<_>>(),
        },
    })
}

fn ids(set: Option<&PolicySet>) -> Vec<&str> {
    let sources = set.map(PolicySet::sources).unwrap_or_default();
    sources.iter().map(|source| &*source.id).collect()
}

fn statement(cause: &Cause<'_>) -> Value {
    let position = cause.position();
    json!({
        "policy": cause.source(),
        "sid": cause.sid(),
        "index": cause.statement_index(),
        "line": position.line,
        "column": position.column,
    })
}
