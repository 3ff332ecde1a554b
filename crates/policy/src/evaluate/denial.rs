//! Why a request is denied, in AWS's words.
//!
//! IAM User Guide, "Troubleshoot access denied error messages".

use crate::set::Cause;

/// The kinds of policy, in the order in which AWS's messages name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// Of a user, its groups, or a role.
    Identity,
    /// Of a resource.
    Resource,
    /// The permissions boundary.
    Boundary,
    /// Passed for a session.
    Session,
    /// Of the asker's organisation.
    ServiceControl,
    /// Of the resource's organisation.
    ResourceControl,
    /// The trust policy of a role.
    RoleTrust,
}

impl PolicyType {
    /// As AWS's messages call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::RoleTrust => "role trust policy",
        }
    }

    /// Whether it belongs to the resource, and so to the resource's account.
    #[must_use]
    pub fn is_of_resource(self) -> bool {
        matches!(self, Self::Resource | Self::RoleTrust)
    }

    /// The same with its article, as one that denies is spoken of.
    fn with_article(self) -> &'static str {
        match self {
            Self::Identity => "an identity-based policy",
            Self::Resource => "a resource-based policy",
            Self::Boundary => "a permissions boundary",
            Self::Session => "a session policy",
            Self::ServiceControl => "a service control policy",
            Self::ResourceControl => "a resource control policy",
            Self::RoleTrust => "the role trust policy",
        }
    }

    /// Whether such a policy has an ARN of its own, which is not that of the resource it belongs to.
    fn has_arn(self) -> bool {
        !self.is_of_resource()
    }
}

/// What denied a request: one kind of policy, though several may have.
#[derive(Clone, Copy, Debug)]
pub struct Denial<'a> {
    /// Which.
    pub policy_type: PolicyType,
    /// The statement that denies; nothing if it is a permission that is missing.
    pub explicit: Option<Cause<'a>>,
}

impl Denial<'_> {
    /// The end of AWS's message: `because no identity-based policy allows the iam:GetUser action`, or
    /// `with an explicit deny in an identity-based policy`, followed by the policy's ARN if it has one, as
    /// since early 2026.
    #[must_use]
    pub fn reason(&self, action: &str) -> String {
        let Some(cause) = self.explicit else {
            return format!("because no {} allows the {action} action", self.policy_type.as_str());
        };
        let source = cause.source();
        let named = self.policy_type.has_arn() && source.starts_with("arn:");
        let name = if named { format!(": {source}") } else { String::new() };
        format!("with an explicit deny in {}{name}", self.policy_type.with_article())
    }
}
