//! The policies that AWS manages: the same in every account, read-only, known by their real ARNs.
//!
//! Names, versions, dates and statements are AWS's. Of versions before the first that is public, only the
//! number is used up.

use world::Timestamp;

/// A policy that AWS manages.
#[derive(Debug)]
pub struct ManagedPolicy {
    /// `arn:aws:iam::aws:policy/..`.
    pub arn: &'static str,
    /// The unique id. It is AWS's own where that is known, else one of ours in the same form.
    pub id: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Seconds since the epoch of its first version.
    created: i64,
    /// The versions known, oldest first; the last is the default. Never empty.
    versions: &'static [ManagedVersion],
}

/// One version of a policy that AWS manages.
#[derive(Debug)]
pub struct ManagedVersion {
    /// 5 for `v5`.
    pub number: u32,
    /// The document, as JSON.
    pub document: &'static str,
    /// Seconds since the epoch.
    created: i64,
}

impl ManagedVersion {
    /// When it came out.
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.created)
    }
}

impl ManagedPolicy {
    /// The friendly name.
    pub fn name(&self) -> &'static str {
        self.arn.rsplit('/').next().unwrap_or(self.arn)
    }

    /// The path, `/` or `/../`.
    pub fn path(&self) -> &'static str {
        let full = self.arn.strip_prefix("arn:aws:iam::aws:policy").unwrap_or("/");
        full.strip_suffix(self.name()).unwrap_or(full)
    }

    /// When its first version came out.
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.created)
    }

    /// The versions known, oldest first.
    pub fn versions(&self) -> &'static [ManagedVersion] {
        self.versions
    }

    /// The version in force: the newest.
    pub fn default_version(&self) -> &'static ManagedVersion {
        // INVARIANT: no policy is without versions; a test reads them all.
        &self.versions[self.versions.len() - 1]
    }

    /// Whether it belongs to a service-linked role and fits nothing else.
    pub fn is_for_service_role(&self) -> bool {
        self.path().starts_with("/aws-service-role/")
    }
}

/// All of them, sorted by ARN.
pub fn all() -> &'static [ManagedPolicy] {
    POLICIES
}

/// The policy of that ARN.
pub fn find(arn: &str) -> Option<&'static ManagedPolicy> {
    let found = POLICIES.binary_search_by(|policy| policy.arn.cmp(arn));
    POLICIES.get(found.ok()?)
}

/// The document in force of the policy of that ARN.
pub fn default_document(arn: &str) -> Option<&'static str> {
    find(arn).map(|policy| policy.default_version().document)
}

macro_rules! policy {
    ($path:literal $name:literal, $id:literal, $description:literal, $created:literal,
     [$($number:literal at $at:literal),*]) => {
        ManagedPolicy {
            arn: concat!("arn:aws:iam::aws:policy", $path, $name),
            id: $id,
            description: $description,
            created: $created,
            versions: &[$(ManagedVersion {
                number: $number,
                document: include_str!(concat!("managed/", $name, ".v", $number, ".json")).trim_ascii_end(),
                created: $at,
            }),*],
        }
    };
}

