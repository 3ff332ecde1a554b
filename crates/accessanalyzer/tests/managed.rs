//! AWS's own policies, as they are shipped, against the linter.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use iam::managed;
use lint::{Code, PolicyType, Severity, lint};

/// What AWS's policies of today say of themselves, none of it an error: those that allow everything, or all
/// of IAM, let any role be passed and any service-linked role be made.
#[test]
fn todays_policies_have_no_errors() {
    let broad =
        [Code::PassRoleWithStarInActionAndResource, Code::CreateSlrWithStarInActionAndResource];
    for policy in managed::all() {
        let findings = lint(policy.default_version().document, PolicyType::Identity);
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        match policy.name() {
            name @ ("AdministratorAccess" | "IAMFullAccess") => assert_eq!(codes, broad, "{name}"),
            // It makes the roles of whatever service is integrated.
            "AWSOrganizationsServiceTrustPolicy" => {
                assert_eq!(codes, [Code::CreateSlrWithStarInResource]);
            }
            name => assert_eq!(codes, [], "{name}"),
        }
    }
}

/// Earlier versions name actions that were retired since, and have no other errors.
#[test]
fn earlier_versions_have_dead_actions_only() {
    for policy in managed::all() {
        for version in policy.versions() {
            let findings = lint(version.document, PolicyType::Identity);
            let errors = findings.iter().filter(|finding| finding.severity() == Severity::Error);
            for error in errors {
                let name = format!("{} v{}", policy.name(), version.number);
                assert_eq!(error.code, Code::InvalidAction, "{name}: {}", error.message);
                let start = error.locations[0].span.start.offset;
                let end = error.locations[0].span.end.offset;
                let action = version.document[start..end].trim_matches('"');
                assert!(actions::is_retired(action), "{name}: {action}");
            }
        }
    }
}
