//! What an account has, and how much it may have.

use std::collections::BTreeMap;

use store::{Snapshot, params};
use wire::iam::{GetAccountSummaryResponse, SummaryKeyType};

use crate::{
    door::{Call, Resource},
    quotas, token_preferences,
};

/// All that is counted or bounded.
pub(crate) async fn get(call: &mut Call) -> Result<GetAccountSummaryResponse, wire::Error> {
    let caller = call.caller();
    let snapshot = call.read("iam:GetAccountSummary", Resource::any()).await?;
    let mut summary = BTreeMap::new();
    let version = token_preferences::version(snapshot, &caller.account).await?;
    let version = (SummaryKeyType::GlobalEndpointTokenVersion, version);
    let counts = counts(snapshot, &caller.account).await?.into_iter();
    let entries = counts.chain(limits()).chain([version]);
    for (key, value) in entries {
        summary.insert(key.as_str().to_owned(), i32::try_from(value).unwrap_or(i32::MAX));
    }
    Ok(GetAccountSummaryResponse { summary_map: Some(summary) })
}

async fn counts(
    snapshot: &mut Snapshot,
    account: &str,
) -> Result<Vec<(SummaryKeyType, i64)>, store::Error> {
    use SummaryKeyType as Key;
    const COUNTED: &[(Key, &str)] = &[
        (Key::Users, "SELECT COUNT(*) FROM users WHERE account_id = $1"),
        (Key::Groups, "SELECT COUNT(*) FROM groups WHERE account_id = $1"),
        (Key::Roles, "SELECT COUNT(*) FROM roles WHERE account_id = $1"),
        (Key::InstanceProfiles, "SELECT COUNT(*) FROM instance_profiles WHERE account_id = $1"),
        (Key::Policies, "SELECT COUNT(*) FROM policies WHERE account_id = $1"),
        (
            Key::PolicyVersionsInUse,
            "SELECT COUNT(*) FROM policy_versions v JOIN policies p ON p.id = v.policy_id \
             WHERE p.account_id = $1",
        ),
        (Key::ServerCertificates, "SELECT COUNT(*) FROM server_certificates WHERE account_id = $1"),
        (
            Key::AccountSigningCertificatesPresent,
            "SELECT COUNT(DISTINCT holder) FROM signing_certificates \
             WHERE account_id = $1 AND holder = $1",
        ),
        (Key::MFADevices, "SELECT COUNT(*) FROM mfa_devices WHERE account_id = $1"),
        (Key::MFADevicesInUse, "SELECT COUNT(holder) FROM mfa_devices WHERE account_id = $1"),
        (
            Key::AccountMFAEnabled,
            "SELECT COUNT(DISTINCT holder) FROM mfa_devices WHERE account_id = $1 AND holder = $1",
        ),
        (
            Key::AccountAccessKeysPresent,
            "SELECT COUNT(DISTINCT account_id) FROM access_keys \
             WHERE account_id = $1 AND user_id IS NULL",
        ),
        (
            Key::AccountPasswordPresent,
            "SELECT COUNT(root_password_hash) FROM accounts WHERE id = $1",
        ),
        (
            Key::Providers,
            "SELECT (SELECT COUNT(*) FROM oidc_providers WHERE account_id = $1) \
             + (SELECT COUNT(*) FROM saml_providers WHERE account_id = $1)",
        ),
    ];
    let mut counts = Vec::with_capacity(COUNTED.len());
    for (key, sql) in COUNTED {
        let count = snapshot.row(sql, params![account], |row| row.get(0)).await?;
        counts.push((*key, count.unwrap_or(0)));
    }
    Ok(counts)
}

fn limits() -> [(SummaryKeyType, i64); 19] {
    use SummaryKeyType as Key;
    [
        (Key::UsersQuota, quotas::USERS),
        (Key::GroupsQuota, quotas::GROUPS),
        (Key::RolesQuota, quotas::ROLES),
        (Key::InstanceProfilesQuota, quotas::INSTANCE_PROFILES),
        (Key::ServerCertificatesQuota, quotas::SERVER_CERTIFICATES),
        (Key::PoliciesQuota, quotas::POLICIES),
        (Key::GroupsPerUserQuota, quotas::GROUPS_PER_USER),
        (Key::AccessKeysPerUserQuota, quotas::ACCESS_KEYS_PER_USER),
        (Key::SigningCertificatesPerUserQuota, quotas::SIGNING_CERTIFICATES_PER_USER),
        (Key::AttachedPoliciesPerUserQuota, quotas::POLICIES_PER_ENTITY),
        (Key::AttachedPoliciesPerGroupQuota, quotas::POLICIES_PER_ENTITY),
        (Key::AttachedPoliciesPerRoleQuota, quotas::POLICIES_PER_ENTITY),
        (Key::VersionsPerPolicyQuota, quotas::VERSIONS_PER_POLICY),
        (Key::PolicyVersionsInUseQuota, quotas::VERSIONS_IN_USE),
        (Key::PolicySizeQuota, quotas::POLICY_CHARS as i64),
        (Key::UserPolicySizeQuota, quotas::USER_INLINE_CHARS as i64),
        (Key::GroupPolicySizeQuota, quotas::GROUP_INLINE_CHARS as i64),
        (Key::RolePolicySizeQuota, quotas::ROLE_INLINE_CHARS as i64),
        (Key::AssumeRolePolicySizeQuota, quotas::TRUST_CHARS as i64),
    ]
}
