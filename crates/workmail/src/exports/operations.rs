//! StartMailboxExportJob, CancelMailboxExportJob, DescribeMailboxExportJob and ListMailboxExportJobs.

use iam::door::{Call, Caller};
use store::{Change, Row, Snapshot, Transaction, params};
use wire::workmail::{
    CancelMailboxExportJobRequest, CancelMailboxExportJobResponse, DescribeMailboxExportJobRequest,
    DescribeMailboxExportJobResponse, EntityType, ListMailboxExportJobsRequest,
    ListMailboxExportJobsResponse, MailboxExportJob, MailboxExportJobState, Operation,
    StartMailboxExportJobRequest, StartMailboxExportJobResponse,
    errors::{ENTITY_NOT_FOUND, LIMIT_EXCEEDED},
};
use world::Timestamp;

use super::{DAY, EXPORT_TOPIC, ExportDestination, SHOWN, role};
use crate::{
    client_tokens::Idempotent,
    entities::{self, Entity, Forms},
    mailboxes, organizations,
    page::Page,
};

/// Jobs of one organization that run at the same time (AWS's quota).
const RUNNING_MAX: i64 = 10;
/// What has a mailbox.
const OWNERS: [EntityType; 2] = [EntityType::User, EntityType::Resource];

pub(crate) async fn start_mailbox_export_job(
    call: &mut Call,
    destination: &ExportDestination,
    input: StartMailboxExportJobRequest,
) -> Result<StartMailboxExportJobResponse, wire::Error> {
    let (caller, id) = (call.caller(), call.world().ordered_uuid());
    let operation = Operation::StartMailboxExportJob;
    let (tx, _) = organizations::write(call, operation, &input.organization_id).await?;
    let fields = [
        input.organization_id.as_str(),
        &input.entity_id,
        input.description.as_deref().unwrap_or_default(),
        &input.role_arn,
        &input.kms_key_arn,
        &input.s3_bucket_name,
        &input.s3_prefix,
    ];
    let once = Idempotent::new(&caller, operation, Some(&input.client_token), &fields)?;
    if let Some(job_id) = once.earlier(tx).await? {
        return Ok(StartMailboxExportJobResponse { job_id: Some(job_id) });
    }
    let arn = organizations::arn(&caller, &input.organization_id);
    call.pass_role(&input.role_arn, role::PRINCIPAL, Some(&arn)).await?;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let given = &input.entity_id;
    let entity = entities::require(tx, &organization.id, given, Forms::Any, &OWNERS).await?;
    require_mailbox(tx, &entity).await?;
    let path = destination.path(&input, (&caller.account, caller.region()), &id)?;
    role::check(tx, &caller, &input, &path).await?;
    check_limits(tx, &organization.id, &entity, caller.request.now).await?;
    insert(tx, &caller, (&input, &entity), (&id, &path)).await?;
    once.remember(tx, &id).await?;
    Ok(StartMailboxExportJobResponse { job_id: Some(id) })
}

pub(crate) async fn cancel_mailbox_export_job(
    call: &mut Call,
    input: CancelMailboxExportJobRequest,
) -> Result<CancelMailboxExportJobResponse, wire::Error> {
    let caller = call.caller();
    let operation = Operation::CancelMailboxExportJob;
    let (tx, organization) = organizations::write(call, operation, &input.organization_id).await?;
    let fields = [organization.id.as_str(), &input.job_id];
    let once = Idempotent::new(&caller, operation, Some(&input.client_token), &fields)?;
    if once.earlier(tx).await?.is_none() {
        let now = caller.request.now;
        let job = require(tx, &organization.id, &input.job_id, now).await?;
        // One that has ended stays as it is: the request came too late.
        if job.state == MailboxExportJobState::Running {
            const SQL: &str = "UPDATE export_jobs SET state = $2, ended_at = $3 WHERE id = $1";
            let state = MailboxExportJobState::Cancelled.as_str();
            tx.execute(SQL, params![&job.id, state, now]).await?;
            tx.notify(Change::new(EXPORT_TOPIC, &*job.id));
        }
        once.remember(tx, "").await?;
    }
    Ok(CancelMailboxExportJobResponse {})
}

pub(crate) async fn describe_mailbox_export_job(
    call: &mut Call,
    input: DescribeMailboxExportJobRequest,
) -> Result<DescribeMailboxExportJobResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::DescribeMailboxExportJob;
    let (snapshot, organization) =
        organizations::read(call, operation, &input.organization_id).await?;
    let job = require(snapshot, &organization.id, &input.job_id, now).await?;
    Ok(DescribeMailboxExportJobResponse {
        entity_id: Some(job.entity_id),
        description: job.description,
        role_arn: Some(job.role_arn),
        kms_key_arn: Some(job.key_arn),
        s3_bucket_name: Some(job.bucket),
        s3_prefix: Some(job.prefix),
        s3_path: Some(job.path),
        estimated_progress: Some(job.progress),
        state: Some(job.state),
        error_info: job.error,
        start_time: Some(job.started_at),
        end_time: job.ended_at,
    })
}

