//! Where service control policies may have wildcards.

use crate::{PolicyType, code::Code, finding::Findings, tree::Policy};

pub(super) fn scp(policy: &Policy<'_>, findings: &mut Findings) {
    if policy.kind != PolicyType::ServiceControl {
        return;
    }
    let elements = policy.statements.iter().filter_map(|statement| statement.actions.as_ref());
    for entry in elements.flat_map(|element| &element.entries) {
        let body = entry.text.strip_suffix('*').unwrap_or(entry.text);
        if body.contains(['*', '?']) {
            let message = format!(
                "SCP actions can include wildcards (*) only at the end of a string. Update {}.",
                entry.text
            );
            findings.add(Code::ScpSyntaxErrorActionWildcard, entry.span, message);
        }
    }
}
