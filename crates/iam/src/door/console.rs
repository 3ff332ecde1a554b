//! What people do at the door of the console, as CloudTrail records it (CloudTrail User Guide, "AWS Management
//! Console sign-in events"): signing in, and what root alone may change of its account.

use store::Transaction;
use world::World;

use super::{
    Caller, Principal,
    events::{self, Row},
};

/// Stands where somebody typed a name that no user has: it may be a password in the wrong field.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// Where these events come from.
const SOURCE: &str = "signin.amazonaws.com";

/// Something that a person did, or tried.
#[derive(Clone, Debug)]
pub struct ConsoleEvent {
    /// Such as `ConsoleLogin`.
    pub name: &'static str,
    /// Who it was. [`Principal::Anonymous`] in an account: who named a user that there is none of.
    pub caller: Caller,
    /// Why it failed, if it did.
    pub failure: Option<&'static str>,
    /// What else there is to say (`additionalEventData`): an object.
    pub details: serde_json::Value,
}

impl ConsoleEvent {
    /// Writes the record as part of a transaction.
    ///
    /// # Errors
    /// The store's.
    pub async fn insert(&self, tx: &mut Transaction, world: &World) -> Result<(), store::Error> {
        self.row(world).insert(tx).await
    }

    /// One request can be several events, so each has an id of its own.
    pub(super) fn row(&self, world: &World) -> Row {
        let id = world.random_uuid();
        let caller = &self.caller;
        Row {
            text: self.text(&id),
            account: caller.account.clone(),
            time: caller.request.now,
            id,
            name: self.name,
            source: SOURCE,
            user_name: events::user_name(caller).map(str::to_owned),
            access_key_id: caller.access_key_id.clone(),
            error_code: None,
        }
    }

    fn text(&self, id: &str) -> String {
        let request = &self.caller.request;
        let outcome = if self.failure.is_none() { "Success" } else { "Failure" };
        let mut event = serde_json::json!({
            "eventVersion": "1.08",
            "userIdentity": self.identity(),
            "eventTime": request.now.iso8601(),
            "eventSource": SOURCE,
            "eventName": self.name,
            "awsRegion": request.region,
            "sourceIPAddress": request.source_ip.to_canonical().to_string(),
            "userAgent": events::cut(&request.user_agent),
            "requestParameters": null,
            "responseElements": { self.name: outcome },
            "additionalEventData": self.details,
            "requestID": request.request_id,
            "eventID": id,
            "readOnly": false,
            "eventType": "AwsConsoleSignIn",
            "managementEvent": true,
            "recipientAccountId": self.caller.account,
            "eventCategory": "Management",
        });
        if let Some(failure) = self.failure {
            event["errorMessage"] = failure.into();
        }
        event.to_string()
    }

    fn identity(&self) -> serde_json::Value {
        if self.caller.principal != Principal::Anonymous {
            return events::identity(&self.caller);
        }
        serde_json::json!({
            "type": "IAMUser",
            "accountId": self.caller.account,
            "accessKeyId": "",
            "userName": HIDDEN,
        })
    }
}