pub(crate) async fn list_mailbox_export_jobs(
    call: &mut Call,
    input: ListMailboxExportJobsRequest,
) -> Result<ListMailboxExportJobsResponse, wire::Error> {
    let now = call.now();
    let operation = Operation::ListMailboxExportJobs;
    let id = &input.organization_id;
    let page = Page::open(call, operation, &[id], input.next_token.as_deref(), input.max_results)?;
    let (snapshot, organization) = organizations::read(call, operation, id).await?;
    let range = page.range("");
    // Ids grow with time, so this is the order of the beginnings.
    let sql = format!(
        "SELECT {COLUMNS} FROM export_jobs WHERE organization_id = $1 AND id > $2 \
         AND started_at > $3 ORDER BY id LIMIT $4"
    );
    let bounds = params![&organization.id, &range.key, now.saturating_sub(SHOWN), range.fetch];
    let mut found = snapshot.rows(&sql, bounds, Job::of).await?;
    let next_token = page.cut(&mut found, |job| (job.id.as_str(), ""))?;
    let jobs = found.into_iter().map(Job::listed).collect();
    Ok(ListMailboxExportJobsResponse { jobs: Some(jobs), next_token })
}

/// A job as it is shown.
struct Job {
    id: String,
    entity_id: String,
    description: Option<String>,
    role_arn: String,
    key_arn: String,
    bucket: String,
    prefix: String,
    path: String,
    state: MailboxExportJobState,
    progress: i32,
    error: Option<String>,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, entity_id, description, role_arn, key_arn, bucket, prefix, path, \
                       state, progress, error, started_at, ended_at";

impl Job {
    fn of(row: &Row<'_>) -> Result<Self, store::Error> {
        let corrupt = || store::Error::corrupt("the state of an export job");
        Ok(Self {
            id: row.get(0)?,
            entity_id: row.get(1)?,
            description: row.get(2)?,
            role_arn: row.get(3)?,
            key_arn: row.get(4)?,
            bucket: row.get(5)?,
            prefix: row.get(6)?,
            path: row.get(7)?,
            state: MailboxExportJobState::parse(row.get(8)?).ok_or_else(corrupt)?,
            progress: row.get(9)?,
            error: row.get(10)?,
            started_at: row.get(11)?,
            ended_at: row.get(12)?,
        })
    }

    fn listed(self) -> MailboxExportJob {
        MailboxExportJob {
            job_id: Some(self.id),
            entity_id: Some(self.entity_id),
            description: self.description,
            s3_bucket_name: Some(self.bucket),
            s3_path: Some(self.path),
            estimated_progress: Some(self.progress),
            state: Some(self.state),
            start_time: Some(self.started_at),
            end_time: self.ended_at,
        }
    }
}

/// The job of that id, for as long as it is shown.
///
/// # Errors
/// `EntityNotFoundException`.
async fn require(
    snapshot: &mut Snapshot,
    organization: &str,
    id: &str,
    now: Timestamp,
) -> Result<Job, wire::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM export_jobs \
         WHERE id = $1 AND organization_id = $2 AND started_at > $3"
    );
    let key = params![id, organization, now.saturating_sub(SHOWN)];
    let found = snapshot.row(&sql, key, Job::of).await?;
    found.ok_or_else(|| {
        ENTITY_NOT_FOUND.with(format!("The mailbox export job {id} cannot be found."))
    })
}

/// Refuses who has no mailbox in service. That of a deregistered user waits to be given back and is not read.
async fn require_mailbox(snapshot: &mut Snapshot, entity: &Entity) -> Result<(), wire::Error> {
    if mailboxes::is_in_service(snapshot, &entity.id).await? {
        return Ok(());
    }
    Err(ENTITY_NOT_FOUND.with(format!("The entity {} has no mailbox in service.", entity.name)))
}

/// Refuses the eleventh running job of an organization, and a second of one mailbox within a day. Jobs that
/// failed or were cancelled do not count for the latter: they gave nothing.
async fn check_limits(
    snapshot: &mut Snapshot,
    organization: &str,
    entity: &Entity,
    now: Timestamp,
) -> Result<(), wire::Error> {
    const RECENT: &str = "SELECT 1 FROM export_jobs \
        WHERE entity_id = $1 AND started_at > $2 AND state IN ('RUNNING', 'COMPLETED')";
    let recent = params![&entity.id, now.saturating_sub(DAY)];
    if snapshot.row(RECENT, recent, |_| Ok(())).await?.is_some() {
        let text = format!(
            "The mailbox of {} was exported within the last 24 hours, or is being exported.",
            entity.name
        );
        return Err(LIMIT_EXCEEDED.with(text));
    }
    const RUNNING: &str =
        "SELECT COUNT(*) FROM export_jobs WHERE organization_id = $1 AND state = 'RUNNING'";
    let running: Option<i64> =
        snapshot.row(RUNNING, params![organization], |row| row.get(0)).await?;
    if running.unwrap_or_default() >= RUNNING_MAX {
        let text = format!("The organization has {RUNNING_MAX} running export jobs, the limit.");
        return Err(LIMIT_EXCEEDED.with(text));
    }
    Ok(())
}

async fn insert(
    tx: &mut Transaction,
    caller: &Caller,
    (input, entity): (&StartMailboxExportJobRequest, &Entity),
    (id, path): (&str, &str),
) -> Result<(), store::Error> {
    const SQL: &str = "INSERT INTO export_jobs (id, organization_id, entity_id, description, \
        role_arn, key_arn, bucket, prefix, path, state, progress, started_at, attempts) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, 0)";
    let row = params![
        id,
        &input.organization_id,
        &entity.id,
        input.description.as_deref(),
        &input.role_arn,
        &input.kms_key_arn,
        &input.s3_bucket_name,
        &input.s3_prefix,
        path,
        MailboxExportJobState::Running.as_str(),
        caller.request.now,
    ];
    tx.execute(SQL, row).await?;
    tx.notify(Change::new(EXPORT_TOPIC, id));
    Ok(())
}
