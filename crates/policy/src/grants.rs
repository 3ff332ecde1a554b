//! What a document may allow, whatever the resource and the conditions.

use crate::{
    document::{Clause, Document, Effect},
    set::Action,
};

impl Document {
    /// Whether a statement that permits covers `action` for some resource under some condition.
    #[must_use]
    pub fn may_allow(&self, action: &str) -> bool {
        let action = Action::new(action);
        let permits = self.rules.iter().filter(|rule| rule.effect == Effect::Allow);
        permits.into_iter().any(|rule| rule.actions.cover(action.as_str()))
    }

    /// Whether a statement that permits covers any action of `service`, as in `iam`.
    #[must_use]
    pub fn may_allow_service(&self, service: &str) -> bool {
        let permits = self.statements().iter();
        let permits = permits.filter(|statement| statement.effect.value == Effect::Allow);
        permits
            .filter_map(|statement| statement.actions.as_ref())
            .any(|clause| may_cover(clause, service))
    }
}

fn may_cover(clause: &Clause, service: &str) -> bool {
    let mut entries =
        clause.entries.iter().map(|entry| entry.value.split_once(':').unwrap_or(("*", "*")));
    let of_service = |vendor: &str| vendor == "*" || vendor.eq_ignore_ascii_case(service);
    if clause.negated {
        // Something is left unless all of the service is taken away.
        let all = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte == b'*');
        return !entries.any(|(vendor, name)| of_service(vendor) && all(name));
    }
    entries.any(|(vendor, _)| of_service(vendor))
}
