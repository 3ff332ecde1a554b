//! How much of everything there may be (IAM User Guide, "IAM and AWS STS quotas"; the defaults).

use wire::iam::errors::LIMIT_EXCEEDED;

/// Users in an account.
pub(crate) const USERS: i64 = 5000;
/// Groups in an account.
pub(crate) const GROUPS: i64 = 300;
/// Roles in an account.
pub(crate) const ROLES: i64 = 1000;
/// Instance profiles in an account.
pub(crate) const INSTANCE_PROFILES: i64 = 1000;
/// Roles in an instance profile.
pub(crate) const ROLES_PER_PROFILE: i64 = 1;
/// Customer-managed policies in an account.
pub(crate) const POLICIES: i64 = 1500;
/// Server certificates in an account.
pub(crate) const SERVER_CERTIFICATES: i64 = 20;
/// Groups that a user may be in.
pub(crate) const GROUPS_PER_USER: i64 = 10;
/// Access keys of a user or of root; inactive ones count.
pub(crate) const ACCESS_KEYS_PER_USER: i64 = 2;
/// Signing certificates of a user.
pub(crate) const SIGNING_CERTIFICATES_PER_USER: i64 = 2;
/// SSH public keys of a user.
pub(crate) const SSH_KEYS_PER_USER: i64 = 5;
/// Credentials of a user for one service.
pub(crate) const CREDENTIALS_PER_SERVICE: i64 = 2;
/// MFA devices of a user or of root.
pub(crate) const MFA_DEVICES_PER_USER: i64 = 8;
/// Virtual MFA devices in an account: as many as users.
pub(crate) const VIRTUAL_MFA_DEVICES: i64 = USERS;
/// Managed policies attached to a user, group or role.
pub(crate) const POLICIES_PER_ENTITY: i64 = 10;
/// Versions of a managed policy.
pub(crate) const VERSIONS_PER_POLICY: i64 = 5;
/// Versions of all policies of an account that are in use.
pub(crate) const VERSIONS_IN_USE: i64 = 10_000;
/// OpenID Connect providers in an account.
pub(crate) const OIDC_PROVIDERS: i64 = 100;
/// Clients of an OpenID Connect provider.
pub(crate) const CLIENT_IDS_PER_OIDC_PROVIDER: i64 = 100;
/// Thumbprints of an OpenID Connect provider.
pub(crate) const THUMBPRINTS_PER_OIDC_PROVIDER: usize = 5;
/// SAML providers in an account.
pub(crate) const SAML_PROVIDERS: i64 = 100;
/// Private keys of a SAML provider.
pub(crate) const KEYS_PER_SAML_PROVIDER: usize = 2;
/// Tags on a user or policy.
pub(crate) const TAGS: usize = 50;
/// Characters of a managed policy, white space not counted.
pub(crate) const POLICY_CHARS: usize = 6144;
/// Characters of all inline policies of a user, white space not counted.
pub(crate) const USER_INLINE_CHARS: usize = 2048;
/// Characters of all inline policies of a group, white space not counted.
pub(crate) const GROUP_INLINE_CHARS: usize = 5120;
/// Characters of all inline policies of a role, white space not counted.
pub(crate) const ROLE_INLINE_CHARS: usize = 10_240;
/// Characters of a role's trust policy, white space not counted.
pub(crate) const TRUST_CHARS: usize = 2048;
/// Refuses one more where `count` have reached the `quota` that AWS calls `name`.
pub(crate) fn check(name: &str, quota: i64, count: i64) -> Result<(), wire::Error> {
    if count < quota {
        return Ok(());
    }
    Err(LIMIT_EXCEEDED.with(format!("Cannot exceed quota for {name}: {quota}")))
}
