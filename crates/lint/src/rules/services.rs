//! Services as principals of resource policies: they act for whoever asks them to, so the policy has to
//! say for whom (IAM User Guide, "The confused deputy problem").

use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    tree::{Policy, Statement},
};

/// Keys that say on whose behalf a service acts.
const SOURCES: [&str; 4] =
    ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"];

/// Keys that people use for it, and that are weaker.
const WEAKER: [&str; 2] = ["aws:SourceOwner", "aws:referer"];

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    let Some(principals) = &statement.principals else { return };
    let applies = policy.kind == PolicyType::Resource && statement.allows() && !principals.negated;
    if !applies || statement.asks_for(&SOURCES) {
        return;
    }
    let weaker = statement
        .conditions
        .iter()
        .map(|condition| condition.key)
        .find(|key| WEAKER.iter().any(|weaker| weaker.eq_ignore_ascii_case(&key.value)));
    for (_, entry) in principals.entries.iter().filter(|(kind, _)| *kind == "Service") {
        if let Some(key) = weaker {
            let prefix = entry.text.split('.').next().unwrap_or_default();
            let message = format!(
                "To restrict access to the service principal {prefix} operating on your behalf, we \
                 recommend aws:SourceArn or aws:SourceAccount instead of {}.",
                key.value
            );
            findings.add(Code::RecommendedConditionKeyForServicePrincipal, key.span, message);
        } else {
            let message = "Granting access to a service principal without specifying a source is overly \
                           permissive. Use aws:SourceArn or aws:SourceAccount condition key and scope \
                           access to a specific source to grant fine-grained access.";
            findings.add(Code::RestrictAccessToServicePrincipal, entry.span, message);
        }
    }
}
