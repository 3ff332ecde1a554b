//! Policies that a simulation leaves out.

use wire::iam::{
    AttachmentType, InlinePolicyIdentifierType, PolicyIdentifier,
    PolicyIdentifierPolicyType as Type, errors::INVALID_INPUT,
};

use crate::{
    arns::PolicyArn, entity::EntityKind, identity_policies::Held, names, subject::Subject,
};

/// Leaves out of the subject's policies those that are named.
///
/// # Errors
/// `InvalidInput` for an identifier that names policies in no way or in two, or with too many wildcards.
pub(super) fn apply(
    subject: &mut Subject,
    excluded: Vec<PolicyIdentifier>,
) -> Result<(), wire::Error> {
    for identifier in excluded {
        match parts(identifier)? {
            Excluded::Kind(Type::PermissionBoundary) => subject.boundary = None,
            Excluded::Kind(kind) => subject.identity.retain(|held| !is_of(held, kind)),
            Excluded::Arn(arn) => {
                let pattern = pattern(&arn)?;
                subject.identity.retain(|held| !pattern.is_arn_of(held));
            }
            Excluded::Inline(wanted) => {
                check_wildcards(&wanted.attachment_name)?;
                subject.identity.retain(|held| !is_inline(held, &wanted));
            }
        }
    }
    Ok(())
}

/// In which of the three ways policies are named.
enum Excluded {
    Kind(Type),
    Arn(String),
    Inline(InlinePolicyIdentifierType),
}

fn parts(identifier: PolicyIdentifier) -> Result<Excluded, wire::Error> {
    let PolicyIdentifier { policy_type, policy_arn, inline_policy_identifier } = identifier;
    match (policy_type, policy_arn, inline_policy_identifier) {
        (Some(kind), None, None) => Ok(Excluded::Kind(kind)),
        (None, Some(arn), None) => Ok(Excluded::Arn(arn)),
        (None, None, Some(inline)) => Ok(Excluded::Inline(inline)),
        _ => Err(INVALID_INPUT.with(
            "A policy identifier must have exactly one of PolicyType, PolicyArn and \
             InlinePolicyIdentifier.",
        )),
    }
}

/// Nobody here is bound by an organization's policies, so there are none of those to leave out.
fn is_of(held: &Held, kind: Type) -> bool {
    let by_aws = held.arn.as_deref().and_then(PolicyArn::parse).map(|arn| arn.account.is_none());
    match kind {
        Type::Inline => held.arn.is_none(),
        Type::AwsManaged => by_aws == Some(true),
        Type::UserManaged => by_aws == Some(false),
        Type::PermissionBoundary | Type::Scp | Type::Rcp => false,
    }
}

/// A managed policy's ARN whose name may have wildcards. The path does not count.
struct Pattern<'a>(PolicyArn<'a>);

fn pattern(arn: &str) -> Result<Pattern<'_>, wire::Error> {
    let parts = PolicyArn::parse(arn);
    let parts = parts.filter(|parts| {
        let account = parts.account.unwrap_or_default();
        !account.contains(['*', '?']) && !parts.path.contains(['*', '?'])
    });
    let Some(parts) = parts else {
        return Err(INVALID_INPUT.with(format!("The policy ARN {arn} is not valid.")));
    };
    check_wildcards(parts.name)?;
    Ok(Pattern(parts))
}

impl Pattern<'_> {
    fn is_arn_of(&self, held: &Held) -> bool {
        let Some(arn) = held.arn.as_deref().and_then(PolicyArn::parse) else { return false };
        arn.account == self.0.account && actions::matches(self.0.name, arn.name)
    }
}

fn is_inline(held: &Held, wanted: &InlinePolicyIdentifierType) -> bool {
    let kind = match wanted.attachment_type {
        AttachmentType::User => EntityKind::User,
        AttachmentType::Group => EntityKind::Group,
        AttachmentType::Role => EntityKind::Role,
    };
    held.arn.is_none()
        && held.holder.kind == kind
        && names::fold(&held.name) == names::fold(&wanted.policy_name)
        && actions::matches(&wanted.attachment_name, &held.holder.name)
}

/// One `*` at most, and any number of `?`.
fn check_wildcards(name: &str) -> Result<(), wire::Error> {
    if name.matches('*').count() <= 1 {
        return Ok(());
    }
    Err(INVALID_INPUT.with(format!("The name {name} may have one * at most.")))
}
