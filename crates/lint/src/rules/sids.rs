//! Names of statements.

use std::collections::HashSet;

use super::shape::string;
use crate::{PolicyType, code::Code, finding::Findings, tree::Policy};

pub(super) fn check(policy: &Policy<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for member in policy.statements.iter().filter_map(|statement| statement.member("Sid")) {
        let span = member.value.span;
        let Some(sid) = string(&member.value, findings) else { continue };
        if sid.is_empty() {
            let message = "Add a value to the empty string in the Sid element.";
            findings.add(Code::EmptySidValue, span, message);
        } else if !seen.insert(sid) {
            let (code, message) = doubled(policy.kind);
            findings.add(code, span, message);
        }
        // Some services, SNS and SQS among them, take other characters too.
        let strict = policy.kind != PolicyType::Resource;
        if strict && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let message = "Update the characters in the Sid element to use one of the following \
                           character types: [a-z, A-Z, 0-9]";
            findings.add(Code::UnsupportedSid, span, message);
        }
    }
}

fn doubled(kind: PolicyType) -> (Code, &'static str) {
    match kind {
        PolicyType::Resource => (
            Code::UniqueSidsRecommended,
            "We recommend that you use statement IDs that are unique to your policy. Update the Sid value.",
        ),
        _ => (
            Code::UniqueSidsRequired,
            "Duplicate statement IDs are not supported for this policy type. Update the Sid value.",
        ),
    }
}
