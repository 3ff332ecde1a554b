//! Service last accessed: what is noted, what is reported, and to whom.

use std::time::Duration;

use iam::{jobs, testing::Calls};
use wire::iam::{
    AccessAdvisorUsageGranularityType as Granularity, AddUserToGroupRequest,
    AttachGroupPolicyRequest, CreateGroupRequest, GenerateServiceLastAccessedDetailsRequest,
    GetServiceLastAccessedDetailsRequest, GetServiceLastAccessedDetailsResponse,
    GetServiceLastAccessedDetailsWithEntitiesRequest, JobStatusType,
    ListPoliciesGrantingServiceAccessRequest, ListUsersRequest, PutUserPolicyRequest,
    errors::{INVALID_INPUT, NO_SUCH_ENTITY},
};

use crate::house::{House, ask, refused, s, some};

const ADA: &str = "arn:aws:iam::123456789012:user/Ada";
const GROUP: &str = "arn:aws:iam::123456789012:group/Devs";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The tests call an operation of the service `test`; its last attempt is put there by hand where a report
/// must speak of a real service.
async fn note(house: &House, user_id: &str, service: &str, action: &str) {
    const SQL: &str = "INSERT INTO last_accesses (account_id, entity_id, service, action, \
        accessed_at, region) VALUES ($1, $2, $3, $4, $5, 'eu-west-1')";
    let mut tx = house.store.write().await.unwrap();
    let params = store::params![&house.account.id, user_id, service, action, house.world.now()];
    tx.execute(SQL, params).await.unwrap();
    tx.commit().await.unwrap();
}

async fn generate(calls: &Calls, arn: &str, granularity: Granularity) -> String {
    let input =
        GenerateServiceLastAccessedDetailsRequest { arn: s(arn), granularity: Some(granularity) };
    ask!(calls, generate_service_last_accessed_details, input).unwrap().job_id.unwrap()
}

fn details(job_id: &str) -> GetServiceLastAccessedDetailsRequest {
    GetServiceLastAccessedDetailsRequest { job_id: s(job_id), ..Default::default() }
}

async fn report(house: &House, arn: &str) -> GetServiceLastAccessedDetailsResponse {
    let root = house.root();
    let job = generate(&root, arn, Granularity::ActionLevel).await;
    jobs::work_off(&house.store, &house.world).await.unwrap();
    ask!(root, get_service_last_accessed_details, details(&job)).unwrap()
}

async fn group_with_read_only(house: &House, user: &str) {
    let root = house.root();
    let group = CreateGroupRequest { group_name: s("Devs"), path: None };
    ask!(root, create_group, group).unwrap();
    let add = AddUserToGroupRequest { group_name: s("Devs"), user_name: s(user) };
    ask!(root, add_user_to_group, add).unwrap();
    let attach = AttachGroupPolicyRequest { group_name: s("Devs"), policy_arn: s(READ_ONLY) };
    ask!(root, attach_group_policy, attach).unwrap();
}

