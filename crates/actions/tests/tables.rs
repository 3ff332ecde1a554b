//! The tables, against facts that are known from elsewhere.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use actions::{Access, KeyKind, condition_key, global_key, service};

#[test]
fn services_with_and_without_tables() {
    assert!(service("WorkMail").unwrap().is_known());
    assert_eq!(service("s3").unwrap().name(), "Amazon S3");
    let unknown = service("dynamodb").unwrap();
    assert!(!unknown.is_known() && unknown.actions().is_empty());
    assert!(service("workmial").is_none());
    assert_eq!(actions::nearest_services("workmial")[0].prefix(), "workmail");
    assert!(actions::services().is_sorted_by_key(|service| service.prefix()));
}

/// Every row is found by its name, so the order of the build is that of the look-up.
#[test]
fn all_rows_are_found() {
    for service in actions::services() {
        assert!(std::ptr::eq(actions::service(service.prefix()).unwrap(), service));
        for action in service.actions() {
            assert!(std::ptr::eq(service.action(&action.name().to_uppercase()).unwrap(), action));
            assert_eq!(action.service().prefix(), service.prefix());
            assert_eq!(service.matching(action.name()).count(), 1, "{}", action.name());
        }
        for key in service.keys() {
            let example = key.name().replace("${", "a").replace('}', "b");
            assert!(service.key(&example).is_some_and(|found| found.is(&example)), "{example}");
        }
        assert_eq!(service.matching("*").count(), service.actions().len());
    }
}

#[test]
fn workmail_has_its_operations_and_its_permissions() {
    let workmail = service("workmail").unwrap();
    // the last one is our own: `OWN` of models/actions.py
    assert_eq!(workmail.actions().len(), 92 + 34 + 1);
    let searches: Vec<_> = workmail.matching("Search*").map(actions::Action::name).collect();
    assert_eq!(searches, ["SearchMembers"]);
    let organization = &workmail.resources()[0];
    assert_eq!(organization.name(), "organization");
    assert!(organization.fits("arn:aws:workmail:eu-west-1:111122223333:organization/m-1"));
    assert!(!organization.fits("arn:aws:workmail:eu-west-1:111122223333:group/m-1"));
}

#[test]
fn retired_actions_are_unknown() {
    for action in [
        "ds:CreateDomain",
        "ds:DeleteAlias",
        "ds:ExtendDirectory",
        "ec2:DescribeDomains",
        "workmail:AddMembersToGroup",
        "workmail:CreateMailUser",
        "workmail:DescribeDirectories",
        "workmail:DescribeKmsKeys",
        "workmail:DescribeOrganizations",
        "workmail:SetAdmin",
        "workmail:ResetUserPassword",
    ] {
        assert!(actions::action(action).is_none(), "{action}");
    }
}

#[test]
fn actions_without_an_operation_are_known() {
    for action in ["iam:PassRole", "ds:CheckAlias", "sts:TagSession", "sts:SetSourceIdentity"] {
        assert!(actions::action(action).is_some(), "{action}");
    }
    let pass_role = actions::action("iam:passrole").unwrap();
    assert_eq!((pass_role.name(), pass_role.access()), ("PassRole", Access::Write));
    assert!(pass_role.has_key("iam:passedtoservice"));
    assert!(!pass_role.has_key("iam:AWSServiceName"));
    assert!(pass_role.resources().all(|used| used.required && used.resource.name() == "role"));
}

#[test]
fn actions_without_resources() {
    assert_eq!(actions::action("kms:ListAliases").unwrap().resources().count(), 0);
    assert_eq!(actions::action("workmail:ListOrganizations").unwrap().resources().count(), 0);
}

#[test]
fn keys_and_their_kinds() {
    assert_eq!(global_key("AWS:sourceip").unwrap().kind(), KeyKind::IPAddress);
    assert_eq!(global_key("aws:PrincipalTag/team").unwrap().name(), "aws:PrincipalTag/${TagKey}");
    assert!(global_key("aws:TagKeys").unwrap().kind().is_multivalued());
    assert!(global_key("aws:PrincipalTag/").is_none());
    assert!(global_key("aws:ARN").is_none());
    assert_eq!(condition_key("iam:PassedToService").unwrap().kind(), KeyKind::String);
    assert_eq!(condition_key("saml:AUD").unwrap().name(), "saml:aud");
    assert!(condition_key("iam:Nonsense").is_none());
    assert!(condition_key("aws:Nonsense").is_none());
    assert!(condition_key("nonsense").is_none());
    let key = condition_key("kms:EncryptionContext:a").unwrap();
    assert!(key.varies() && key.is("KMS:EncryptionContext:b"));
}

#[test]
fn proposals_come_near() {
    let iam = service("iam").unwrap();
    let names = |name| iam.nearest_actions(name).iter().map(|a| a.name()).collect::<Vec<_>>();
    assert_eq!(names("PasRole"), ["PassRole"]);
    assert_eq!(names("ListUser")[0], "ListUsers");
    assert!(names("Xyzzy").is_empty());
    assert!(names(&"x".repeat(10_000)).is_empty());
}