const POLICIES: &[ManagedPolicy] = &[
    policy!("/" "AWSAccountManagementFullAccess", "ANPAZCHANCERYAWSACFUL",
        "Provides full access to AWS Account Management",
        1_633_044_037, [1 at 1_633_044_037]),
    policy!("/" "AWSAccountManagementReadOnlyAccess", "ANPAZCHANCERYAWSACREA",
        "Provides read-only access to AWS Account Management",
        1_633_044_593, [1 at 1_633_044_593]),
    policy!("/" "AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK",
        "Provides full access to AWS services and resources.",
        1_423_247_986, [1 at 1_423_247_986]),
    policy!("/" "AmazonSESFullAccess", "ANPAJ2P4NXCHAT7NDPNR4",
        "Provides full access to Amazon SES via the AWS Management Console.",
        1_423_248_062, [1 at 1_423_248_062]),
    policy!("/" "AmazonSESReadOnlyAccess", "ANPAINV2XPFRMWJJNSCGI",
        "Provides read only access to Amazon SES via the AWS Management Console.",
        1_423_248_063, [1 at 1_423_248_063, 2 at 1_715_688_182]),
    policy!("/" "AmazonWorkMailFullAccess", "ANPAJQVKNMT7SVATQ4AUY",
        "Provides full access to WorkMail, Directory Service, SES, EC2 and read access to KMS metadata.",
        1_423_248_041, [5 at 1_547_146_346, 6 at 1_557_760_889, 7 at 1_571_663_533, 8 at 1_572_277_278, 9 at 1_575_892_376, 10 at 1_608_560_020]),
    policy!("/" "AmazonWorkMailMessageFlowFullAccess", "ANPAZCHANCERYWMFLWFUL",
        "Full access to the WorkMail Message Flow APIs",
        1_613_041_715, [1 at 1_613_041_715]),
    policy!("/" "AmazonWorkMailMessageFlowReadOnlyAccess", "ANPAZCHANCERYWMFLWREA",
        "Read only access to WorkMail messages for the GetRawMessageContent API",
        1_611_837_608, [1 at 1_611_837_608]),
    policy!("/" "AmazonWorkMailReadOnlyAccess", "ANPAJHF7J65E2QFKCWAJM",
        "Provides read only access to WorkMail and SES.",
        1_423_248_042, [2 at 1_543_930_828, 3 at 1_557_760_366, 4 at 1_564_043_090]),
    policy!("/" "IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ",
        "Provides full access to IAM via the AWS Management Console.",
        1_423_248_038, [1 at 1_423_248_038, 2 at 1_561_146_000]),
    policy!("/" "IAMReadOnlyAccess", "ANPAJKSO7NDY4T57MWDSQ",
        "Provides read only access to IAM via the AWS Management Console.",
        1_423_248_039, [4 at 1_516_907_487]),
    policy!("/" "IAMUserChangePassword", "ANPAJ4L4MM2A7QIEB56MS",
        "Provides the ability for an IAM user to change their own password.",
        1_479_169_516, [2 at 1_479_251_935, 5 at 1_770_919_137]),
    policy!("/" "SignInLocalDevelopmentAccess", "ANPAZCHANCERYSGNLOCAL",
        "Provides access to sign in for local development.",
        1_763_577_249, [3 at 1_770_919_145]),
    policy!("/aws-service-role/" "AWSOrganizationsServiceTrustPolicy", "ANPAZCHANCERYORGTRUST",
        "A policy to allow AWS Organizations to share trust with other approved AWS Services for the purpose of simplifying customer configuration.",
        1_507_676_640, [3 at 1_772_737_929]),
    policy!("/aws-service-role/" "AmazonSESServiceRolePolicy", "ANPAZCHANCERYSESMETRC",
        "Allows SES to publish Amazon CloudWatch basic monitoring metrics on behalf of SES",
        1_716_307_340, [1 at 1_716_307_340]),
    policy!("/aws-service-role/" "AmazonWorkMailEventsServiceRolePolicy", "ANPAZCHANCERYWMEVENTS",
        "Enables access to AWS services and resources used or managed by Amazon WorkMail Events",
        1_555_433_563, [1 at 1_555_433_563]),
    policy!("/aws-service-role/" "AutoScalingServiceRolePolicy", "ANPAZCHANCERYAUTOSCAL",
        "Default policy for the Service Linked Role that will be used by Auto Scaling",
        1_515_453_055, [10 at 1_762_971_546]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn sorted_by_arn_so_that_they_can_be_found() {
        assert!(POLICIES.is_sorted_by(|a, b| a.arn < b.arn));
        for policy in all() {
            assert_eq!(find(policy.arn).map(ManagedPolicy::name), Some(policy.name()));
        }
        assert!(find("arn:aws:iam::aws:policy/Nothing").is_none());
    }

    #[test]
    fn every_policy_has_versions_in_order_and_an_id_of_its_own() {
        let mut ids = HashSet::new();
        for policy in all() {
            let versions = policy.versions();
            assert!(versions.is_sorted_by(|a, b| a.number < b.number && a.created < b.created));
            assert!(policy.default_version().created >= policy.created);
            assert!(policy.id.starts_with("ANPA") && policy.id.len() == 21, "{}", policy.id);
            assert!(ids.insert(policy.id));
        }
    }

    #[test]
    fn every_document_is_one_of_a_managed_policy() {
        for version in all().iter().flat_map(ManagedPolicy::versions) {
            policy::parse(version.document, policy::Kind::Managed).unwrap();
            assert!(!version.document.ends_with('\n'));
        }
    }

    #[test]
    fn full_access_has_left_the_retired_actions_behind() {
        let text = default_document("arn:aws:iam::aws:policy/AmazonWorkMailFullAccess").unwrap();
        for retired in
            ["ds:CreateDomain", "ds:DeleteAlias", "ds:ExtendDirectory", "ec2:DescribeDomains"]
        {
            assert!(!text.contains(retired), "{retired}");
        }
        assert!(text.contains("route53:GetHostedZone"));
    }

    #[test]
    fn paths_come_from_the_arn() {
        let arn = "arn:aws:iam::aws:policy/aws-service-role/AmazonWorkMailEventsServiceRolePolicy";
        let policy = find(arn).unwrap();
        assert_eq!(policy.path(), "/aws-service-role/");
        assert!(policy.is_for_service_role());
        assert_eq!(find("arn:aws:iam::aws:policy/AdministratorAccess").unwrap().path(), "/");
    }
}
