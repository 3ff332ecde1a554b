//! Authorization details, the credential report, context keys, and what is refused.

use iam::jobs;
use wire::iam::{
    AcceptDelegationRequestRequest, AcquireRoleRequest, AddUserToGroupRequest,
    AttachUserPolicyRequest, CreateAccessKeyRequest, CreateDelegationRequestRequest,
    CreateGroupRequest, CreateLoginProfileRequest, DelegationPermission,
    EnableOrganizationsRootSessionsRequest, EntityType, GenerateOrganizationsAccessReportRequest,
    GetAccountAuthorizationDetailsRequest, GetContextKeysForPrincipalPolicyRequest,
    GetHumanReadableSummaryRequest, GetOrganizationsAccessReportRequest,
    ListDelegationRequestsRequest, ListOrganizationsFeaturesRequest, PutUserPolicyRequest,
    ReportStateType, UpdateAccountPasswordPolicyRequest,
    errors::{
        CREDENTIAL_REPORT_EXPIRED, CREDENTIAL_REPORT_NOT_PRESENT, CREDENTIAL_REPORT_NOT_READY,
        INVALID_INPUT, NO_SUCH_ENTITY, ORGANIZATION_NOT_FOUND,
    },
};

use std::time::Duration;

use crate::house::{ALLOW_ALL, House, ask, refused, s, some};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

async fn group_with(house: &House, group: &str, user: &str) {
    let new = CreateGroupRequest { group_name: s(group), path: None };
    ask!(house.root(), create_group, new).unwrap();
    let add = AddUserToGroupRequest { group_name: s(group), user_name: s(user) };
    ask!(house.root(), add_user_to_group, add).unwrap();
}

async fn inline(house: &House, user: &str, document: &str) {
    let put = PutUserPolicyRequest {
        user_name: s(user),
        policy_name: s("inline"),
        policy_document: s(document),
    };
    ask!(house.root(), put_user_policy, put).unwrap();
}

#[tokio::test]
async fn details_show_who_has_what() {
    let house = House::new().await;
    house.user("Ada").await;
    group_with(&house, "g", "Ada").await;
    inline(&house, "Ada", ALLOW_ALL).await;
    let attach = AttachUserPolicyRequest { user_name: s("Ada"), policy_arn: s(ADMIN) };
    ask!(house.root(), attach_user_policy, attach).unwrap();

    let all = ask!(
        house.root(),
        get_account_authorization_details,
        GetAccountAuthorizationDetailsRequest::default()
    )
    .unwrap();
    let ada = &all.user_detail_list.as_ref().unwrap()[0];
    assert_eq!(ada.user_name, some("Ada"));
    assert_eq!(ada.group_list, Some(vec![s("g")]));
    assert_eq!(ada.attached_managed_policies.as_ref().unwrap()[0].policy_arn, some(ADMIN));
    let document = ada.user_policy_list.as_ref().unwrap()[0].policy_document.clone();
    assert!(document.unwrap().starts_with("%7B%22Version%22"));
    assert_eq!(all.group_detail_list.unwrap()[0].group_name, some("g"));
    let policies = all.policies.unwrap();
    let admin = policies.iter().find(|policy| policy.arn == some(ADMIN)).unwrap();
    assert_eq!(admin.attachment_count, Some(1));
    assert_eq!(admin.policy_version_list.as_ref().unwrap()[0].is_default_version, Some(true));
}

#[tokio::test]
async fn one_marker_leads_through_all_lists() {
    let house = House::new().await;
    for name in ["a", "b", "c"] {
        house.user(name).await;
    }
    group_with(&house, "g", "a").await;
    group_with(&house, "h", "a").await;
    let filter = Some(vec![EntityType::Group, EntityType::User]);
    let (mut users, mut groups, mut marker, mut pages) = (vec![], vec![], None, 0);
    loop {
        let input = GetAccountAuthorizationDetailsRequest {
            filter: filter.clone(),
            max_items: Some(2),
            marker,
        };
        let page = ask!(house.root(), get_account_authorization_details, input).unwrap();
        users.extend(page.user_detail_list.unwrap().into_iter().filter_map(|user| user.user_name));
        groups.extend(page.group_detail_list.unwrap().into_iter().filter_map(|g| g.group_name));
        assert_eq!(page.policies, Some(vec![]));
        pages += 1;
        marker = page.marker;
        if page.is_truncated != Some(true) {
            break;
        }
    }
    assert_eq!((users.join(""), groups.join(""), pages), (s("abc"), s("gh"), 3));
}

#[tokio::test]
async fn a_neighbour_is_not_in_the_details() {
    let house = House::new().await;
    house.user("Ada").await;
    let neighbour = house.neighbour().await;
    let theirs = ask!(
        neighbour,
        get_account_authorization_details,
        GetAccountAuthorizationDetailsRequest::default()
    )
    .unwrap();
    assert_eq!(theirs.user_detail_list, Some(vec![]));
    ask!(neighbour, generate_credential_report).unwrap();
    jobs::work_off(&house.store, &house.world).await.unwrap();
    let theirs = ask!(neighbour, get_credential_report).unwrap().content.unwrap();
    assert!(!String::from_utf8(theirs).unwrap().contains("Ada"));
    let ours = ask!(house.root(), get_credential_report);
    assert!(ours.unwrap_err().is(&CREDENTIAL_REPORT_NOT_PRESENT));
}

