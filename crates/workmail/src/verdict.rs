//! What rules come to. Access control, mobile devices and impersonation judge alike: a DENY that matches
//! outweighs every ALLOW, and what nothing allows is denied. So the order of rules says nothing.

use serde::{Deserialize, Serialize};

/// What a rule does with what it matches, and what all rules together come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Effect {
    /// Lets it through.
    Allow,
    /// Keeps it out.
    Deny,
}

impl Effect {
    /// As the store and the wire write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Deny => "DENY",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Allow, Self::Deny].into_iter().find(|effect| effect.as_str() == text)
    }

    /// As a column of the store holds it.
    pub(crate) fn of_column(text: &str) -> Result<Self, store::Error> {
        Self::parse(text).ok_or_else(|| store::Error::corrupt("the effect of a rule"))
    }
}

/// The three types of the service model that mean the same.
macro_rules! effect_on_the_wire {
    ($($name:ident)*) => {$(
        impl From<wire::workmail::$name> for Effect {
            fn from(effect: wire::workmail::$name) -> Self {
                match effect {
                    wire::workmail::$name::Allow => Self::Allow,
                    wire::workmail::$name::Deny => Self::Deny,
                }
            }
        }

        impl From<Effect> for wire::workmail::$name {
            fn from(effect: Effect) -> Self {
                match effect {
                    Effect::Allow => Self::Allow,
                    Effect::Deny => Self::Deny,
                }
            }
        }
    )*};
}

effect_on_the_wire!(AccessControlRuleEffect AccessEffect MobileDeviceAccessRuleEffect);

/// The effect of rules, and those of this effect that match: none if nothing does.
pub(crate) fn decide<R>(
    rules: &[R],
    effect_of: impl Fn(&R) -> Effect,
    matches: impl Fn(&R) -> bool,
) -> (Effect, Vec<&R>) {
    for effect in [Effect::Deny, Effect::Allow] {
        let wins = |rule: &&R| effect_of(rule) == effect && matches(rule);
        let matched: Vec<&R> = rules.iter().filter(wins).collect();
        if !matched.is_empty() {
            return (effect, matched);
        }
    }
    (Effect::Deny, Vec::new())
}

/// What a rule demands of one attribute of a request. Both lists empty: nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Condition<T> {
    /// One of these, unless empty.
    pub(crate) any: Vec<T>,
    /// None of these, unless empty.
    pub(crate) none: Vec<T>,
}

impl<T> Default for Condition<T> {
    fn default() -> Self {
        Self { any: Vec::new(), none: Vec::new() }
    }
}

impl<T> Condition<T> {
    /// The lists as they are shown: absent rather than empty.
    pub(crate) fn shown(self) -> (Option<Vec<T>>, Option<Vec<T>>) {
        let given = |list: Vec<T>| Some(list).filter(|list| !list.is_empty());
        (given(self.any), given(self.none))
    }

    /// The lists of a request, where an absent one is an empty one.
    pub(crate) fn new(any: Option<Vec<T>>, none: Option<Vec<T>>) -> Self {
        Self { any: any.unwrap_or_default(), none: none.unwrap_or_default() }
    }

    /// Whether both lists say something.
    pub(crate) fn is_twofold(&self) -> bool {
        !self.any.is_empty() && !self.none.is_empty()
    }

    /// Whether the attribute fulfils this, where `is` compares. A request that has no such attribute is never
    /// known to be none of something.
    pub(crate) fn holds<V: ?Sized>(
        &self,
        value: Option<&V>,
        is: impl Fn(&T, Option<&V>) -> bool,
    ) -> bool {
        let is_any = self.any.is_empty() || self.any.iter().any(|wanted| is(wanted, value));
        let is_none = self.none.is_empty()
            || (value.is_some() && !self.none.iter().any(|unwanted| is(unwanted, value)));
        is_any && is_none
    }
}
