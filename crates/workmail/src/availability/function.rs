//! TestAvailabilityConfiguration of a function: it answers to us, and refuses whoever does not say for whom he asks
//! (WorkMail Administrator Guide, "Configuring custom availability providers").

use std::time::Duration;

use errand::Limits;
use lambda::{Caller, Error, FunctionArn, Functions, How};
use serde_json::{Value, json};
use world::Timestamp;

use crate::organizations::Organization;

/// How long a function may take.
const TIMEOUT: Duration = Duration::from_secs(25);
/// Bytes of its answer at most.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Calls the function about nobody's day, as WorkMail and as anybody.
pub(super) async fn try_out(
    functions: &Functions,
    arn: &str,
    caller: &Caller,
    organization: &Organization,
    now: Timestamp,
) -> Result<(), &'static str> {
    let function = FunctionArn::parse(arn).ok_or("The ARN is not one of a function.")?;
    let event: bytes::Bytes = question(organization, now).to_string().into();
    let limits = Limits { timeout: TIMEOUT, reply_bytes: ANSWER_BYTES_MAX };
    let ours = functions.call(&function, Some(caller), How::AndWait, event.clone(), limits).await;
    let answer = ours.map_err(|error| failed_because(&error))?;
    if !is_availability(&answer) {
        return Err("The function answered, but not with the availability of mailboxes.");
    }
    match functions.call(&function, None, How::AndWait, event, limits).await {
        Err(error) if error.is_denied() => Ok(()),
        Err(error) => Err(failed_because(&error)),
        Ok(_) => Err("The function can be invoked without SourceArn and SourceAccount."),
    }
}

fn question(organization: &Organization, now: Timestamp) -> Value {
    let domain = organization.default_domain.as_deref().unwrap_or("example.com");
    let address = format!("availability-test@{domain}");
    json!({
        "requester": {
            "email": address,
            "userName": "availability-test",
            "organization": organization.id,
            "userId": "00000000-0000-0000-0000-000000000000",
        },
        "mailboxes": [address],
        "window": {"startDate": now.iso8601(), "endDate": now.saturating_add(DAY).iso8601()},
    })
}

fn is_availability(answer: &[u8]) -> bool {
    let answer: Result<Value, _> = serde_json::from_slice(answer);
    answer.is_ok_and(|answer| answer.get("mailboxes").is_some_and(Value::is_array))
}

/// None of these repeats what the function said.
fn failed_because(error: &Error) -> &'static str {
    match error {
        Error::NoEndpoint(_) => "The operator of this server has not said where the function runs.",
        Error::Unreachable(errand::Error::TimedOut { .. }) => {
            "The function did not answer in time."
        }
        Error::Unreachable(_) => "The endpoint of the function cannot be reached.",
        Error::Refused(_) if error.is_denied() => "The function does not let WorkMail invoke it.",
        Error::Refused(_) => "The endpoint of the function refused the call.",
        Error::Failed => "The function failed.",
    }
}
