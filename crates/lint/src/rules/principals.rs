//! Who is named in `Principal`, and in what form.
//!
//! IAM User Guide, "AWS JSON policy elements: Principal".

use policy::json::Value;

use super::arns::is_account;
use crate::{
    PolicyType,
    code::Code,
    finding::Findings,
    tree::{Entry, Policy, Principals, Statement},
};

const KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

/// What the names of services end in.
const SERVICE_ENDS: [&str; 4] =
    [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".amazonaws.eu"];

/// Characters of the id of a user or role.
const ID_CHARS: usize = 21;

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    let Some(principals) = &statement.principals else { return };
    let span = principals.member.name.span;
    match policy.kind {
        PolicyType::Identity => {
            let message = "The policy type IDENTITY_POLICY does not support the Principal element. \
                           Remove the Principal element.";
            findings.add(Code::UnsupportedPrincipal, span, message).hint(
                "policies of resources and trust policies have principals: is it one of those?",
            );
            return;
        }
        PolicyType::ServiceControl => {
            let message = "SCPs do not support specifying principals. Remove the Principal or NotPrincipal element.";
            findings.add(Code::ScpSyntaxErrorPrincipal, span, message);
            return;
        }
        PolicyType::Trust | PolicyType::Resource | PolicyType::ResourceControl => {}
    }
    form(principals, findings);
    for (kind, entry) in &principals.entries {
        principal(policy, kind, entry, findings);
    }
    if principals.negated && statement.allows() && policy.kind != PolicyType::Trust {
        let message = "Using Allow with NotPrincipal can be overly permissive. We recommend that you use \
                       Principal instead.";
        findings.add(Code::AllowWithNotprincipal, span, message);
    }
}

/// `"*"` or an object of kinds.
fn form(principals: &Principals<'_>, findings: &mut Findings) {
    let node = &principals.member.value;
    match &node.value {
        Value::String(text) if &**text == "*" => {}
        Value::Object(kinds) => {
            for kind in kinds.iter().filter(|kind| !KINDS.contains(&&*kind.name.value)) {
                let name = &kind.name;
                let message = format!("The principal key {} is not valid.", name.value);
                findings
                    .add(Code::InvalidPrincipalKey, name.span, message)
                    .hint(format!("the kinds of principals are {}", KINDS.join(", ")));
            }
        }
        _ => {
            let message = "The Principal element contents are not valid. Specify a key-value pair in the \
                           Principal element.";
            findings
                .add(Code::InvalidPrincipalFormat, node.span, message)
                .hint("write `\"*\"`, or an object as `{\"AWS\": \"111122223333\"}`");
        }
    }
}

fn principal(policy: &Policy<'_>, kind: &str, entry: &Entry<'_>, findings: &mut Findings) {
    // A variable is another rule's; text without a kind was looked at as a whole.
    if entry.text.contains("${") || !KINDS.contains(&kind) {
        return;
    }
    if entry.text.contains(['*', '?']) && (kind != "AWS" || entry.text != "*") {
        let message = format!(
            "Wildcards (*, ?) are not supported with the principal key {kind}. Replace the wildcard with \
             a valid principal value."
        );
        findings.add(Code::UnsupportedWildcardInPrincipal, entry.span, message);
        return;
    }
    match kind {
        "AWS" => aws(entry, findings),
        "Service" => service(entry, findings),
        "Federated" if policy.kind == PolicyType::Resource => {
            let message = "The policy type does not support a federated identity provider in the \
                           principal element. Use a supported principal.";
            findings.add(Code::FederatedPrincipalNotSupported, entry.span, message);
        }
        _ => {}
    }
}

fn aws(entry: &Entry<'_>, findings: &mut Findings) {
    let text = entry.text;
    if text == "*" || is_account(text) || is_principal_arn(text) {
        return;
    }
    let is_id = text.len() == ID_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id && text.starts_with("AROA") {
        let message = format!(
            "The Principal element includes the IAM role ID {text}. We recommend that you use a role ARN \
             instead."
        );
        let hint = "the role was deleted: a new one of its name has another id";
        findings.add(Code::InvalidRoleReference, entry.span, message).hint(hint);
    } else if is_id && text.starts_with("AIDA") {
        let message = format!(
            "The Principal element includes the IAM user ID {text}. We recommend that you use a user ARN \
             instead."
        );
        let hint = "the user was deleted: a new one of its name has another id";
        findings.add(Code::InvalidUserReference, entry.span, message).hint(hint);
    } else {
        let message = "The Principal element contents are not valid. Specify a key-value pair in the \
                       Principal element.";
        findings.add(Code::InvalidPrincipalFormat, entry.span, message).hint(
            "a principal is an account id, or the ARN of an account, a user, a role, or a session",
        );
    }
}

fn is_principal_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let &["arn", partition, service, "", account, resource] = parts.as_slice() else {
        return false;
    };
    let kinds: &[&str] = match service {
        "iam" if resource == "root" => return partition.starts_with("aws") && is_account(account),
        "iam" => &["user/", "role/"],
        "sts" => &["assumed-role/", "federated-user/"],
        // Identities of CloudFront stand in policies of buckets.
        "cloudfront" => return true,
        _ => return false,
    };
    let named = |kind: &&str| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty());
    let known = is_account(account) || (account == "cloudfront" && service == "iam");
    partition.starts_with("aws") && known && kinds.iter().any(named)
}

fn service(entry: &Entry<'_>, findings: &mut Findings) {
    let name = SERVICE_ENDS.iter().find_map(|end| entry.text.strip_suffix(end));
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if name.is_some_and(|name| name.split('.').all(label)) {
        return;
    }
    let message = "The service principal does not match the expected format. Use the format \
                   service-name.amazonaws.com.";
    findings.add(Code::InvalidServicePrincipalFormat, entry.span, message);
}
