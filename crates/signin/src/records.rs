//! What is written down of a sign-in: records in CloudTrail's shape, and counts.

use iam::{
    door::{Caller, ConsoleEvent, Principal, RequestFacts},
    people::{Found, Person},
};
use serde_json::json;

use crate::{Refusal, Service, limits::Turned, step::Step};

/// How CloudTrail tells of a wrong password or code.
pub(crate) const FAILED: &str = "Failed authentication";

/// How CloudTrail tells of a user that there is none of.
pub(crate) const NO_USER: &str = "No username found in supplied account";

/// How a record tells of an attempt that was not looked at.
pub(crate) const TURNED_AWAY: &str = "Too many failed attempts";

/// How a record tells of a password that opens nothing any more.
pub(crate) const ENDED: &str = "Password expired";

impl Service {
    /// Records the first attempt of a span that is not looked at; of the others, that would be a way to fill
    /// the store.
    pub(crate) async fn turn_away(
        &self,
        visit: &RequestFacts,
        found: &Found,
        turned: Turned,
    ) -> Refusal {
        if turned.first {
            self.record_failure(visit, found, TURNED_AWAY, false).await;
        }
        Refusal::TooMany { retry_after: turned.until.since(visit.now) }
    }

    /// A failure where there is an account to record it in; otherwise it is only counted and logged.
    pub(crate) async fn record_failure(
        &self,
        visit: &RequestFacts,
        found: &Found,
        why: &'static str,
        mfa_used: bool,
    ) {
        metrics::counter!("chancery_signin_total", "outcome" => "failure").increment(1);
        let (request_id, peer) = (&visit.request_id, visit.source_ip);
        tracing::info!(request_id, %peer, account = found.account, why, "a sign-in failed");
        let Some(account) = &found.account else { return };
        let principal = found.person.as_ref().map(|person| person.principal.clone());
        let caller = Caller {
            principal: principal.unwrap_or(Principal::Anonymous),
            account: account.clone(),
            session: None,
            access_key_id: String::new(),
            request: visit.clone(),
        };
        let details = details(mfa_used, None);
        let event = ConsoleEvent { name: "ConsoleLogin", caller, failure: Some(why), details };
        self.door.record_console(&event).await;
    }
}

pub(crate) fn caller(visit: &RequestFacts, person: &Person) -> Caller {
    Caller {
        principal: person.principal.clone(),
        account: person.account.clone(),
        session: None,
        access_key_id: String::new(),
        request: visit.clone(),
    }
}

/// The record of a sign-in that came to its end.
pub(crate) fn event(
    visit: &RequestFacts,
    person: &Person,
    step: &Step,
    device: Option<String>,
    failure: Option<&'static str>,
) -> ConsoleEvent {
    let details = details(step.mfa_at_micros.is_some(), device);
    ConsoleEvent { name: "ConsoleLogin", caller: caller(visit, person), failure, details }
}

fn details(mfa_used: bool, device: Option<String>) -> serde_json::Value {
    let used = if mfa_used { "Yes" } else { "No" };
    let mut details = json!({ "MobileVersion": "No", "MFAUsed": used });
    if let Some(serial) = device {
        details["MFAIdentifier"] = serial.into();
    }
    details
}
