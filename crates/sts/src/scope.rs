//! What a session is given when it is made: policies that limit it, tags, and who stands behind it.

use std::collections::HashSet;

use iam::{
    documents,
    door::{Resource, SessionScope},
    policies, session,
};
use policy::Kind;
use store::Snapshot;
use wire::{
    errors::VALIDATION,
    sts::{PolicyDescriptorType, Tag, errors::PACKED_POLICY_TOO_LARGE},
};

use crate::errors::INVALID_PARAMETER_VALUE;

/// Characters of a session's policy and the ARNs of its managed policies together (STS API Reference).
const POLICIES_CHARS_MAX: usize = 2048;

/// Managed policies of a session at most.
const POLICY_ARNS_MAX: usize = 10;

/// The beginning of tag keys that only AWS may give.
const RESERVED_PREFIX: &str = "aws:";

/// What a request says of the session that it wants.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    /// A policy that limits the session.
    pub(crate) policy: Option<String>,
    /// ARNs of managed policies that limit it.
    pub(crate) policy_arns: Option<Vec<PolicyDescriptorType>>,
    /// Session tags.
    pub(crate) tags: Option<Vec<Tag>>,
    /// Keys of the tags that go on to roles assumed from the session.
    pub(crate) transitive_tag_keys: Option<Vec<String>>,
    /// Who stands behind it.
    pub(crate) source_identity: Option<String>,
    /// The identity provider that vouches.
    pub(crate) provider: Option<String>,
}

impl Wish {
    /// The scope that is wished for, if all of it can be.
    ///
    /// # Errors
    /// `ValidationError`, `InvalidParameterValue`, `MalformedPolicyDocument`, `PackedPolicyTooLarge`.
    pub(crate) fn checked(self) -> Result<SessionScope, wire::Error> {
        let policy_arns = policy_arns(self.policy_arns)?;
        check_policies(self.policy.as_deref(), &policy_arns)?;
        let tags: Vec<_> =
            self.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        check_tag_keys(&tags)?;
        let transitive_tag_keys = self.transitive_tag_keys.unwrap_or_default();
        check_transitive(&transitive_tag_keys, &tags)?;
        Ok(SessionScope {
            policy: self.policy,
            policy_arns,
            tags,
            transitive_tag_keys,
            source_identity: self.source_identity,
            provider: self.provider,
        })
    }
}

fn policy_arns(arns: Option<Vec<PolicyDescriptorType>>) -> Result<Vec<String>, wire::Error> {
    let arns: Vec<String> =
        arns.unwrap_or_default().into_iter().filter_map(|descriptor| descriptor.arn).collect();
    if arns.len() > POLICY_ARNS_MAX {
        return Err(VALIDATION.with(format!(
            "1 validation error detected: Value '[{}]' at 'policyArns' failed to satisfy constraint: \
             Member must have length less than or equal to {POLICY_ARNS_MAX}",
            arns.join(", ")
        )));
    }
    Ok(arns)
}

fn check_policies(policy: Option<&str>, arns: &[String]) -> Result<(), wire::Error> {
    if let Some(policy) = policy {
        documents::check(policy, Kind::Session)?;
    }
    let chars = |text: &str| text.chars().count();
    let total = policy.map_or(0, chars) + arns.iter().map(|arn| chars(arn)).sum::<usize>();
    if total > POLICIES_CHARS_MAX {
        return Err(PACKED_POLICY_TOO_LARGE.with(format!(
            "The session policies have {total} characters, {POLICIES_CHARS_MAX} are the maximum."
        )));
    }
    Ok(())
}

fn check_tag_keys(tags: &[(String, String)]) -> Result<(), wire::Error> {
    let mut seen = HashSet::new();
    for (key, _) in tags {
        let folded = key.to_lowercase();
        if folded.starts_with(RESERVED_PREFIX) {
            let message = "Tag keys beginning with aws: are reserved for system use.";
            return Err(INVALID_PARAMETER_VALUE.with(message));
        }
        if !seen.insert(folded) {
            let message =
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(INVALID_PARAMETER_VALUE.with(message));
        }
    }
    Ok(())
}

fn check_transitive(keys: &[String], tags: &[(String, String)]) -> Result<(), wire::Error> {
    let is_tag =
        |wanted: &String| tags.iter().any(|(key, _)| key.to_lowercase() == wanted.to_lowercase());
    if keys.iter().all(is_tag) {
        return Ok(());
    }
    let message = "The specified transitive tag key must be included in the requested tags.";
    Err(INVALID_PARAMETER_VALUE.with(message))
}

/// `scope` with what the session that the call was made with hands on: its transitive tags and its source
/// identity (IAM User Guide, "Chaining roles with session tags").
///
/// # Errors
/// `InvalidParameterValue` when a tag of the call would replace one that was handed on.
pub(crate) fn inherit(
    mut scope: SessionScope,
    from: Option<&SessionScope>,
) -> Result<SessionScope, wire::Error> {
    let Some(from) = from else { return Ok(scope) };
    let is_transitive = |key: &str| {
        let folded = key.to_lowercase();
        from.transitive_tag_keys.iter().any(|transitive| transitive.to_lowercase() == folded)
    };
    if scope.tags.iter().any(|(key, _)| is_transitive(key)) {
        let message = "One of the specified tag keys can't be set because it conflicts with a \
                       transitive tag key from the calling session.";
        return Err(INVALID_PARAMETER_VALUE.with(message));
    }
    scope.tags.extend(from.tags.iter().filter(|(key, _)| is_transitive(key)).cloned());
    scope.transitive_tag_keys.extend(from.transitive_tag_keys.iter().cloned());
    if scope.source_identity.is_none() {
        scope.source_identity.clone_from(&from.source_identity);
    }
    Ok(scope)
}

/// What a request with that scope asks of policies: tags and their keys, and the source identity.
pub(crate) fn asked(scope: &SessionScope) -> Resource {
    let mut asked = Resource::any().bringing(scope.tags.iter().cloned());
    if !scope.transitive_tag_keys.is_empty() {
        asked = asked.with_all("sts:TransitiveTagKeys", scope.transitive_tag_keys.clone());
    }
    if let Some(identity) = &scope.source_identity {
        asked = asked.with("sts:SourceIdentity", identity);
    }
    asked
}

/// Refuses managed policies that `account` does not have.
pub(crate) async fn check_exist(
    snapshot: &mut Snapshot,
    account: &str,
    scope: &SessionScope,
) -> Result<(), wire::Error> {
    for arn in &scope.policy_arns {
        if !policies::exists(snapshot, account, arn).await? {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            return Err(VALIDATION.with(message));
        }
    }
    Ok(())
}

/// How much of the room for policies and tags a scope takes, in percent; nothing if it has none.
///
/// # Errors
/// `PackedPolicyTooLarge` when it is more than all.
pub(crate) fn packed_percent(scope: &SessionScope) -> Result<Option<i32>, wire::Error> {
    if !scope.is_limited() && scope.tags.is_empty() {
        return Ok(None);
    }
    let bytes = session::packed_bytes(scope)?;
    let percent = (bytes * 100).div_ceil(session::SCOPE_BYTES_MAX);
    if percent > 100 {
        return Err(PACKED_POLICY_TOO_LARGE.with(format!(
            "Packed size of the session policies and tags consumes {percent}% of the allotted space."
        )));
    }
    Ok(i32::try_from(percent).ok())
}
