//! Rules that call functions: what a request must say, and what it must not.

use iam::door::Caller;
use lambda::FunctionArn;
use wire::workmail::MailFlowInvocationType as Invocation;

use super::{Action, Rule};
use crate::refusal;

/// Minutes that a function which fails is called again for, unless the request says otherwise: all that there are.
const TIMEOUT_MINUTES: u8 = 240;

/// The only recipient pattern of a rule that mail waits for.
const EVERYBODY: &str = "*";

/// A function as a request gives it.
pub(super) struct Given {
    pub(super) function_arn: String,
    pub(super) invocation: Invocation,
    pub(super) fallback: Option<Action>,
    pub(super) timeout_minutes: Option<i32>,
}

/// A function as an answer shows it.
pub(super) struct Shown {
    pub(super) invocation: Invocation,
    pub(super) fallback: Option<Action>,
    pub(super) timeout_minutes: Option<i32>,
}

/// The action of a request.
///
/// # Errors
/// `InvalidParameterException` for what goes with the other way to call a function.
pub(super) fn action(given: Given) -> Result<Action, wire::Error> {
    let Given { function_arn, invocation, fallback, timeout_minutes } = given;
    let synchronous = invocation == Invocation::Synchronous;
    if !synchronous && (fallback.is_some() || timeout_minutes.is_some()) {
        let text = "FallbackAction and TimeoutMinutes can be given with SYNCHRONOUS only.";
        return Err(refusal::invalid(text));
    }
    let fallback = match fallback {
        None if synchronous => {
            return Err(refusal::invalid("SYNCHRONOUS needs a FallbackAction."));
        }
        fallback => Box::new(fallback.unwrap_or(Action::Default)),
    };
    let minutes = timeout_minutes.map(|minutes| u8::try_from(minutes).unwrap_or(TIMEOUT_MINUTES));
    let timeout_minutes = minutes.unwrap_or(TIMEOUT_MINUTES);
    Ok(Action::Lambda { function_arn, synchronous, fallback, timeout_minutes })
}

/// How a function is called, as it could have been given.
pub(super) fn shown(synchronous: bool, fallback: Action, timeout_minutes: u8) -> Shown {
    match synchronous {
        true => Shown {
            invocation: Invocation::Synchronous,
            fallback: Some(fallback),
            timeout_minutes: Some(timeout_minutes.into()),
        },
        false => {
            Shown { invocation: Invocation::Asynchronous, fallback: None, timeout_minutes: None }
        }
    }
}

/// Refuses a function of another account or region, and a rule that some recipients would wait for and others not
/// (WorkMail Administrator Guide, "Configuring synchronous Run Lambda rules").
pub(super) fn check(rule: &Rule, caller: &Caller) -> Result<(), wire::Error> {
    let Action::Lambda { function_arn, synchronous, .. } = &rule.action else { return Ok(()) };
    let function = FunctionArn::parse(function_arn).filter(|function| {
        function.account() == caller.account.as_str() && function.region() == caller.region()
    });
    if function.is_none() {
        let text = "The function must be of the organization's account and region.";
        return Err(refusal::invalid(text));
    }
    if *synchronous && rule.recipients != [EVERYBODY] {
        let text = "A rule with a SYNCHRONOUS function has * as its only recipient pattern.";
        return Err(refusal::invalid(text));
    }
    Ok(())
}
