//! The form of principals; whether they exist is for who stores the policy.

use crate::{
    defect::{Defects, Stage, quoted},
    document::{Kind, PrincipalEntry, PrincipalKind, Statement},
    resource,
};

const ACCOUNT_DIGITS: usize = 12;

/// Hexadecimal digits of a canonical user id (S3 User Guide, "Finding the canonical user ID").
const CANONICAL_USER_DIGITS: usize = 64;

/// Ends of the names of services.
const SERVICE_DOMAINS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".aws.internal"];

/// What unique ids of users and roles begin with. AWS shows them in place of entities that are gone.
const UNIQUE_ID_PREFIXES: [&str; 2] = ["AIDA", "AROA"];
const UNIQUE_ID_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// Adds principals that cannot be any to `defects`.
pub(super) fn check(statement: &Statement, kind: Kind, defects: &mut Defects) {
    for entry in statement.principals.iter().flat_map(|principals| &principals.entries) {
        let PrincipalEntry { kind: named, value } = entry;
        let text = &*value.value;
        // S3's ids of accounts mean nothing to STS.
        let possible = *named != PrincipalKind::CanonicalUser || kind != Kind::Trust;
        if possible && is_well_formed(*named, text) {
            continue;
        }
        let message = format!("{} is no principal of kind `{}`", quoted(text), named.as_str());
        defects.add(value.span.start, Stage::Principal, verdict(*named, text), message);
    }
}

fn verdict(kind: PrincipalKind, text: &str) -> String {
    match kind {
        PrincipalKind::Federated => {
            "Federated principals must be valid domain names or SAML metadata ARNs".to_owned()
        }
        PrincipalKind::Aws | PrincipalKind::Service | PrincipalKind::CanonicalUser => {
            let kind = kind.as_str().to_ascii_uppercase();
            format!("Invalid principal in policy: \"{kind}\":\"{text}\"")
        }
    }
}

fn is_well_formed(kind: PrincipalKind, text: &str) -> bool {
    match kind {
        PrincipalKind::Aws => {
            text == "*" || is_account(text) || is_unique_id(text) || is_entity(text)
        }
        PrincipalKind::Service => is_service(text),
        PrincipalKind::Federated => is_domain(text) || is_provider(text),
        PrincipalKind::CanonicalUser => {
            text.len() == CANONICAL_USER_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_unique_id(text: &str) -> bool {
    UNIQUE_ID_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        && UNIQUE_ID_BYTES.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The ARN of an account's root, a user, a role, or a session. Groups are no principals.
fn is_entity(text: &str) -> bool {
    let Some((service, name)) = global_arn(text) else { return false };
    let (family, rest) = name.split_once('/').unwrap_or((name, ""));
    match (service, family) {
        ("iam", "root") => name == "root",
        ("iam", "user" | "role") => {
            let (path, name) = rest.rsplit_once('/').unwrap_or(("", rest));
            is_path(path) && is_name(name)
        }
        ("sts", "federated-user") => is_name(rest),
        ("sts", "assumed-role") => {
            rest.split_once('/').is_some_and(|(role, session)| is_name(role) && is_name(session))
        }
        _ => false,
    }
}

fn is_provider(text: &str) -> bool {
    let Some(("iam", name)) = global_arn(text) else { return false };
    name.split_once('/').is_some_and(|(family, rest)| {
        matches!(family, "saml-provider" | "oidc-provider") && !rest.is_empty() && is_path(rest)
    })
}

/// Service and resource of an ARN that has an account and no region.
fn global_arn(text: &str) -> Option<(&str, &str)> {
    let ["aws", service, "", account, name] = resource::parts(text)? else { return None };
    is_account(account).then_some((service, name))
}

/// The characters of names (IAM User Guide, "IAM and AWS STS quotas"). No wildcard: part of a name cannot
/// stand for the whole.
fn is_name(text: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    !text.is_empty() && text.bytes().all(valid)
}

/// Visible characters but for wildcards and what begins a variable.
fn is_path(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"*?$".contains(&byte))
}

fn is_service(text: &str) -> bool {
    is_domain(text) && SERVICE_DOMAINS.iter().any(|domain| text.ends_with(domain))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.bytes().all(valid)
    };
    text.contains('.') && text.split('.').all(is_label)
}
