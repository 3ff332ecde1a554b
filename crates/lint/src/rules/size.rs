//! How long a policy may be (IAM User Guide, "IAM and AWS STS quotas"; Organizations and S3 the same).

use policy::size_without_whitespace;

use crate::{PolicyType, code::Code, finding::Findings, tree::Policy};

/// The largest of an identity's: what all inline policies of a role may have together.
const IDENTITY_CHARS_MAX: usize = 10_240;
/// A role's, unless raised.
const TRUST_CHARS_MAX: usize = 2_048;
/// A bucket's; other resources have less or little more.
const RESOURCE_CHARS_MAX: usize = 20_480;
/// An organisation's, whitespace counted.
const CONTROL_CHARS_MAX: usize = 5_120;

pub(super) fn check(policy: &Policy<'_>, findings: &mut Findings) {
    let span = policy.root.span;
    let text = policy.text.get(span.start.offset..span.end.offset).unwrap_or_default();
    let (code, size, quota) = match policy.kind {
        PolicyType::Identity => (
            Code::PolicySizeExceedsIdentityPolicyQuota,
            size_without_whitespace(text),
            IDENTITY_CHARS_MAX,
        ),
        PolicyType::Trust => (
            Code::PolicySizeExceedsRoleTrustPolicyQuota,
            size_without_whitespace(text),
            TRUST_CHARS_MAX,
        ),
        PolicyType::Resource => {
            (Code::PolicySizeExceedsResourcePolicyQuota, text.chars().count(), RESOURCE_CHARS_MAX)
        }
        PolicyType::ServiceControl | PolicyType::ResourceControl => {
            (Code::PolicySizeExceedsScpQuota, text.chars().count(), CONTROL_CHARS_MAX)
        }
    };
    if size > quota {
        findings.add(code, span, message(policy.kind, size, quota));
    }
}

fn message(kind: PolicyType, size: usize, quota: usize) -> String {
    let (what, where_) = match kind {
        PolicyType::Trust => {
            return "The characters in the role trust policy, excluding whitespace, exceed the character \
                    maximum. We recommend that you request a role trust policy length quota increase \
                    using Service Quotas and AWS Support Center. If the quotas have already been \
                    increased, then you can ignore this warning."
                .to_owned();
        }
        PolicyType::Identity => {
            ("identity policy, excluding whitespace,", "inline and managed policies")
        }
        PolicyType::Resource => ("resource policy", "resource policies"),
        PolicyType::ServiceControl => ("service control policy (SCP)", "SCPs"),
        PolicyType::ResourceControl => ("resource control policy (RCP)", "RCPs"),
    };
    format!(
        "The {size} characters in the {what} exceed the {quota} character maximum for {where_}. We \
         recommend that you use multiple granular policies."
    )
}
