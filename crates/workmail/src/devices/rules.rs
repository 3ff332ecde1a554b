//! What rules say of a device.

use serde::{Deserialize, Serialize};

use crate::verdict::{Condition, Effect, decide};

/// In a rule: a property that the device does not report.
const UNREPORTED: &str = "$NONE";

/// What a device reports of itself. Nobody has verified it; an empty text is taken as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Device<'a> {
    /// As in `iPhone`.
    pub device_type: Option<&'a str>,
    /// As in `iPhone13C2`.
    pub model: Option<&'a str>,
    /// As in `iOS 16.1`.
    pub operating_system: Option<&'a str>,
    /// As in `Apple-iPhone13C2/2002.82`.
    pub user_agent: Option<&'a str>,
}

/// A rule about devices.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) effect: Effect,
    pub(super) conditions: Conditions,
}

/// What a device must be for a rule to match: all of it. Each text is the beginning of what is reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Conditions {
    pub(super) device_types: Condition<String>,
    pub(super) models: Condition<String>,
    pub(super) operating_systems: Condition<String>,
    pub(super) user_agents: Condition<String>,
}

/// What the rules come to for a device, and those that brought it about.
pub(super) fn effect<'r>(rules: &'r [Rule], device: &Device<'_>) -> (Effect, Vec<&'r Rule>) {
    decide(rules, |rule| rule.effect, |rule| rule.conditions.match_device(device))
}

impl Conditions {
    fn match_device(&self, device: &Device<'_>) -> bool {
        [
            (&self.device_types, device.device_type),
            (&self.models, device.model),
            (&self.operating_systems, device.operating_system),
            (&self.user_agents, device.user_agent),
        ]
        .into_iter()
        .all(|(condition, reported)| condition.holds(reported.filter(|text| !text.is_empty()), is))
    }
}

fn is(wanted: &String, reported: Option<&str>) -> bool {
    match reported {
        None => wanted == UNREPORTED,
        Some(text) => wanted != UNREPORTED && begins_with(text, wanted),
    }
}

/// Compares character by character, without letter case.
fn begins_with(text: &str, prefix: &str) -> bool {
    let mut text = text.chars().flat_map(char::to_lowercase);
    prefix.chars().flat_map(char::to_lowercase).all(|wanted| text.next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 7] =
        ["iphone", "iPhone13C2", "IPHONE 4", "Android", "an", "$NONE", "$none"];

    /// The sentences of the specification one by one.
    fn slow_match(condition: &Condition<String>, reported: Option<&str>) -> bool {
        let reported = match reported {
            Some("") | None => None,
            Some(text) => Some(text.to_ascii_lowercase()),
        };
        if !condition.any.is_empty() {
            let mut found = false;
            for wanted in &condition.any {
                found |= match &reported {
                    None => wanted == "$NONE",
                    Some(text) => {
                        wanted != "$NONE" && text.starts_with(&wanted.to_ascii_lowercase())
                    }
                };
            }
            if !found {
                return false;
            }
        }
        if condition.none.is_empty() {
            return true;
        }
        let Some(text) = reported else { return false };
        for unwanted in &condition.none {
            if unwanted != "$NONE" && text.starts_with(&unwanted.to_ascii_lowercase()) {
                return false;
            }
        }
        true
    }

    fn slow_effect(rules: &[Rule], device: &Device<'_>) -> (Effect, Vec<String>) {
        let matching = |effect| -> Vec<String> {
            let matches = |rule: &&Rule| {
                let conditions = &rule.conditions;
                rule.effect == effect
                    && slow_match(&conditions.device_types, device.device_type)
                    && slow_match(&conditions.models, device.model)
                    && slow_match(&conditions.operating_systems, device.operating_system)
                    && slow_match(&conditions.user_agents, device.user_agent)
            };
            rules.iter().filter(matches).map(|rule| rule.id.clone()).collect()
        };
        match (matching(Effect::Deny), matching(Effect::Allow)) {
            (denied, _) if !denied.is_empty() => (Effect::Deny, denied),
            (_, allowed) if !allowed.is_empty() => (Effect::Allow, allowed),
            _ => (Effect::Deny, Vec::new()),
        }
    }

    fn word() -> impl Strategy<Value = &'static str> {
        prop::sample::select(WORDS.to_vec())
    }

    fn condition() -> impl Strategy<Value = Condition<String>> {
        let list = || {
            let some = prop::collection::vec(word().prop_map(str::to_owned), 1..3);
            prop_oneof![3 => Just(Vec::new()), 1 => some]
        };
        (list(), list()).prop_map(|(any, none)| Condition { any, none })
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let effect = prop::sample::select(vec![Effect::Allow, Effect::Deny]);
        (effect, condition(), condition(), condition(), condition()).prop_map(
            |(effect, device_types, models, operating_systems, user_agents)| Rule {
                id: String::new(),
                name: String::new(),
                effect,
                conditions: Conditions { device_types, models, operating_systems, user_agents },
            },
        )
    }

    fn device() -> impl Strategy<Value = Device<'static>> {
        let property =
            || prop_oneof![2 => word().prop_map(Some), 1 => Just(None), 1 => Just(Some(""))];
        (property(), property(), property(), property()).prop_map(
            |(device_type, model, operating_system, user_agent)| Device {
                device_type,
                model,
                operating_system,
                user_agent,
            },
        )
    }

    proptest! {
        #[test]
        fn the_effect_is_that_of_the_slow_judge(
            mut rules in prop::collection::vec(rule(), 0..10),
            devices in prop::collection::vec(device(), 1..20),
        ) {
            for (at, rule) in rules.iter_mut().enumerate() {
                rule.id = at.to_string();
            }
            for device in devices {
                let (outcome, matched) = effect(&rules, &device);
                let matched = matched.into_iter().map(|rule| rule.id.clone()).collect();
                prop_assert_eq!((outcome, matched), slow_effect(&rules, &device), "{:?}", device);
            }
        }
    }

    #[test]
    fn prefixes_know_no_letter_case() {
        assert!(begins_with("ÉCRAN 2", "écran") && begins_with("x", ""));
        assert!(!begins_with("ipho", "iphone") && !begins_with("my iphone", "iphone"));
    }
}