#[tokio::test]
async fn a_report_is_started_made_and_expires() {
    let house = House::new().await;
    let root = house.root();
    let absent = ask!(root, get_credential_report);
    assert!(absent.unwrap_err().is(&CREDENTIAL_REPORT_NOT_PRESENT));
    let generate = async || ask!(house.root(), generate_credential_report).unwrap().state;
    assert_eq!(generate().await, Some(ReportStateType::Started));
    assert_eq!(generate().await, Some(ReportStateType::Inprogress));
    assert!(ask!(root, get_credential_report).unwrap_err().is(&CREDENTIAL_REPORT_NOT_READY));

    // Whoever runs after a restart finds it in the store.
    jobs::work_off(&house.store, &house.world).await.unwrap();
    assert_eq!(generate().await, Some(ReportStateType::Complete));
    let report = ask!(root, get_credential_report).unwrap();
    assert_eq!(report.generated_time, Some(house.world.now()));

    house.clock.advance(Duration::from_secs(4 * 60 * 60 - 1));
    ask!(root, get_credential_report).unwrap();
    house.clock.advance(Duration::from_secs(1));
    assert!(ask!(root, get_credential_report).unwrap_err().is(&CREDENTIAL_REPORT_EXPIRED));
    assert_eq!(generate().await, Some(ReportStateType::Started));
}

#[tokio::test]
async fn the_columns_tell_of_passwords_and_keys() {
    let house = House::new().await;
    let root = house.root();
    house.user("Ada").await;
    let policy =
        UpdateAccountPasswordPolicyRequest { max_password_age: Some(10), ..Default::default() };
    ask!(root, update_account_password_policy, policy).unwrap();
    let profile = CreateLoginProfileRequest {
        user_name: some("Ada"),
        password: Some("Analytical-1843".to_owned().into()),
        ..Default::default()
    };
    ask!(root, create_login_profile, profile).unwrap();
    house.clock.advance(Duration::from_secs(60));
    let key = CreateAccessKeyRequest { user_name: some("Ada") };
    ask!(root, create_access_key, key).unwrap();
    ask!(root, generate_credential_report).unwrap();
    jobs::work_off(&house.store, &house.world).await.unwrap();
    let content = ask!(root, get_credential_report).unwrap().content.unwrap();
    let lines: Vec<String> = String::from_utf8(content).unwrap().lines().map(s).collect();
    assert_eq!(
        lines[1..],
        [
            "<root_account>,arn:aws:iam::123456789012:root,2026-11-22T00:00:00+00:00,not_supported,\
             no_information,not_supported,not_supported,false,false,N/A,N/A,N/A,N/A,false,N/A,N/A,\
             N/A,N/A,false,N/A,false,N/A",
            "Ada,arn:aws:iam::123456789012:user/Ada,2026-11-22T00:00:00+00:00,true,no_information,\
             2026-11-22T00:00:00+00:00,2026-12-02T00:00:00+00:00,false,true,\
             2026-11-22T00:01:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
        ]
    );
}

#[tokio::test]
async fn context_keys_are_those_of_the_users_policies_and_of_the_given_ones() {
    let house = House::new().await;
    house.user("Ada").await;
    let own = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*",
        "Resource":"arn:aws:iam::*:user/${aws:username}"}}"#;
    inline(&house, "Ada", own).await;
    let given = r#"{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*",
        "Condition":{"Bool":{"aws:SecureTransport":"true"}}}}"#;
    let of = |arn: &str| GetContextKeysForPrincipalPolicyRequest {
        policy_source_arn: s(arn),
        policy_input_list: Some(vec![s(given)]),
    };
    let ada = of("arn:aws:iam::123456789012:user/Ada");
    let keys = ask!(house.root(), get_context_keys_for_principal_policy, ada).unwrap();
    assert_eq!(keys.context_key_names.unwrap(), ["aws:username", "aws:SecureTransport"]);
    let elsewhere = of("arn:aws:iam::210987654321:user/Ada");
    let unknown = ask!(house.root(), get_context_keys_for_principal_policy, elsewhere);
    refused(unknown, &NO_SUCH_ENTITY, "The user with name Ada cannot be found.");
    let session = of("arn:aws:sts::123456789012:assumed-role/r/s");
    let unclear = ask!(house.root(), get_context_keys_for_principal_policy, session);
    assert!(unclear.unwrap_err().is(&INVALID_INPUT));
}

