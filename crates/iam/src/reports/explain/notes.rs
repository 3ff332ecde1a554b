//! What to know besides, of a question that was asked without a call.

use super::ask::Asked;
use crate::{
    door::{Caller, Principal, Resource},
    entity_arns::EntityArn,
};

/// What whoever asks might not have meant, and what was not looked at.
pub(super) fn of(asked: &Asked, caller: &Caller, resource: &Resource) -> Vec<String> {
    let session = match &caller.principal {
        Principal::Role(role) if !role.session_name.is_empty() => Some(
            "Policies that the session was given when it was made stand in its token alone, and were not looked \
             at."
                .to_owned(),
        ),
        _ => None,
    };
    [action(&asked.action), role(resource), session].into_iter().flatten().collect()
}

/// That there is no such action, where the actions of its service are known.
fn action(text: &str) -> Option<String> {
    let (prefix, name) = text.split_once(':')?;
    let (what, meant): (_, Vec<String>) = match actions::service(prefix) {
        None => {
            let meant = actions::nearest_services(prefix);
            ("service", meant.iter().map(|meant| format!("{}:{name}", meant.prefix())).collect())
        }
        Some(service) if service.is_known() && service.action(name).is_none() => {
            let meant = service.nearest_actions(name);
            ("action", meant.iter().map(|meant| format!("{prefix}:{}", meant.name())).collect())
        }
        Some(_) => return None,
    };
    let hint = match meant.as_slice() {
        [] => String::new(),
        meant => format!(" Did you mean {}?", meant.join(" or ")),
    };
    Some(format!("AWS has no {what} of the name {text}.{hint}"))
}

/// That there is no such role, where one is to be assumed.
fn role(resource: &Resource) -> Option<String> {
    let guard = resource.guard.as_ref()?;
    let is_missing = guard.policy.sources().is_empty() && EntityArn::parse(&resource.arn).is_some();
    is_missing.then(|| format!("There is no role {}.", resource.arn))
}
