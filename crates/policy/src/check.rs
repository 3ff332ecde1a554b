//! The checks that AWS makes of a document that has the shape of a policy, in AWS's order and words.
//!
//! The order and the wording are those that the test suite of moto (getmoto/moto,
//! `tests/test_iam/test_iam_policies.py`) records of the real service.

mod principal;
mod resource;
mod trust;
mod variables;

use std::collections::HashSet;

use crate::{
    condition::Instant,
    defect::{Defects, Stage, quoted},
    document::{Clause, Kind, Statement, Version, Written},
    operator::Test,
    position::Text,
};

/// What AWS says of effects in the wrong case, of dates, and of some ARNs.
pub(crate) const LEGACY: &str = "The policy failed legacy parsing";

/// Adds what is wrong with `document` to `defects`.
pub(crate) fn check(document: &Written, defects: &mut Defects) {
    version(document, defects);
    for statement in &document.statements {
        dates(statement, defects);
    }
    variables::check(document, defects);
    resource::check(&document.statements, defects);
    statement_ids(document, defects);
    for statement in &document.statements {
        actions(statement, document.kind, defects);
        principal::check(statement, document.kind, defects);
    }
}

fn actions(statement: &Statement, kind: Kind, defects: &mut Defects) {
    for entry in statement.actions.iter().flat_map(|clause| &clause.entries) {
        match kind {
            Kind::Managed | Kind::Inline | Kind::Session | Kind::Resource => action(entry, defects),
            Kind::Trust => trust::action(entry, defects),
        }
    }
}

fn version(document: &Written, defects: &mut Defects) {
    if document.kind != Kind::Managed || document.version() == Version::V2012 {
        return;
    }
    let (at, message) = match &document.version {
        Some(version) => (version.span.start, "the version must be `2012-10-17`"),
        None => (document.span.start, "the policy has no `Version`, which must be `2012-10-17`"),
    };
    let verdict = "Policy document must be version 2012-10-17 or greater.";
    defects.add(at, Stage::Version, verdict, message);
}

/// Dates are the only values of conditions that AWS refuses when a policy is stored.
fn dates(statement: &Statement, defects: &mut Defects) {
    let dates = statement
        .conditions
        .iter()
        .filter(|condition| matches!(condition.operator.value.test, Test::Date(_)))
        .flat_map(|condition| &condition.values);
    for date in dates {
        if Instant::parse(&date.text.value).is_none() {
            let message = format!("{} is no date", quoted(&date.text.value));
            defects.add(date.text.span.start, Stage::Legacy, LEGACY, message);
        }
    }
}

/// IAM takes letters and digits; other services take what they like, and AWS's own policies for keys and
/// queues have spaces and underscores.
fn statement_ids(document: &Written, defects: &mut Defects) {
    let mut seen = HashSet::new();
    let is_of_iam = document.kind != Kind::Resource;
    for sid in document.statements.iter().filter_map(|statement| statement.sid.as_ref()) {
        if is_of_iam && !sid.value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let verdict = "Statement IDs (SID) must be alpha-numeric. Check that your input \
                           satisfies the regular expression [0-9A-Za-z]*";
            let message =
                format!("the Sid {} may hold only letters and digits", quoted(&sid.value));
            defects.add(sid.span.start, Stage::StatementId, verdict, message);
        }
        if !sid.value.is_empty() && !seen.insert(&sid.value) {
            let verdict = "Statement IDs (SID) in a single policy must be unique.";
            let message = format!("the Sid {} is used before", quoted(&sid.value));
            defects.add(sid.span.start, Stage::StatementId, verdict, message);
        }
    }
}

fn action(action: &Text, defects: &mut Defects) {
    let fault = match action.value.split_once(':') {
        None if &*action.value == "*" => None,
        None => Some((
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned(),
            "names no service",
        )),
        Some((_, name)) if name.contains(':') => Some((
            "Actions/Condition can contain only one colon.".to_owned(),
            "has more than one colon",
        )),
        Some((vendor, _)) if !is_vendor(vendor) => {
            Some((format!("Vendor {vendor} is not valid"), "names a service that cannot be"))
        }
        Some(_) => None,
    };
    if let Some((verdict, message)) = fault {
        let message = format!("the action {} {message}", quoted(&action.value));
        defects.add(action.span.start, Stage::Action, verdict, message);
    }
}

fn is_vendor(vendor: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    vendor == "*" || (!vendor.is_empty() && vendor.bytes().all(valid))
}

/// The entries of the clauses that are negated, or of those that are not.
fn entries(clause: Option<&Clause>, negated: bool) -> &[Text] {
    clause.filter(|clause| clause.negated == negated).map_or(&[], |clause| &clause.entries)
}