#[tokio::test]
async fn an_account_outside_an_organization_is_told_so() {
    let house = House::new().await;
    let root = house.root();
    let text = "The request was rejected because no organization is associated with your account.";
    let features =
        ask!(root, list_organizations_features, ListOrganizationsFeaturesRequest::default());
    refused(features, &ORGANIZATION_NOT_FOUND, text);
    let enabled = ask!(
        root,
        enable_organizations_root_sessions,
        EnableOrganizationsRootSessionsRequest::default()
    );
    refused(enabled, &ORGANIZATION_NOT_FOUND, text);
    let path = "o-a1b2c3d4e5/r-f6g7/123456789012";
    let generate = GenerateOrganizationsAccessReportRequest {
        entity_path: s(path),
        organizations_policy_id: None,
    };
    let denied = ask!(root, generate_organizations_access_report, generate);
    assert!(denied.unwrap_err().is(&wire::errors::ACCESS_DENIED));
    let job = GetOrganizationsAccessReportRequest {
        job_id: s("00000000-0000-0000-0000-000000000000"),
        ..Default::default()
    };
    let unknown = ask!(root, get_organizations_access_report, job);
    assert!(unknown.unwrap_err().is(&NO_SUCH_ENTITY));
    let template = s("arn:aws:iam::aws:role-template/x");
    let acquire = AcquireRoleRequest { template_arn: template, ..Default::default() };
    assert!(ask!(root, acquire_role, acquire).unwrap_err().is(&NO_SUCH_ENTITY));
    // Who may not ask does not learn it.
    let nobody = house.calls_by(&house.user("nobody").await);
    let denied =
        ask!(nobody, list_organizations_features, ListOrganizationsFeaturesRequest::default());
    assert!(denied.unwrap_err().is(&wire::errors::ACCESS_DENIED));
}

#[tokio::test]
async fn the_columns_tell_of_second_factors_and_certificates() {
    const DEVICE: &str = "INSERT INTO mfa_devices (id, account_id, serial, holder, enabled_at) \
        VALUES ($1, $2, $1, $3, 0)";
    const CERTIFICATE: &str = "INSERT INTO signing_certificates (id, account_id, holder, digest, \
        body, status, uploaded_at) VALUES ($1, $2, $3, $4, '', $5, $6)";
    let house = House::new().await;
    let ada = house.user("Ada").await;
    let account = house.account.id.as_str();
    let mut tx = house.store.write().await.unwrap();
    for (id, holder) in [("d1", Some(account)), ("d2", Some(&*ada.user_id)), ("d3", None)] {
        tx.execute(DEVICE, store::params![id, account, holder]).await.unwrap();
    }
    for (id, status, at) in [("c2", "Inactive", 86_400_000_000_i64), ("c1", "Active", 0)] {
        let params = store::params![id, account, &ada.user_id, id.as_bytes(), status, at];
        tx.execute(CERTIFICATE, params).await.unwrap();
    }
    tx.commit().await.unwrap();
    house.user("Bob").await;
    ask!(house.root(), generate_credential_report).unwrap();
    jobs::work_off(&house.store, &house.world).await.unwrap();
    let content = ask!(house.root(), get_credential_report).unwrap().content.unwrap();
    let text = String::from_utf8(content).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let factors: Vec<_> = rows.iter().map(|row| (row[0], row[7])).collect();
    assert_eq!(factors, [("<root_account>", "true"), ("Ada", "true"), ("Bob", "false")]);
    let dates = ["true", "1970-01-01T00:00:00+00:00", "false", "1970-01-02T00:00:00+00:00"];
    assert_eq!(rows[1][18..], dates);
    assert_eq!(rows[2][18..], ["false", "N/A", "false", "N/A"]);
}

#[tokio::test]
async fn no_delegation_request_can_be_made_or_found() {
    let house = House::new().await;
    let root = house.root();
    let template = "arn:aws:iam::aws:delegation-template/x";
    let create = CreateDelegationRequestRequest {
        permissions: DelegationPermission {
            policy_template_arn: some(template),
            ..Default::default()
        },
        ..Default::default()
    };
    let message = format!("The policy template {template} is not registered.");
    refused(ask!(root, create_delegation_request, create), &INVALID_INPUT, &message);
    let list = ListDelegationRequestsRequest::default();
    let listed = ask!(root, list_delegation_requests, list).unwrap();
    assert_eq!((listed.delegation_requests, listed.is_truncated), (Some(vec![]), Some(false)));
    let id = s("0123456789abcdef");
    let message = "The delegation request with id 0123456789abcdef cannot be found.";
    let accept = AcceptDelegationRequestRequest { delegation_request_id: id.clone() };
    refused(ask!(root, accept_delegation_request, accept.clone()), &NO_SUCH_ENTITY, message);
    let summary = |arn: &str| GetHumanReadableSummaryRequest { entity_arn: s(arn), locale: None };
    let arn = format!("arn:aws:iam::123456789012:delegation-request/{id}");
    let none = ask!(root, get_human_readable_summary, summary(&arn));
    refused(none, &NO_SUCH_ENTITY, message);
    let other = ask!(root, get_human_readable_summary, summary(ADMIN));
    assert!(other.unwrap_err().is(&INVALID_INPUT));
    let nobody = house.calls_by(&house.user("nobody").await);
    let denied = ask!(nobody, accept_delegation_request, accept).unwrap_err();
    assert!(denied.is(&wire::errors::ACCESS_DENIED));
}
