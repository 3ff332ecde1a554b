//! What access control rules say of a request.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{AccessAction, ip_range::IpRange};
use crate::verdict::{Condition, Effect, decide};

/// A rule, without what says nothing about access.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) effect: Effect,
    pub(crate) conditions: Conditions,
}

/// What a request must be for a rule to match: all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Conditions {
    pub(crate) addresses: Condition<IpRange>,
    pub(crate) actions: Condition<AccessAction>,
    /// Ids. That of a deleted user stays: without it the rule would match everybody.
    pub(crate) users: Condition<String>,
    /// Ids of impersonation roles; they stay too.
    pub(crate) roles: Condition<String>,
}

/// Somebody wants to reach a mailbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) who: Who<'a>,
    pub(crate) action: AccessAction,
    pub(crate) address: IpAddr,
}

/// A user, or a program that impersonates users, by id. Conditions on the other kind do not match, negated
/// ones neither.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who<'a> {
    User(&'a str),
    Role(&'a str),
}

/// What the rules come to, and the names of those that brought it about.
pub(crate) fn effect<'r>(rules: &'r [Rule], request: &Request<'_>) -> (Effect, Vec<&'r str>) {
    let matches = |rule: &Rule| rule.conditions.match_request(request);
    let (effect, matched) = decide(rules, |rule| rule.effect, matches);
    (effect, matched.into_iter().map(|rule| rule.name.as_str()).collect())
}

impl Conditions {
    fn match_request(&self, request: &Request<'_>) -> bool {
        let (user, role) = match request.who {
            Who::User(id) => (Some(id), None),
            Who::Role(id) => (None, Some(id)),
        };
        let same = |wanted: &String, id: Option<&str>| id == Some(wanted);
        let range = |range: &IpRange, _: Option<&IpAddr>| range.contains(request.address);
        let action = |wanted: &AccessAction, _: Option<&AccessAction>| *wanted == request.action;
        self.addresses.holds(Some(&request.address), range)
            && self.actions.holds(Some(&request.action), action)
            && self.users.holds(user, same)
            && self.roles.holds(role, same)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USERS: [&str; 3] = ["user-1", "user-2", "user-3"];
    const ROLES: [&str; 2] = ["role-1", "role-2"];
    const ADDRESSES: [&str; 5] =
        ["192.0.2.1", "192.0.2.129", "198.51.100.7", "::ffff:192.0.2.1", "2001:db8::1"];
    const RANGES: [&str; 5] =
        ["192.0.2.0/25", "192.0.2.1/32", "192.0.0.0/8", "0.0.0.0/0", "203.0.113.0/24"];

    /// The sentences of the specification one by one, in the plainest words.
    fn slow_effect(rules: &[Rule], request: &Request<'_>) -> (Effect, Vec<String>) {
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        for rule in rules {
            if slow_match(&rule.conditions, request) {
                let list = if rule.effect == Effect::Deny { &mut denied } else { &mut allowed };
                list.push(rule.name.clone());
            }
        }
        if !denied.is_empty() {
            return (Effect::Deny, denied);
        }
        if allowed.is_empty() { (Effect::Deny, Vec::new()) } else { (Effect::Allow, allowed) }
    }

    fn slow_match(conditions: &Conditions, request: &Request<'_>) -> bool {
        let text = request.address.to_string();
        let text = text.strip_prefix("::ffff:").unwrap_or(&text);
        for (lists, negated) in [
            ((&conditions.addresses.any, &conditions.actions.any), false),
            ((&conditions.addresses.none, &conditions.actions.none), true),
        ] {
            let (ranges, actions) = lists;
            let inside = ranges.iter().any(|range| slow_contains(&range.to_string(), text));
            if !ranges.is_empty() && inside == negated {
                return false;
            }
            let named = actions.iter().any(|action| action.as_str() == request.action.as_str());
            if !actions.is_empty() && named == negated {
                return false;
            }
        }
        let (user, role) = match request.who {
            Who::User(id) => (id, ""),
            Who::Role(id) => ("", id),
        };
        for (condition, id) in [(&conditions.users, user), (&conditions.roles, role)] {
            let wanted = !condition.any.is_empty();
            let unwanted = !condition.none.is_empty();
            if (wanted || unwanted) && id.is_empty() {
                return false;
            }
            if wanted && !condition.any.iter().any(|other| other == id) {
                return false;
            }
            if unwanted && condition.none.iter().any(|other| other == id) {
                return false;
            }
        }
        true
    }

    /// Compares the addresses as strings of zeros and ones.
    fn slow_contains(range: &str, address: &str) -> bool {
        let bits = |text: &str| -> Option<String> {
            let octets: Result<Vec<u8>, _> = text.split('.').map(str::parse).collect();
            Some(octets.ok()?.iter().map(|octet| format!("{octet:08b}")).collect())
        };
        let (base, length) = range.split_once('/').unwrap();
        let length: usize = length.parse().unwrap();
        match bits(address) {
            Some(address) => address[..length] == bits(base).unwrap()[..length],
            None => false,
        }
    }

    fn condition<T: Clone + std::fmt::Debug + 'static>(
        pool: Vec<T>,
    ) -> impl Strategy<Value = Condition<T>> {
        let list = || {
            let some = prop::collection::vec(prop::sample::select(pool.clone()), 1..3);
            prop_oneof![3 => Just(Vec::new()), 1 => some]
        };
        (list(), list()).prop_map(|(any, none)| Condition { any, none })
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let ranges = RANGES.iter().map(|range| range.parse().unwrap()).collect();
        let conditions = (
            condition(ranges),
            condition(AccessAction::ALL.to_vec()),
            condition(owned(&USERS)),
            condition(owned(&ROLES)),
        );
        let effect = prop::sample::select(vec![Effect::Allow, Effect::Deny]);
        (effect, conditions).prop_map(|(effect, (addresses, actions, users, roles))| {
            let conditions = Conditions { addresses, actions, users, roles };
            Rule { name: String::new(), effect, conditions }
        })
    }

    fn request() -> impl Strategy<Value = Request<'static>> {
        let users = prop::sample::select(USERS.to_vec()).prop_map(Who::User);
        let roles = prop::sample::select(ROLES.to_vec()).prop_map(Who::Role);
        let actions = prop::sample::select(AccessAction::ALL.to_vec());
        let addresses = prop::sample::select(ADDRESSES.to_vec());
        (prop_oneof![3 => users, 1 => roles], actions, addresses).prop_map(
            |(who, action, address)| Request { who, action, address: address.parse().unwrap() },
        )
    }

    proptest! {
        #[test]
        fn the_effect_is_that_of_the_slow_judge(
            mut rules in prop::collection::vec(rule(), 0..10),
            requests in prop::collection::vec(request(), 1..20),
        ) {
            for (at, rule) in rules.iter_mut().enumerate() {
                rule.name = at.to_string();
            }
            for request in requests {
                let (outcome, names) = effect(&rules, &request);
                let expected = slow_effect(&rules, &request);
                prop_assert_eq!((outcome, owned(&names)), expected, "{:?}", request);
            }
        }

        #[test]
        fn conditions_are_kept_as_they_are(rule in rule()) {
            let text = serde_json::to_string(&rule.conditions).unwrap();
            prop_assert_eq!(serde_json::from_str::<Conditions>(&text).unwrap(), rule.conditions);
        }
    }

    #[test]
    fn actions_are_kept_under_the_names_of_the_wire() {
        for action in AccessAction::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
    }
}
