//! What a denied caller is told, and what is kept of the denial.

use policy::{Denial, Question};
use wire::errors::ACCESS_DENIED;

use super::{Caller, Door, Principal, events::Notes};
use crate::{
    authorization_message,
    explain::{self, Explanation},
};

/// The error for a denial. The record of the call gets what decided; the caller gets the same sealed, for
/// `sts:DecodeAuthorizationMessage`, for whoever may see it. Both are read in the caller's account, so what the
/// policy of another account's resource says is in neither: it may hold what opens it, such as an external id.
pub(super) fn refuse(
    door: &Door,
    caller: &Caller,
    notes: &mut Notes,
    question: &Question<'_>,
    denial: &Denial<'_>,
) -> wire::Error {
    let message = message(caller, question, denial);
    let mut explanation = Explanation::new(question, &caller.arn(), &explain::by_id);
    if question.cross_account {
        explanation = explanation.without_resource_policy();
    }
    notes.denial = serde_json::to_value(explanation).ok();
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
