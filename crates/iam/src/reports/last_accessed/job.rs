//! Jobs: a report is asked for, made by [`crate::jobs`], and kept for a while.

use std::time::Duration;

use store::{Change, Migration, Row, Snapshot, Store, Transaction, params};
use wire::iam::{
    AccessAdvisorUsageGranularityType as Granularity, ErrorDetails,
    GenerateServiceLastAccessedDetailsRequest, GenerateServiceLastAccessedDetailsResponse,
    JobStatusType, errors::NO_SUCH_ENTITY,
};
use world::Timestamp;

use super::{accesses, report::Report, scope::Named};
use crate::{
    door::{Call, Caller},
    jobs,
    policies::ByArn,
};

/// Jobs asked for, and their reports.
pub(crate) const TABLE: Migration = Migration {
    name: "iam-0021-last-accessed-jobs",
    sql: "CREATE TABLE last_accessed_jobs (
        id TEXT PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts (id),
        asked_by TEXT NOT NULL,
        arn TEXT NOT NULL,
        granularity TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        completed_at INTEGER,
        report TEXT,
        error TEXT
    );
    CREATE INDEX last_accessed_jobs_by_account ON last_accessed_jobs (account_id, created_at);
    CREATE INDEX last_accessed_jobs_by_state ON last_accessed_jobs (completed_at);",
};

/// How long a report can be fetched.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Jobs kept for an account; the oldest make room.
const JOBS_MAX: usize = 200;

/// A job as whoever asked for it may see it.
pub(super) struct Job {
    pub(super) status: JobStatusType,
    pub(super) granularity: Granularity,
    pub(super) created_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) report: Report,
    pub(super) error: Option<ErrorDetails>,
}

pub(crate) async fn generate(
    call: &mut Call,
    input: GenerateServiceLastAccessedDetailsRequest,
) -> Result<GenerateServiceLastAccessedDetailsResponse, wire::Error> {
    const ACTION: &str = "iam:GenerateServiceLastAccessedDetails";
    const SQL: &str = "INSERT INTO last_accessed_jobs (id, account_id, asked_by, arn, granularity, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let (caller, now, id) = (call.caller(), call.now(), call.world().random_uuid());
    let named = Named::parse(&input.arn)?;
    let tx = match &named {
        Named::Entity(entity) => call.write(ACTION, entity).await?,
        Named::Policy(arn) => call.write(ACTION, ByArn::new(arn)?).await?,
    };
    // Refuses what is not there; the report is made of what is there later.
    if named.scope(tx, &caller.account).await?.is_none() {
        return Err(named.unknown());
    }
    let granularity = input.granularity.unwrap_or(Granularity::ServiceLevel);
    let params =
        params![&id, &caller.account, asker(&caller), &input.arn, granularity.as_str(), now];
    tx.execute(SQL, params).await?;
    make_room(tx, &caller.account).await?;
    tx.notify(Change::new(jobs::TOPIC, &caller.account));
    Ok(GenerateServiceLastAccessedDetailsResponse { job_id: Some(id) })
}

/// Jobs belong to the user or role that asked for them.
fn asker(caller: &Caller) -> &str {
    caller.entity_id().unwrap_or(&caller.account)
}

async fn make_room(tx: &mut Transaction, account: &str) -> Result<(), store::Error> {
    const SQL: &str = "DELETE FROM last_accessed_jobs WHERE account_id = $1 AND id NOT IN \
        (SELECT id FROM last_accessed_jobs WHERE account_id = $1 \
         ORDER BY created_at DESC, id LIMIT $2)";
    tx.execute(SQL, params![account, JOBS_MAX]).await.map(drop)
}

/// The job of that id, if the caller asked for it, or `NoSuchEntity`.
pub(super) async fn load(
    snapshot: &mut Snapshot,
    caller: &Caller,
    id: &str,
    now: Timestamp,
) -> Result<Job, wire::Error> {
    const SQL: &str = "SELECT granularity, created_at, completed_at, report, error \
        FROM last_accessed_jobs \
        WHERE id = $1 AND account_id = $2 AND asked_by = $3 AND created_at > $4";
    let since = now.saturating_sub(LIFETIME);
    let params = params![id, &caller.account, asker(caller), since];
    let job = snapshot.row(SQL, params, read).await?;
    job.ok_or_else(|| NO_SUCH_ENTITY.with(format!("Job {id} cannot be found.")))
}

