//! Records as JSON (CloudTrail User Guide, "CloudTrail record contents").

use serde_json::Value;

use super::resources;
use crate::{
    arns,
    door::{
        Caller, ConsoleEvent, FederatedUser, Notes, Outcome, Principal, Record, RequestFacts,
        SessionFacts,
    },
};

/// The event source of what people do at the door of the console.
pub(super) const CONSOLE: &str = "signin.amazonaws.com";

/// The version of the record's form.
const VERSION: &str = "1.08";

/// Bytes of a client's name for itself, or of an error's message, in a record: what CloudTrail keeps.
const TEXT_BYTES_MAX: usize = 1_024;

/// Bytes of request parameters, or of an answer, in a record: what CloudTrail keeps.
const ELEMENTS_BYTES_MAX: usize = 100 * 1_024;

/// What every record has.
fn base(request: &RequestFacts, (source, name): (&str, &str), account: &str) -> Value {
    serde_json::json!({
        "eventVersion": VERSION,
        "eventTime": request.now.iso8601(),
        "eventSource": source,
        "eventName": name,
        "awsRegion": request.region,
        "sourceIPAddress": request.source_ip.to_canonical().to_string(),
        "userAgent": cut(&request.user_agent),
        "requestParameters": null,
        "responseElements": null,
        "requestID": request.request_id,
        "managementEvent": true,
        "recipientAccountId": account,
        "eventCategory": "Management",
    })
}

/// The record of a call, as it stands in the trail of `account`. Another account than the caller's learns
/// which account called, not who in it.
pub(super) fn call(caller: &Caller, record: &Record, account: &str, notes: &Notes) -> Value {
    let what = (record.event_source, record.event_name);
    let mut event = base(&caller.request, what, account);
    event["userIdentity"] = match account == caller.account {
        true => identity(caller),
        false => serde_json::json!({
            "type": "AWSAccount",
            "principalId": caller.user_id(),
            "accountId": caller.account,
        }),
    };
    if !notes.owners.is_empty() {
        event["sharedEventID"] = (*caller.request.request_id).into();
    }
    event["requestParameters"] = raw(record.request_parameters.as_deref());
    event["eventID"] = (*caller.request.request_id).into();
    event["readOnly"] = is_read_only(record.event_name).into();
    event["eventType"] = "AwsApiCall".into();
    if !notes.resources.is_empty() {
        event["resources"] = resources::rows(&caller.account, &notes.resources);
    }
    if let Some(denial) = &notes.denial {
        event["additionalEventData"] = serde_json::json!({ "authorization": denial });
    }
    match &record.outcome {
        Outcome::Succeeded { response_elements } => {
            event["responseElements"] = raw(response_elements.as_deref());
        }
        Outcome::Failed { code, message } => {
            event["errorCode"] = (*code).into();
            event["errorMessage"] = cut(message).into();
        }
    }
    event
}

/// The record of what a person did at the door of the console (CloudTrail User Guide, "AWS Management Console
/// sign-in events").
pub(super) fn console(done: &ConsoleEvent, id: &str) -> Value {
    let caller = &done.caller;
    let mut event = base(&caller.request, (CONSOLE, done.name), &caller.account);
    event["userIdentity"] = match caller.principal {
        // The name that was typed is not kept: it may be a password in the wrong field.
        Principal::Anonymous => serde_json::json!({
            "type": "IAMUser",
            "accountId": caller.account,
            "accessKeyId": "",
            "userName": wire::trail::HIDDEN,
        }),
        _ => identity(caller),
    };
    event["eventID"] = id.into();
    event["readOnly"] = false.into();
    event["eventType"] = "AwsConsoleSignIn".into();
    event["additionalEventData"] = done.details.clone();
    if let Some(failure) = done.failure {
        event["errorMessage"] = failure.into();
    }
    let outcome = if done.failure.is_none() { "Success" } else { "Failure" };
    event["responseElements"] = serde_json::json!({ done.name: outcome });
    event
}

/// Whether a call of that name changes nothing, as CloudTrail sees it: by AWS's naming, and to assume a role
/// is to read credentials.
pub fn is_read_only(event_name: &str) -> bool {
    const VERBS: [&str; 12] = [
        "AssumeRole",
        "Decode",
        "Describe",
        "Filter",
        "Get",
        "List",
        "Lookup",
        "Search",
        "Simulate",
        "Test",
        "Validate",
        "GenerateCredentialReport",
    ];
    VERBS.iter().any(|verb| event_name.starts_with(verb))
}

