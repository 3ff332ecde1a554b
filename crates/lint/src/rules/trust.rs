//! What only trust policies of roles may not have, and must have.

use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    tree::{Policy, Statement},
};

/// Condition keys whose values a caller may set only with another action.
const SETTING: [(&str, &str); 5] = [
    ("sts:SourceIdentity", "sts:SetSourceIdentity"),
    ("aws:RequestTag/", "sts:TagSession"),
    ("aws:TagKeys", "sts:TagSession"),
    ("sts:TransitiveTagKeys", "sts:TagSession"),
    ("sts:RequestContext/", "sts:SetContext"),
];

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    if policy.kind != PolicyType::Trust {
        return;
    }
    if let Some(member) = statement.member("NotPrincipal") {
        let message = "Role trust policies do not support NotPrincipal. Update the policy to use a \
                       Principal element instead.";
        findings.add(Code::RoleTrustPolicySyntaxErrorNotprincipal, member.name.span, message);
    }
    if let Some(member) = statement.member("Resource").or_else(|| statement.member("NotResource")) {
        let message = "Role trust policies apply to the role that they are attached to. You cannot \
                       specify a resource. Remove the Resource or NotResource element.";
        findings.add(Code::RoleTrustPolicySyntaxErrorResource, member.name.span, message);
    }
    everyone(statement, findings);
    setting(statement, findings);
    redundant(statement, findings);
}

fn everyone(statement: &Statement<'_>, findings: &mut Findings) {
    let Some(principals) = statement.principals.as_ref().filter(|_| statement.allows()) else {
        return;
    };
    for (_, entry) in principals.entries.iter().filter(|(_, entry)| entry.text == "*") {
        let message = "\"Principal:\" \"*\" is not supported in the principal element of a role trust \
                       policy. Replace the wildcard with a valid principal value.";
        findings.add(Code::RoleTrustPolicyUnsupportedWildcardInPrincipal, entry.span, message);
    }
}

fn setting(statement: &Statement<'_>, findings: &mut Findings) {
    if !statement.allows() || statement.actions.as_ref().is_none_or(|actions| actions.negated) {
        return;
    }
    let allowed = |action: &str| {
        statement.action_entries().iter().any(|entry| actions::matches(entry.text, action))
    };
    for condition in &statement.conditions {
        let key = &*condition.key.value;
        let Some((_, action)) = SETTING.iter().find(|(prefix, _)| is_key(key, prefix)) else {
            continue;
        };
        if allowed(action) {
            continue;
        }
        let message = format!(
            "The {action} action must be in the action block to allow setting values for the condition \
             key {key}. Add {action} to the action block."
        );
        findings.add(Code::MissingActionForConditionKey, condition.key.span, message);
    }
}

/// Whether `key` is the key, or one of the family if the name ends in `/`.
fn is_key(key: &str, name: &str) -> bool {
    if !name.ends_with('/') {
        return key.eq_ignore_ascii_case(name);
    }
    key.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// A session whose role is named too.
fn redundant(statement: &Statement<'_>, findings: &mut Findings) {
    let Some(principals) = &statement.principals else { return };
    for (_, entry) in &principals.entries {
        let Some((account, role)) = session(entry.text) else { continue };
        let parent =
            principals.entries.iter().find(|(_, other)| is_role(other.text, account, role));
        let Some((_, parent)) = parent else { continue };
        let message = format!(
            "The assumed-role principal {} is redundant with its parent role {}. Remove the assumed-role \
             principal.",
            entry.text, parent.text
        );
        findings
            .add(Code::RedundantPrincipalInRoleTrustPolicy, entry.span, message)
            .also_at(parent.span);
    }
}

/// The account and the role's name of the ARN of a session.
fn session(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", _, "sts", "", account, resource] = parts.as_slice() else { return None };
    let (role, _) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some((account, role))
}

fn is_role(arn: &str, account: &str, name: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", _, "iam", "", of, resource] = parts.as_slice() else { return false };
    of == account
        && resource.strip_prefix("role/").is_some_and(|path| path.rsplit('/').next() == Some(name))
}
