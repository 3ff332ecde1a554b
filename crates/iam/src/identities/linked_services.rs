//! The services that have roles of their own in an account (IAM User Guide, "AWS services that work with
//! IAM", column "Service-linked roles"; their names and policies are AWS's).
//!
//! Not all of AWS's: those of this server, and a few that set-ups of accounts commonly make.

/// A service with a service-linked role.
#[derive(Debug)]
pub(crate) struct LinkedService {
    /// The principal that assumes the role.
    pub(crate) principal: &'static str,
    /// The role's name, without a suffix.
    pub(crate) role_name: &'static str,
    /// The ARN of the one policy that the role has.
    pub(crate) policy_arn: &'static str,
    /// Whether there may be several, each with a suffix of its own.
    pub(crate) may_have_suffix: bool,
}

/// The service of that principal.
pub(crate) fn find(principal: &str) -> Option<&'static LinkedService> {
    SERVICES.iter().find(|service| service.principal == principal)
}

const SERVICES: &[LinkedService] = &[
    LinkedService {
        principal: "autoscaling.amazonaws.com",
        role_name: "AWSServiceRoleForAutoScaling",
        policy_arn: "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy",
        may_have_suffix: true,
    },
    LinkedService {
        principal: "events.workmail.amazonaws.com",
        role_name: "AWSServiceRoleForAmazonWorkMailEvents",
        policy_arn: "arn:aws:iam::aws:policy/aws-service-role/AmazonWorkMailEventsServiceRolePolicy",
        may_have_suffix: false,
    },
    LinkedService {
        principal: "organizations.amazonaws.com",
        role_name: "AWSServiceRoleForOrganizations",
        policy_arn: "arn:aws:iam::aws:policy/aws-service-role/AWSOrganizationsServiceTrustPolicy",
        may_have_suffix: false,
    },
    LinkedService {
        principal: "ses.amazonaws.com",
        role_name: "AWSServiceRoleForAmazonSES",
        policy_arn: "arn:aws:iam::aws:policy/aws-service-role/AmazonSESServiceRolePolicy",
        may_have_suffix: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed;

    #[test]
    fn every_service_has_a_policy_that_fits_nothing_else() {
        for service in SERVICES {
            let policy = managed::find(service.policy_arn);
            assert!(policy.is_some_and(managed::ManagedPolicy::is_for_service_role), "{service:?}");
        }
    }

    #[test]
    fn found_by_the_principal_alone() {
        assert!(find("events.workmail.amazonaws.com").is_some());
        assert!(find("workmail.amazonaws.com").is_none());
    }
}