/// The name by which events are looked up: of a session its own.
pub(super) fn user_name(caller: &Caller) -> Option<&str> {
    match &caller.principal {
        Principal::Root => Some("root"),
        Principal::User { name, .. } => Some(name),
        Principal::Role(role) => Some(&role.session_name),
        Principal::Federated(user) => Some(&user.name),
        Principal::Web(identity) => Some(&identity.user_name),
        Principal::Anonymous => None,
    }
}

/// Who called (CloudTrail User Guide, "CloudTrail userIdentity element").
fn identity(caller: &Caller) -> Value {
    let kind = match &caller.principal {
        Principal::Root => "Root",
        Principal::User { .. } => "IAMUser",
        Principal::Role(_) => "AssumedRole",
        Principal::Federated(_) => "FederatedUser",
        Principal::Web(identity) if identity.saml => "SAMLUser",
        Principal::Web(_) => "WebIdentityUser",
        Principal::Anonymous => "Unknown",
    };
    let mut identity = serde_json::json!({ "type": kind, "principalId": caller.user_id() });
    match &caller.principal {
        Principal::Web(web) => {
            identity["userName"] = (*web.user_name).into();
            identity["identityProvider"] = (*web.provider).into();
        }
        Principal::Anonymous => {}
        _ => {
            identity["arn"] = caller.arn().into();
            identity["accountId"] = (*caller.account).into();
            identity["accessKeyId"] = (*caller.access_key_id).into();
        }
    }
    if let Some(name) = caller.user_name() {
        identity["userName"] = name.into();
    }
    if let Some(session) = &caller.session {
        identity["sessionContext"] = session_context(caller, session);
    }
    identity
}

fn session_context(caller: &Caller, session: &SessionFacts) -> Value {
    let mut context = serde_json::json!({ "attributes": {
        "creationDate": session.issued_at.iso8601(),
        "mfaAuthenticated": session.mfa_at.is_some().to_string(),
    }});
    let account = &caller.account;
    let issuer = match &caller.principal {
        Principal::Role(role) => Some(serde_json::json!({
            "type": "Role",
            "principalId": role.role_id,
            "arn": arns::role(account, &role.role_path, &role.role_name),
            "accountId": account,
            "userName": role.role_name,
        })),
        Principal::Federated(FederatedUser { issuer: Some(user), .. }) => Some(serde_json::json!({
            "type": "IAMUser",
            "principalId": user.id,
            "arn": arns::user(account, &user.path, &user.name),
            "accountId": account,
            "userName": user.name,
        })),
        Principal::Federated(_) => Some(serde_json::json!({
            "type": "Root",
            "principalId": account,
            "arn": arns::root(account),
            "accountId": account,
        })),
        _ => None,
    };
    if let Some(issuer) = issuer {
        context["sessionIssuer"] = issuer;
    }
    if let Some(provider) = &session.scope.provider {
        context["webIdFederationData"] = serde_json::json!({ "federatedProvider": provider });
    }
    if let Some(source) = &session.scope.source_identity {
        context["sourceIdentity"] = (**source).into();
    }
    context
}

/// JSON as it is; of too much of it, only that it was left out.
fn raw(json: Option<&str>) -> Value {
    match json {
        Some(json) if json.len() > ELEMENTS_BYTES_MAX => serde_json::json!({ "omitted": true }),
        Some(json) => serde_json::from_str(json).unwrap_or_default(),
        None => Value::Null,
    }
}

/// As much of a text as a record holds.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_only_so_much() {
        assert_eq!(cut("boto3"), "boto3");
        assert_eq!(cut(&"é".repeat(1_000)).len(), TEXT_BYTES_MAX);
        assert_eq!(cut(&format!("a{}", "é".repeat(1_000))).len(), TEXT_BYTES_MAX - 1);
        let json = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(raw(Some(&json(ELEMENTS_BYTES_MAX))).is_string());
        assert_eq!(raw(Some(&json(ELEMENTS_BYTES_MAX + 1)))["omitted"], true);
        assert!(raw(None).is_null());
    }
}