#[tokio::test]
async fn attempts_are_noted_also_when_they_are_denied() {
    let house = House::new().await;
    let ada = house.user("Ada").await;
    let calls = house.calls_by(&ada);
    ask!(calls, list_users, ListUsersRequest::default()).unwrap_err();
    const SQL: &str = "SELECT service, action, region FROM last_accesses WHERE entity_id = $1";
    let noted = loop {
        let mut snapshot = house.store.read().await.unwrap();
        let row = |row: &store::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found = snapshot.row(SQL, store::params![&ada.user_id], row).await.unwrap();
        match found {
            Some(noted) => break noted,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let noted: (String, String, String) = noted;
    assert_eq!(noted, (s("test"), s("Test"), s("us-east-1")));
}

#[tokio::test]
async fn a_report_tells_what_is_allowed_and_what_was_used() {
    let house = House::new().await;
    let ada = house.user("Ada").await;
    group_with_read_only(&house, "Ada").await;
    note(&house, &ada.user_id, "iam", "GetUser").await;
    house.clock.advance(Duration::from_secs(60));
    note(&house, &ada.user_id, "iam", "ListUsers").await;
    for arn in [ADA, GROUP, READ_ONLY] {
        let report = report(&house, arn).await;
        assert_eq!(report.job_status, JobStatusType::Completed);
        assert_eq!(report.job_type, Some(Granularity::ActionLevel));
        let [iam] = report.services_last_accessed.as_slice() else { panic!("{report:?}") };
        assert_eq!(iam.service_namespace, "iam");
        assert_eq!(iam.last_authenticated, Some(house.world.now()));
        assert_eq!(iam.last_authenticated_entity.as_deref(), Some(ADA));
        assert_eq!(iam.last_authenticated_region.as_deref(), Some("eu-west-1"));
        assert_eq!(iam.total_authenticated_entities, Some(1));
        let actions = iam.tracked_actions_last_accessed.as_ref().unwrap();
        let action = |name: &str| actions.iter().find(|action| action.action_name == some(name));
        let used = action("GetUser").unwrap();
        assert_eq!(used.last_accessed_entity.as_deref(), Some(ADA));
        assert_eq!(action("GetGroup").unwrap().last_accessed_time, None);
        assert_eq!(action("CreateUser"), None, "the policy does not allow it");
    }
}

#[tokio::test]
async fn after_four_hundred_days_it_was_never_used() {
    let house = House::new().await;
    let ada = house.user("Ada").await;
    group_with_read_only(&house, "Ada").await;
    note(&house, &ada.user_id, "iam", "GetUser").await;
    house.clock.advance(399 * DAY);
    assert!(report(&house, ADA).await.services_last_accessed[0].last_authenticated.is_some());
    house.clock.advance(DAY);
    let report = report(&house, ADA).await;
    let iam = &report.services_last_accessed[0];
    assert_eq!((iam.last_authenticated, iam.total_authenticated_entities), (None, Some(0)));
    jobs::clear(&house.store, &house.world).await.unwrap();
    let mut snapshot = house.store.read().await.unwrap();
    let left = snapshot.row("SELECT 1 FROM last_accesses", &[], |_| Ok(())).await.unwrap();
    assert_eq!(left, None);
}

#[tokio::test]
async fn entities_come_by_their_last_use() {
    let house = House::new().await;
    let ada = house.user("Ada").await;
    group_with_read_only(&house, "Ada").await;
    let bob = house.user("Bob").await;
    house.user("Carl").await;
    let root = house.root();
    for name in ["Bob", "Carl"] {
        let add = AddUserToGroupRequest { group_name: s("Devs"), user_name: s(name) };
        ask!(root, add_user_to_group, add).unwrap();
    }
    note(&house, &ada.user_id, "iam", "GetUser").await;
    house.clock.advance(DAY);
    note(&house, &bob.user_id, "iam", "GetUser").await;
    let job = generate(&root, GROUP, Granularity::ServiceLevel).await;
    let entities = |service: &str, marker| GetServiceLastAccessedDetailsWithEntitiesRequest {
        job_id: job.clone(),
        service_namespace: s(service),
        max_items: Some(2),
        marker,
    };
    let early = ask!(root, get_service_last_accessed_details_with_entities, entities("iam", None));
    let early = early.unwrap();
    assert_eq!((early.job_status, early.job_completion_date), (JobStatusType::InProgress, None));
    jobs::work_off(&house.store, &house.world).await.unwrap();
    let (mut seen, mut marker) = (vec![], None);
    loop {
        let input = entities("iam", marker);
        let page = ask!(root, get_service_last_accessed_details_with_entities, input).unwrap();
        seen.extend(page.entity_details_list);
        marker = page.marker;
        if page.is_truncated != Some(true) {
            break;
        }
    }
    let names: Vec<_> = seen.iter().map(|one| one.entity_info.name.as_str()).collect();
    assert_eq!(names, ["Bob", "Ada", "Carl"]);
    assert_eq!(seen[2].last_authenticated, None);
    let other = entities("workmail", None);
    let other = ask!(root, get_service_last_accessed_details_with_entities, other);
    refused(other, &INVALID_INPUT, "The service workmail is not part of the report.");
}

#[tokio::test]
async fn a_job_is_for_who_asked_and_not_for_ever() {
    let house = House::new().await;
    let root = house.root();
    let ada = house.user("Ada").await;
    let put = PutUserPolicyRequest {
        user_name: s("Ada"),
        policy_name: s("p"),
        policy_document: s(crate::house::ALLOW_ALL),
    };
    ask!(root, put_user_policy, put).unwrap();
    let job = generate(&root, ADA, Granularity::ServiceLevel).await;
    let message = format!("Job {job} cannot be found.");
    let hers = ask!(house.calls_by(&ada), get_service_last_accessed_details, details(&job));
    refused(hers, &NO_SUCH_ENTITY, &message);
    let neighbour = house.neighbour().await;
    let theirs = ask!(neighbour, get_service_last_accessed_details, details(&job));
    refused(theirs, &NO_SUCH_ENTITY, &message);
    house.clock.advance(7 * DAY);
    let late = ask!(root, get_service_last_accessed_details, details(&job));
    refused(late, &NO_SUCH_ENTITY, &message);

    let nobody =
        |arn: &str| GenerateServiceLastAccessedDetailsRequest { arn: s(arn), granularity: None };
    let unknown = nobody("arn:aws:iam::123456789012:role/x");
    let unknown = ask!(root, generate_service_last_accessed_details, unknown);
    refused(unknown, &NO_SUCH_ENTITY, "The role with name x cannot be found.");
    let unclear = nobody("arn:aws:iam::123456789012:root");
    let unclear = ask!(root, generate_service_last_accessed_details, unclear);
    assert!(unclear.unwrap_err().is(&INVALID_INPUT));
}

#[tokio::test]
async fn who_was_deleted_meanwhile_has_no_report() {
    let house = House::new().await;
    let root = house.root();
    house.user("Ada").await;
    let job = generate(&root, ADA, Granularity::ServiceLevel).await;
    let delete = wire::iam::DeleteUserRequest { user_name: s("Ada") };
    ask!(root, delete_user, delete).unwrap();
    jobs::work_off(&house.store, &house.world).await.unwrap();
    let failed = ask!(root, get_service_last_accessed_details, details(&job)).unwrap();
    assert_eq!(failed.job_status, JobStatusType::Failed);
    assert!(failed.error.unwrap().message.contains("cannot be found"));
}

#[tokio::test]
async fn policies_that_grant_a_service_are_those_of_groups_too() {
    let house = House::new().await;
    let root = house.root();
    house.user("Ada").await;
    group_with_read_only(&house, "Ada").await;
    let put = PutUserPolicyRequest {
        user_name: s("Ada"),
        policy_name: s("mail"),
        policy_document: s(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"workmail:*","Resource":"*"}}"#,
        ),
    };
    ask!(root, put_user_policy, put).unwrap();
    let input = ListPoliciesGrantingServiceAccessRequest {
        arn: s(ADA),
        service_namespaces: vec![s("workmail"), s("iam"), s("s3")],
        marker: None,
    };
    let answer = ask!(root, list_policies_granting_service_access, input.clone()).unwrap();
    let names: Vec<Vec<_>> = answer
        .policies_granting_service_access
        .iter()
        .map(|entry| {
            entry.policies.as_ref().unwrap().iter().map(|p| p.policy_name.clone()).collect()
        })
        .collect();
    assert_eq!(names, [vec![s("mail")], vec![s("IAMReadOnlyAccess")], vec![]]);
    let mail = &answer.policies_granting_service_access[0].policies.as_ref().unwrap()[0];
    assert_eq!((mail.entity_name.as_deref(), &mail.policy_arn), (Some("Ada"), &None));
    let wrong = ListPoliciesGrantingServiceAccessRequest {
        service_namespaces: vec![s("nothing")],
        ..input
    };
    assert!(
        ask!(root, list_policies_granting_service_access, wrong).unwrap_err().is(&INVALID_INPUT)
    );
}
