//! The rules, a file for each family. A rule says nothing of what another has already found broken.

mod actions;
mod arns;
mod conditions;
mod elements;
mod federation;
mod ip;
mod keys;
mod pairs;
mod pass_role;
mod patterns;
mod principals;
mod redundancy;
mod regions;
mod services;
mod shape;
mod sids;
mod size;
mod tags;
mod trust;
mod values;
mod variables;

use crate::{
    finding::Findings,
    tree::{Policy, Statement},
};

/// Rules that look at the whole policy.
const OF_POLICIES: [fn(&Policy<'_>, &mut Findings); 6] = [
    shape::document,
    sids::check,
    size::check,
    variables::elements,
    redundancy::statements,
    patterns::scp,
];

/// Rules that look at one statement.
const OF_STATEMENTS: [fn(&Policy<'_>, &Statement<'_>, &mut Findings); 20] = [
    shape::statement,
    elements::check,
    actions::check,
    actions::of_resource_type,
    arns::check,
    principals::check,
    trust::check,
    federation::check,
    conditions::operators,
    conditions::forms,
    keys::check,
    keys::of_actions,
    values::check,
    regions::check,
    ip::check,
    pairs::check,
    services::check,
    tags::check,
    pass_role::check,
    redundancy::statement,
];

/// All there is to say of `policy`.
pub(crate) fn check(policy: &Policy<'_>, findings: &mut Findings) {
    for rule in OF_POLICIES {
        rule(policy, findings);
    }
    for statement in &policy.statements {
        for rule in OF_STATEMENTS {
            rule(policy, statement, findings);
        }
        variables::conditions(policy, statement, findings);
    }
}
