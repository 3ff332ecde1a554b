//! Export jobs as rows: who may begin one, how many, and how workers share them. What is written is tested by
//! the room that writes.

use std::time::Duration;

use store::Store;
use wire::{
    errors::ACCESS_DENIED,
    iam::{CreateRoleRequest, Iam as _, PutRolePolicyRequest, UpdateAssumeRolePolicyRequest},
    workmail::{errors::*, *},
};
use workmail::{
    Service, Settings,
    exports::{
        ExportDestination,
        work::{self, End, Job, LEASE},
    },
};

use crate::{
    house::{ACCOUNT, House, OTHER_ACCOUNT, ask, refused},
    policies::{ask_iam, clerk, make_account},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/one";

fn role() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/exporter")
}

fn trust(condition: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {{"Service": "export.workmail.amazonaws.com"}}, "Condition": {condition}}}]}}"#
    )
}

fn allow(actions: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "Allow", "Action": {actions}, "Resource": "*"}}]}}"#
    )
}

/// An organization whose mailboxes a role may export.
async fn house() -> (House, String) {
    let (mut house, organization) = House::with_organization().await;
    let settings = Settings::new("mail.example.net");
    house.service = Service::new(settings).with_exports(ExportDestination::S3);
    make_account(&house).await;
    let input = CreateRoleRequest {
        role_name: "exporter".into(),
        assume_role_policy_document: trust("{}"),
        ..Default::default()
    };
    ask_iam!(house, create_role, input);
    permit(&house, r#"["s3:*", "kms:*"]"#).await;
    (house, organization)
}

async fn permit(house: &House, actions: &str) {
    let input = PutRolePolicyRequest {
        role_name: "exporter".into(),
        policy_name: "write".into(),
        policy_document: allow(actions),
    };
    ask_iam!(house, put_role_policy, input);
}

fn request(organization: &str, entity: &str, token: &str) -> StartMailboxExportJobRequest {
    StartMailboxExportJobRequest {
        client_token: token.into(),
        organization_id: organization.into(),
        entity_id: entity.into(),
        role_arn: role(),
        kms_key_arn: KEY.into(),
        s3_bucket_name: "exports".into(),
        s3_prefix: "mail".into(),
        ..Default::default()
    }
}

async fn start(house: &House, organization: &str, entity: &str) -> Result<String, wire::Error> {
    let input = request(organization, entity, &house.world.random_uuid());
    ask!(house, start_mailbox_export_job, input).map(|started| started.job_id.unwrap())
}

async fn cancel(house: &House, organization: &str, job: &str) -> Result<(), wire::Error> {
    let input = CancelMailboxExportJobRequest {
        client_token: house.world.random_uuid(),
        organization_id: organization.into(),
        job_id: job.into(),
    };
    ask!(house, cancel_mailbox_export_job, input).map(drop)
}

async fn describe(
    house: &House,
    organization: &str,
    job: &str,
) -> Result<DescribeMailboxExportJobResponse, wire::Error> {
    let input = DescribeMailboxExportJobRequest {
        organization_id: organization.into(),
        job_id: job.into(),
    };
    ask!(house, describe_mailbox_export_job, input)
}

async fn listed(house: &House, organization: &str) -> Vec<String> {
    let input =
        ListMailboxExportJobsRequest { organization_id: organization.into(), ..Default::default() };
    let jobs = ask!(house, list_mailbox_export_jobs, input).unwrap().jobs.unwrap();
    jobs.into_iter().map(|job| job.job_id.unwrap()).collect()
}

async fn take(house: &House, id: &str, holder: &str) -> Option<Job> {
    let mut tx = house.store.write().await.unwrap();
    let job = work::take(&mut tx, id, holder, house.world.now()).await.unwrap();
    tx.commit().await.unwrap();
    job
}

async fn end(house: &House, id: &str, holder: &str, how: &End) -> bool {
    let mut tx = house.store.write().await.unwrap();
    let held = work::end(&mut tx, id, holder, how, house.world.now()).await.unwrap();
    tx.commit().await.unwrap();
    held
}

async fn keep(house: &House, id: &str, holder: &str, progress: u8) -> bool {
    let mut tx = house.store.write().await.unwrap();
    let held = work::keep(&mut tx, id, holder, progress, house.world.now()).await.unwrap();
    tx.commit().await.unwrap();
    held
}

async fn waiting(store: &Store, house: &House) -> Vec<String> {
    work::waiting(&mut store.read().await.unwrap(), house.world.now(), 100).await.unwrap()
}

#[tokio::test]
async fn a_role_is_passed_trusts_the_service_and_may_write() {
    let (house, organization) = house().await;
    house.registered(&organization, "ada").await;
    let clerk = clerk(&house, &allow(r#""workmail:*""#)).await;
    let ask = || request(&organization, "ada", "one");
    let message = refused(ask!(house, &clerk, start_mailbox_export_job, ask()), &ACCESS_DENIED);
    assert!(message.contains("iam:PassRole on resource: arn:aws:iam::123456789012:role/exporter"));

    let foreign = StartMailboxExportJobRequest {
        role_arn: format!("arn:aws:iam::{OTHER_ACCOUNT}:role/exporter"),
        ..ask()
    };
    refused(ask!(house, start_mailbox_export_job, foreign), &ACCESS_DENIED);
    for (condition, is_trusted) in [
        (r#"{"StringEquals": {"aws:SourceAccount": "210987654321"}}"#, false),
        (
            r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:workmail:us-east-1:123456789012:organization/m-0"}}"#,
            false,
        ),
        (r#"{"StringEquals": {"aws:SourceAccount": "123456789012"}}"#, true),
    ] {
        let input = UpdateAssumeRolePolicyRequest {
            role_name: "exporter".into(),
            policy_document: trust(condition),
        };
        ask_iam!(house, update_assume_role_policy, input);
        permit(&house, r#"["s3:*"]"#).await;
        let message = refused(ask!(house, start_mailbox_export_job, ask()), &INVALID_PARAMETER);
        let expected = if is_trusted { "kms:GenerateDataKey" } else { "does not trust" };
        assert!(message.contains(expected), "{message}");
    }
    permit(&house, r#"["s3:*", "kms:*"]"#).await;
    ask!(house, start_mailbox_export_job, ask()).unwrap();
}

#[tokio::test]
async fn a_token_makes_one_job() {
    let (house, organization) = house().await;
    house.registered(&organization, "ada").await;
    let ask = || request(&organization, "ada", "one");
    let first = ask!(house, start_mailbox_export_job, ask()).unwrap().job_id;
    assert_eq!(ask!(house, start_mailbox_export_job, ask()).unwrap().job_id, first);
    let other = StartMailboxExportJobRequest { description: Some("x".into()), ..ask() };
    refused(ask!(house, start_mailbox_export_job, other), &INVALID_PARAMETER);

    let job = first.unwrap();
    let cancel = |job: &str| CancelMailboxExportJobRequest {
        client_token: "two".into(),
        organization_id: organization.clone(),
        job_id: job.into(),
    };
    refused(ask!(house, cancel_mailbox_export_job, cancel("absent")), &ENTITY_NOT_FOUND);
    for _ in 0..2 {
        ask!(house, cancel_mailbox_export_job, cancel(&job)).unwrap();
    }
    refused(ask!(house, cancel_mailbox_export_job, cancel("absent")), &INVALID_PARAMETER);
    let shown = describe(&house, &organization, &job).await.unwrap();
    assert_eq!(shown.state, Some(MailboxExportJobState::Cancelled));
    assert_eq!(shown.end_time, Some(house.world.now()));
}

#[tokio::test]
async fn ten_run_at_once_and_a_mailbox_once_a_day() {
    let (house, organization) = house().await;
    let mut jobs = Vec::new();
    for number in 0..11 {
        house.registered(&organization, &format!("u{number}")).await;
    }
    for number in 0..10 {
        jobs.push(start(&house, &organization, &format!("u{number}")).await.unwrap());
    }
    let message = refused(start(&house, &organization, "u10").await, &LIMIT_EXCEEDED);
    assert!(message.contains("10 running"), "{message}");
    cancel(&house, &organization, &jobs[0]).await.unwrap();
    start(&house, &organization, "u10").await.unwrap();
    cancel(&house, &organization, &jobs[1]).await.unwrap();
    start(&house, &organization, "u1").await.expect("one that was cancelled does not count");

    take(&house, &jobs[2], "worker").await.unwrap();
    assert!(end(&house, &jobs[2], "worker", &End::Completed).await);
    refused(start(&house, &organization, "u2").await, &LIMIT_EXCEEDED);
    house.clock.advance(DAY);
    start(&house, &organization, "u2").await.unwrap();
}

#[tokio::test]
async fn jobs_are_shown_for_seven_days_and_to_their_own_organization() {
    let (house, organization) = house().await;
    house.registered(&organization, "ada").await;
    let first = start(&house, &organization, "ada").await.unwrap();
    take(&house, &first, "worker").await.unwrap();
    assert!(end(&house, &first, "worker", &End::Failed("x".repeat(2000))).await);
    let shown = describe(&house, &organization, &first).await.unwrap();
    assert_eq!(shown.error_info.unwrap().len(), 1024);
    house.clock.advance(DAY);
    let second = start(&house, &organization, "ada").await.unwrap();
    assert_eq!(listed(&house, &organization).await, [first.clone(), second.clone()]);
    let other = house.organization("other").await;
    refused(describe(&house, &other, &first).await, &ENTITY_NOT_FOUND);
    refused(cancel(&house, &other, &second).await, &ENTITY_NOT_FOUND);
    assert!(listed(&house, &other).await.is_empty());

    house.clock.advance(DAY * 6);
    assert_eq!(listed(&house, &organization).await, [second]);
    refused(describe(&house, &organization, &first).await, &ENTITY_NOT_FOUND);
    work::forget_old(&house.store, house.world.now()).await.unwrap();
    let sql = "SELECT COUNT(*) FROM export_jobs";
    let left: Option<i64> =
        house.store.read().await.unwrap().row(sql, &[], |row| row.get(0)).await.unwrap();
    assert_eq!(left, Some(1));
}

#[tokio::test]
async fn one_worker_holds_a_job_and_another_goes_on_when_it_is_gone() {
    let (house, organization) = house().await;
    house.registered(&organization, "ada").await;
    let id = start(&house, &organization, "ada").await.unwrap();
    let job = take(&house, &id, "one").await.unwrap();
    assert_eq!((job.attempts, job.runs, job.region.as_str()), (1, true, "us-east-1"));
    assert_eq!(job.path, format!("mail/{id}.zip"));
    assert_eq!(take(&house, &id, "two").await, None);
    assert!(waiting(&house.store, &house).await.is_empty());

    house.clock.advance(LEASE / 2);
    assert!(keep(&house, &id, "one", 40).await && keep(&house, &id, "one", 30).await);
    assert_eq!(describe(&house, &organization, &id).await.unwrap().estimated_progress, Some(40));
    house.clock.advance(LEASE / 2);
    assert_eq!(take(&house, &id, "two").await, None, "it was put off");
    house.clock.advance(LEASE / 2);
    assert_eq!(waiting(&house.store, &house).await, [&*id]);
    assert_eq!(take(&house, &id, "two").await.unwrap().attempts, 2);
    assert!(!keep(&house, &id, "one", 99).await);
    assert!(!end(&house, &id, "one", &End::Completed).await);
    work::release(&house.store, "one").await.unwrap();
    assert_eq!(take(&house, &id, "one").await, None, "it lets go of its own jobs only");
    work::release(&house.store, "two").await.unwrap();
    assert_eq!(take(&house, &id, "three").await.unwrap().attempts, 3);
    assert!(end(&house, &id, "three", &End::Completed).await);
    let shown = describe(&house, &organization, &id).await.unwrap();
    assert_eq!((shown.estimated_progress, shown.error_info), (Some(100), None));
}

#[tokio::test]
async fn what_a_cancelled_job_left_behind_is_found() {
    let (house, organization) = house().await;
    house.registered(&organization, "ada").await;
    let id = start(&house, &organization, "ada").await.unwrap();
    take(&house, &id, "one").await.unwrap();
    let mut tx = house.store.write().await.unwrap();
    assert!(work::note_upload(&mut tx, &id, "one", "upload-7").await.unwrap());
    tx.commit().await.unwrap();
    cancel(&house, &organization, &id).await.unwrap();
    assert!(!keep(&house, &id, "one", 50).await, "the worker learns of it");
    assert!(waiting(&house.store, &house).await.is_empty(), "it clears away by itself");

    house.clock.advance(LEASE);
    let job = take(&house, &id, "two").await.unwrap();
    assert_eq!((job.runs, job.upload.as_deref()), (false, Some("upload-7")));
    let mut tx = house.store.write().await.unwrap();
    assert!(work::note_cleared(&mut tx, &id, "two").await.unwrap());
    tx.commit().await.unwrap();
    house.clock.advance(LEASE);
    assert!(waiting(&house.store, &house).await.is_empty());
}