fn read(row: &Row<'_>) -> Result<Job, store::Error> {
    let corrupt = |_| store::Error::corrupt("a report cannot be read");
    let (report, error): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
    let is_by_action = row.get::<&str>(0)? == Granularity::ActionLevel.as_str();
    Ok(Job {
        status: match (&report, &error) {
            (Some(_), _) => JobStatusType::Completed,
            (None, Some(_)) => JobStatusType::Failed,
            (None, None) => JobStatusType::InProgress,
        },
        granularity: if is_by_action {
            Granularity::ActionLevel
        } else {
            Granularity::ServiceLevel
        },
        created_at: row.get(1)?,
        completed_at: row.get(2)?,
        report: match report {
            Some(text) => serde_json::from_str(&text).map_err(corrupt)?,
            None => Report::default(),
        },
        error: error.map(|message| ErrorDetails { message, code: "ServiceFailure".to_owned() }),
    })
}

/// A job that waits to be made.
pub(crate) struct Waiting {
    id: String,
    account: String,
    arn: String,
    granularity: Granularity,
}

/// The jobs that wait, those that wait longest first.
pub(crate) async fn waiting(
    snapshot: &mut Snapshot,
    limit: usize,
) -> Result<Vec<Waiting>, store::Error> {
    const SQL: &str = "SELECT id, account_id, arn, granularity FROM last_accessed_jobs \
        WHERE completed_at IS NULL ORDER BY created_at LIMIT $1";
    let waiting = |row: &Row<'_>| {
        let is_by_action = row.get::<&str>(3)? == Granularity::ActionLevel.as_str();
        let granularity =
            if is_by_action { Granularity::ActionLevel } else { Granularity::ServiceLevel };
        Ok(Waiting { id: row.get(0)?, account: row.get(1)?, arn: row.get(2)?, granularity })
    };
    snapshot.rows(SQL, params![limit], waiting).await
}

/// Makes the report of a job, or notes why it cannot be made. Who ends it first wins.
pub(crate) async fn make(store: &Store, job: &Waiting, now: Timestamp) -> Result<(), store::Error> {
    const SQL: &str = "UPDATE last_accessed_jobs SET completed_at = $2, report = $3, error = $4 \
        WHERE id = $1 AND completed_at IS NULL";
    let (report, error) = match report(store, job, now).await {
        Ok(report) => (Some(report), None),
        Err(Failed::Store(error)) => return Err(error),
        Err(Failed::Forever(message)) => (None, Some(message)),
    };
    let mut tx = store.write().await?;
    tx.execute(SQL, params![&job.id, now, report, error]).await?;
    tx.commit().await
}

/// Why a report was not made.
enum Failed {
    /// It may be later.
    Store(store::Error),
    /// It never will, because of this.
    Forever(String),
}

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Failed {
    fn refused(error: &wire::Error) -> Self {
        Self::Forever(error.message().to_owned())
    }
}

async fn report(store: &Store, job: &Waiting, now: Timestamp) -> Result<String, Failed> {
    let mut snapshot = store.read().await?;
    let named = Named::parse(&job.arn).map_err(|error| Failed::refused(&error))?;
    let scope = named.scope(&mut snapshot, &job.account).await?;
    let scope = scope.ok_or_else(|| Failed::refused(&named.unknown()))?;
    let only = match scope.entities.as_slice() {
        [one] => Some(one.id.as_str()),
        _ => None,
    };
    let accesses = accesses::tracked(&mut snapshot, &job.account, only, now).await?;
    drop(snapshot);
    let report = Report::new(&scope, &accesses, job.granularity)
        .map_err(|malformed| Failed::Forever(malformed.to_string()))?;
    serde_json::to_string(&report).map_err(|error| Failed::Forever(error.to_string()))
}

/// Forgets the jobs whose reports cannot be fetched any more.
pub(crate) async fn forget(tx: &mut Transaction, now: Timestamp) -> Result<u64, store::Error> {
    const SQL: &str = "DELETE FROM last_accessed_jobs WHERE created_at <= $1";
    tx.execute(SQL, params![now.saturating_sub(LIFETIME)]).await
}
